#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "barrier/ceremony.h"
#include "barrier/seal/static_seal.h"
#include "base/encoding.h"

// For the tests of the ceremonies: a disk that can fail and outlives the server, and a server on it.
namespace coffer::barrier {

struct Disk {
  std::optional<std::string> text;
  bool full = false;
  int writes = 0;
};

class DiskSealStore final : public SealStore {
 public:
  explicit DiskSealStore(Disk& disk) : disk_(disk) {}
  Result<std::optional<std::string>> read() override { return disk_.text; }
  Result<void> write(std::string_view text) override {
    if (disk_.full) return fail(Code::storage_full, "the seal file cannot be written: no space");
    disk_.text = std::string(text);
    ++disk_.writes;
    return {};
  }
  std::string_view name() const override { return "core/seal.json"; }

 private:
  Disk& disk_;
};

class Listener final : public SealListener {
 public:
  Result<SecretBytes> initialize(bool leftovers) override {
    saw_leftovers = leftovers;
    if (fail_initialize) return fail(Code::unavailable, "no store");
    return SecretBytes::copy_of("hvs.0123456789abcdefghijABCD");
  }
  Result<void> opened() override {
    if (fail_open) return fail(Code::corrupt, "foreign store");
    open = true;
    return {};
  }
  void closing() override { open = false; }
  bool saw_leftovers = false;
  bool fail_initialize = false;
  bool fail_open = false;
  bool open = false;
};

enum class SealKind : std::uint8_t { shamir, static_key, next_static_key };

class Ceremonies : public testing::Test {
 protected:
  static std::unique_ptr<Seal> make(SealKind kind) {
    const std::string key(32, 'k');
    const std::string next(32, 'n');
    if (kind == SealKind::static_key) return make_static_seal({"one", key, "", ""}).value();
    if (kind == SealKind::next_static_key) return make_static_seal({"two", next, "one", key}).value();
    return nullptr;
  }
  Result<std::unique_ptr<SealManager>> try_start(SealKind seal, SealKind previous = SealKind::shamir) {
    auto manager = SealManager::open({std::make_unique<DiskSealStore>(disk), make(seal), make(previous), "", clock});
    if (manager) (*manager)->listen(&listener);
    return manager;
  }
  void start(SealKind seal = SealKind::shamir, SealKind previous = SealKind::shamir) {
    server.reset();
    auto made = try_start(seal, previous);
    ASSERT_TRUE(made) << made.error().message;
    server = *std::move(made);
  }
  // Initialises a Shamir server and opens it; `keys` are the shares.
  void start_open(int shares = 3, int threshold = 2) {
    start();
    auto made = server->init({shares, threshold, {}, 0, 0, {}, ""});
    ASSERT_TRUE(made) << made.error().message;
    keys = std::move(made->keys);
    ASSERT_TRUE(unseal_with(keys, threshold));
    ASSERT_FALSE(server->sealed());
  }
  void start_static(SealKind seal = SealKind::static_key, int shares = 3, int threshold = 2) {
    start(seal);
    auto made = server->init({0, 0, {}, shares, threshold, {}, ""});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_TRUE(made->keys.empty());
    keys = std::move(made->recovery_keys);
    ASSERT_FALSE(server->sealed());
  }
  Result<SealStatus> unseal_with(const KeyList& shares, int count, bool migrate = false) {
    Result<SealStatus> last = fail(Code::internal, "no share");
    for (int i = 0; i < count; ++i) last = server->unseal(shares[static_cast<std::size_t>(i)], migrate);
    return last;
  }
  // Whether a fresh process on this disk opens with these shares.
  bool opens_after_restart(const KeyList& shares, int count) {
    start();
    const auto status = unseal_with(shares, count);
    return status && !status->sealed;
  }
  static std::string message(const auto& result) { return result ? "(no error)" : result.error().message; }

  ManualClock clock;
  Disk disk;
  Listener listener;
  std::unique_ptr<SealManager> server;
  KeyList keys;
};

}  // namespace coffer::barrier
