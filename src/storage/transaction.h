#pragma once
#include "storage/overlay.h"
#include "storage/store.h"

namespace coffer::storage {

// What a transaction read of the state, to be checked against what has changed since.
struct Footprint {
  struct Range {
    std::string from;
    std::string end;  // exclusive; empty is the end of the store
  };
  std::vector<std::uint64_t> keys;  // hash_key of each: a collision costs a second run, never a missed conflict
  std::vector<Range> ranges;
};

// Decodes a counter as stored. Code::corrupt when it has another size.
[[nodiscard]] Result<std::int64_t> decode_counter(std::string_view bytes);
[[nodiscard]] std::string encode_counter(std::int64_t value);
// Wraps around, as two's complement does.
[[nodiscard]] inline std::int64_t add_wrapping(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// A RawTransaction that keeps its writes and its footprint in memory.
class OptimisticTransaction final : public RawTransaction {
 public:
  explicit OptimisticTransaction(std::shared_ptr<const ReadView> base) : base_(std::move(base)) {}

  [[nodiscard]] Result<bool> get(std::string_view key, std::string& value) const override;
  [[nodiscard]] Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                                          std::size_t limit) const override;
  void put(std::string_view key, std::string value) override;
  void erase(std::string_view key) override;
  void add(std::string_view key, std::int64_t delta) override;
  [[nodiscard]] Result<std::int64_t> count(std::string_view key) const override;
  [[nodiscard]] bool wrote() const override { return !writes_.empty(); }

  // A fault of the caller that `put` and its like could not return.
  [[nodiscard]] const std::optional<Error>& fault() const { return fault_; }
  [[nodiscard]] const Footprint& footprint() const { return footprint_; }
  [[nodiscard]] Overlay& writes() { return writes_; }
  void release_base() { base_.reset(); }  // the work has run; nothing more is read

 private:
  Write* own_write(std::string_view key);  // null for a key that cannot be
  // The counter at `key` in the base, with that read recorded.
  [[nodiscard]] Result<std::int64_t> base_count(std::string_view key) const;

  std::shared_ptr<const ReadView> base_;
  Overlay writes_;
  mutable Footprint footprint_;
  std::optional<Error> fault_;
};

}  // namespace coffer::storage
