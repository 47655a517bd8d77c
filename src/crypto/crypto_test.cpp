#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/guarded_key.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/password.h"
#include "crypto/per_thread.h"

namespace coffer::crypto {
namespace {

std::string unhex(std::string_view text) { return hex_decode(text).value(); }
std::span<std::byte> writable(std::string& text) { return std::as_writable_bytes(std::span(text)); }

TEST(Hash, NamedDigests) {
  EXPECT_EQ(hex_encode(as_text(sha256("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(as_text(sha256({"a", "", "bc"})), as_text(sha256("abc")));
  EXPECT_EQ(hex_encode(digest(*hash_from_name("sha2-256"), "abc")), hex_encode(as_text(sha256("abc"))));
  EXPECT_EQ(hex_encode(digest(*hash_from_name("sha2-224"), "abc")), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
  EXPECT_EQ(hex_encode(digest(*hash_from_name("sha3-256"), "abc")), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  EXPECT_EQ(digest(Hash::sha384, "").size(), 48u);
  EXPECT_EQ(digest(Hash::sha512, "").size(), 64u);
  EXPECT_EQ(digest(Hash::sha3_512, "").size(), 64u);
  EXPECT_FALSE(hash_from_name("md5"));
}

TEST(Hmac, Rfc4231AndLongKeys) {
  EXPECT_EQ(hex_encode(as_text(HmacSha256(as_bytes("Jefe")).mac("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string long_key(131, '\xaa');
  const HmacSha256 mac(as_bytes(long_key));
  EXPECT_EQ(hex_encode(as_text(mac.mac("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(as_text(mac.mac({"ab", "c"})), as_text(mac.mac("abc")));
}

TEST(Hkdf, Rfc5869) {
  EXPECT_EQ(hex_encode(hkdf_sha256(as_bytes(std::string(22, '\x0b')), unhex("000102030405060708090a0b0c"), unhex("f0f1f2f3f4f5f6f7f8f9"), 42)
                           .reveal_text()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Aead, OpensOnlyWhatItSealed) {
  const SecretBytes key = random_secret(32, system_random());
  std::string box = seal_box(key.reveal(), "context", "the secret", system_random());
  EXPECT_EQ(open_box(key.reveal(), "context", box)->reveal_text(), "the secret");
  EXPECT_FALSE(open_box(key.reveal(), "other", box));
  EXPECT_FALSE(open_box(random_secret(32, system_random()).reveal(), "context", box));
  for (std::size_t i = 0; i < box.size(); ++i) {
    box[i] = static_cast<char>(box[i] ^ 1);
    EXPECT_FALSE(open_box(key.reveal(), "context", box)) << i;
    box[i] = static_cast<char>(box[i] ^ 1);
    EXPECT_FALSE(open_box(key.reveal(), "context", std::string_view(box).substr(0, i))) << i;
  }
  EXPECT_EQ(open_box(key.reveal(), "", seal_box(key.reveal(), "", "", system_random()))->size(), 0u);
}

TEST(Aead, OneContextServesBothDirectionsInAnyOrder) {
  const SecretBytes key = random_secret(32, system_random());
  Aes256Gcm kept(key.reveal().first<32>());
  std::array<std::byte, 12> nonce{};
  for (unsigned i = 0; i < 50; ++i) {
    nonce[0] = static_cast<std::byte>(i);
    const std::string plain(i * 7, static_cast<char>('a' + i % 26));
    std::string sealed(plain.size() + 16, '\0');
    kept.seal(nonce, "aad", plain, writable(sealed));
    std::string opened(plain.size(), '\0');
    if (i % 3 == 0) {
      std::string broken = sealed;
      broken.back() = static_cast<char>(broken.back() ^ 0x80);
      EXPECT_FALSE(kept.open(nonce, "aad", broken, writable(opened)));
    }
    Aes256Gcm fresh(key.reveal().first<32>());
    ASSERT_TRUE(fresh.open(nonce, "aad", sealed, writable(opened)));
    EXPECT_EQ(opened, plain);
    ASSERT_TRUE(kept.open(nonce, "aad", sealed, writable(opened)));
    EXPECT_EQ(opened, plain);
  }
}

TEST(Ed25519, Rfc8032) {
  const std::string seed = unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const Ed25519Key key(as_bytes(seed).first<32>());
  EXPECT_EQ(hex_encode(coffer::as_text(key.public_key())), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const auto signature = key.sign("\x72");
  EXPECT_EQ(hex_encode(coffer::as_text(signature)),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(ed25519_verify(key.public_key(), "\x72", signature));
  EXPECT_FALSE(ed25519_verify(key.public_key(), "\x73", signature));
  EXPECT_FALSE(ed25519_verify(key.public_key(), "\x72", std::span(signature).first(63)));
  const Ed25519Key made = Ed25519Key::generate();
  EXPECT_TRUE(ed25519_verify(made.public_key(), "", made.sign("")));
}

TEST(Password, HashesAndVerifies) {
  const auto hash = password_hash("correct horse");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_TRUE(password_verify(*hash, "correct horse"));
  EXPECT_FALSE(password_verify(*hash, "correct horsf"));
  EXPECT_FALSE(password_verify(*hash, ""));
  EXPECT_FALSE(password_verify("", "x"));
  EXPECT_FALSE(password_verify(std::string(500, 'x'), "x"));
  EXPECT_NE(*password_hash("correct horse"), *hash);
  EXPECT_TRUE(password_decoy().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(password_verify(password_decoy(), ""));  // so it is well-formed and costs a full verification
}

TEST(GuardedKey, GivesAccessOnlyInside) {
  GuardedKey key(as_bytes("0123456789abcdef"));
  EXPECT_EQ(key.reveal_copy().reveal_text(), "0123456789abcdef");
  const std::byte* where = key.with([](std::span<const std::byte> bytes) { return bytes.data(); });
  GuardedKey moved = std::move(key);
  EXPECT_EQ(moved.reveal_copy().reveal_text(), "0123456789abcdef");
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH({ const volatile char c = *reinterpret_cast<const char*>(where); static_cast<void>(c); }, "");
}

TEST(PerThread, KeepsOnePerThreadAndClearsThemAll) {
  static std::atomic<int> alive{0};
  struct Thing {
    int uses = 0;
    Thing() { ++alive; }
    Thing(const Thing&) = delete;
    Thing& operator=(const Thing&) = delete;
    ~Thing() { --alive; }
  };
  std::vector<std::unique_ptr<PerThread<Thing>>> owners;
  for (int i = 0; i < 20; ++i) owners.push_back(std::make_unique<PerThread<Thing>>());
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int round = 1; round <= 5; ++round) {
        for (auto& owner : owners) EXPECT_EQ(owner->with([](Thing& thing) { return ++thing.uses; }), round);
      }
      ++ready;
      while (!go) std::this_thread::yield();
    });
  }
  while (ready < 3) std::this_thread::yield();
  EXPECT_EQ(alive, 60);
  owners[0]->clear();
  EXPECT_EQ(alive, 57);
  owners.erase(owners.begin(), owners.begin() + 10);
  EXPECT_EQ(alive, 30);
  go = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace coffer::crypto
