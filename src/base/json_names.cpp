#include "base/json_names.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace coffer::json {
namespace {

using Members = std::vector<Value::Member>;

constexpr std::size_t compared_in_pairs = 12;

// In the order of the names, those of one name in the order in which they stand.
std::vector<std::size_t> by_name(const Members& members) {
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return std::pair(members[a].key, a) < std::pair(members[b].key, b); });
  return order;
}

bool same_name_twice(const Members& members) {
  if (members.size() <= compared_in_pairs) {
    for (std::size_t i = 0; i < members.size(); ++i)
      for (std::size_t j = i + 1; j < members.size(); ++j)
        if (members[i].key == members[j].key) return true;
    return false;
  }
  const auto order = by_name(members);
  return std::ranges::adjacent_find(order, [&](std::size_t a, std::size_t b) { return members[a].key == members[b].key; }) != order.end();
}

void write_once(Writer& writer, Value value) {
  if (value.is_object()) {
    writer.begin_object();
    for (const auto& [name, member] : members_that_count(value)) {
      writer.key(name);
      write_once(writer, member);
    }
    writer.end_object();
  } else if (value.is_array()) {
    writer.begin_array();
    for (const Value& element : value.elements()) write_once(writer, element);
    writer.end_array();
  } else {
    writer.raw(value.raw());
  }
}

}  // namespace

Members members_that_count(Value object) {
  Members members = object.members();
  if (!same_name_twice(members)) return members;
  std::vector<bool> counts(members.size(), true);
  const auto order = by_name(members);
  for (std::size_t i = 1; i < order.size(); ++i)
    if (members[order[i - 1]].key == members[order[i]].key) counts[order[i - 1]] = false;
  Members out;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (counts[i]) out.push_back(members[i]);
  return out;
}

bool repeats_names(Value value) {
  if (value.is_array()) return std::ranges::any_of(value.elements(), repeats_names);
  if (!value.is_object()) return false;
  const Members members = value.members();
  return same_name_twice(members) || std::ranges::any_of(members, [](const Value::Member& member) { return repeats_names(member.value); });
}

std::string without_repeats(Value value) {
  std::string out;
  Writer writer(out);
  write_once(writer, value);
  return out;
}

std::string_view with_names_once(Value value, std::string_view text, std::string& memory) {
  return repeats_names(value) ? memory = without_repeats(value) : text;
}

}  // namespace coffer::json
