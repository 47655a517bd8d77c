#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "backend/server_keys.h"

// For unit tests of backends only: a mount in memory, and the few steps of the pipeline that stand around a handler.
namespace coffer::testing {

// A transaction over a map, with the reads counted. Writes stand at once; `fail_writes` stands for a full disk.
class MemoryTransaction final : public Transaction {
 public:
  Result<std::optional<SecretBytes>> get(std::string_view key) const override;
  Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                            std::size_t limit) const override;
  Result<void> put(std::string_view key, std::string_view value) override;
  void erase(std::string_view key) override;
  void add(std::string_view key, std::int64_t delta) override;
  Result<std::int64_t> count(std::string_view key) const override;

  std::map<std::string, std::string, std::less<>> values;
  std::map<std::string, std::int64_t, std::less<>> counters;
  mutable int gets = 0;
  int puts = 0;
  bool fail_writes = false;
};

// Answers 0, 1, 2, ... so that ids in tests are known.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    for (auto& b : out) b = static_cast<std::byte>(next_++);
  }

 private:
  unsigned char next_ = 0;
};

// A server whose keys are known: what `name` has sealed opens where the name is the same.
class NamedKeys final : public ServerKeys {
 public:
  explicit NamedKeys(std::string name) : name_(std::move(name)) {}
  [[nodiscard]] SecretBytes derive(std::string_view purpose) const override {
    std::string text = name_ + "/" + std::string(purpose);
    text.resize(32, '.');
    return SecretBytes::copy_of(text);
  }

 private:
  std::string name_;
};

// What a request was answered, as the Vault door would show it.
struct Answered {
  int status = 0;
  std::string data;   // JSON, or "" where there is none
  std::string audit;  // the same with every scalar that is not public as "*"
  std::string error;  // the message
  std::string type;   // the error's, where it has one
  std::vector<std::string> warnings;
  std::optional<schema::Login> login;
  std::optional<schema::Lease> lease;
  bool created = false;  // the exists predicate said so
  std::string bytes;     // of a Raw answer
  std::string lockout_name;
};

// One mount of one backend, with a stopped clock. Set `caller`'s members before a call as needed.
class TestMount {
 public:
  explicit TestMount(std::unique_ptr<Backend> (*make)(const BackendServices&), std::string type = "kv", const rotation::Functions* functions = nullptr);
  ~TestMount();
  // `path` is relative to the mount and may end in a slash; `body` is JSON or "".
  Answered call(schema::Verb verb, std::string_view path, std::string_view body = "");
  // A request that names an action; `scope` is shown to the handler.
  Answered act(std::string_view action, std::string_view path, std::string_view body = "{}");
  Answered read(std::string_view path, std::string_view query = "") { return call(schema::Verb::read, path, query); }
  Answered list(std::string_view path, std::string_view query = "") { return call(schema::Verb::list, path, query); }
  Answered write(std::string_view path, std::string_view body = "") { return call(schema::Verb::write, path, body); }
  Answered patch(std::string_view path, std::string_view body) { return call(schema::Verb::patch, path, body); }
  Answered remove(std::string_view path, std::string_view body = "") { return call(schema::Verb::remove, path, body); }
  Result<void> configure(const schema::StringMap& before, const schema::StringMap& after);
  // The mount's chores, where it has any; false where it has none.
  Result<bool> chores();
  // What the backend's rotations mean; null where nothing rotates.
  [[nodiscard]] rotation::Rotating* rotating() { return backend_->rotating(); }
  Result<schema::TokenParameters> renew(const LoginRecord& record);

  ManualClock clock;
  CountingRandom random;
  MemoryTransaction store;
  MountInfo mount;
  NamedKeys keys{"server"};
  Caller caller;
  ActionScope scope{"", "aws", "us-east-1", "123456789012", "", ""};
  // Called between a Session handler's work and its finish: another request's change.
  std::function<void()> before_finish;

 private:
  void prepare(std::string_view path);
  Answered run(const schema::Table::Match& match, std::string_view body);
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<schema::Table> table_;
  std::string path_;
};

}  // namespace coffer::testing
