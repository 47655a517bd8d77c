#include "policy/acl_compile.h"

#include <algorithm>
#include <bit>

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
  Merger(const IdentityContext* identity, std::optional<Time> now) : identity_(identity), now_(now) {}

  void add(const Policy& policy) {
    for (const PathRule& rule : policy.rules) {
      if (expired(rule)) continue;
      const auto path = path_of(rule);
      if (path) add(policy, rule, *path);
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
  std::optional<std::string> path_of(const PathRule& rule) const {
    if (!rule.templated) return rule.path;
    Rendered rendered = render(rule.path, identity_);
    if (rendered.unsafe && (rule.capabilities & deny) != 0) return widen_templates(rule.path);
    if (rendered.path && rendered.path->find("+*") != std::string::npos) return std::nullopt;
    return std::move(rendered.path);
  }

  void add(const Policy& policy, const PathRule& rule, const std::string& path) {
    const auto [place, fresh] = known_.emplace(path, out_.rules.size());
    if (fresh) {
      out_.rules.push_back(make_rule(path));
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
    for (std::size_t i = 0; i < capability_count; ++i) {
      const Capabilities bit = Capabilities{1} << i;
      if ((rule.capabilities & bit) == 0) continue;
      std::vector<std::string_view> names;
      for (const auto& [policy, capabilities] : contributions) {
        if ((capabilities & bit) != 0 && std::ranges::find(names, policy) == names.end()) names.push_back(policy);
      }
      // Mostly all bits have the same list: keep it once.
      const auto known = std::ranges::search(rule.names, names);
      const std::size_t first = known.empty() ? rule.names.size() : static_cast<std::size_t>(known.begin() - rule.names.begin());
      if (known.empty()) rule.names.insert(rule.names.end(), names.begin(), names.end());
      rule.granting[i] = {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(names.size())};
    }
  }

  const IdentityContext* identity_;
  std::optional<Time> now_;
  std::unordered_map<std::string, std::size_t> known_;
  std::vector<std::vector<Contribution>> contributions_;
  Compiled out_;
};

}  // namespace

bool has_segment_wildcards(std::string_view path) {
  return path == "+" || path.starts_with("+/") || path.find("/+") != std::string_view::npos;
}

Compiled merge_rules(std::span<const PolicyPtr> policies, const IdentityContext* identity, std::optional<Time> now) {
  Merger merger(identity, now);
  for (const PolicyPtr& policy : policies) {
    if (policy) merger.add(*policy);
  }
  return std::move(merger).finish();
}

}  // namespace coffer::policy
