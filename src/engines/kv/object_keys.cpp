#include "engines/kv/object_keys.h"

#include <algorithm>

#include "base/encoding.h"
#include "engines/kv/object_store.h"

namespace coffer::kv {
namespace {
bool has_upper_case(std::string_view name) { return std::ranges::any_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }); }
}  // namespace

std::string name_key(char area, std::string_view name) {
  std::string out;
  out.reserve(2 + name.size());
  out.push_back(area);
  out.push_back('/');
  out.append(name);
  return out;
}

std::string seq_key(char area, std::string_view name, std::uint64_t seq) {
  std::string out;
  out.reserve(11 + name.size());
  out.push_back(area);
  out.push_back('/');
  out.append(name);
  out.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>((seq >> shift) & 0xff));
  return out;
}

std::string token_key(std::string_view name, std::string_view token) {
  std::string out = name_key('u', name);
  out.push_back('\0');
  out.append(token);
  return out;
}

std::string plain_key(std::string_view name) { return name_key('s', name); }

Result<void> set_apart(Transaction& view, std::string_view name, Version& version) {
  if (version.apart || version.bytes.size() <= inline_limit) return {};
  CHECK_OK(view.put(seq_key('b', name, version.seq), version.bytes));
  version.apart = true;
  version.bytes = {};
  return {};
}

std::string spelling_key(std::string_view name) {
  std::string out = name_key('f', ascii_lower(name));
  out.push_back('\0');
  return out.append(name);
}

Result<void> note_spelling(Transaction& view, std::string_view name) {
  if (!has_upper_case(name)) return {};
  return view.put(spelling_key(name), "");
}

Result<void> forget_spelling(Transaction& view, std::string_view name) {
  if (!has_upper_case(name)) return {};
  view.erase(spelling_key(name));
  const std::string key = name_key('f', ascii_lower(name));  // entries of old, one for all spellings
  const auto noted = TRY(view.get(key));
  if (noted && noted->reveal_text() == name) view.erase(key);
  return {};
}

}  // namespace coffer::kv
