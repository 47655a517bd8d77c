#include <new>

#include "base/log.h"
#include "storage/group.h"
#include "storage/key_hash.h"

namespace coffer::storage {

Result<void> run_work(Work& work, OptimisticTransaction& transaction) {
  try {
    CHECK_OK(work(transaction));
  } catch (const std::bad_alloc&) {
    return fail(Code::unavailable, "the server has no memory left for this request");
  } catch (const std::exception& e) {
    log::error("storage: a transaction threw: {}", e.what());
    return fail(Code::internal, "internal error in a transaction");
  }
  if (transaction.fault()) return std::unexpected(*transaction.fault());
  return {};
}

void call_done(Done& done, Result<Position> outcome) noexcept {
  if (!done) return;
  try {
    done(std::move(outcome));
  } catch (const std::exception& e) {
    log::error("storage: telling the outcome of a commit failed: {}", e.what());
  }
}

void Group::admit(Queued& queued) {
  waiting_.push_back({std::move(queued.done), {}});
  try {
    waiting_.back().own = admit_checked(queued);
  } catch (const std::bad_alloc&) {
    waiting_.back().own = fail(Code::unavailable, "the server has no memory left for this write");
  }
}

Result<void> Group::admit_checked(Queued& queued) {
  if (!recent_.conflicts(queued.transaction->footprint(), queued.read_at, overlay_)) return merge(*queued.transaction);
  const OverlayView on_top(latest_, overlay_);
  OptimisticTransaction again(std::shared_ptr<const ReadView>(std::shared_ptr<void>(), &on_top));
  CHECK_OK(run_work(queued.work, again));
  return merge(again);
}

// All or nothing: what can fail comes first.
Result<void> Group::merge(OptimisticTransaction& transaction) {
  const OverlayView on_top(latest_, overlay_);
  std::string bytes;
  for (auto& [key, write] : transaction.writes()) {
    if (write.kind != Write::Kind::add) continue;
    const std::int64_t before = TRY(on_top.get(key, bytes)) ? TRY(decode_counter(bytes)) : 0;
    write = {Write::Kind::put, encode_counter(add_wrapping(before, write.delta)), 0};
  }
  for (const auto& [key, write] : transaction.writes()) {
    recent_.mark(hash_key(key), next_);
    bytes_ += key.size() + write.value.size();
  }
  while (!transaction.writes().empty()) {
    auto node = transaction.writes().extract(transaction.writes().begin());
    if (const auto there = overlay_.find(node.key()); there != overlay_.end()) {
      there->second = std::move(node.mapped());
    } else {
      overlay_.insert(std::move(node));
    }
  }
  return {};
}

Batch Group::take_batch(std::uint64_t id) {
  Batch batch;
  batch.id = id;
  batch.changes.reserve(overlay_.size());
  while (!overlay_.empty()) {
    auto node = overlay_.extract(overlay_.begin());
    Change& change = batch.changes.emplace_back();
    change.key = std::move(node.key());
    if (node.mapped().kind == Write::Kind::put) change.value = std::move(node.mapped().value);
  }
  return batch;
}

void Group::finish(const Result<Position>& outcome) {
  for (Waiting& waiting : waiting_) {
    if (outcome && !waiting.own) {
      call_done(waiting.done, std::unexpected(std::move(waiting.own).error()));
    } else {
      call_done(waiting.done, outcome);
    }
  }
  waiting_.clear();
}

}  // namespace coffer::storage
