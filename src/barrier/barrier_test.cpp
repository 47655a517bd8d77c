#include "barrier/barrier.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "barrier/keyring_barrier.h"
#include "storage/memory/memory_state.h"

namespace coffer::barrier {
namespace {

const TenantId other{7};

std::shared_ptr<const Keyring> two_namespaces() {
  Keyring keyring = make_keyring(Time{}, system_random());
  keyring.add_namespace(other, system_random());
  keyring.terms.back().encryptions = Keyring::reserve_block;
  return std::make_shared<const Keyring>(std::move(keyring));
}

TEST(KeyringBarrier, OpensWhatItSealed) {
  KeyringBarrier barrier;
  barrier.install(two_namespaces(), 0);
  for (const std::string& plain : {std::string(), std::string("v"), std::string(100'000, 'x')}) {
    const std::string stored = barrier.encrypt(root_tenant, "some/key", plain).value();
    EXPECT_EQ(stored.size(), plain.size() + KeyringBarrier::overhead);
    EXPECT_EQ(barrier.decrypt(root_tenant, "some/key", stored).value().reveal_text(), plain);
  }
  EXPECT_EQ(barrier.encryptions(), 3u);
}

TEST(KeyringBarrier, BindsValuesToPlaceAndNamespace) {
  KeyringBarrier barrier;
  barrier.install(two_namespaces(), 0);
  const std::string stored = barrier.encrypt(root_tenant, "key", "value").value();
  EXPECT_EQ(barrier.decrypt(root_tenant, "yek", stored).error().code, Code::corrupt);
  EXPECT_EQ(barrier.decrypt(other, "key", stored).error().code, Code::corrupt);
  EXPECT_EQ(barrier.decrypt(TenantId{99}, "key", stored).error().code, Code::corrupt);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    std::string changed = stored;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    EXPECT_EQ(barrier.decrypt(root_tenant, "key", changed).error().code, Code::corrupt) << i;
    EXPECT_EQ(barrier.decrypt(root_tenant, "key", stored.substr(0, i)).error().code, Code::corrupt) << i;
  }
  EXPECT_EQ(barrier.encrypt(TenantId{99}, "key", "value").error().code, Code::corrupt);
}

TEST(KeyringBarrier, NeverRepeatsANonce) {
  KeyringBarrier barrier;
  barrier.install(two_namespaces(), 0);
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(seen.insert(barrier.encrypt(root_tenant, "k", "").value().substr(5, 12)).second);
}

TEST(KeyringBarrier, RotationKeepsOldValuesReadable) {
  KeyringBarrier barrier;
  auto first = two_namespaces();
  barrier.install(first, 0);
  const std::string old = barrier.encrypt(root_tenant, "k", "before").value();
  Keyring next = *first;
  next.add_term(Time{}, system_random());
  next.terms.back().encryptions = Keyring::reserve_block;
  barrier.install(std::make_shared<const Keyring>(next), 0);
  const std::string fresh = barrier.encrypt(root_tenant, "k", "after").value();
  EXPECT_NE(old.substr(0, 5), fresh.substr(0, 5));
  EXPECT_EQ(barrier.decrypt(root_tenant, "k", old).value().reveal_text(), "before");
  EXPECT_EQ(barrier.decrypt(root_tenant, "k", fresh).value().reveal_text(), "after");
  EXPECT_EQ(barrier.encryptions(), 1u);
}

TEST(KeyringBarrier, DestroyedNamespaceIsUnreadableAndOthersAreNot) {
  KeyringBarrier barrier;
  auto first = two_namespaces();
  barrier.install(first, 0);
  const std::string kept = barrier.encrypt(root_tenant, "k", "kept").value();
  const std::string gone = barrier.encrypt(other, "k", "gone").value();
  Keyring next = *first;
  ASSERT_TRUE(next.destroy_namespace(other, Time{}, system_random()));
  EXPECT_EQ(next.terms.size(), 1u);  // no key that ever wrapped the destroyed one is left
  next.terms.back().encryptions = Keyring::reserve_block;
  const auto reread = decode_keyring(encode(next).reveal_text());
  ASSERT_TRUE(reread);
  barrier.install(std::make_shared<const Keyring>(*reread), 0);
  EXPECT_EQ(barrier.decrypt(root_tenant, "k", kept).value().reveal_text(), "kept");
  EXPECT_FALSE(barrier.decrypt(other, "k", gone));
  EXPECT_FALSE(barrier.encrypt(other, "k", "again"));
}

TEST(KeyringBarrier, SealedRefusesEverything) {
  KeyringBarrier barrier;
  EXPECT_TRUE(barrier.sealed());
  EXPECT_EQ(barrier.encrypt(root_tenant, "k", "v").error().code, Code::sealed);
  EXPECT_EQ(barrier.decrypt(root_tenant, "k", std::string(50, '\1')).error().code, Code::sealed);
  const auto keyring = two_namespaces();
  barrier.install(keyring, 5);
  EXPECT_EQ(barrier.encryptions(), 5u);
  const std::string stored = barrier.encrypt(root_tenant, "k", "v").value();
  barrier.clear();
  EXPECT_EQ(barrier.decrypt(root_tenant, "k", stored).error().code, Code::sealed);
  barrier.install(keyring, 6);
  EXPECT_EQ(barrier.decrypt(root_tenant, "k", stored).value().reveal_text(), "v");
}

TEST(KeyringBarrier, AsksForMoreWhenItsBlockIsUsedUp) {
  KeyringBarrier barrier;
  auto keyring = std::make_shared<Keyring>(*two_namespaces());
  keyring->terms.back().encryptions = 10;
  int asked = 0;
  bool refuse = true;
  barrier.on_exhausted([&]() -> Result<void> {
    ++asked;
    if (refuse) return fail(Code::storage_full, "full");
    Keyring more = *keyring;
    more.terms.back().encryptions = barrier.encryptions() + 10;
    barrier.install(std::make_shared<const Keyring>(more), 0);
    return {};
  });
  barrier.install(keyring, 0);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(barrier.encrypt(root_tenant, "k", "v"));
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(barrier.encrypt(root_tenant, "k", "v").error().code, Code::storage_full);
  refuse = false;
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(barrier.encrypt(root_tenant, "k", "v"));
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(barrier.encryptions(), 26u);
}

// Readers and writers against rotation and sealing: every call ends well or says that the barrier is sealed.
TEST(KeyringBarrier, ThreadsRaceRotationAndSealing) {
  KeyringBarrier barrier;
  auto keyring = two_namespaces();
  barrier.install(keyring, 0);
  const std::string stored = barrier.encrypt(root_tenant, "k", "value").value();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        const auto read = barrier.decrypt(root_tenant, "k", stored);
        ASSERT_TRUE(read || read.error().code == Code::sealed);
        if (read) {
          ASSERT_EQ(read->reveal_text(), "value");
        }
        const auto made = barrier.encrypt(other, "x", "y");
        ASSERT_TRUE(made || made.error().code == Code::sealed);
        if (!made) continue;
        const auto back = barrier.decrypt(other, "x", *made);
        ASSERT_TRUE(back || back.error().code == Code::sealed);
      }
    });
  }
  for (int i = 0; i < 40; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (i % 4 == 3) barrier.clear();
    Keyring next = *keyring;
    next.add_term(Time{}, system_random());
    next.terms.back().encryptions = Keyring::reserve_block;
    keyring = std::make_shared<const Keyring>(std::move(next));
    barrier.install(keyring, 0);
  }
  stop = true;
  for (auto& thread : threads) thread.join();
}

