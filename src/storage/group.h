#pragma once
#include "storage/publisher.h"
#include "storage/recent.h"
#include "storage/transaction.h"

namespace coffer::storage {

// A transaction that has run, with whom to tell.
struct Queued {
  Work work;
  std::unique_ptr<OptimisticTransaction> transaction;
  Position read_at = 0;
  Done done;
};

// Builds one batch of the transactions that wait: checks what each read, runs again (on top of the batch so far) those whose reads no
// longer hold, and resolves counters. Used by the committer's thread alone.
class Group {
 public:
  Group(const ReadView& latest, RecentChanges& recent, Position next) : latest_(latest), recent_(recent), next_(next) {}

  // Takes the transaction's writes into the batch, or an error for it alone. `done` is not called here: even the answer of a work that
  // ran on top of the batch stands only once the batch is durable.
  void admit(Queued& queued);
  [[nodiscard]] bool empty() const { return overlay_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] Batch take_batch(std::uint64_t id);
  // Calls every `done`, each with its own error or with `outcome`.
  void finish(const Result<Position>& outcome);

 private:
  Result<void> admit_checked(Queued& queued);
  Result<void> merge(OptimisticTransaction& transaction);

  struct Waiting {
    Done done;
    Result<void> own;
  };
  const ReadView& latest_;
  RecentChanges& recent_;
  const Position next_;
  Overlay overlay_;
  std::vector<Waiting> waiting_;
  std::size_t bytes_ = 0;
};

// Runs work on a transaction; exceptions and the transaction's own faults become errors.
[[nodiscard]] Result<void> run_work(Work& work, OptimisticTransaction& transaction);
// Calls `done`; an exception out of it is logged.
void call_done(Done& done, Result<Position> outcome) noexcept;

}  // namespace coffer::storage
