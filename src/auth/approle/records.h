#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "schema/login.h"
#include "storage/view.h"

// What an approle mount keeps. Keys:
//   key                        32 random bytes: secret ids and role ids are hashed with it
//   role/<name>                a Role
//   id/<hash of role_id>       the name of its role
//   secret/<generation>/<hash of secret_id>    a SecretId
//   accessor/<generation>/<accessor>           the hash of its secret id
//   gone/<generation>          a deleted role whose secret ids are still to be erased
//   tidy                       where the last pass over the secret ids stopped
// A role's generation is random and never used again, so secret ids of a deleted role can never be met, erased or not.
namespace coffer::approle {

struct Role {
  std::string role_id, generation;
  bool bind_secret_id = true;
  bool local_secret_ids = false;
  schema::CommaList secret_id_bound_cidrs;
  std::int64_t secret_id_num_uses = 0;
  Seconds secret_id_ttl{0};
  schema::TokenParameters token;
  bool old_policies = false, old_period = false;  // written under their older names
};
struct SecretId {
  std::string accessor;
  std::int64_t uses_left = 0;  // 0: without limit
  std::int64_t num_uses = 0;
  Seconds ttl{0};
  Time created{}, updated{}, expires{};  // expires Time(): never
  schema::StringMap metadata;
  std::vector<std::string> cidr_list, token_bound_cidrs;

  [[nodiscard]] bool expired(Time now) const { return expires != Time() && expires <= now; }
};

[[nodiscard]] std::string encode(const Role& role);
[[nodiscard]] Result<Role> decode_role(std::string_view record);
[[nodiscard]] std::string encode(const SecretId& secret);
[[nodiscard]] Result<SecretId> decode_secret(std::string_view record);

}  // namespace coffer::approle
