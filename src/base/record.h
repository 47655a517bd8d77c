#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace coffer {

// The stored form of small records on hot paths: numbers as LEB128 varints, texts with their length before them, read back in the order they
// were written. A record begins with a format number, so that a later version may add fields. (Records off the hot path are JSON.)
class RecordWriter {
 public:
  explicit RecordWriter(std::uint64_t format) { number(format); }
  RecordWriter& number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
    return *this;
  }
  RecordWriter& integer(std::int64_t v) { return number(static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63)); }  // zigzag
  RecordWriter& text(std::string_view value) {
    number(value.size());
    out_.append(value);
    return *this;
  }
  RecordWriter& time(Time t) { return integer(t.time_since_epoch().count()); }
  // Eight bytes, which read faster than a large varint: for times on the hottest paths.
  RecordWriter& fixed_time(Time t) {
    const auto count = static_cast<std::uint64_t>(t.time_since_epoch().count());
    for (unsigned shift = 0; shift < 64; shift += 8) out_.push_back(static_cast<char>((count >> shift) & 0xff));
    return *this;
  }
  [[nodiscard]] std::string& bytes() { return out_; }

 private:
  std::string out_;
};

// Reads what RecordWriter wrote. After any failure every further read gives zeros and `ok()` is false, so callers check once at the end.
// Texts are views into the record.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number() {
    if (!rest_.empty() && static_cast<unsigned char>(rest_.front()) < 0x80) [[likely]] {
      const auto small = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      return small;
    }
    return long_number();
  }
  std::int64_t integer() {
    const std::uint64_t v = number();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  std::string_view text() {
    const std::uint64_t size = number();
    if (!ok_ || size > rest_.size()) {
      failed();
      return {};
    }
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  Time time() { return Time(Duration(integer())); }
  Time fixed_time() {
    if (rest_.size() < 8) {
      failed();
      return {};
    }
    std::uint64_t count = 0;
    for (unsigned i = 0; i < 8; ++i) count |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(8);
    return Time(Duration(static_cast<std::int64_t>(count)));
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::uint64_t long_number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto b = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if ((b & 0x80) == 0) return value;
    }
    return failed();
  }
  std::uint64_t failed() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace coffer
