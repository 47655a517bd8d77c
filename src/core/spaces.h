#pragma once
#include <memory>
#include <vector>

#include "backend/spaces.h"
#include "barrier/barrier.h"
#include "storage/store.h"

namespace coffer::core {

struct Exchange;

// The key spaces of one request, over its snapshot or its transaction. The core's own backends reach it through Caller::spaces.
class RequestSpaces final : public Spaces {
 public:
  RequestSpaces(const storage::ReadView& view, barrier::Barrier& barrier) : view_(&view), barrier_(barrier) {}
  RequestSpaces(storage::RawTransaction& transaction, barrier::Barrier& barrier) : transaction_(&transaction), barrier_(barrier) {}
  [[nodiscard]] const Snapshot& read(KeySpace space) override;
  [[nodiscard]] Transaction& write(KeySpace space) override;
  [[nodiscard]] bool writable() const { return transaction_ != nullptr; }
  Exchange* exchange = nullptr;  // the request that runs, for the core's own backends; null in background work

 private:
  struct Entry {
    KeySpace space;
    std::unique_ptr<Snapshot> snapshot;  // a Transaction where writable
  };
  const storage::ReadView* view_ = nullptr;
  storage::RawTransaction* transaction_ = nullptr;
  barrier::Barrier& barrier_;
  std::vector<Entry> entries_;
};

}  // namespace coffer::core
