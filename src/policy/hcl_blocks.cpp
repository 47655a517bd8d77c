#include <fmt/format.h>

#include "policy/hcl.h"

namespace coffer::policy::hcl {

namespace {

class Finder {
 public:
  Finder(const Entry& declared, std::size_t labels, std::vector<Block>& out) : declared_(declared), labels_(labels), out_(out) {}

  std::expected<void, Problem> descend(const Value& value, std::vector<const Key*> so_far) {
    if (value.is(Kind::list)) {
      for (const Entry& element : value.entries) {
        if (auto good = descend(element.value, so_far); !good) return good;
      }
      return {};
    }
    if (!value.is(Kind::object)) return std::unexpected(mismatch(value));
    if (so_far.size() == labels_) {
      out_.push_back({std::move(so_far), &value, &declared_});
      return {};
    }
    for (const Entry& entry : value.entries) {
      std::vector<const Key*> further = so_far;
      for (const Key& key : entry.keys) further.push_back(&key);
      if (further.size() > labels_)
        return std::unexpected(problem(entry.keys.front().at, fmt::format("\"{}\" has too many labels", name()), form()));
      if (auto good = descend(entry.value, std::move(further)); !good) return good;
    }
    return {};
  }

 private:
  [[nodiscard]] std::string name() const { return declared_.keys.front().text; }
  [[nodiscard]] std::string form() const {
    std::string text = "write: " + name();
    for (std::size_t i = 0; i < labels_; ++i) text += i == 0 ? " \"name\"" : " \"another\"";
    return text + " { ... }";
  }
  [[nodiscard]] Problem mismatch(const Value& value) const {
    return problem(value.at, fmt::format("\"{}\" expected a block in braces, got: {}", name(), kind_name(value.kind)), form());
  }

  const Entry& declared_;
  std::size_t labels_;
  std::vector<Block>& out_;
};

}  // namespace

std::expected<std::vector<Block>, Problem> blocks(const Entry& entry, std::size_t labels) {
  std::vector<Block> found;
  std::vector<const Key*> given;
  for (std::size_t i = 1; i < entry.keys.size(); ++i) given.push_back(&entry.keys[i]);
  if (given.size() > labels)
    return std::unexpected(problem(entry.keys[labels + 1].at, fmt::format("\"{}\" takes {} label{}, got {}", entry.name(), labels,
                                                                          labels == 1 ? "" : "s", given.size())));
  if (auto good = Finder(entry, labels, found).descend(entry.value, std::move(given)); !good)
    return std::unexpected(std::move(good).error());
  return found;
}

std::expected<std::vector<Block>, Problem> blocks(const Value& object, std::string_view name, std::size_t labels) {
  std::vector<Block> found;
  for (const Entry& entry : object.entries) {
    if (entry.name() != name) continue;
    auto some = blocks(entry, labels);
    if (!some) return some;
    found.insert(found.end(), some->begin(), some->end());
  }
  return found;
}

}  // namespace coffer::policy::hcl
