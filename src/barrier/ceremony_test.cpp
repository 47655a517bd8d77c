#include <set>
#include <thread>

#include "barrier/ceremony_fixture.h"
#include "crypto/aead.h"

namespace coffer::barrier {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(Ceremonies, BeforeInit) {
  start();
  EXPECT_FALSE(server->initialized());
  const SealStatus status = server->seal_status();
  EXPECT_EQ(status.type, "shamir");
  EXPECT_FALSE(status.initialized);
  EXPECT_TRUE(status.sealed);
  EXPECT_EQ(status.threshold, 0u);
  EXPECT_EQ(status.shares, 0u);
  EXPECT_EQ(message(server->unseal(SecretBytes(32))), "Vault is not initialized");
  EXPECT_EQ(message(server->reset_unseal()), "Vault is not initialized");
  EXPECT_TRUE(server->auto_unseal());
  EXPECT_EQ(server->rotate().error().code, Code::sealed);
  EXPECT_EQ(server->file_key().error().code, Code::sealed);
  server->seal();
}

TEST_F(Ceremonies, InitRefusesWhatCannotBe) {
  start();
  const auto refused = [this](InitRequest request) { return message(server->init(request)); };
  const std::string prefix = "invalid seal configuration: ";
  EXPECT_EQ(refused({0, 0, {}, 0, 0, {}, ""}), prefix + "shares must be at least one");
  EXPECT_EQ(refused({-1, 1, {}, 0, 0, {}, ""}), prefix + "shares must be at least one");
  EXPECT_EQ(refused({1, 0, {}, 0, 0, {}, ""}), prefix + "threshold must be at least one");
  EXPECT_EQ(refused({3, 1, {}, 0, 0, {}, ""}), prefix + "threshold must be greater than one for multiple shares");
  EXPECT_EQ(refused({3, 4, {}, 0, 0, {}, ""}), prefix + "threshold cannot be larger than shares");
  EXPECT_EQ(refused({256, 4, {}, 0, 0, {}, ""}), prefix + "shares must be less than 256");
  EXPECT_EQ(refused({3, 2, {"a"}, 0, 0, {}, ""}), prefix + "count mismatch between number of provided PGP keys and number of shares");
  EXPECT_THAT(refused({1, 1, {"AAAA"}, 0, 0, {}, ""}), StartsWith(prefix + "error parsing given PGP key: "));
  EXPECT_EQ(refused({1, 1, {}, 3, 0, {}, ""}), "parameters recovery_shares not applicable to seal type shamir");
  EXPECT_EQ(refused({1, 1, {}, 3, 2, {}, ""}), "parameters recovery_shares,recovery_threshold not applicable to seal type shamir");
  EXPECT_THAT(refused({1, 1, {}, 0, 0, {}, "AAAA"}), HasSubstr("error parsing given PGP key: "));
  EXPECT_EQ(disk.writes, 0);
  start(SealKind::static_key);
  EXPECT_EQ(refused({1, 1, {}, 1, 1, {}, ""}), "parameters secret_shares,secret_threshold not applicable to seal type static");
  EXPECT_EQ(refused({0, 0, {}, 3, 4, {}, ""}), "invalid recovery configuration: threshold cannot be larger than shares");
}

TEST_F(Ceremonies, InitAndUnsealByShares) {
  start();
  const auto made = server->init({5, 3, {}, 0, 0, {}, ""});
  ASSERT_TRUE(made);
  ASSERT_EQ(made->keys.size(), 5u);
  for (const auto& key : made->keys) EXPECT_EQ(key.size(), 33u);
  EXPECT_EQ(made->root_token.size(), SealManager::root_token_length);
  EXPECT_TRUE(server->initialized());
  EXPECT_TRUE(server->sealed());
  EXPECT_FALSE(listener.open);
  EXPECT_EQ(message(server->init({5, 3, {}, 0, 0, {}, ""})), "Vault is already initialized");

  auto status = server->unseal(made->keys[4]).value();
  EXPECT_EQ(status.progress, 1u);
  EXPECT_EQ(status.nonce.size(), 36u);
  EXPECT_EQ(status.threshold, 3u);
  EXPECT_EQ(status.shares, 5u);
  EXPECT_EQ(status.cluster_id, "");
  EXPECT_EQ(server->unseal(made->keys[4]).value().progress, 1u);  // twice is once
  const std::string nonce = status.nonce;
  EXPECT_EQ(server->unseal(made->keys[1]).value().nonce, nonce);
  status = server->unseal(made->keys[0]).value();
  EXPECT_FALSE(status.sealed);
  EXPECT_EQ(status.progress, 0u);
  EXPECT_EQ(status.nonce, "");
  EXPECT_EQ(status.cluster_id.size(), 36u);
  EXPECT_TRUE(listener.open);
  EXPECT_FALSE(server->unseal(SecretBytes(5)).value().sealed);  // unchecked
  EXPECT_EQ(message(server->reset_unseal()), "vault is unsealed");
  server->seal();
  EXPECT_TRUE(server->sealed());
  EXPECT_FALSE(listener.open);
  EXPECT_TRUE(server->barrier().sealed());
}

TEST_F(Ceremonies, OneShareIsTheBareKey) {
  start_open(1, 1);
  EXPECT_EQ(keys[0].size(), 32u);
  EXPECT_EQ(base64_encode(keys[0].reveal_text()).size(), 44u);
  EXPECT_TRUE(opens_after_restart(keys, 1));
}

TEST_F(Ceremonies, WrongSharesShowAtTheThreshold) {
  start_open(3, 2);
  start();
  EXPECT_EQ(message(server->unseal(SecretBytes(15))), "invalid key: key is shorter than minimum 16 bytes");
  EXPECT_EQ(message(server->unseal(SecretBytes(34))), "invalid key: key is longer than maximum 33 bytes");
  EXPECT_EQ(server->seal_status().progress, 0u);
  SecretBytes wrong = keys[0].clone();
  wrong.writable()[3] ^= std::byte{1};
  ASSERT_TRUE(server->unseal(wrong));
  EXPECT_EQ(message(server->unseal(keys[1])),
            "unable to retrieve stored keys: invalid key: failed to decrypt keys from storage: cipher: message authentication failed");
  EXPECT_EQ(server->seal_status().progress, 0u);
  EXPECT_EQ(server->seal_status().nonce, "");
  // A share that is cut, and two shares with one number.
  ASSERT_TRUE(server->unseal(SecretBytes::copy_of(keys[0].reveal().first(20))));
  EXPECT_THAT(message(server->unseal(keys[1])), StartsWith("invalid key: failed to compute combined key: "));
  ASSERT_TRUE(server->unseal(wrong));
  EXPECT_EQ(message(server->unseal(keys[0])), "invalid key: failed to compute combined key: duplicate part detected");
  ASSERT_TRUE(server->unseal(wrong));
  EXPECT_EQ(server->reset_unseal().value().progress, 0u);
  EXPECT_FALSE(unseal_with(keys, 2).value().sealed);
}

TEST_F(Ceremonies, ValuesSurviveRestartAndRotation) {
  start_open();
  const std::string stored = server->barrier().encrypt(root_tenant, "k", "v").value();
  const SecretBytes file_key = server->file_key().value();
  const SecretBytes salt = server->sub_key(SubKey::audit_salt).value();
  EXPECT_FALSE(salt == server->sub_key(SubKey::token_hash).value());
  ASSERT_TRUE(server->rotate());
  EXPECT_EQ(server->key_status().value().term, 2u);
  EXPECT_EQ(server->key_status().value().install_time, clock.now());
  const std::string newer = server->barrier().encrypt(root_tenant, "k", "w").value();
  EXPECT_EQ(server->key_status().value().encryptions, 1u);
  server->seal();
  ASSERT_TRUE(opens_after_restart(keys, 2));
  EXPECT_EQ(server->key_status().value().encryptions, 1u);  // exact after a clean seal
  EXPECT_EQ(server->barrier().decrypt(root_tenant, "k", stored).value().reveal_text(), "v");
  EXPECT_EQ(server->barrier().decrypt(root_tenant, "k", newer).value().reveal_text(), "w");
  EXPECT_TRUE(server->file_key().value() == file_key);
  EXPECT_TRUE(server->sub_key(SubKey::audit_salt).value() == salt);
  ASSERT_TRUE(opens_after_restart(keys, 2));  // killed, not sealed
  EXPECT_GE(server->key_status().value().encryptions, Keyring::reserve_block);  // never too low
}

TEST_F(Ceremonies, AnInterruptedInitCanBeRepeated) {
  start();
  listener.fail_initialize = true;
  EXPECT_EQ(message(server->init({1, 1, {}, 0, 0, {}, ""})), "no store");
  EXPECT_FALSE(server->initialized());
  EXPECT_TRUE(server->barrier().sealed());
  start();  // as after kill -9 in the middle
  EXPECT_FALSE(server->initialized());
  listener.fail_initialize = false;
  ASSERT_TRUE(server->init({1, 1, {}, 0, 0, {}, ""}));
  EXPECT_TRUE(listener.saw_leftovers);
  EXPECT_TRUE(server->initialized());
}

TEST_F(Ceremonies, AFullDiskRefusesAndChangesNothing) {
  start();
  disk.full = true;
  EXPECT_EQ(server->init({1, 1, {}, 0, 0, {}, ""}).error().code, Code::storage_full);
  EXPECT_FALSE(server->initialized());
  disk.full = false;
  start_open(2, 2);
  disk.full = true;
  EXPECT_EQ(server->rotate().error().code, Code::storage_full);
  EXPECT_EQ(server->key_status().value().term, 1u);
  ASSERT_TRUE(server->barrier().encrypt(root_tenant, "k", "v"));
  server->seal();
  EXPECT_EQ(unseal_with(keys, 2).error().code, Code::storage_full);
  EXPECT_TRUE(server->sealed());
  EXPECT_TRUE(server->barrier().sealed());
  disk.full = false;
  EXPECT_FALSE(unseal_with(keys, 2).value().sealed);
}

TEST_F(Ceremonies, AStoreThatDoesNotOpenSealsAgain) {
  start_open(2, 2);
  server->seal();
  listener.fail_open = true;
  EXPECT_EQ(message(unseal_with(keys, 2)), "foreign store");
  EXPECT_TRUE(server->sealed());
  EXPECT_TRUE(server->barrier().sealed());
  listener.fail_open = false;
  EXPECT_FALSE(unseal_with(keys, 2).value().sealed);
}

TEST_F(Ceremonies, ADamagedOrChangedSealFileIsNamed) {
  start_open(3, 2);
  server.reset();
  const std::string good = *disk.text;
  disk.text = good.substr(0, good.size() / 2);
  EXPECT_THAT(message(try_start(SealKind::shamir)), HasSubstr("core/seal.json is truncated"));
  disk.text = "";
  EXPECT_EQ(try_start(SealKind::shamir).error().code, Code::corrupt);
  // A change that keeps the checksum right: the plain part is bound to the keyring.
  SealFile file = parse_seal_file(good, "x").value();
  file.cluster_name = "mallory";
  disk.text = encode(file);
  start();
  const auto status = unseal_with(keys, 2);
  EXPECT_EQ(status.error().code, Code::corrupt);
  EXPECT_THAT(message(status), HasSubstr("core/seal.json is damaged or was changed"));
}

TEST_F(Ceremonies, StaticSealOpensByItself) {
  start_static();
  EXPECT_EQ(keys.size(), 3u);
  EXPECT_EQ(server->seal_status().type, "static");
  EXPECT_TRUE(server->seal_status().recovery_seal);
  EXPECT_EQ(server->seal_status().threshold, 2u);
  const std::string stored = server->barrier().encrypt(root_tenant, "k", "v").value();
  start(SealKind::static_key);
  EXPECT_TRUE(server->sealed());
  ASSERT_TRUE(server->auto_unseal());
  EXPECT_FALSE(server->sealed());
  EXPECT_EQ(server->barrier().decrypt(root_tenant, "k", stored).value().reveal_text(), "v");
  // After PUT sys/seal the recovery shares open it again, and wrong ones do not.
  server->seal();
  ASSERT_TRUE(server->unseal(crypto::random_secret(33, system_random())));
  EXPECT_FALSE(server->unseal(keys[0]));
  EXPECT_FALSE(unseal_with(keys, 2).value().sealed);
  // A new static key takes over from the previous one.
  start(SealKind::next_static_key);
  ASSERT_TRUE(server->auto_unseal());
  start(SealKind::static_key);
  EXPECT_THAT(message(server->auto_unseal()), HasSubstr("\"two\""));
  EXPECT_TRUE(server->sealed());
}

TEST_F(Ceremonies, MigratesFromSharesToStaticKeyAndBack) {
  start_open(3, 2);
  const std::string stored = server->barrier().encrypt(root_tenant, "k", "v").value();
  start(SealKind::static_key);
  EXPECT_TRUE(server->seal_status().migration);
  ASSERT_TRUE(server->auto_unseal());
  EXPECT_TRUE(server->sealed());
  EXPECT_EQ(message(server->unseal(keys[0])), "migrate option not provided and seal migration is in progress");
  ASSERT_TRUE(unseal_with(keys, 2, true));
  EXPECT_FALSE(server->sealed());
  EXPECT_EQ(server->seal_status().type, "static");
  EXPECT_FALSE(server->seal_status().migration);
  start(SealKind::static_key);
  ASSERT_TRUE(server->auto_unseal());
  server->seal();
  EXPECT_FALSE(unseal_with(keys, 2).value().sealed);  // the shares are recovery shares now

  EXPECT_THAT(message(try_start(SealKind::shamir)), HasSubstr("seal of type \"static\""));
  start(SealKind::shamir, SealKind::static_key);
  EXPECT_TRUE(server->seal_status().migration);
  ASSERT_TRUE(unseal_with(keys, 2, true));
  ASSERT_TRUE(opens_after_restart(keys, 2));
  EXPECT_EQ(server->seal_status().type, "shamir");
  EXPECT_EQ(server->barrier().decrypt(root_tenant, "k", stored).value().reveal_text(), "v");
  EXPECT_EQ(message(server->unseal(keys[0], true)), "(no error)");
  server->seal();
  EXPECT_EQ(message(server->unseal(keys[0], true)), "can't perform a seal migration, no migration seal found");
}

TEST_F(Ceremonies, RotationByAge) {
  start_open();
  EXPECT_EQ(server->rotation_config().value().max_operations, 3'865'470'566u);
  EXPECT_EQ(message(server->set_rotation_config({999'999, Seconds(0), true})), "max_operations must be in the range [1000000,3865470566]");
  EXPECT_EQ(message(server->set_rotation_config({3'865'470'567, Seconds(0), true})), "max_operations must be in the range [1000000,3865470566]");
  EXPECT_EQ(message(server->set_rotation_config({1'000'000, Seconds(60), true})), "interval must be greater or equal to 24h0m0s");
  ASSERT_TRUE(server->set_rotation_config({1'000'000, Seconds(24 * 3600), true}));
  ASSERT_TRUE(server->maintain());
  EXPECT_EQ(server->key_status().value().term, 1u);
  clock.advance(std::chrono::hours(25));
  ASSERT_TRUE(server->maintain());
  EXPECT_EQ(server->key_status().value().term, 2u);
  ASSERT_TRUE(server->set_rotation_config({1'000'000, Seconds(0), false}));
  clock.advance(std::chrono::hours(25));
  ASSERT_TRUE(server->maintain());
  EXPECT_EQ(server->key_status().value().term, 2u);
}

// Opens the sealed file on the disk with the static key, as if `count` encryptions had been made before.
void set_encryptions(Disk& disk, const Seal& seal, std::uint64_t count) {
  SealFile file = parse_seal_file(*disk.text, "x").value();
  const SecretBytes root_key = seal.unwrap(file.root_key, file.root_key_context()).value();
  Keyring keyring = decode_keyring(crypto::open_box(root_key.reveal(), file.keyring_context(), file.keyring)->reveal_text()).value();
  keyring.terms.back().encryptions = count;
  file.keyring = crypto::seal_box(root_key.reveal(), file.keyring_context(), encode(keyring).reveal_text(), system_random());
  disk.text = encode(file);
}

TEST_F(Ceremonies, RotationByCount) {
  start_static();
  ASSERT_TRUE(server->set_rotation_config({1'000'000, Seconds(0), true}));
  server->seal();
  set_encryptions(disk, *make(SealKind::static_key), 999'995);
  start(SealKind::static_key);
  ASSERT_TRUE(server->auto_unseal());
  ASSERT_TRUE(server->maintain());
  EXPECT_EQ(server->key_status().value().encryptions, 999'995u);
  const int writes = disk.writes;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(server->barrier().encrypt(root_tenant, "", ""));
  EXPECT_EQ(disk.writes, writes);  // within the reserved block
  EXPECT_EQ(server->key_status().value().term, 1u);
  ASSERT_TRUE(server->maintain());
  EXPECT_EQ(server->key_status().value().term, 2u);
  EXPECT_EQ(server->key_status().value().encryptions, 0u);
}

TEST_F(Ceremonies, NoKeyMakesMoreEncryptionsThanItMay) {
  start_static();
  ASSERT_TRUE(server->set_rotation_config({RotationConfig::most_operations, Seconds(0), false}));
  server->seal();
  set_encryptions(disk, *make(SealKind::static_key), Keyring::most_encryptions - 2);
  start(SealKind::static_key);
  ASSERT_TRUE(server->auto_unseal());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(server->barrier().encrypt(root_tenant, "", ""));
  ASSERT_TRUE(server->maintain());
  EXPECT_EQ(server->key_status().value().term, 2u);
}

TEST_F(Ceremonies, ReservesAheadAndByNeed) {
  start_open();
  int writes = disk.writes;
  const auto encrypt = [this](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(server->barrier().encrypt(root_tenant, "", ""));
  };
  encrypt(Keyring::reserve_block / 2 + 1);
  EXPECT_EQ(disk.writes, writes);
  ASSERT_TRUE(server->maintain());
  EXPECT_EQ(disk.writes, writes + 1);
  ASSERT_TRUE(server->maintain());
  EXPECT_EQ(disk.writes, writes + 1);
}

TEST_F(Ceremonies, NamespacesHaveKeysOfTheirOwn) {
  start_open();
  const TenantId tenant{9};
  EXPECT_FALSE(server->barrier().encrypt(tenant, "k", "v"));
  ASSERT_TRUE(server->add_namespace(tenant));
  const std::string stored = server->barrier().encrypt(tenant, "k", "v").value();
  ASSERT_TRUE(opens_after_restart(keys, 2));
  EXPECT_TRUE(server->barrier().decrypt(tenant, "k", stored));
  const std::string root_value = server->barrier().encrypt(root_tenant, "k", "v").value();
  EXPECT_FALSE(server->destroy_namespace(root_tenant));
  ASSERT_TRUE(server->destroy_namespace(tenant));
  EXPECT_FALSE(server->barrier().decrypt(tenant, "k", stored));
  EXPECT_TRUE(server->barrier().decrypt(root_tenant, "k", root_value));
}

TEST_F(Ceremonies, RollbackIsNoticedOnBothSides) {
  start_open();
  ASSERT_TRUE(server->check_store(std::nullopt));
  std::optional<std::uint64_t> in_store = server->rollback_counter().value();
  ASSERT_TRUE(server->confirm_store(*in_store));
  const auto old_store = in_store;
  const auto old_file = disk.text;
  ASSERT_TRUE(opens_after_restart(keys, 2));
  ASSERT_TRUE(server->check_store(in_store));
  in_store = server->rollback_counter().value();
  EXPECT_GT(*in_store, *old_store);
  ASSERT_TRUE(server->confirm_store(*in_store));
  ASSERT_TRUE(opens_after_restart(keys, 2));
  EXPECT_THAT(message(server->check_store(old_store)), HasSubstr("the store is older"));
  EXPECT_THAT(message(server->check_store(std::nullopt)), HasSubstr("the store is older"));
  ASSERT_TRUE(server->check_store(in_store));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(server->rotate());
  in_store = server->rollback_counter().value();
  ASSERT_TRUE(server->confirm_store(*in_store));
  disk.text = old_file;
  ASSERT_TRUE(opens_after_restart(keys, 2));
  EXPECT_THAT(message(server->check_store(in_store)), HasSubstr("core/seal.json is older"));
}

// Fifty operators at once, with sealing in between: no deadlock, and in the end it opens (F-30).
TEST_F(Ceremonies, OperatorsRace) {
  start_open(5, 3);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 10; ++t) {
    threads.emplace_back([&, t] {
      while (!stop) {
        const auto status = server->unseal(keys[t % 5]);
        ASSERT_TRUE(status);
        static_cast<void>(server->seal_status());
        static_cast<void>(server->generate_root_status());
        static_cast<void>(server->maintain());
        static_cast<void>(server->barrier().encrypt(root_tenant, "k", "v"));
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    server->seal();
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  if (server->sealed()) {
    ASSERT_TRUE(server->reset_unseal());
    ASSERT_FALSE(unseal_with(keys, 3).value().sealed);
  }
}

TEST(DecodeKey, TakesHexAndBase64) {
  const std::string key(33, '\xab');
  EXPECT_EQ(decode_key(hex_encode(key))->reveal_text(), key);
  EXPECT_EQ(decode_key(base64_encode(key))->reveal_text(), key);
  EXPECT_EQ(decode_key("abcd")->size(), 3u);  // as hex too short for any key, so base64
  EXPECT_EQ(decode_key("!").error().message, "'key' must be a valid hex or base64 string");
}

}  // namespace
}  // namespace coffer::barrier
