#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "policy/acl_compile.h"
#include "policy/near.h"

namespace coffer::policy {

namespace {

constexpr std::string_view root_name[] = {"root"};

// Holders of the root policy.
class RootAcl final : public Acl {
 public:
  [[nodiscard]] Decision decide(const Query&) const override {
    return {.allowed = true,
            .root = true,
            .granted = all,
            .policy = root_name[0],
            .rule = {},
            .reason = Decision::Reason::root,
            .parameter = {},
            .min_wrapping = {},
            .max_wrapping = {},
            .granting_policies = root_name};
  }
  [[nodiscard]] Capabilities capabilities(std::string_view) const override { return all; }
  [[nodiscard]] bool is_root() const override { return true; }
  [[nodiscard]] std::optional<Time> changes_at() const override { return std::nullopt; }
  [[nodiscard]] std::vector<NearRule> nearest_rules(std::string_view, std::size_t) const override { return {}; }
  [[nodiscard]] bool reaches(std::string_view) const override { return true; }
  [[nodiscard]] std::string resultant_json() const override { return R"({"root":true})"; }

 private:
  static constexpr Capabilities all = (Capabilities{1} << capability_count) - 1 - deny;
};

void write_value(json::Writer& writer, const hcl::Value& value);

void write_rules(json::Writer& writer, std::string_view key, const ParameterRules& rules) {
  if (rules.empty()) return;
  writer.key(key).begin_object();
  for (const auto& [name, values] : rules) {
    writer.key(name).begin_array();
    for (const hcl::Value& value : values) write_value(writer, value);
    writer.end_array();
  }
  writer.end_object();
}

void write_value(json::Writer& writer, const hcl::Value& value) {
  switch (value.kind) {
    case hcl::Kind::string: writer.string(value.text); return;
    case hcl::Kind::boolean: writer.boolean(value.text == "true"); return;
    case hcl::Kind::number:
      // HCL has spellings of numbers that JSON lacks (0x10, .5): these go out as text.
      if (json::Document::parse(value.text)) {
        writer.raw(value.text);
      } else {
        writer.string(value.text);
      }
      return;
    case hcl::Kind::list:
      writer.begin_array();
      for (const hcl::Entry& entry : value.entries) write_value(writer, entry.value);
      writer.end_array();
      return;
    case hcl::Kind::object:
      writer.begin_object();
      for (const hcl::Entry& entry : value.entries) {
        writer.key(entry.name());
        write_value(writer, entry.value);
      }
      writer.end_object();
      return;
    case hcl::Kind::null: writer.null(); return;
  }
}

void write_rule(json::Writer& writer, const MergedRule& rule) {
  writer.key(rule.pattern).begin_object().key("capabilities").begin_array();
  for (const std::string& name : capability_names(rule.capabilities)) writer.string(name);
  writer.end_array();
  if (const Restrictions* r = rule.restrictions.get()) {
    const auto seconds = [](Duration d) { return std::chrono::floor<Seconds>(d).count(); };
    if (r->min_wrapping != Duration{}) writer.key("min_wrapping_ttl").integer(seconds(r->min_wrapping));
    if (r->max_wrapping != Duration{}) writer.key("max_wrapping_ttl").integer(seconds(r->max_wrapping));
    write_rules(writer, "allowed_parameters", r->allowed);
    write_rules(writer, "denied_parameters", r->denied);
    if (!r->required.empty()) {
      writer.key("required_parameters").begin_array();
      for (const std::string& name : r->required) writer.string(name);
      writer.end_array();
    }
    if (r->pagination_limit != 0) writer.key("pagination_limit").integer(r->pagination_limit);
  }
  writer.end_object();
}

class RuleAcl final : public Acl {
 public:
  RuleAcl(std::span<const PolicyPtr> policies, const IdentityContext* identity, std::optional<Time> now)
      : policies_(policies.begin(), policies.end()), now_(now), compiled_(merge_rules(policies_, identity, now)), index_(compiled_.rules) {
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    mixed_case_ = std::ranges::any_of(compiled_.rules, [&](const MergedRule& rule) { return std::ranges::any_of(rule.pattern, upper); });
    if (mixed_case_ && identity != nullptr) identity_ = *identity;
  }

  [[nodiscard]] Decision decide(const Query& query) const override {
    const MergedRule* rule = find(query);
    Decision decision;
    if (rule == nullptr) return decision;
    decision.granted = rule->capabilities;
    decision.rule = rule->shown;
    decision.policy = rule->decisive;
    decision.reason = judge(*rule, query);
    if (decision.reason == Decision::Reason::granted && rule->restrictions != nullptr) restrict(*rule->restrictions, query, decision);
    if (decision.reason == Decision::Reason::granted) {
      decision.allowed = true;
      decision.granting_policies = rule->granted_by(query.wanted & rule->capabilities);
      decision.policy = decision.granting_policies.front();
    }
    return decision;
  }

