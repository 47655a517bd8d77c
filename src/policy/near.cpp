#include "policy/near.h"

#include <algorithm>

#include "policy/suggest.h"

namespace coffer::policy {

namespace {

// Costs in hundredths of a segment.
constexpr std::size_t whole = 100;    // a segment that only the path has
constexpr std::size_t missing = 150;  // a segment that only the pattern has, or another name in its place

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

std::size_t difference(std::string_view pattern, std::string_view segment) {
  if (pattern == segment || pattern == "+") return 0;
  const std::size_t longer = std::max(pattern.size(), segment.size());
  const std::size_t distance = edit_distance(pattern, segment, longer);
  // Names that share less than half are other names.
  return 2 * distance > longer ? missing : distance * whole / longer;
}

// Whether a name of the pattern is also one of the path: a rule without that is about something else, however wide it is.
bool shares_a_name(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path) {
  return std::ranges::any_of(pattern, [&](std::string_view name) {
    return !name.empty() && name != "+" && std::ranges::any_of(path, [&](std::string_view segment) { return difference(name, segment) < whole / 2; });
  });
}

// Edit distance in segments; the rest of the path after a final '*' is free. A segment that the pattern lacks is cheapest: `kv/app/*` for
// `kv/data/app/x` is the commonest mistake.
std::size_t cost(const MergedRule& rule, const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path) {
  const std::size_t rows = pattern.size(), columns = path.size();
  std::vector<std::vector<std::size_t>> table(rows + 1, std::vector<std::size_t>(columns + 1));
  for (std::size_t i = 0; i <= rows; ++i) {
    for (std::size_t j = 0; j <= columns; ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i * missing + j * whole;
        continue;
      }
      const bool open_end = rule.prefix && i == rows;
      const bool fits = open_end && path[j - 1].starts_with(pattern[i - 1]);
      const std::size_t same = table[i - 1][j - 1] + (fits ? 0 : difference(pattern[i - 1], path[j - 1]));
      table[i][j] = std::min({same, table[i - 1][j] + missing, table[i][j - 1] + (open_end ? 0 : whole)});
    }
  }
  return table[rows][columns];
}

}  // namespace

std::vector<NearRule> nearest(std::span<const MergedRule> rules, std::string_view path, std::size_t limit) {
  struct Candidate {
    std::size_t cost;
    const MergedRule* rule;
  };
  if (path.ends_with('/')) path.remove_suffix(1);
  const auto segments = split(path);
  const std::size_t most = std::max<std::size_t>(segments.size(), 2) * whole / 2;
  std::vector<Candidate> found;
  for (const MergedRule& rule : rules) {
    const auto pattern = split(rule.pattern);
    if (!shares_a_name(pattern, segments)) continue;
    if (const std::size_t c = cost(rule, pattern, segments); c <= most) found.push_back({c, &rule});
  }
  std::ranges::sort(found, [](const Candidate& a, const Candidate& b) {
    if (a.cost != b.cost) return a.cost < b.cost;
    if (a.rule->pattern.size() != b.rule->pattern.size()) return a.rule->pattern.size() > b.rule->pattern.size();
    return a.rule->pattern < b.rule->pattern;
  });
  if (found.size() > limit) found.resize(limit);
  std::vector<NearRule> out;
  for (const auto& [unused, rule] : found)
    out.push_back({rule->names.empty() ? rule->decisive : rule->names.front(), rule->shown, rule->capabilities});
  return out;
}

}  // namespace coffer::policy
