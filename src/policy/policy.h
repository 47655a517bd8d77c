#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/result.h"

// Vault's ACL policies: parsed from HCL 1 or JSON, compiled for a set, decided by a pure function (design.md §7; vault-api.md §1.5).
namespace coffer::policy {

using Capabilities = std::uint32_t;  // a set of the bits below
inline constexpr Capabilities deny = 1, create = 2, read = 4, update = 8, del = 16, list = 32, sudo = 64, patch = 128, scan = 256,
                              subscribe = 512, recover = 1024;
// Names in Vault's order of output (sorted): "create", "delete", ... ; {"deny"} where `deny` is set or nothing is; root is the caller's
// affair.
[[nodiscard]] std::vector<std::string> capability_names(Capabilities set);

class Policy;  // one parsed text; immutable
using PolicyPtr = std::shared_ptr<const Policy>;

// Parses HCL 1 or JSON. `name` is the policy's, for decisions and audit records. Errors begin with "failed to parse policy: ", as Vault's
// do, and say line and column and what is allowed there.
[[nodiscard]] Result<PolicyPtr> parse(std::string_view name, std::string_view text);
// Canonical HCL of a policy text (policy fmt): comments stay, JSON becomes HCL. The text must be a valid policy.
[[nodiscard]] Result<std::string> format(std::string_view text);
// The text of the policy "default", which the core creates and users may edit.
[[nodiscard]] std::string_view default_policy_text();
// The text of the policy "response-wrapping", which only wrapping tokens have and nobody edits.
[[nodiscard]] std::string_view wrapping_policy_text();

// What templated paths may refer to; nothing where the caller has no entity. Keys and values as identity stores them. A value that is empty
// or holds '/', '*' or '+' is never substituted: an allowing rule is dropped, a denying one denies every value (security.md E06). Two
// aliases of one mount make that mount's templates unusable: it would be a guess which of them logged in (E07).
struct IdentityContext {
  std::string entity_id, entity_name;
  std::vector<std::pair<std::string, std::string>> metadata;
  struct Alias {
    std::string mount_accessor, id, name;
    std::vector<std::pair<std::string, std::string>> metadata, custom_metadata;
  };
  std::vector<Alias> aliases;
  struct Group {
    std::string id, name;
    std::vector<std::pair<std::string, std::string>> metadata;
  };
  std::vector<Group> groups;
};

struct Query {
  std::string_view path;     // canonical, with the mount: "secret/data/app"; lists end in '/'
  Capabilities wanted = 0;   // exactly one bit
  bool needs_sudo = false;   // the operation is declared sudo: `sudo` is required as well
  json::Value parameters{};  // body or query of the request as an object; null value when there is none
  std::optional<Seconds> wrap_ttl{};
  // The names in `path` behind its first so many segments (the mount's) are case-insensitive and in lower case: rules are compared as if
  // theirs were, too (security.md E03). 0: case matters.
  std::size_t folds_after = 0;
};

// The answer, and enough to say why (sys/internal/why). `rule` and `policy` are empty where no rule matched.
struct Decision {
  bool allowed = false;
  bool root = false;
  Capabilities granted = 0;       // of the rule that matched
  std::string_view policy, rule;  // valid as long as the Acl
  enum class Reason : std::uint8_t {
    granted,
    root,
    no_rule,
    denied,
    missing_capability,
    missing_sudo,
    parameter,          // `parameter` is not allowed, or not with its value
    missing_parameter,  // `parameter` is required
    wrapping            // the answer has to be wrapped, for `min_wrapping` to `max_wrapping`
  } reason = Reason::no_rule;
  std::string_view parameter;                           // valid as long as the Acl and the query's parameters
  Duration min_wrapping{}, max_wrapping{};              // zero: no limit on that side
  std::span<const std::string_view> granting_policies;  // for the audit record; filled only when allowed; valid as long as the Acl
};

// A rule that is spelled like a path which it does not decide; views are valid as long as the Acl.
struct NearRule {
  std::string_view policy, rule;
  Capabilities capabilities = 0;
};

// A set of policies compiled for one caller (or for all callers where no path is templated). Immutable; safe from any thread.
class Acl {
 public:
  virtual ~Acl() = default;
  // Policies named "root" grant everything: the caller passes `root` instead of a Policy. `now` tells which rules with an `expiration` have
  // expired; without it those that grant count as expired and those that deny do not.
  static std::shared_ptr<const Acl> compile(std::span<const PolicyPtr> policies, bool root, const IdentityContext* identity,
                                            std::optional<Time> now = std::nullopt);
  // Costs some 100 ns and allocates nothing, unless the deciding rule restricts parameters.
  [[nodiscard]] virtual Decision decide(const Query& query) const = 0;
  [[nodiscard]] virtual Capabilities capabilities(std::string_view path) const = 0;  // `deny` where nothing is granted; 0 never
  [[nodiscard]] virtual bool is_root() const = 0;
  // When the next rule expires and this object must be compiled anew; nothing when none will.
  [[nodiscard]] virtual std::optional<Time> changes_at() const = 0;
  // Rules whose path resembles this one, the nearest first: to explain a denial, so it need not be fast.
  [[nodiscard]] virtual std::vector<NearRule> nearest_rules(std::string_view path, std::size_t limit = 3) const = 0;
  // True when some rule could allow something at or below `prefix` (filtered lists, sys/internal/ui/mounts).
  [[nodiscard]] virtual bool reaches(std::string_view prefix) const = 0;
  // exact_paths and glob_paths of sys/internal/ui/resultant-acl, as a JSON object.
  [[nodiscard]] virtual std::string resultant_json() const = 0;
};
// True when a policy of the set has `{{` templates: then the Acl depends on the identity.
[[nodiscard]] bool templated(std::span<const PolicyPtr> policies);

// Password policies (sys/policies/password): HCL with `length` and `rule "charset"` blocks. Immutable; safe from any thread.
class PasswordPolicy {
 public:
  virtual ~PasswordPolicy() = default;
  // Errors begin with "invalid password policy: ", as Vault's do.
  static Result<std::unique_ptr<PasswordPolicy>> parse(std::string_view text);
  // Every text that meets the rules is equally likely. Fails when the rules are so tight that no candidate met them.
  [[nodiscard]] virtual Result<std::string> generate(Random& random = system_random()) const = 0;
};

}  // namespace coffer::policy
