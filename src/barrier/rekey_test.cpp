#include <rnp/rnp.h>
#include <rnp/rnp_err.h>

#include <thread>

#include "barrier/ceremony_fixture.h"
#include "crypto/aead.h"

namespace coffer::barrier {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr auto barrier_shares = ShareKind::barrier;
constexpr auto recovery_shares = ShareKind::recovery;

// A shareholder with an OpenPGP key.
class Holder {
 public:
  Holder() {
    rnp_ffi_create(&ffi_, "GPG", "GPG");
    rnp_generate_key_25519(ffi_, "holder", nullptr, &key_);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    rnp_key_handle_destroy(key_);
    rnp_ffi_destroy(ffi_);
  }
  [[nodiscard]] std::string public_key() const {
    rnp_output_t out = nullptr;
    rnp_output_to_memory(&out, 0);
    rnp_key_export(key_, out, RNP_KEY_EXPORT_PUBLIC | RNP_KEY_EXPORT_SUBKEYS);
    return base64_encode(take(out));
  }
  [[nodiscard]] std::string read(std::string_view binary) const {
    rnp_input_t in = nullptr;
    rnp_output_t out = nullptr;
    rnp_input_from_memory(&in, reinterpret_cast<const std::uint8_t*>(binary.data()), binary.size(), false);
    rnp_output_to_memory(&out, 0);
    EXPECT_EQ(rnp_decrypt(ffi_, in, out), RNP_SUCCESS);
    rnp_input_destroy(in);
    return take(out);
  }
  [[nodiscard]] SecretBytes share(const SecretBytes& message) const {
    return SecretBytes::copy_of(hex_decode(read(message.reveal_text())).value());
  }

