#pragma once
#include <map>

#include "storage/state.h"

namespace coffer::storage {

// One uncommitted change of a key.
struct Write {
  enum class Kind : std::uint8_t { put, erase, add };
  Kind kind = Kind::put;
  std::string value;       // of a put
  std::int64_t delta = 0;  // of an add
};
// Uncommitted changes in key order.
using Overlay = std::map<std::string, Write, std::less<>>;

// Walks a view with an overlay laid over it. Counts only whether a key is there for changes of kind `add`, not its value.
// Borrows both; the view is read in growing steps.
class MergedCursor {
 public:
  // Keys at or after `end` may be skipped; empty is the end of the store.
  MergedCursor(const ReadView& base, const Overlay& overlay, std::string end) : base_(base), overlay_(overlay), end_(std::move(end)) {}
  Result<bool> seek(std::string_view from);
  Result<bool> next();
  [[nodiscard]] std::string_view key() const { return on_overlay_ ? std::string_view(over_->first) : std::string_view(chunk_[at_].key); }
  [[nodiscard]] const std::string& value() const { return on_overlay_ ? over_->second.value : *chunk_[at_].value; }

 private:
  Result<bool> settle();  // moves past erased keys
  Result<bool> fill();    // true when the base has a current key

  const ReadView& base_;
  const Overlay& overlay_;
  std::string end_;
  std::vector<Change> chunk_;
  std::size_t at_ = 0;
  std::size_t step_ = 1;
  bool base_ended_ = false;
  std::string resume_;  // where the next chunk begins
  Overlay::const_iterator over_;
  bool on_overlay_ = false;
};

// A view with changes laid over it that no state holds yet: what a transaction sees that runs on top of a pending batch.
// Borrows both. The overlay holds no change of kind `add`.
class OverlayView final : public ReadView {
 public:
  OverlayView(const ReadView& base, const Overlay& overlay) : base_(base), overlay_(overlay) {}
  [[nodiscard]] Position position() const override { return base_.position(); }
  [[nodiscard]] Result<bool> get(std::string_view key, std::string& value) const override;
  [[nodiscard]] Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                                          std::size_t limit) const override;
  [[nodiscard]] Result<std::vector<Change>> scan(std::string_view from, std::string_view end, std::size_t limit) const override;

 private:
  const ReadView& base_;
  const Overlay& overlay_;
};

// Whether the overlay changes a key in [from, end); an empty `end` is the end of the store.
[[nodiscard]] bool touches(const Overlay& overlay, std::string_view from, std::string_view end);
// children() of a view with an overlay on it; asks the view alone where the overlay has nothing to say.
[[nodiscard]] Result<std::vector<std::string>> merged_children(const ReadView& base, const Overlay& overlay, std::string_view prefix,
                                                               char delimiter, std::string_view after, std::size_t limit);

}  // namespace coffer::storage
