#include "core/tokens/create.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "core/issue.h"
#include "core/revoke.h"
#include "identity/store.h"
#include "token/limits.h"

namespace coffer::core {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view item) { return std::find(list.begin(), list.end(), item) != list.end(); }

// `*` at either end stands for anything.
bool glob_matches(std::string_view pattern, std::string_view text) {
  if (pattern == "*") return true;
  const bool head = pattern.starts_with('*'), tail = pattern.size() > 1 && pattern.ends_with('*');
  if (head) pattern.remove_prefix(1);
  if (tail) pattern.remove_suffix(1);
  if (head && tail) return text.find(pattern) != text.npos;
  if (head) return text.ends_with(pattern);
  if (tail) return text.starts_with(pattern);
  return text == pattern;
}
bool any_glob(const std::optional<CommaList>& globs, std::string_view name) {
  return globs && std::any_of(globs->items.begin(), globs->items.end(), [&](const std::string& g) { return glob_matches(g, name); });
}

// Go's rendering of a list of strings, for Vault's text.
std::string go_list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (std::size_t i = 0; i < items.size(); ++i) out.append(i ? " " : "").append(json::quoted(items[i]));
  return out + "]";
}

bool any(const std::optional<CommaList>& list) { return list && !list->items.empty(); }

// A role that says nothing of policies leaves them to the rule for those without a role.
bool rules_policies(const TokenRole& role) {
  return any(role.allowed_policies) || any(role.allowed_policies_glob) || any(role.disallowed_policies) || any(role.disallowed_policies_glob);
}

Result<std::vector<std::string>> policies_by_role(const CreateToken& in, const TokenRole& role, const std::vector<std::string>& parent) {
  const std::vector<std::string> asked = in.policies.value_or(std::vector<std::string>());
  const std::vector<std::string> allowed = role.allowed_policies ? role.allowed_policies->items : std::vector<std::string>();
  const std::vector<std::string> globs = role.allowed_policies_glob ? role.allowed_policies_glob->items : std::vector<std::string>();
  const auto disallowed = [&](std::string_view name) {
    return (role.disallowed_policies && contains(role.disallowed_policies->items, name)) || any_glob(role.disallowed_policies_glob, name);
  };
  const bool no_default = in.no_default_policy || role.token_no_default_policy || disallowed("default");
  std::vector<std::string> out;
  if (!allowed.empty() || !globs.empty()) {
    // A role that names policies gives all of them where none is asked for.
    out = TRY(normalize_policies(asked.empty() ? allowed : asked, !no_default));
    for (const std::string& name : out) {
      if (name == "default" || contains(allowed, name) || any_glob(role.allowed_policies_glob, name)) continue;
      auto shown = TRY(normalize_policies(allowed, !no_default));
      return invalid(fmt::format("token policies ({}) must be subset of the role's allowed policies ({}) or glob policies ({})", go_list(out), go_list(shown), go_list(globs)));
    }
  } else {
    out = TRY(normalize_policies(asked.empty() ? parent : asked, !no_default));
  }
  for (const std::string& name : out)
    if (disallowed(name)) return invalid("token policy " + json::quoted(name) + " is disallowed by this role");
  return out;
}

Result<std::vector<std::string>> policies_by_parent(const CreateToken& in, const Caller& caller, const std::vector<std::string>& parent, bool privileged, bool no_default) {
  const bool asked = in.policies && !in.policies->empty();
  std::vector<std::string> names = asked ? *in.policies : parent;
  // What a parent has without the default policy, its children have without it too.
  const bool add_default = !no_default && (privileged || contains(parent, "default") || caller.root);
  auto out = TRY(normalize_policies(names, add_default));
  if (no_default) std::erase(out, "default");
  if (!privileged)
    for (const std::string& name : out)
      if (!contains(parent, name)) return invalid("child policies must be subset of parent");
  return out;
}

Result<void> check_id(std::string_view id) {
  if (id.starts_with("s.")) return invalid("custom token ID cannot have the 's.' prefix");
  if (id.starts_with("hvs.") || id.starts_with("hvb.")) return invalid("custom token ID cannot have the 'hvs.' or 'hvb.' prefix");
  if (id.find('.') != id.npos) return invalid("custom token ID cannot have a '.' in the value");
  if (id.size() > 512) return invalid("custom token ID is longer than 512 bytes");
  return {};
}

Result<Seconds> positive_ttl(const std::string& text, std::string_view name) {
  const Duration d = TRY(parse_duration(text));
  if (d < Duration(0)) return invalid(std::string(name) + " must be positive");
  return std::chrono::duration_cast<Seconds>(d);
}

