#include "storage/transaction.h"

#include "storage/key_hash.h"
#include "storage/listing.h"

namespace coffer::storage {

Result<std::int64_t> decode_counter(std::string_view bytes) {
  if (bytes.size() != 8) return fail(Code::corrupt, "a stored counter has the wrong size");
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = (value << 8U) | static_cast<unsigned char>(bytes[i]);
  return static_cast<std::int64_t>(value);
}

std::string encode_counter(std::int64_t value) {
  std::string out(8, '\0');
  auto rest = static_cast<std::uint64_t>(value);
  for (char& byte : out) {
    byte = static_cast<char>(rest & 0xffU);
    rest >>= 8U;
  }
  return out;
}

Result<bool> OptimisticTransaction::get(std::string_view key, std::string& value) const {
  if (!writes_.empty()) {
    if (const auto own = writes_.find(key); own != writes_.end()) {
      if (own->second.kind == Write::Kind::erase) return false;
      value = own->second.kind == Write::Kind::put ? own->second.value
                                                   : encode_counter(add_wrapping(TRY(base_count(key)), own->second.delta));
      return true;
    }
  }
  footprint_.keys.push_back(hash_key(key));
  return base_->get(key, value);
}

Result<std::vector<std::string>> OptimisticTransaction::children(std::string_view prefix, char delimiter, std::string_view after,
                                                                 std::size_t limit) const {
  auto names = TRY(merged_children(*base_, writes_, prefix, delimiter, after, limit));
  Footprint::Range range{start_of_page(prefix, delimiter, after), end_of_prefix(prefix)};
  if (names.size() == (limit == 0 ? default_page : limit)) {
    std::string last = std::string(prefix) + names.back();
    const bool subtree = delimiter != '\0' && last.back() == delimiter;
    range.end = subtree ? end_of_prefix(last) : last + '\0';
  }
  if (!range.from.empty()) footprint_.ranges.push_back(std::move(range));
  return names;
}

Write* OptimisticTransaction::own_write(std::string_view key) {
  if (key.empty()) {
    fault_ = Error{Code::internal, "a stored key may not be empty"};
    return nullptr;
  }
  auto at = writes_.lower_bound(key);
  if (at == writes_.end() || at->first != key) at = writes_.emplace_hint(at, std::string(key), Write{Write::Kind::add, {}, 0});
  return &at->second;
}

void OptimisticTransaction::put(std::string_view key, std::string value) {
  if (Write* write = own_write(key)) *write = {Write::Kind::put, std::move(value), 0};
}

void OptimisticTransaction::erase(std::string_view key) {
  if (Write* write = own_write(key)) *write = {Write::Kind::erase, {}, 0};
}

void OptimisticTransaction::add(std::string_view key, std::int64_t delta) {
  Write* write = own_write(key);
  if (!write) return;
  if (write->kind == Write::Kind::add) {
    write->delta = add_wrapping(write->delta, delta);
    return;
  }
  std::int64_t before = 0;
  if (write->kind == Write::Kind::put) {
    auto counter = decode_counter(write->value);
    if (!counter) {
      fault_ = std::move(counter).error();
      return;
    }
    before = *counter;
  }
  *write = {Write::Kind::put, encode_counter(add_wrapping(before, delta)), 0};
}

Result<std::int64_t> OptimisticTransaction::base_count(std::string_view key) const {
  footprint_.keys.push_back(hash_key(key));
  std::string bytes;
  if (!TRY(base_->get(key, bytes))) return 0;
  return decode_counter(bytes);
}

Result<std::int64_t> OptimisticTransaction::count(std::string_view key) const {
  const auto own = writes_.find(key);
  if (own == writes_.end()) return base_count(key);
  switch (own->second.kind) {
    case Write::Kind::put: return decode_counter(own->second.value);
    case Write::Kind::erase: return 0;
    case Write::Kind::add: break;
  }
  return add_wrapping(TRY(base_count(key)), own->second.delta);
}

}  // namespace coffer::storage
