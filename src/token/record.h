#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"

namespace coffer::token {

enum class Kind : std::uint8_t { service, batch };

// All that is kept of a token, never the token itself: a service token is stored under its keyed hash, a batch token carries this record
// sealed in its own text (vault-api.md §1.4, §2.5).
struct Record {
  Kind kind = Kind::service;
  std::string id;             // 64 hex digits: HMAC-SHA256 of the token under the server's token key; "" for batch tokens
  std::string accessor;       // 24 base62 characters; "" for batch tokens
  std::string parent;         // id of the parent; "" for orphans
  std::string path;           // request path that made it: "auth/token/create", "auth/userpass/login/bob"
  std::string display_name;
  std::vector<std::string> policies;  // sorted, with "default" where it applies
  std::vector<std::pair<std::string, std::string>> meta;
  std::string entity_id;
  std::string role;           // token role, where one was used
  // Of a session that AssumeRole opened: its role (core/access_keys/roles.h) and, after it, those of the sessions that it was opened by; and what narrows it, in
  // IAM's language, "" without.
  std::vector<std::string> assumed_roles;
  std::string session_policy;
  std::vector<std::string> bound_cidrs;
  std::string mount_accessor; // auth mount of a login
  std::string alias_name, internal;  // for Backend::renew_login
  std::string given_id;       // prefix mark of a token whose id the caller chose: its lease id has 40 digits
  TenantId tenant = root_tenant;
  Time creation{}, expire{}, last_renewal{};  // expire 0: never
  Seconds ttl{0};             // as granted at creation or by the last renewal
  Seconds creation_ttl{0};
  Seconds explicit_max_ttl{0}, period{0}, max_ttl{0};
  std::int64_t num_uses = 0;  // left; 0: without limit
  bool limited = false;       // num_uses counts
  bool orphan = false;
  bool renewable = true;
  bool wrapping = false;      // a response-wrapping token: good for one unwrap and nothing else
  std::string wrap_path;      // creation path that sys/wrapping/lookup shows
  std::string wrapped_accessor;

  [[nodiscard]] bool expired(Time now) const { return expire != Time() && now >= expire; }
  [[nodiscard]] bool root() const;
  // "<path>/h<64 hex>", or "<path>/<40 hex>" for a given id.
  [[nodiscard]] std::string lease_id() const;
};

[[nodiscard]] std::string encode(const Record& record);
[[nodiscard]] Result<Record> decode(std::string_view bytes);

}  // namespace coffer::token
