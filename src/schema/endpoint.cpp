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
    else if (segment != part)
      return false;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return path.empty();
}

template <class T>
void drop_prefix(Result<T>& result) {
  constexpr std::string_view prefix = "Field validation failed: ";
  if (!result && std::string_view(result.error().message).starts_with(prefix)) result.error().message.erase(0, prefix.size());
}
template <class Run>
Run without_prefix(Run run) {
  return [run = std::move(run)](auto&... arguments) {
    auto result = run(arguments...);
    drop_prefix(result);
    return result;
  };
}

}  // namespace

Operation::Operation() = default;
Operation::Operation(Operation&& other) noexcept = default;
Operation& Operation::operator=(Operation&& other) noexcept = default;
Operation::~Operation() = default;

Endpoint::Endpoint(std::string_view at, std::string_view what) : pattern(at), help(what) {}
Endpoint::Endpoint(Endpoint&& other) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&& other) noexcept = default;
Endpoint::~Endpoint() = default;

Endpoint Endpoint::add(Operation operation) && {
  last_is_action = !operation.action.empty();
  (last_is_action ? actions : operations).push_back(std::move(operation));
  return std::move(*this);
}

Endpoint Endpoint::tells_create(Exists predicate) && {
  for (auto* list : {&operations, &actions})
    for (Operation& op : *list)
      if (op.verb == Verb::write && !op.exists) {
        std::visit([](auto& run) { run = without_prefix(std::move(run)); }, op.handler);
        if (op.check) op.check = without_prefix(std::move(op.check));
        op.exists = predicate;
      }
  return std::move(*this);
}

Endpoint Endpoint::granted_by(Exists predicate) && {
  for (Operation& op : actions)
    if (!op.grants) op.grants = predicate;
  return std::move(*this);
}

Endpoint Endpoint::mark(bool Operation::* flag) && {
  last().*flag = true;
  return std::move(*this);
}

std::string_view verb_name(Verb verb) {
  constexpr std::string_view names[] = {"read", "list", "scan", "update", "patch", "delete"};
  return names[static_cast<std::size_t>(verb)];
}

Result<Table> Table::make(std::vector<Endpoint> endpoints) {
  Table table;
  // Those that verbs name come first, so that the others have something to join.
  const auto actions_only = [](const Endpoint& e) { return e.operations.empty() && !e.actions.empty(); };
  for (const bool last : {false, true})
    for (Endpoint& e : endpoints)
      if (actions_only(e) == last) table.endpoints_.push_back(std::move(e));
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < table.endpoints_.size();) {
    Pattern pattern{split(table.endpoints_[i].pattern), i};
    const auto [other, added] = seen.emplace(shape(pattern.segments), i);
    if (added) {
      table.patterns_.push_back(std::move(pattern));
      ++i;
      continue;
    }
    if (!table.join(other->second, table.endpoints_[i]))
      return fail(Code::internal, "endpoints " + std::string(table.endpoints_[other->second].pattern) + " and " +
                                      std::string(table.endpoints_[i].pattern) + " overlap");
    table.endpoints_.erase(table.endpoints_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::sort(table.patterns_.begin(), table.patterns_.end(), [](const Pattern& a, const Pattern& b) {
    if (more_specific(a.segments, b.segments)) return true;
    return !more_specific(b.segments, a.segments) && a.endpoint < b.endpoint;
  });
  return table;
}

bool Table::join(std::size_t index, Endpoint& actions) {
  Endpoint& whole = endpoints_[index];
  if (whole.pattern != actions.pattern || !actions.operations.empty()) return false;
  for (Operation& op : actions.actions) {
    for (const Operation& other : whole.actions)
      if (other.action == op.action) return false;
    whole.actions.push_back(std::move(op));
  }
  return true;
}

Table::Match Table::find(std::string_view path, Verb verb, std::string_view action) const {
  if (action.empty()) return find(path, verb);
  if (path.ends_with('/')) path.remove_suffix(1);
  Match best;
  std::vector<Capture> captures;
  for (const Pattern& pattern : patterns_) {
    const Endpoint& endpoint = endpoints_[pattern.endpoint];
    if (endpoint.actions.empty() || !matches(pattern.segments, path, captures)) continue;
    if (best.endpoint == nullptr) best.endpoint = &endpoint;
    for (const Operation& op : endpoint.actions)
      if (op.action == action) return {&endpoint, &op, std::move(captures)};
  }
  return best;
}

Table::Match Table::find(std::string_view path, Verb verb) const {
  if (path.ends_with('/')) path.remove_suffix(1);
  Match best;
  std::vector<Capture> captures;
  for (const Pattern& pattern : patterns_) {
    if (!matches(pattern.segments, path, captures)) continue;
    const Endpoint& endpoint = endpoints_[pattern.endpoint];
    if (best.endpoint == nullptr && !endpoint.operations.empty()) best.endpoint = &endpoint;
    for (const Operation& op : endpoint.operations)
      if (op.verb == verb) return {&endpoint, &op, std::move(captures)};
  }
  return best;
}

}  // namespace coffer::schema
