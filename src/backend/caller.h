#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/action.h"
#include "base/clock.h"
#include "base/ids.h"
#include "schema/codec.h"

namespace coffer {

class Memory;      // backend/memory.h
class ServerKeys;  // backend/server_keys.h
class Spaces;

// A mount as its backend sees it.
struct MountInfo {
  std::string path;      // with its trailing slash: "secret/", "auth/userpass/"
  std::string type;      // "kv", "userpass"
  std::string accessor;  // "kv_1a2b3c4d"
  MountId id;
  schema::StringMap options;
  Seconds default_ttl{0}, max_ttl{0};  // effective: the mount's own, or the system's
  std::string token_type = "default-service";  // auth mounts
};

// Who calls, from where, on which mount: all that an engine or an auth method may know of a request. Views live as long as the call.
struct Caller {
  std::string_view request_id;
  TenantId tenant = root_tenant;
  Time now{};
  std::string_view entity_id;      // "" when the token has none
  std::string_view display_name;
  std::string_view token_id;       // 64 hex digits that stand for the token (its keyed hash), never the token; "" without one
  std::string_view token_accessor;
  std::string_view token_type;     // "service", "batch" or ""
  std::span<const std::string> policies;
  bool root = false;
  bool sudo = false;               // the policy granted sudo on this path
  bool creating = false;           // the exists predicate said that this write makes something new
  std::string_view remote_address;
  std::string_view client_certificate;  // DER, unverified; "" without one
  std::string_view path;           // whole, with the mount
  std::optional<Seconds> wrap_ttl;
  const MountInfo* mount = nullptr;
  const ActionScope* scope = nullptr;      // of a request that names an action; else null
  const Authority* authority = nullptr;    // null in renewals and in tests that need none
  const Memory* memory = nullptr;          // null where records may change under the caller's hands: in transactions
  const ServerKeys* keys = nullptr;        // null in renewals
  Spaces* spaces = nullptr;        // the core's own backends reach other key spaces through it (backend/spaces.h)
};

}  // namespace coffer
