#pragma once
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
  [[nodiscard]] virtual Result<std::int64_t> count(std::string_view key) const = 0;
  [[nodiscard]] virtual bool wrote() const = 0;
};

// What a transaction does. May run a second time, on the committer's thread, when another commit changed what it had read.
using Work = std::move_only_function<Result<void>(RawTransaction&)>;
using Done = std::move_only_function<void(Result<Position>)>;

// Told the keys of each batch before its snapshot is published (caches drop them). Called on the committer's thread; must be quick.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void applied(std::span<const Change> changes, Position position) = 0;
};

// The store: snapshots for readers, group commit for writers (design.md §4 "Commit"). Safe from any thread.
class Store {
 public:
  // A transaction that ran once and waits to be committed.
  class Pending;
  struct PendingDeleter { void operator()(Pending*) const; };
  using PendingPtr = std::unique_ptr<Pending, PendingDeleter>;

  static Result<std::unique_ptr<Store>> open(std::unique_ptr<State> state);
  virtual ~Store() = default;

  // The last published state. Cheap: no lock shared between threads on the hot path.
  [[nodiscard]] virtual std::shared_ptr<const ReadView> snapshot() const = 0;
  // First run of `work`, inline, on the last published state. An error of `work` is returned and nothing is kept.
  [[nodiscard]] virtual Result<PendingPtr> run(Work work) = 0;
  // Joins the next group commit. `done` is called on the committer's thread once the batch is durable and published (or inline, when the
  // transaction wrote nothing). On a conflict the work runs again on top of the pending batch; if that run fails, `done` gets its error.
  virtual void commit(PendingPtr pending, Done done) = 0;
  // run + commit, waiting. Not for an io thread.
  [[nodiscard]] virtual Result<Position> transact(Work work) = 0;
  virtual void observe(Observer* observer) = 0;  // before the first commit; not owned
  [[nodiscard]] virtual Position position() const = 0;
  // Ok, or why writes are refused now (full disk, failed sync). For sys/health and the log.
  [[nodiscard]] virtual Result<void> health() const = 0;
  // Waits for what is queued, then refuses more.
  virtual void close() = 0;
};

}  // namespace coffer::storage
