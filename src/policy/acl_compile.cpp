#include "policy/acl_compile.h"

#include <algorithm>
#include <bit>
#include <deque>

#include "base/encoding.h"

namespace coffer::policy {

namespace {

// Vault merges parameter lists of one name; an empty list ("any value") wins.
void merge_parameters(ParameterRules& into, const ParameterRules& from) {
  for (const auto& [name, values] : from) {
    const auto known = std::ranges::find(into, name, &ParameterRules::value_type::first);
    if (known == into.end()) {
      into.emplace_back(name, values);
    } else if (values.empty() || known->second.empty()) {
      known->second.clear();
    } else {
      known->second.insert(known->second.end(), values.begin(), values.end());
    }
  }
}

template <class T>
void keep_smaller(T& into, T from) {
  if (from > T{} && (into == T{} || from < into)) into = from;
}

void merge_restrictions(Restrictions& into, const Restrictions& from) {
  keep_smaller(into.min_wrapping, from.min_wrapping);
  keep_smaller(into.max_wrapping, from.max_wrapping);
  keep_smaller(into.pagination_limit, from.pagination_limit);
  merge_parameters(into.allowed, from.allowed);
  merge_parameters(into.denied, from.denied);
  for (const std::string& name : from.required) {
    if (std::ranges::find(into.required, name) == into.required.end()) into.required.push_back(name);
  }
}

std::size_t count_plus_segments(std::string_view pattern) {
  std::size_t count = 0;
  while (true) {
    const std::size_t slash = pattern.find('/');
    if (pattern.substr(0, slash) == "+") ++count;
    if (slash == std::string_view::npos) return count;
    pattern.remove_prefix(slash + 1);
  }
}

MergedRule make_rule(std::string_view path) {
  MergedRule rule;
  rule.shown = path;
  rule.segments = has_segment_wildcards(path);
  rule.prefix = path.ends_with('*');
  if (rule.prefix) path.remove_suffix(1);
  rule.pattern = path;
  rule.head = rule.segments ? path.find('+') : path.size();
  rule.plus = rule.segments ? count_plus_segments(path) : 0;
  return rule;
}

// Who contributed what to a rule, until all policies have been read.
struct Contribution {
  std::string_view policy;
  Capabilities capabilities;
};

class Merger {
 public:
  Merger(const IdentityContext* identity, std::optional<Time> now, std::size_t folds_after)
      : identity_(identity), now_(now), folds_after_(folds_after) {}

  void reserve(std::size_t rules) {
    known_.reserve(rules);
    out_.rules.reserve(rules);
    contributions_.reserve(rules);
  }

  void add(const Policy& policy) {
    for (const PathRule& rule : policy.rules) {
      if (expired(rule)) continue;
      const auto path = path_of(rule);
      if (path) add(policy, rule, *path, folds_after_ == 0 ? *path : std::string_view(rendered_.emplace_back(folded(*path))));
    }
  }

  Compiled finish() && {
    for (std::size_t i = 0; i < out_.rules.size(); ++i) list_granting(out_.rules[i], contributions_[i]);
    return std::move(out_);
  }

 private:
  bool expired(const PathRule& rule) {
    if (!rule.expires) return false;
    if (!now_) return (rule.capabilities & deny) == 0;
    if (*rule.expires <= *now_) return true;
    if (!out_.changes_at || *rule.expires < *out_.changes_at) out_.changes_at = rule.expires;
    return false;
  }

  // The path with its templates filled in; nothing when the rule does not count for this identity.
  std::optional<std::string_view> path_of(const PathRule& rule) {
    if (!rule.templated) return rule.path;
    Rendered rendered = render(rule.path, identity_);
    if (rendered.unsafe && (rule.capabilities & deny) != 0) rendered.path = widen_templates(rule.path);
    if (!rendered.path || rendered.path->find("+*") != std::string::npos) return std::nullopt;
    return rendered_.emplace_back(std::move(*rendered.path));
  }

  [[nodiscard]] std::string folded(std::string_view path) const {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < folds_after_ && kept < path.size(); ++i) kept = std::min(path.find('/', kept), path.size() - 1) + 1;
    return std::string(path.substr(0, kept)) + ascii_lower(path.substr(kept));
  }

  void add(const Policy& policy, const PathRule& rule, std::string_view shown, std::string_view path) {
    const auto [place, fresh] = known_.emplace(path, out_.rules.size());
    if (fresh) {
      out_.rules.push_back(make_rule(path));
      out_.rules.back().shown = shown;
      out_.rules.back().decisive = policy.name;
      contributions_.emplace_back();
    }
    MergedRule& merged = out_.rules[place->second];
    if ((merged.capabilities & deny) != 0) return;
    if ((rule.capabilities & deny) != 0) {
      merged.capabilities = deny;
      merged.decisive = policy.name;
      merged.restrictions.reset();
      contributions_[place->second].clear();
      return;
    }
    merged.capabilities |= rule.capabilities;
    contributions_[place->second].push_back({policy.name, rule.capabilities});
    if (rule.restrictions.none()) return;
    if (!merged.restrictions) {
      merged.restrictions = std::make_unique<Restrictions>(rule.restrictions);
      merged.decisive = policy.name;
    } else {
      merge_restrictions(*merged.restrictions, rule.restrictions);
    }
  }

  static void list_granting(MergedRule& rule, const std::vector<Contribution>& contributions) {
    const auto add_name = [&](std::size_t from, std::string_view name) {
      const auto begin = rule.names.begin() + static_cast<std::ptrdiff_t>(from);
      if (std::find(begin, rule.names.end(), name) == rule.names.end()) rule.names.push_back(name);
    };
    // Mostly every bit comes from the same policies: one list serves all.
    const auto same = [&](const Contribution& each) { return each.capabilities == rule.capabilities; };
    const bool one_list = std::ranges::all_of(contributions, same);
    if (one_list) {
      for (const Contribution& each : contributions) add_name(0, each.policy);
    }
    for (Capabilities rest = rule.capabilities; rest != 0; rest &= rest - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(rest));
      const std::size_t first = one_list ? 0 : rule.names.size();
      for (const Contribution& each : contributions) {
        if (!one_list && (each.capabilities >> i & 1) != 0) add_name(first, each.policy);
      }
      rule.granting[i] = {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(rule.names.size() - first)};
    }
  }

  const IdentityContext* identity_;
  std::optional<Time> now_;
  std::size_t folds_after_;
  std::unordered_map<std::string_view, std::size_t> known_;  // paths, as the rules or `rendered_` hold them
  std::deque<std::string> rendered_;
  std::vector<std::vector<Contribution>> contributions_;
  Compiled out_;
};

}  // namespace

bool has_segment_wildcards(std::string_view path) {
  return path == "+" || path.starts_with("+/") || path.find("/+") != std::string_view::npos;
}

Compiled merge_rules(std::span<const PolicyPtr> policies, const IdentityContext* identity, std::optional<Time> now,
                     std::size_t folds_after) {
  Merger merger(identity, now, folds_after);
  std::size_t rules = 0;
  for (const PolicyPtr& policy : policies) rules += policy ? policy->rules.size() : 0;
  merger.reserve(rules);
  for (const PolicyPtr& policy : policies) {
    if (policy) merger.add(*policy);
  }
  return std::move(merger).finish();
}

}  // namespace coffer::policy