Result<void> apply_kind(const CreateToken& in, const TokenRole* role, token::Record& t) {
  std::string kind = in.type;
  if (role != nullptr) {
    if (role->token_type == "service" || role->token_type == "batch") kind = role->token_type;
    else if (in.type.empty() || in.type == "default") kind = role->token_type == "default-batch" ? "batch" : "service";
  }
  if (kind == "batch") t.kind = token::Kind::batch;
  else if (kind != "service" && kind != "default" && !kind.empty()) return invalid("invalid 'token_type' value");
  return {};
}

Result<void> check_batch(const CreateToken& in, const token::Record& t) {
  if (t.kind != token::Kind::batch) return {};
  if (t.explicit_max_ttl > Seconds(0)) return invalid("batch tokens cannot have \"explicit_max_ttl\" set");
  if (t.num_uses > 0) return invalid("batch tokens cannot have \"num_uses\" set");
  if (t.period > Seconds(0)) return invalid("batch tokens cannot have \"period\" set");
  if (!in.id.empty()) return invalid("batch tokens cannot have \"id\" set");
  if (contains(t.policies, "root")) return invalid("batch tokens cannot be root tokens");
  return {};
}

Result<void> apply_times(const CreateToken& in, const TokenRole* role, const Caller& caller, token::Record& t, std::vector<std::string>& warnings) {
  const Seconds asked = TRY(positive_ttl(in.ttl.empty() ? in.lease : in.ttl, "ttl"));
  t.explicit_max_ttl = TRY(positive_ttl(in.explicit_max_ttl, "explicit_max_ttl"));
  t.period = TRY(positive_ttl(in.period, "period"));
  if (t.period > Seconds(0) && !caller.sudo) return invalid("root or sudo privileges required to create periodic token");
  CHECK_OK(check_batch(in, t));  // what the caller asked for: limits of the role hold for batch tokens as for others
  Seconds period = t.period;
  if (role != nullptr) {
    const auto warn = [&](std::string_view what, Seconds own, Seconds of_role) {
      if (own == Seconds(0) || of_role == Seconds(0)) return;
      warnings.push_back(fmt::format("{} specified both during creation call and in role; using the lesser value of {} seconds", what, std::min(own, of_role).count()));
    };
    warn("Explicit max TTL", t.explicit_max_ttl, explicit_max_of(*role));
    warn("Period", t.period, period_of(*role));
    period = smaller(period, period_of(*role));
    // The role's own is looked up at each renewal: only what the caller asked for is kept.
    if (t.period > Seconds(0)) t.period = period;
    t.explicit_max_ttl = smaller(t.explicit_max_ttl, explicit_max_of(*role));
  }
  // A root token without a ttl has no end; every other token has one.
  if (contains(t.policies, "root") && asked == Seconds(0) && period == Seconds(0) && t.explicit_max_ttl == Seconds(0)) {
    if (exchange_of(caller).token->record.expire != Time()) return invalid("expiring root tokens cannot create non-expiring root tokens");
    t.renewable = false;
    return {};
  }
  const auto ttl = token::effective_ttl(
      {asked, period, Seconds(0), t.explicit_max_ttl, caller.mount->default_ttl, caller.mount->max_ttl, {}, caller.now});
  warnings.insert(warnings.end(), ttl.warnings.begin(), ttl.warnings.end());
  t.ttl = t.creation_ttl = ttl.ttl;
  t.expire = ttl.expire;
  return {};
}

// A role may let its tokens carry an entity that their maker names.
Result<void> apply_entity_alias(const CreateToken& in, const TokenRole* role, const Caller& caller, Random& random, token::Record& t) {
  if (in.entity_alias.empty()) return {};
  if (role == nullptr) return invalid("'entity_alias' is only allowed in combination with token role");
  const std::string name = ascii_lower(in.entity_alias);
  const auto& allowed = role->allowed_entity_aliases;
  if (!allowed || std::none_of(allowed->items.begin(), allowed->items.end(), [&](const std::string& a) { return glob_matches(ascii_lower(a), name); }))
    return invalid("invalid 'entity_alias' value");
  const schema::StringMap none;
  const auto entity = TRY(identity::at_login(spaces_of(caller).write(identity::space(caller.tenant)),
                                             {caller.mount->accessor, caller.mount->type, caller.mount->path, name, none}, caller.now, random));
  t.entity_id = entity.id;
  t.alias_name = name;
  return {};
}

}  // namespace

Seconds period_of(const TokenRole& role) { return role.token_period > Seconds(0) ? role.token_period : role.period; }
Seconds explicit_max_of(const TokenRole& role) {
  return role.token_explicit_max_ttl > Seconds(0) ? role.token_explicit_max_ttl : role.explicit_max_ttl;
}
Seconds smaller(Seconds a, Seconds b) { return a == Seconds(0) ? b : b == Seconds(0) ? a : std::min(a, b); }