TEST(Keyring, SurvivesItsStoredForm) {
  Keyring keyring = *two_namespaces();
  keyring.counter = 12;
  keyring.confirmed = 11;
  keyring.rotation = {5'000'000, Seconds(90'000), false};
  keyring.recovery_check = std::string(32, 'r');
  keyring.add_term(Time(Seconds(1000)), system_random());
  const SecretBytes stored = encode(keyring);
  const auto back = decode_keyring(stored.reveal_text());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(encode(*back) == stored);
  EXPECT_EQ(back->terms.size(), 2u);
  EXPECT_EQ(back->active().installed, Time(Seconds(1000)));
  EXPECT_TRUE(back->data_key(other, 2).value() == keyring.data_key(other, 2).value());
  for (std::size_t i = 0; i < stored.size(); ++i) EXPECT_FALSE(decode_keyring(stored.reveal_text().substr(0, i))) << i;
  EXPECT_FALSE(decode_keyring(std::string(stored.reveal_text()) + "x"));
  std::string huge(stored.reveal_text());
  huge.replace(1 + 8 * 4 + 1 + 64 + 1 + 32, 4, "\xff\xff\xff\xff");  // the number of terms
  EXPECT_FALSE(decode_keyring(huge));
}

TEST(Views, ConfineDecryptAndPassThrough) {
  KeyringBarrier barrier;
  barrier.install(two_namespaces(), 0);
  const auto store = storage::Store::open(storage::make_memory_state()).value();
  const KeySpace mine = core_space(root_tenant, "mine");
  const KeySpace theirs = core_space(other, "mine");
  const auto done = store->transact([&](storage::RawTransaction& raw) -> Result<void> {
    const auto a = make_transaction(raw, barrier, mine);
    const auto b = make_transaction(raw, barrier, theirs);
    CHECK_OK(a->put("folder/one", "1"));
    CHECK_OK(a->put("folder/two", "2"));
    CHECK_OK(a->put("top", "3"));
    CHECK_OK(b->put("top", "theirs"));
    a->add("count", 5);
    EXPECT_EQ(TRY(a->get("top"))->reveal_text(), "3");  // sees its own writes
    EXPECT_EQ(TRY(b->get("top"))->reveal_text(), "theirs");
    EXPECT_FALSE(TRY(b->get("folder/one")));
    return {};
  });
  ASSERT_TRUE(done) << done.error().message;
  const auto raw = store->snapshot();
  const auto view = make_snapshot(*raw, barrier, mine);
  EXPECT_EQ(view->get("folder/one").value()->reveal_text(), "1");
  EXPECT_FALSE(view->get("folder/none").value());
  EXPECT_EQ(view->children("", '/', "", 10).value(), (std::vector<std::string>{"count", "folder/", "top"}));
  EXPECT_EQ(view->children("folder/", '/', "one", 10).value(), (std::vector<std::string>{"two"}));
  std::string stored;
  ASSERT_TRUE(raw->get(mine.prefix() + "top", stored).value());
  EXPECT_EQ(stored.size(), KeyringBarrier::overhead + 1);
  const auto counted = store->transact([&](storage::RawTransaction& again) -> Result<void> {
    const auto a = make_transaction(again, barrier, mine);
    EXPECT_EQ(TRY(a->count("count")), 5);
    a->erase("top");
    // Another record's bytes under this key do not pass.
    again.put(mine.prefix() + "folder/two", stored);
    return {};
  });
  ASSERT_TRUE(counted);
  const auto later = store->snapshot();
  const auto after = make_snapshot(*later, barrier, mine);
  EXPECT_FALSE(after->get("top").value());
  EXPECT_EQ(after->get("folder/two").error().code, Code::corrupt);
  store->close();
}

}  // namespace
}  // namespace coffer::barrier
