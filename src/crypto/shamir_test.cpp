#include "crypto/shamir.h"

#include <gtest/gtest.h>

#include <random>

#include "base/encoding.h"
#include "crypto/aead.h"

namespace coffer::crypto::shamir {
namespace {

std::vector<SecretBytes> pick(const std::vector<SecretBytes>& from, const std::vector<std::size_t>& which) {
  std::vector<SecretBytes> out;
  for (const auto i : which) out.push_back(from[i].clone());
  return out;
}

TEST(Shamir, EverySubsetOfThresholdSizeCombines) {
  const SecretBytes secret = SecretBytes::copy_of("0123456789abcdef0123456789abcdef");
  const auto shares = split(secret, 5, 3, system_random()).value();
  ASSERT_EQ(shares.size(), 5u);
  for (const auto& share : shares) EXPECT_EQ(share.size(), 33u);
  for (std::size_t a = 0; a < 5; ++a) {
    for (std::size_t b = 0; b < 5; ++b) {
      for (std::size_t c = 0; c < 5; ++c) {
        if (a == b || b == c || a == c) continue;
        EXPECT_TRUE(combine(pick(shares, {a, b, c})).value() == secret);
      }
    }
  }
  EXPECT_TRUE(combine(pick(shares, {4, 2, 0, 1, 3})).value() == secret);
  EXPECT_FALSE(combine(pick(shares, {1, 3})).value() == secret);
}

TEST(Shamir, RandomSplitsRoundTrip) {
  std::mt19937 rng(20260101);  // NOLINT: repeatable
  for (int round = 0; round < 60; ++round) {
    const std::size_t shares = 2 + rng() % 254;
    const std::size_t threshold = 2 + rng() % (shares - 1);
    const SecretBytes secret = random_secret(1 + rng() % 70, system_random());
    const auto all = split(secret, shares, threshold, system_random()).value();
    std::vector<std::size_t> order(shares);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), rng);
    order.resize(threshold);
    EXPECT_TRUE(combine(pick(all, order)).value() == secret) << shares << " " << threshold;
    std::array<bool, 256> seen{};
    for (const auto& share : all) {
      const auto x = std::to_integer<std::size_t>(share.reveal().back());
      EXPECT_NE(x, 0u);
      EXPECT_FALSE(std::exchange(seen[x], true));
    }
  }
}

// Shares worked out by hand in GF(2^8)/0x11B: f(x) = s + c x with s = 0x42, c = 0x57, so that 0x57 * 0x83 = 0xc1 (FIPS 197, §4.2).
TEST(Shamir, UsesTheFieldOfAes) {
  std::vector<SecretBytes> shares;
  shares.push_back(SecretBytes::copy_of(hex_decode("8383").value()));  // 0x42 ^ 0xc1 at x = 0x83
  shares.push_back(SecretBytes::copy_of(hex_decode("1501").value()));  // 0x42 ^ 0x57 at x = 0x01
  EXPECT_EQ(hex_encode(combine(shares).value().reveal_text()), "42");
}

TEST(Shamir, RefusesWhatCannotBe) {
  const SecretBytes secret = SecretBytes::copy_of("secret");
  EXPECT_FALSE(split(SecretBytes(), 3, 2, system_random()));
  EXPECT_FALSE(split(secret, 256, 2, system_random()));
  EXPECT_FALSE(split(secret, 3, 1, system_random()));
  EXPECT_FALSE(split(secret, 2, 3, system_random()));
  const auto shares = split(secret, 3, 2, system_random()).value();
  EXPECT_FALSE(combine({}));
  EXPECT_FALSE(combine(pick(shares, {0})));
  EXPECT_EQ(combine(pick(shares, {0, 0})).error().message, "duplicate part detected");
  auto cut = pick(shares, {0, 1});
  cut[1] = SecretBytes::copy_of(cut[1].reveal().first(5));
  EXPECT_EQ(combine(cut).error().message, "all parts must be the same length");
  auto zero = pick(shares, {0, 1});
  zero[0].writable().back() = std::byte{0};
  EXPECT_FALSE(combine(zero));
  std::vector<SecretBytes> tiny;
  tiny.push_back(SecretBytes::copy_of("a"));
  tiny.push_back(SecretBytes::copy_of("b"));
  EXPECT_FALSE(combine(tiny));
}

// With one coefficient too few known, every secret is as likely as any other: a byte of one share of many splits is uniform.
TEST(Shamir, OneShareTellsNothing) {
  std::array<int, 256> count{};
  const SecretBytes secret(1);
  for (int i = 0; i < 256 * 40; ++i) {
    const auto shares = split(secret, 2, 2, system_random()).value();
    ++count[std::to_integer<std::size_t>(shares[0].reveal()[0])];
  }
  double chi = 0;
  for (const int n : count) chi += (n - 40.0) * (n - 40.0) / 40.0;
  EXPECT_LT(chi, 370.0);  // 255 degrees of freedom; passes by chance with p > 0.99999
}

}  // namespace
}  // namespace coffer::crypto::shamir
