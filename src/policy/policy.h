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
#include "base/result.h"

// Vault's ACL policies: parsed from HCL 1 or JSON, compiled for a set, decided by a pure function (design.md §7; vault-api.md §1.5).
namespace coffer::policy {

using Capabilities = std::uint32_t;  // a set of the bits below
inline constexpr Capabilities deny = 1, create = 2, read = 4, update = 8, del = 16, list = 32, sudo = 64, patch = 128, scan = 256,
                              subscribe = 512, recover = 1024;
// Names in Vault's order of output (sorted): "create", "delete", ... ; root is the caller's affair.
[[nodiscard]] std::vector<std::string> capability_names(Capabilities set);

class Policy;  // one parsed text; immutable
using PolicyPtr = std::shared_ptr<const Policy>;

// Parses HCL 1 or JSON. `name` is for messages. Errors say line and column and what is allowed there; texts as in vault-api.md §1.5.
[[nodiscard]] Result<PolicyPtr> parse(std::string_view name, std::string_view text);
// Canonical HCL of a policy text (policy fmt).
[[nodiscard]] Result<std::string> format(std::string_view text);

// What templated paths may refer to; nothing where the caller has no entity. Keys and values as identity stores them.
struct IdentityContext {
  std::string entity_id, entity_name;
  std::vector<std::pair<std::string, std::string>> metadata;
  struct Alias { std::string mount_accessor, id, name; std::vector<std::pair<std::string, std::string>> metadata, custom_metadata; };
  std::vector<Alias> aliases;
  struct Group { std::string id, name; std::vector<std::pair<std::string, std::string>> metadata; };
  std::vector<Group> groups;
};

struct Query {
  std::string_view path;         // canonical, with the mount: "secret/data/app"; lists end in '/'
  Capabilities wanted = 0;       // exactly one bit
  bool needs_sudo = false;       // the operation is declared sudo: `sudo` is required as well
  json::Value parameters;        // body of create/update/patch/read; null value when there is none
  std::optional<Seconds> wrap_ttl;
};

// The answer, and enough to say why (sys/internal/why). `rule` and `policy` are empty where no rule matched.
struct Decision {
  bool allowed = false;
  bool root = false;
  Capabilities granted = 0;           // of the rule that matched
  std::string_view policy, rule;      // valid as long as the Acl
  enum class Reason : std::uint8_t { granted, root, no_rule, denied, missing_capability, missing_sudo, parameter, wrapping } reason = Reason::no_rule;
  std::vector<std::string_view> granting_policies;  // for the audit record; filled only when allowed
};

// A set of policies compiled for one caller (or for all callers where no path is templated). Immutable; safe from any thread.
class Acl {
 public:
  virtual ~Acl() = default;
  // Policies named "root" grant everything: the caller passes `root` instead of a Policy.
  static std::shared_ptr<const Acl> compile(std::span<const PolicyPtr> policies, bool root, const IdentityContext* identity);
  [[nodiscard]] virtual Decision decide(const Query& query) const = 0;  // allocates nothing on a plain allow but granting_policies
  [[nodiscard]] virtual Capabilities capabilities(std::string_view path) const = 0;  // `deny` where nothing is granted; 0 never
  [[nodiscard]] virtual bool is_root() const = 0;
  // True when some rule could allow something at or below `prefix` (filtered lists, sys/internal/ui/mounts).
  [[nodiscard]] virtual bool reaches(std::string_view prefix) const = 0;
  // exact_paths and glob_paths of sys/internal/ui/resultant-acl, as a JSON object.
  [[nodiscard]] virtual std::string resultant_json() const = 0;
};
// True when a policy of the set has `{{` templates: then the Acl depends on the identity.
[[nodiscard]] bool templated(std::span<const PolicyPtr> policies);

// Password policies (sys/policies/password): HCL with `length` and `rule "charset"` blocks.
class PasswordPolicy {
 public:
  virtual ~PasswordPolicy() = default;
  static Result<std::unique_ptr<PasswordPolicy>> parse(std::string_view text);
  [[nodiscard]] virtual Result<std::string> generate() const = 0;
};

}  // namespace coffer::policy
