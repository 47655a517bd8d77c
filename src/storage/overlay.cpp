#include "storage/overlay.h"

#include "storage/listing.h"

namespace coffer::storage {

namespace {
constexpr std::size_t largest_step = 256;
}

Result<bool> MergedCursor::seek(std::string_view from) {
  resume_ = from;
  chunk_.clear();
  at_ = 0;
  step_ = 1;
  base_ended_ = false;
  over_ = overlay_.lower_bound(from);
  return settle();
}

Result<bool> MergedCursor::next() {
  if (on_overlay_) {
    if (at_ < chunk_.size() && chunk_[at_].key == over_->first) ++at_;
    ++over_;
  } else {
    ++at_;
  }
  return settle();
}

Result<bool> MergedCursor::fill() {
  if (at_ < chunk_.size()) return true;
  if (base_ended_) return false;
  chunk_ = TRY(base_.scan(resume_, end_, step_));
  at_ = 0;
  base_ended_ = chunk_.size() < step_;
  if (chunk_.empty()) return false;
  resume_ = chunk_.back().key;
  resume_.push_back('\0');
  step_ = std::min(step_ * 4, largest_step);
  return true;
}

Result<bool> MergedCursor::settle() {
  while (true) {
    const bool in_base = TRY(fill());
    if (over_ == overlay_.end() || (in_base && chunk_[at_].key < over_->first)) {
      on_overlay_ = false;
      return in_base;
    }
    if (over_->second.kind != Write::Kind::erase) {
      on_overlay_ = true;
      return true;
    }
    if (in_base && chunk_[at_].key == over_->first) ++at_;
    ++over_;
  }
}

bool touches(const Overlay& overlay, std::string_view from, std::string_view end) {
  const auto at = overlay.lower_bound(from);
  return at != overlay.end() && (end.empty() || at->first < end);
}

Result<std::vector<std::string>> merged_children(const ReadView& base, const Overlay& overlay, std::string_view prefix, char delimiter,
                                                 std::string_view after, std::size_t limit) {
  std::string end = end_of_prefix(prefix);
  if (!touches(overlay, prefix, end)) return base.children(prefix, delimiter, after, limit);
  MergedCursor cursor(base, overlay, std::move(end));
  return list_children(cursor, prefix, delimiter, after, limit);
}

Result<bool> OverlayView::get(std::string_view key, std::string& value) const {
  const auto at = overlay_.find(key);
  if (at == overlay_.end()) return base_.get(key, value);
  if (at->second.kind == Write::Kind::erase) return false;
  value = at->second.value;
  return true;
}

Result<std::vector<std::string>> OverlayView::children(std::string_view prefix, char delimiter, std::string_view after,
                                                       std::size_t limit) const {
  return merged_children(base_, overlay_, prefix, delimiter, after, limit);
}

Result<std::vector<Change>> OverlayView::scan(std::string_view from, std::string_view end, std::size_t limit) const {
  if (!touches(overlay_, from, end)) return base_.scan(from, end, limit);
  if (limit == 0) limit = default_page;
  std::vector<Change> out;
  MergedCursor cursor(base_, overlay_, std::string(end));
  bool found = TRY(cursor.seek(from));
  while (found && out.size() < limit && (end.empty() || cursor.key() < end)) {
    out.push_back({std::string(cursor.key()), cursor.value()});
    found = TRY(cursor.next());
  }
  return out;
}

}  // namespace coffer::storage
