#include "crypto/shamir.h"

#include <array>
#include <cstdint>
#include <numeric>

namespace coffer::crypto::shamir {
namespace {

// Both factors may be secret: eight rounds of masks, no branch, no table.
std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  unsigned product = 0;
  unsigned x = a;
  for (unsigned bit = 0; bit < 8; ++bit) {
    product ^= x & (0U - ((static_cast<unsigned>(b) >> bit) & 1U));
    x = (x << 1) ^ (0x11BU & (0U - (x >> 7)));
  }
  return static_cast<std::uint8_t>(product);
}

// a^254, which is 1/a in a field of 256 elements (and 0 for 0).
std::uint8_t invert(std::uint8_t a) {
  std::uint8_t result = 1;
  std::uint8_t power = a;
  for (int i = 0; i < 7; ++i) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

std::uint8_t at(const SecretBytes& bytes, std::size_t i) { return std::to_integer<std::uint8_t>(bytes.reveal()[i]); }

// An unbiased number below `bound` (1..256).
std::size_t below(std::size_t bound, Random& random) {
  const std::size_t limit = 256 - 256 % bound;
  for (;;) {
    std::array<std::byte, 1> byte{};
    random.fill(byte);
    const auto value = std::to_integer<std::size_t>(byte[0]);
    if (value < limit) return value % bound;
  }
}

// The first `count` of 1..255 in random order.
std::array<std::uint8_t, 255> random_points(std::size_t count, Random& random) {
  std::array<std::uint8_t, 255> points;
  std::iota(points.begin(), points.end(), std::uint8_t{1});
  for (std::size_t i = 0; i < count; ++i) std::swap(points[i], points[i + below(points.size() - i, random)]);
  return points;
}

}  // namespace

Result<std::vector<SecretBytes>> split(const SecretBytes& secret, std::size_t shares, std::size_t threshold, Random& random) {
  if (secret.empty()) return invalid("cannot split an empty secret");
  if (shares > 255) return invalid("shares must be less than 256");
  if (threshold < 2) return invalid("threshold must be at least two");
  if (threshold > shares) return invalid("threshold cannot be larger than shares");

  const auto points = random_points(shares, random);
  std::vector<SecretBytes> out;
  out.reserve(shares);
  for (std::size_t s = 0; s < shares; ++s) {
    out.emplace_back(secret.size() + 1);
    out.back().writable()[secret.size()] = std::byte{points[s]};
  }
  SecretBytes coefficients(threshold);  // of x^0, which is the secret's byte, to x^(threshold-1)
  for (std::size_t i = 0; i < secret.size(); ++i) {
    random.fill(coefficients.writable());
    coefficients.writable()[0] = secret.reveal()[i];
    for (std::size_t s = 0; s < shares; ++s) {
      std::uint8_t y = 0;
      for (std::size_t c = threshold; c-- > 0;) y = static_cast<std::uint8_t>(multiply(y, points[s]) ^ at(coefficients, c));
      out[s].writable()[i] = std::byte{y};
    }
  }
  return out;
}

Result<SecretBytes> combine(std::span<const SecretBytes> shares) {
  if (shares.size() < 2) return invalid("less than two parts cannot be used to reconstruct the secret");
  const std::size_t length = shares[0].size();
  if (length < 2) return invalid("parts must be at least two bytes");
  std::array<bool, 256> seen{};
  for (const auto& share : shares) {
    if (share.size() != length) return invalid("all parts must be the same length");
    // A point is not secret: it says which share this is.
    const std::uint8_t x = at(share, length - 1);
    if (x == 0) return invalid("a part has no valid number");
    if (std::exchange(seen[x], true)) return invalid("duplicate part detected");
  }
  // Lagrange's basis at 0: the product of x_j / (x_j - x_i) over j != i.
  SecretBytes secret(length - 1);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const std::uint8_t x = at(shares[i], length - 1);
    std::uint8_t basis = 1;
    for (std::size_t j = 0; j < shares.size(); ++j) {
      if (j == i) continue;
      const std::uint8_t other = at(shares[j], length - 1);
      basis = multiply(basis, multiply(other, invert(static_cast<std::uint8_t>(other ^ x))));
    }
    for (std::size_t b = 0; b + 1 < length; ++b) secret.writable()[b] ^= std::byte{multiply(basis, at(shares[i], b))};
  }
  return secret;
}

}  // namespace coffer::crypto::shamir
