#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <span>

#include "storage/state.h"

namespace coffer::storage {

// A raw transaction: optimistic, on one ReadView, recording what it read (keys and ranges). Not thread-safe.
class RawTransaction {
 public:
  virtual ~RawTransaction() = default;
  [[nodiscard]] virtual Result<bool> get(std::string_view key, std::string& value) const = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                                                  std::size_t limit) const = 0;
  virtual void put(std::string_view key, std::string value) = 0;
  virtual void erase(std::string_view key) = 0;
  // Counters are 8 bytes, little-endian, not encrypted; the committer resolves them, so they never conflict.
  virtual void add(std::string_view key, std::int64_t delta) = 0;
  [[nodiscard]] virtual Result<std::int64_t> count(std::string_view key) const = 0;  // 0 where there is none
  [[nodiscard]] virtual bool wrote() const = 0;
};

// What a transaction does. May run a second time, on the committer's thread, when another commit changed what it had read.
using Work = std::move_only_function<Result<void>(RawTransaction&)>;
using Done = std::move_only_function<void(Result<Position>)>;

// Told the keys of each batch before its snapshot is published (caches drop them). Called on the committer's thread; must be quick and
// may not throw: a cache that misses a batch could answer for what has been revoked, so that ends the process.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void applied(std::span<const Change> changes, Position position) = 0;
};

struct StoreOptions {
  std::size_t cache_bytes = 64U << 20U;                // of stored (encrypted) values in front of a slow state; 0 is none
  std::size_t queue_limit = 16'384;                    // transactions that wait for a commit; beyond it Code::unavailable
  std::size_t group_limit = 1'024;                     // transactions in one batch
  std::size_t group_bytes = 4U << 20U;                 // a batch takes no further transaction beyond it
  std::chrono::milliseconds retry_interval{1'000};     // between attempts to reopen a state that ran out of space
  // Told once, on the committer's thread, that writes have failed for good: this node must step down. Must not wait for the store.
  std::function<void(const Error&)> on_failed;
};

// The store: snapshots for readers, group commit for writers (design.md §4 "Commit"). Safe from any thread.
class Store {
 public:
  // A transaction that ran once and waits to be committed.
  class Pending;
  struct PendingDeleter { void operator()(Pending*) const; };
  using PendingPtr = std::unique_ptr<Pending, PendingDeleter>;

  static Result<std::unique_ptr<Store>> open(std::unique_ptr<State> state, StoreOptions options = {});
  virtual ~Store() = default;

  // The last published state. Cheap: no lock shared between threads on the hot path.
  [[nodiscard]] virtual std::shared_ptr<const ReadView> snapshot() const = 0;
  // First run of `work`, inline, on the last published state. An error of `work` is returned and nothing is kept.
  [[nodiscard]] virtual Result<PendingPtr> run(Work work) = 0;
  // Joins the next group commit. `done` is called on the committer's thread once the batch is durable and published (or inline, when the
  // transaction wrote nothing). On a conflict the work runs again on top of the pending batch; if that run fails, `done` gets its error.
  virtual void commit(PendingPtr pending, Done done) = 0;
  // run + commit, waiting. Not for an io thread, nor for the committer's own (observers, `done`).
  [[nodiscard]] virtual Result<Position> transact(Work work) = 0;
  virtual void observe(Observer* observer) = 0;  // before the first commit; not owned
  [[nodiscard]] virtual Position position() const = 0;
  // Ok, or why writes are refused now (full disk, failed sync). For sys/health and the log.
  [[nodiscard]] virtual Result<void> health() const = 0;
  [[nodiscard]] virtual Condition condition() const = 0;  // of the state beneath: `failed` means step down
  // The highest position that the data is known to have reached, for whoever can prove a higher one (the audit chain).
  [[nodiscard]] virtual Position highest_seen() const = 0;
  // A copy of the state at some position between call and return; see State::checkpoint.
  [[nodiscard]] virtual Result<void> checkpoint(const std::string& folder) const = 0;
  // Waits for what is queued, then refuses more. Snapshots go on to work.
  virtual void close() = 0;
};

}  // namespace coffer::storage