Result<std::optional<TokenRole>> read_role(const Snapshot& tokens, std::string_view name) {
  const auto text = TRY(tokens.get(std::string("role/").append(name)));
  if (!text) return std::optional<TokenRole>{};
  return std::optional<TokenRole>(TRY(schema::from_json<TokenRole>(text->reveal_text())));
}

Result<schema::Answer<schema::AuthBlock>> create_token(System& system, const Caller& caller, const CreateToken& in, const TokenRole* role, bool orphan) {
  Exchange& x = exchange_of(caller);
  RequestSpaces& spaces = spaces_of(caller);
  const token::Record& parent = x.token->record;
  if (parent.kind == token::Kind::batch) return invalid("batch tokens cannot create more tokens");
  // The use that this request took counts: a token with a limit makes no children.
  if (parent.limited) return invalid("restricted use token cannot generate child tokens");
  if (in.num_uses < 0) return invalid("number of uses cannot be negative");
  std::vector<std::string> warnings;
  token::NewToken wanted;
  token::Record& t = wanted.record;
  CHECK_OK(apply_kind(in, role, t));
  t.path = x.request.path.str();
  if (role != nullptr && !role->path_suffix.empty()) t.path += "/" + role->path_suffix;
  t.display_name = in.display_name.empty() ? "token" : "token-" + in.display_name;
  for (char& c : t.display_name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-') c = '-';
  while (t.display_name.ends_with('-')) t.display_name.pop_back();
  t.meta.assign(in.meta.begin(), in.meta.end());
  t.creation = caller.now;
  t.tenant = caller.tenant;
  if (role != nullptr) {
    t.role = role->name;
    t.bound_cidrs = role->token_bound_cidrs ? role->token_bound_cidrs->items : role->bound_cidrs ? role->bound_cidrs->items : std::vector<std::string>();
    if (role->token_strictly_bind_ip) t.bound_cidrs = {own_address(caller.remote_address)};
  }
  if (!in.id.empty()) {
    if (!caller.sudo) return invalid("root or sudo privileges required to specify token id");
    CHECK_OK(check_id(in.id));
    wanted.given_id = SecretBytes::copy_of(in.id);
    warnings.emplace_back("Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more secure SHA2-256 HMAC for token obfuscation. "
                          "SHA1 hashed tokens on the wire leads to less secure lookups.");
  }
  t.orphan = orphan || (role != nullptr && role->orphan);
  if (in.no_parent && role == nullptr) {
    if (!caller.sudo) return invalid("root or sudo privileges required to create orphan token");
    t.orphan = true;
  }
  // Who may make orphans may not give them more than is his own: that takes sudo.
  const bool no_default = in.no_default_policy || (role != nullptr && role->token_no_default_policy);
  t.policies = role != nullptr && rules_policies(*role) ? TRY(policies_by_role(in, *role, parent.policies))
                                                         : TRY(policies_by_parent(in, caller, parent.policies, caller.sudo, no_default));
  // Root comes from root only, whatever the policy of the caller says of this path.
  if (contains(t.policies, "root") && !caller.root) return fail(Code::invalid_argument, "root tokens may not be created without parent token being root");
  if (contains(t.policies, "root")) t.policies = {"root"};
  if (contains(t.policies, "response-wrapping")) return invalid("cannot assign policy \"response-wrapping\"");
  t.num_uses = in.num_uses;
  if (role != nullptr && role->token_num_uses > 0) t.num_uses = in.num_uses > 0 ? std::min(in.num_uses, role->token_num_uses) : role->token_num_uses;
  t.limited = t.num_uses > 0;
  t.renewable = in.renewable.value_or(true) && (role == nullptr || role->renewable) && t.kind == token::Kind::service;
  CHECK_OK(apply_times(in, role, caller, t, warnings));
  // Children share their parent's entity, and its addresses where no role has its own; orphans are nobody's.
  if (!t.orphan) t.entity_id = parent.entity_id;
  if (!t.orphan && role == nullptr) t.bound_cidrs = parent.bound_cidrs;
  CHECK_OK(apply_entity_alias(in, role, caller, system.random, t));
  if (!t.orphan) t.parent = parent.id;
  for (const std::string& name : t.policies)
    if (name != "root" && name != "default" && !TRY(spaces.read(sys_space(caller.tenant)).get("policy/acl/" + name)))
      warnings.push_back("Policy " + json::quoted(name) + " does not exist");
  auto issued = TRY(token::create(spaces.write(token::space(caller.tenant)), x.runtime->keys(), std::move(wanted), system.random));
  if (!issued.record.id.empty()) x.made_tokens.push_back(issued.record.id);
  return schema::Answer<schema::AuthBlock>{auth_block(issued.record, std::move(issued.token), {}, caller.now), std::move(warnings)};
}

}  // namespace coffer::core