 private:
  static std::string take(rnp_output_t out) {
    std::uint8_t* data = nullptr;
    std::size_t size = 0;
    rnp_output_memory_get_buf(out, &data, &size, false);
    std::string text(reinterpret_cast<const char*>(data), size);
    rnp_output_destroy(out);
    return text;
  }
  rnp_ffi_t ffi_ = nullptr;
  rnp_key_handle_t key_ = nullptr;
};

class Rekeys : public Ceremonies {
 protected:
  Result<RekeyUpdate> give(ShareKind kind, const KeyList& shares, int count, const std::string& nonce) {
    Result<RekeyUpdate> last = fail(Code::internal, "none");
    for (int i = 0; i < count; ++i) last = server->rekey_update(kind, shares[static_cast<std::size_t>(i)], nonce);
    return last;
  }
  Result<RootGeneration> give_root(int count, const std::string& nonce) {
    Result<RootGeneration> last = fail(Code::internal, "none");
    for (int i = 0; i < count; ++i) last = server->generate_root_update(keys[static_cast<std::size_t>(i)], nonce, [this] { return token(); });
    return last;
  }
  Result<SecretBytes> token() {
    ++tokens;
    return SecretBytes::copy_of("hvs.0123456789abcdefghijABCD");
  }
  std::atomic<int> tokens{0};
};

TEST_F(Rekeys, NewSharesReplaceOldOnes) {
  start_open(3, 2);
  const std::string stored = server->barrier().encrypt(root_tenant, "k", "v").value();
  EXPECT_EQ(server->rekey_status(barrier_shares).value().required, 2u);
  EXPECT_FALSE(server->rekey_status(barrier_shares).value().started);
  EXPECT_EQ(message(server->rekey_update(barrier_shares, keys[0], "")), "no barrier rekey in progress");
  const RekeyStatus begun = server->rekey_init(barrier_shares, {5, 3, {}, false, false}, "me").value();
  EXPECT_TRUE(begun.started);
  EXPECT_EQ(begun.shares, 5u);
  EXPECT_EQ(begun.threshold, 3u);
  EXPECT_EQ(begun.required, 2u);
  EXPECT_EQ(message(server->rekey_init(barrier_shares, {5, 3, {}, false, false}, "me")), "rekey already in progress");
  EXPECT_EQ(message(server->rekey_update(barrier_shares, keys[0], "x")),
            "incorrect nonce supplied; nonce for this rekey operation is \"" + begun.nonce + "\"");
  EXPECT_EQ(server->rekey_update(barrier_shares, keys[2], begun.nonce).value().status.progress, 1u);
  EXPECT_EQ(message(server->rekey_update(barrier_shares, keys[2], begun.nonce)),
            "given key has already been provided during this generation operation");
  const RekeyUpdate done = server->rekey_update(barrier_shares, keys[0], begun.nonce).value();
  EXPECT_TRUE(done.complete);
  EXPECT_EQ(done.status.nonce, begun.nonce);
  ASSERT_EQ(done.keys.size(), 5u);
  EXPECT_FALSE(server->rekey_status(barrier_shares).value().started);
  EXPECT_EQ(server->seal_status().threshold, 3u);
  EXPECT_FALSE(opens_after_restart(keys, 2));
  ASSERT_TRUE(opens_after_restart(done.keys, 3));
  EXPECT_EQ(server->barrier().decrypt(root_tenant, "k", stored).value().reveal_text(), "v");
}

TEST_F(Rekeys, RefusesWhatCannotBe) {
  start_open(3, 2);
  const auto refused = [this](RekeyRequest request) { return message(server->rekey_init(barrier_shares, request, "me")); };
  EXPECT_EQ(refused({3, 2, {}, true, false}), "cannot request a backup of the new keys without providing PGP keys for encryption");
  EXPECT_EQ(refused({3, 2, {"a"}, false, false}), "incorrect number of PGP keys for rekey");
  EXPECT_EQ(refused({3, 1, {}, false, false}), "invalid rekey seal configuration: threshold must be greater than one for multiple shares");
  EXPECT_THAT(refused({1, 1, {"AAAA"}, false, false}), StartsWith("invalid rekey seal configuration: error parsing given PGP key: "));
  EXPECT_EQ(message(server->rekey_init(recovery_shares, {3, 2, {}, false, false}, "me")), "recovery rekeying not supported");
  EXPECT_EQ(message(server->rekey_verify_status(barrier_shares)), "no rekey configuration found");
  EXPECT_EQ(message(server->rekey_backup(barrier_shares)), "no backed-up keys found");
  EXPECT_TRUE(server->rekey_cancel(barrier_shares, "", ""));
  const auto begun = server->rekey_init(barrier_shares, {2, 2, {}, false, false}, "me").value();
  // Wrong shares: nothing changes, the count starts again.
  ASSERT_TRUE(server->rekey_update(barrier_shares, crypto::random_secret(33, system_random()), begun.nonce));
  EXPECT_FALSE(server->rekey_update(barrier_shares, keys[0], begun.nonce));
  EXPECT_EQ(server->rekey_status(barrier_shares).value().progress, 0u);
  EXPECT_EQ(message(server->rekey_update(barrier_shares, SecretBytes(3), begun.nonce)), "invalid key: key is shorter than minimum 16 bytes");
  // A full disk: the old shares stay.
  disk.full = true;
  EXPECT_EQ(give(barrier_shares, keys, 2, begun.nonce).error().code, Code::storage_full);
  disk.full = false;
  EXPECT_TRUE(opens_after_restart(keys, 2));
  server->seal();
  EXPECT_EQ(server->rekey_status(barrier_shares).error().code, Code::sealed);
}

TEST_F(Rekeys, OldSharesStandUntilTheNewOnesAreVerified) {
  start_open(3, 2);
  const auto begun = server->rekey_init(barrier_shares, {4, 3, {}, false, true}, "me").value();
  const auto done = give(barrier_shares, keys, 2, begun.nonce).value();
  EXPECT_TRUE(done.complete);
  EXPECT_TRUE(done.status.verification_required);
  const std::string nonce = done.status.verification_nonce;
  EXPECT_EQ(nonce.size(), 36u);
  EXPECT_EQ(message(server->rekey_update(barrier_shares, keys[0], begun.nonce)),
            "rekey operation already finished; verification must be performed; nonce for the verification operation is \"" + nonce + "\"");
  auto verify = server->rekey_verify_status(barrier_shares).value();
  EXPECT_TRUE(verify.started);
  EXPECT_EQ(verify.threshold, 3u);
  EXPECT_EQ(verify.shares, 4u);
  ASSERT_TRUE(server->rekey_verify(barrier_shares, done.keys[0], nonce));
  verify = server->rekey_verify_restart(barrier_shares, "", "me").value();
  EXPECT_NE(verify.nonce, nonce);
  EXPECT_EQ(verify.progress, 0u);
  EXPECT_THAT(message(server->rekey_verify(barrier_shares, done.keys[0], nonce)), StartsWith("incorrect nonce supplied"));
  // Verification by the old shares fails, and the old ones still open.
  ASSERT_TRUE(server->rekey_verify(barrier_shares, keys[0], verify.nonce));
  ASSERT_TRUE(server->rekey_verify(barrier_shares, keys[1], verify.nonce));
  EXPECT_THAT(message(server->rekey_verify(barrier_shares, keys[2], verify.nonce)), StartsWith("rekey verification failed"));
  EXPECT_EQ(server->seal_status().threshold, 2u);
  const auto on_disk = disk.text;
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(server->rekey_verify(barrier_shares, done.keys[static_cast<std::size_t>(i)], verify.nonce).value().complete);
  const auto verified = server->rekey_verify(barrier_shares, done.keys[3], verify.nonce).value();
  EXPECT_TRUE(verified.complete);
  EXPECT_EQ(verified.nonce, verify.nonce);
  EXPECT_FALSE(opens_after_restart(keys, 2));
  EXPECT_TRUE(opens_after_restart(done.keys, 3));
  disk.text = on_disk;  // as killed before the verification ended
  EXPECT_TRUE(opens_after_restart(keys, 2));
}

TEST_F(Rekeys, OnlyWhoStartedOrKnowsTheNonceCancels) {
  start_open(3, 2);
  const auto begun = server->rekey_init(barrier_shares, {3, 2, {}, false, false}, "alice").value();
  EXPECT_EQ(server->rekey_cancel(barrier_shares, "", "bob").error().code, Code::permission_denied);
  EXPECT_EQ(server->rekey_cancel(barrier_shares, "", "").error().code, Code::permission_denied);
  EXPECT_EQ(server->rekey_cancel(barrier_shares, "wrong", "alice").error().code, Code::invalid_argument);
  EXPECT_TRUE(server->rekey_status(barrier_shares).value().started);
  EXPECT_TRUE(server->rekey_cancel(barrier_shares, begun.nonce, "bob"));
  EXPECT_FALSE(server->rekey_status(barrier_shares).value().started);
  ASSERT_TRUE(server->rekey_init(barrier_shares, {3, 2, {}, false, false}, ""));
  EXPECT_FALSE(server->rekey_cancel(barrier_shares, "", ""));  // two strangers are not the same caller
  clock.advance(std::chrono::minutes(10));
  EXPECT_TRUE(server->rekey_cancel(barrier_shares, "", "bob"));
  ASSERT_TRUE(server->generate_root_init("", "", "alice"));
  EXPECT_FALSE(server->generate_root_cancel("", "bob"));
  EXPECT_TRUE(server->generate_root_cancel("", "alice"));
}

TEST_F(Rekeys, PgpSharesAndTheirBackup) {
  const Holder a;
  const Holder b;
  start();
  auto made = server->init({2, 2, {a.public_key(), b.public_key()}, 0, 0, {}, a.public_key()}).value();
  EXPECT_EQ(a.read(base64_decode(made.root_token.reveal_text()).value()), "hvs.0123456789abcdefghijABCD");
  keys.push_back(a.share(made.keys[0]));
  keys.push_back(b.share(made.keys[1]));
  ASSERT_FALSE(unseal_with(keys, 2).value().sealed);

  const auto begun = server->rekey_init(barrier_shares, {3, 2, {a.public_key(), b.public_key(), a.public_key()}, true, false}, "me").value();
  ASSERT_EQ(begun.pgp_fingerprints.size(), 3u);
  EXPECT_TRUE(begun.backup);
  const auto done = give(barrier_shares, keys, 2, begun.nonce).value();
  ASSERT_EQ(done.keys.size(), 3u);
  const PgpBackup backup = server->rekey_backup(barrier_shares).value();
  EXPECT_EQ(backup.nonce, begun.nonce);
  ASSERT_EQ(backup.keys.size(), 2u);
  EXPECT_EQ(backup.keys[0].first, begun.pgp_fingerprints[0]);
  EXPECT_EQ(backup.keys[0].second.size(), 2u);
  EXPECT_EQ(backup.keys[1].second[0], done.keys[1].reveal_text());
  KeyList fresh;
  fresh.push_back(a.share(done.keys[0]));
  fresh.push_back(b.share(done.keys[1]));
  ASSERT_TRUE(opens_after_restart(fresh, 2));
  EXPECT_TRUE(server->rekey_backup(barrier_shares));
  ASSERT_TRUE(server->rekey_backup_delete(barrier_shares));
  EXPECT_EQ(message(server->rekey_backup(barrier_shares)), "no backed-up keys found");
}

TEST_F(Rekeys, AnUnauditedRekeyIsTakenBack) {
  start_open(3, 2);
  auto begun = server->rekey_init(barrier_shares, {2, 2, {}, false, false}, "me").value();
  const auto done = give(barrier_shares, keys, 2, begun.nonce).value();
  EXPECT_FALSE(server->rekey_revert(barrier_shares, "other"));
  ASSERT_TRUE(server->rekey_revert(barrier_shares, begun.nonce));
  EXPECT_FALSE(server->rekey_revert(barrier_shares, begun.nonce));
  EXPECT_EQ(server->seal_status().shares, 3u);
  EXPECT_FALSE(opens_after_restart(done.keys, 2));
  ASSERT_TRUE(opens_after_restart(keys, 2));
  begun = server->rekey_init(barrier_shares, {2, 2, {}, false, true}, "me").value();
  ASSERT_TRUE(give(barrier_shares, keys, 2, begun.nonce));
  ASSERT_TRUE(server->rekey_revert(barrier_shares, begun.nonce));
  EXPECT_FALSE(server->rekey_status(barrier_shares).value().started);
}

TEST_F(Rekeys, RecoverySharesOfAStaticSeal) {
  start_static();
  const auto begun = server->rekey_init(recovery_shares, {2, 2, {}, false, false}, "me").value();
  EXPECT_EQ(begun.required, 2u);
  std::string wrong(33, 'x');  // its last byte is its number: not 0, and not the other share's
  wrong.back() = keys[0].reveal_text().back() == '\x01' ? '\x02' : '\x01';
  ASSERT_TRUE(server->rekey_update(recovery_shares, SecretBytes::copy_of(wrong), begun.nonce));
  EXPECT_EQ(message(server->rekey_update(recovery_shares, keys[0], begun.nonce)), "recovery key verification failed");
  const auto done = give(recovery_shares, keys, 2, begun.nonce).value();
  ASSERT_EQ(done.keys.size(), 2u);
  EXPECT_EQ(server->seal_status().shares, 2u);
  EXPECT_EQ(server->generate_root_status().value().required, 2u);
  // Barrier rekey wraps the root key again and has no shares to give.
  EXPECT_THAT(message(server->rekey_init(barrier_shares, {3, 2, {}, false, false}, "me")), HasSubstr("keeps its key itself"));
  const auto again = server->rekey_init(barrier_shares, {1, 1, {}, false, false}, "me").value();
  const auto wrapped = give(barrier_shares, done.keys, 2, again.nonce).value();
  EXPECT_TRUE(wrapped.complete);
  EXPECT_TRUE(wrapped.keys.empty());
  start(SealKind::static_key);
  ASSERT_TRUE(server->auto_unseal());
  server->seal();
  ASSERT_TRUE(server->unseal(keys[0]));
  EXPECT_FALSE(server->unseal(keys[1]));
  EXPECT_FALSE(unseal_with(done.keys, 2).value().sealed);
}

TEST_F(Rekeys, RootTokenForAnOtp) {
  start_open(3, 2);
  auto status = server->generate_root_status().value();
  EXPECT_FALSE(status.started);
  EXPECT_EQ(status.required, 2u);
  EXPECT_EQ(message(server->generate_root_update(keys[0], "", [this] { return token(); })), "no root generation in progress");
  EXPECT_EQ(message(server->generate_root_init("short", "", "me")), "OTP string has incorrect length");
  EXPECT_THAT(message(server->generate_root_init("", "AAAA", "me")), StartsWith("error parsing PGP key: "));
  status = server->generate_root_init("", "", "me").value();
  EXPECT_EQ(status.otp.size(), SealManager::root_token_length);
  EXPECT_EQ(server->generate_root_status().value().otp, "");
  EXPECT_THAT(message(server->generate_root_init("", "", "me")), StartsWith("root generation already in progress"));
  EXPECT_EQ(message(server->generate_root_update(keys[0], "x", [this] { return token(); })),
            "incorrect nonce supplied; nonce for this root generation operation is \"" + status.nonce + "\"");
  EXPECT_EQ(give_root(1, status.nonce).value().progress, 1u);
  EXPECT_EQ(message(server->generate_root_update(keys[0], status.nonce, [this] { return token(); })),
            "given key has already been provided during this generation operation");
  const auto done = server->generate_root_update(keys[2], status.nonce, [this] { return token(); }).value();
  EXPECT_TRUE(done.complete);
  EXPECT_FALSE(done.started);
  EXPECT_EQ(done.progress, 2u);
  EXPECT_EQ(done.nonce, status.nonce);
  EXPECT_EQ(decode_root_token(done.encoded_token, status.otp)->reveal_text(), "hvs.0123456789abcdefghijABCD");
  EXPECT_EQ(done.encoded_token.find('='), std::string::npos);
  EXPECT_FALSE(server->generate_root_status().value().started);
  EXPECT_EQ(tokens, 1);
  EXPECT_FALSE(decode_root_token("!", status.otp));
  EXPECT_FALSE(decode_root_token(done.encoded_token, "x"));
  server->seal();
  EXPECT_EQ(server->generate_root_status().error().code, Code::sealed);
}

TEST_F(Rekeys, RootTokenForAPgpKeyAndWrongShares) {
  const Holder holder;
  start_open(3, 2);
  const auto status = server->generate_root_init("", holder.public_key(), "me").value();
  EXPECT_EQ(status.pgp_fingerprint.size(), 40u);
  EXPECT_EQ(status.otp, "");
  ASSERT_TRUE(server->generate_root_update(crypto::random_secret(33, system_random()), status.nonce, [this] { return token(); }));
  EXPECT_FALSE(server->generate_root_update(keys[0], status.nonce, [this] { return token(); }));
  EXPECT_EQ(tokens, 0);
  EXPECT_EQ(server->generate_root_status().value().progress, 0u);
  const auto done = give_root(2, status.nonce).value();
  EXPECT_EQ(holder.read(base64_decode(done.encoded_token).value()), "hvs.0123456789abcdefghijABCD");
}

// I06: fifty updates at once with mixed nonces and shares make at most one token.
TEST_F(Rekeys, AtMostOneTokenInARace) {
  start_open(5, 3);
  const auto status = server->generate_root_init("", "", "me").value();
  std::vector<std::thread> threads;
  std::atomic<int> complete{0};
  for (std::size_t t = 0; t < 50; ++t) {
    threads.emplace_back([&, t] {
      const auto made = server->generate_root_update(keys[t % 5], t % 7 == 0 ? "wrong" : status.nonce, [this] { return token(); });
      if (made && made->complete) ++complete;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(complete, 1);
  EXPECT_EQ(tokens, 1);
}

}  // namespace
}  // namespace coffer::barrier
