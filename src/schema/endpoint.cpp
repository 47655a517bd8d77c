#include "schema/endpoint.h"

namespace coffer::schema {
namespace {

bool is_tail(std::string_view segment) { return segment.ends_with("...}"); }
bool is_rest(std::string_view segment) { return is_tail(segment) || segment.ends_with("+}"); }
bool is_capture(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    out.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return out;
}

std::string_view capture_name(std::string_view segment) { return segment.substr(1, segment.find_last_not_of(".+}")); }

int rank(std::string_view segment) { return is_rest(segment) ? 2 : is_capture(segment) ? 1 : 0; }

// True when `a` is to be tried before `b`.
bool more_specific(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (rank(a[i]) != rank(b[i])) return rank(a[i]) < rank(b[i]);
  // A whole literal path wins over one that goes on with an empty rest.
  const auto rest_follows = [](const auto& longer, const auto& shorter) {
    return longer.size() > shorter.size() && is_tail(longer[shorter.size()]);
  };
  if (rest_follows(a, b)) return false;
  if (rest_follows(b, a)) return true;
  return a.size() > b.size();
}

std::string shape(const std::vector<std::string_view>& segments) {
  std::string out;
  for (std::string_view s : segments) out.append(is_rest(s) ? "{...}" : is_capture(s) ? "{}" : s).append("/");
  return out;
}

// Takes the literal segments that follow {x+} off the end of the path.
bool take_end(const std::vector<std::string_view>& segments, std::size_t from, std::string_view& path) {
  for (std::size_t i = segments.size(); i-- > from;) {
    if (!path.ends_with(segments[i])) return false;
    path.remove_suffix(segments[i].size());
    if (!path.ends_with('/')) return false;
    path.remove_suffix(1);
  }
  return true;
}

// Walks pattern and path together, without allocating but for captures.
bool matches(const std::vector<std::string_view>& segments, std::string_view path, std::vector<Capture>& captures) {
  captures.clear();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string_view segment = segments[i];
    if (is_tail(segment)) {
      captures.push_back({capture_name(segment), path});
      return true;
    }
    if (path.empty()) return false;
    if (is_rest(segment)) {
      if (!take_end(segments, i + 1, path) || path.empty()) return false;
      captures.push_back({capture_name(segment), path});
      return true;
    }
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    if (is_capture(segment))
      captures.push_back({capture_name(segment), part});
    else if (segment != part) return false;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return path.empty();
}

}  // namespace

std::string_view verb_name(Verb verb) {
  constexpr std::string_view names[] = {"read", "list", "scan", "update", "patch", "delete"};
  return names[static_cast<std::size_t>(verb)];
}

Result<Table> Table::make(std::vector<Endpoint> endpoints) {
  Table table;
  table.endpoints_ = std::move(endpoints);
  std::map<std::string, std::string_view> seen;
  for (std::size_t i = 0; i < table.endpoints_.size(); ++i) {
    Pattern pattern{split(table.endpoints_[i].pattern), i};
    const auto [other, added] = seen.emplace(shape(pattern.segments), table.endpoints_[i].pattern);
    if (!added) return fail(Code::internal, "endpoints " + std::string(other->second) + " and " + std::string(table.endpoints_[i].pattern) + " overlap");
    table.patterns_.push_back(std::move(pattern));
  }
  std::sort(table.patterns_.begin(), table.patterns_.end(), [](const Pattern& a, const Pattern& b) {
    if (more_specific(a.segments, b.segments)) return true;
    return !more_specific(b.segments, a.segments) && a.endpoint < b.endpoint;
  });
  return table;
}

Table::Match Table::find(std::string_view path, Verb verb) const {
  if (path.ends_with('/')) path.remove_suffix(1);
  Match best;
  std::vector<Capture> captures;
  for (const Pattern& pattern : patterns_) {
    if (!matches(pattern.segments, path, captures)) continue;
    const Endpoint& endpoint = endpoints_[pattern.endpoint];
    if (best.endpoint == nullptr) best.endpoint = &endpoint;
    for (const Operation& op : endpoint.operations)
      if (op.verb == verb) return {&endpoint, &op, std::move(captures)};
  }
  return best;
}

}  // namespace coffer::schema
