#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace coffer::crypto::shamir {

// Shamir's secret sharing over GF(2^8) with the polynomial x^8+x^4+x^3+x+1 (0x11B), byte by byte, in the form that Vault's tools read: a share is
// the y of each byte and then one byte x, 1..255, drawn at random without repeats. Time and memory access depend on lengths and counts
// only, never on the secret or the shares' values (CVE-2023-25000).

// `shares` of 2..255, `threshold` of 2..shares; the secret has at least one byte. Code::invalid_argument otherwise.
[[nodiscard]] Result<std::vector<SecretBytes>> split(const SecretBytes& secret, std::size_t shares, std::size_t threshold, Random& random);

// The secret, if the shares are from one split and at least its threshold; any other set gives other bytes: what it made must be checked.
// Code::invalid_argument for fewer than two shares, for lengths that differ or are below two bytes, for a zero or repeated x.
[[nodiscard]] Result<SecretBytes> combine(std::span<const SecretBytes> shares);

}  // namespace coffer::crypto::shamir