  [[nodiscard]] Capabilities capabilities(std::string_view path) const override {
    const MergedRule* rule = index_.find(path, true);
    if (rule == nullptr || rule->capabilities == 0 || (rule->capabilities & deny) != 0) return deny;
    return rule->capabilities;
  }

  [[nodiscard]] bool is_root() const override { return false; }
  [[nodiscard]] std::optional<Time> changes_at() const override { return compiled_.changes_at; }
  [[nodiscard]] std::vector<NearRule> nearest_rules(std::string_view path, std::size_t limit) const override {
    return nearest(compiled_.rules, path, limit);
  }
  [[nodiscard]] bool reaches(std::string_view prefix) const override { return index_.reaches(prefix); }

  [[nodiscard]] std::string resultant_json() const override {
    std::vector<const MergedRule*> sorted;
    for (const MergedRule& rule : compiled_.rules) {
      if (!rule.segments) sorted.push_back(&rule);  // Vault's answer has no place for '+' paths
    }
    std::ranges::sort(sorted, {}, &MergedRule::pattern);
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    for (const bool globs : {false, true}) {
      writer.key(globs ? "glob_paths" : "exact_paths").begin_object();
      for (const MergedRule* rule : sorted) {
        if (rule->prefix == globs) write_rule(writer, *rule);
      }
      writer.end_object();
    }
    writer.key("root").boolean(false).end_object();
    return out;
  }

 private:
  [[nodiscard]] const MergedRule* find(const Query& query) const {
    const RuleIndex& index = query.folds_after == 0 || !mixed_case_ ? index_ : folded(query.folds_after);
    const bool listing = (query.wanted & (list | scan)) != 0;
    if (!listing || query.path.empty() || query.path.ends_with('/')) return index.find(query.path, listing);
    return index.find(std::string(query.path) + '/', true);
  }

  // The same rules with their names in lower case. Few sets have upper case at all, and few endpoints fold names: made when first asked for.
  [[nodiscard]] const RuleIndex& folded(std::size_t folds_after) const {
    const std::lock_guard lock(mutex_);
    auto& made = folded_[folds_after];
    if (!made) made = std::make_unique<Folded>(merge_rules(policies_, identity_ ? &*identity_ : nullptr, now_, folds_after));
    return made->index;
  }

  static Decision::Reason judge(const MergedRule& rule, const Query& query) {
    using Reason = Decision::Reason;
    if ((rule.capabilities & deny) != 0) return Reason::denied;
    if ((rule.capabilities & query.wanted) == 0) return Reason::missing_capability;
    if (query.needs_sudo && (rule.capabilities & sudo) == 0) return Reason::missing_sudo;
    return Reason::granted;
  }

  // What a rule asks beyond the capability that it grants.
  static void restrict(const Restrictions& r, const Query& query, Decision& decision) {
    using Reason = Decision::Reason;
    if ((r.max_wrapping != Duration{} && (!query.wrap_ttl || Duration(*query.wrap_ttl) > r.max_wrapping)) ||
        (r.min_wrapping != Duration{} && (!query.wrap_ttl || Duration(*query.wrap_ttl) < r.min_wrapping))) {
      decision.reason = Reason::wrapping;
      decision.min_wrapping = r.min_wrapping;
      decision.max_wrapping = r.max_wrapping;
      return;
    }
    const bool paged = r.pagination_limit != 0 && (query.wanted & (list | scan)) != 0;
    const bool has_parameters = (query.wanted & (read | create | update | patch)) != 0;
    std::optional<ParameterFault> fault;
    if (paged) fault = check_page(r.pagination_limit, query.parameters);
    if (!fault && has_parameters) fault = check_parameters(r, query.parameters);
    if (!fault) return;
    decision.reason = fault->missing ? Reason::missing_parameter : Reason::parameter;
    decision.parameter = fault->name;
  }

  struct Folded {
    explicit Folded(Compiled made) : compiled(std::move(made)), index(compiled.rules) {}
    Compiled compiled;
    RuleIndex index;
  };

  std::vector<PolicyPtr> policies_;  // names and rules point into them
  std::optional<Time> now_;
  Compiled compiled_;
  RuleIndex index_;
  bool mixed_case_ = false;
  std::optional<IdentityContext> identity_;  // kept where it may be needed again
  mutable std::mutex mutex_;
  mutable std::map<std::size_t, std::unique_ptr<const Folded>> folded_;
};

}  // namespace

std::shared_ptr<const Acl> Acl::compile(std::span<const PolicyPtr> policies, bool root, const IdentityContext* identity,
                                        std::optional<Time> now) {
  if (root) return std::make_shared<RootAcl>();
  return std::make_shared<RuleAcl>(policies, identity, now);
}

}  // namespace coffer::policy
