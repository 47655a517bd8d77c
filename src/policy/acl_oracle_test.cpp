#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "policy/policy.h"

// The compiled decision against one that reads like the description in vault-api.md §1.5 (security.md S15).
namespace coffer::policy {
namespace {

struct OracleRule {
  std::string path;
  Capabilities capabilities;
};

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> out{""};
  for (const char c : path) {
    if (c == '/') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

bool has_plus(const std::string& path) { return path == "+" || path.starts_with("+/") || path.find("/+") != std::string::npos; }

bool pattern_matches(std::string pattern, const std::string& path) {
  const bool prefix = pattern.ends_with('*');
  if (prefix) pattern.pop_back();
  if (!has_plus(pattern)) return prefix && path.starts_with(pattern);
  const auto want = split(pattern), have = split(path);
  if (have.size() < want.size() || (!prefix && have.size() != want.size())) return false;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (prefix && i + 1 == want.size()) return have[i].starts_with(want[i]);
    if (want[i] != "+" && want[i] != have[i]) return false;
  }
  return true;
}

// (first wildcard, no glob, fewer '+', length, text): greater is better.
using Rank = std::tuple<std::size_t, bool, std::ptrdiff_t, std::size_t, std::string>;
Rank rank(const std::string& pattern) {
  const bool prefix = pattern.ends_with('*');
  const std::string bare = prefix ? pattern.substr(0, pattern.size() - 1) : pattern;
  std::ptrdiff_t plus = 0;
  for (const std::string& segment : split(bare)) plus += segment == "+" ? 1 : 0;
  const std::size_t first = has_plus(bare) ? bare.find('+') : bare.size();
  return {first, !prefix, -plus, bare.size(), bare};
}

bool is_pattern(const std::string& path) { return path.ends_with('*') || has_plus(path); }

struct Oracle {
  std::map<std::string, Capabilities> merged;

  explicit Oracle(const std::vector<std::vector<OracleRule>>& policies) {
    for (const auto& policy : policies) {
      for (const auto& [path, capabilities] : policy) {
        Capabilities& all = merged[path];
        all = (all | capabilities) & deny ? deny : all | capabilities;
      }
    }
  }
  std::optional<Capabilities> exact(const std::string& path) const {
    if (const auto found = merged.find(path); found != merged.end() && !is_pattern(path)) return found->second;
    return std::nullopt;
  }
  std::optional<std::pair<Rank, Capabilities>> best(const std::string& path) const {
    std::optional<std::pair<Rank, Capabilities>> best;
    for (const auto& [pattern, capabilities] : merged) {
      if (!is_pattern(pattern) || !pattern_matches(pattern, path)) continue;
      if (!best || rank(pattern) > best->first) best = {rank(pattern), capabilities};
    }
    return best;
  }
  bool allowed(const std::string& path, Capabilities wanted) const {
    const bool listing = wanted == list;
    const std::string bare = listing ? path.substr(0, path.size() - 1) : path;
    std::optional<Capabilities> found = exact(path);
    if (!found && listing) found = exact(bare);
    if (!found) {
      auto whole = best(path);
      const auto trimmed = listing ? best(bare) : std::nullopt;
      if (trimmed && (!whole || ((trimmed->second & deny) && trimmed->first > whole->first))) whole = trimmed;
      if (whole) found = whole->second;
    }
    return found && !(*found & deny) && (*found & wanted);
  }
};

class Inventor {
 public:
  explicit Inventor(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  std::string name() {
    static const char* const names[] = {"a", "b", "ab", "abc", "c"};
    return names[below(std::size(names))];
  }
  std::string path(std::size_t most) {
    std::string out = name();
    for (std::size_t i = below(most); i > 0; --i) out += "/" + name();
    return out;
  }
  std::string pattern() {
    std::string out;
    for (std::size_t i = below(4) + 1; i > 0; --i) out += (out.empty() ? "" : "/") + (below(4) == 0 ? "+" : name());
    const std::size_t end = below(4);
    if (end == 0) out += "/";
    if (end == 1) out += out.ends_with('+') ? "/*" : "*";
    if (end == 2 && below(8) == 0) out = "*";
    return out;
  }

 private:
  std::mt19937 engine_;
};

constexpr std::pair<const char*, Capabilities> words[] = {{"read", read}, {"list", list}, {"update", update}, {"deny", deny}};

TEST(AclOracle, DecidesLikeTheNaiveReading) {
  Inventor invent(20'260'101);
  std::size_t cases = 0, allowed = 0;
  for (int set = 0; set < 2'000; ++set) {
    std::vector<std::vector<OracleRule>> rules(invent.below(4) + 1);
    std::vector<PolicyPtr> policies;
    for (auto& policy : rules) {
      std::string text;
      for (std::size_t i = invent.below(6) + 1; i > 0; --i) {
        const auto& [word, bit] = words[invent.below(std::size(words))];
        policy.push_back({invent.pattern(), bit});
        text += "path \"" + policy.back().path + "\" { capabilities = [\"" + word + "\"] }\n";
      }
      policies.push_back(parse("p", text).value());
    }
    const auto acl = Acl::compile(policies, false, nullptr);
    const Oracle oracle(rules);
    for (int i = 0; i < 50; ++i, ++cases) {
      const bool listing = invent.below(2) == 0;
      const std::string path = invent.path(4) + (listing ? "/" : "");
      const Capabilities wanted = listing ? list : read;
      const bool expected = oracle.allowed(path, wanted);
      allowed += expected ? 1u : 0u;
      std::string text;
      for (const auto& [pattern, capabilities] : oracle.merged) text += pattern + " " + std::to_string(capabilities) + "\n";
      ASSERT_EQ(acl->decide({.path = path, .wanted = wanted}).allowed, expected) << path << " wanted " << wanted << "\n" << text;
    }
  }
  EXPECT_EQ(cases, 100'000u);
  EXPECT_GT(allowed, 10'000u);
}

// Not a benchmark: a guard against decisions that scan every rule.
TEST(AclOracle, DecidesFarBelowAMicrosecond) {
  std::vector<PolicyPtr> policies;
  for (int p = 0; p < 10; ++p) {
    std::string text;
    for (int r = 0; r < 20; ++r) {
      const std::string base = "secret/data/team-" + std::to_string(p) + "/service-" + std::to_string(r);
      text += "path \"" + base +
              (r % 4 == 0   ? "/*"
               : r % 4 == 1 ? "/+/config"
               : r % 4 == 2 ? ""
                            : "/deep/*") +
              "\" { capabilities = [\"read\"] }\n";
    }
    policies.push_back(parse("policy-" + std::to_string(p), text).value());
  }
  const auto acl = Acl::compile(policies, false, nullptr);
  const std::string_view paths[] = {"secret/data/team-3/service-4/database", "secret/data/team-7/service-9/prod/config",
                                    "secret/data/team-5/service-10", "other/x"};
  std::size_t allowed = 0;
  constexpr int rounds = 200'000;
  const std::clock_t from = std::clock();  // processor time: other work on the machine does not count
  for (int i = 0; i < rounds; ++i)
    allowed += acl->decide({.path = paths[static_cast<std::size_t>(i) % 4], .wanted = read}).allowed ? 1u : 0u;
  const auto each = static_cast<double>(std::clock() - from) * (1e9 / CLOCKS_PER_SEC) / rounds;
  EXPECT_EQ(allowed, 3u * rounds / 4);
  RecordProperty("ns_per_decision", std::to_string(each));
  EXPECT_LT(each, 5'000);  // wide, for sanitizers
}

}  // namespace
}  // namespace coffer::policy
