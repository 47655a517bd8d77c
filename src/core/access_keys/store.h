#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "schema/field.h"
#include "storage/view.h"

// Access keys as they are stored, one key space per tenant:
//   id/<key id>                the record
//   mount/<uuid>/<key id>      "": the keys of a mount
//   used/<key id>              when it was last used, in seconds; written in batches
//   role/...                   roles (core/access_keys/roles.h)
namespace coffer::core {

class Runtime;

// What keys of the space begin with.
inline constexpr std::string_view key_mark = "id/", role_mark = "role/";

[[nodiscard]] inline KeySpace access_key_space(TenantId tenant) { return core_space(tenant, "access-key"); }

// An access key stands for a token, which has the policies, the entity and the end: what ends the token ends the key.
struct AccessKey {
  std::string id;      // "AKIA" and 16 letters and digits
  SecretBytes secret;  // 40 characters; it must be known to check signatures
  std::string token_id, token_accessor;
  std::string mount;  // uuid of the mount that it was made on
  std::string user, description;
  std::string policy_document;  // in IAM's language; "": none
  bool disabled = false;
  Time created{}, rotated{};
  static constexpr auto fields() {
    using T = AccessKey;
    using schema::field;
    return schema::Fields{field<&T::id>("id", ""),
                      field<&T::secret>("secret", ""),
                      field<&T::token_id>("token_id", ""),
                      field<&T::token_accessor>("token_accessor", ""),
                      field<&T::mount>("mount", ""),
                      field<&T::user>("user", ""),
                      field<&T::description>("description", ""),
                      field<&T::policy_document>("policy_document", ""),
                      field<&T::disabled>("disabled", ""),
                      field<&T::created>("created", ""),
                      field<&T::rotated>("rotated", "")};
  }
};

// An id of the given kind ("AKIA", "ASIA"), and a secret.
[[nodiscard]] std::string make_key_id(std::string_view kind, Random& random);
[[nodiscard]] SecretBytes make_key_secret(Random& random);
// Letters, digits and '_', 4 to 128 of them.
[[nodiscard]] bool is_key_id(std::string_view text);

[[nodiscard]] Result<std::optional<AccessKey>> find_access_key(const Snapshot& keys, std::string_view id);
[[nodiscard]] Result<void> put_access_key(Transaction& keys, const AccessKey& key);
void erase_access_key(Transaction& keys, const AccessKey& key);
[[nodiscard]] Result<std::vector<std::string>> access_keys_of(const Snapshot& keys, std::string_view mount, std::string_view after,
                                                              std::size_t limit);
// When it was last used, as far as that has been written.
[[nodiscard]] Result<std::optional<Time>> stored_use(const Snapshot& keys, std::string_view id);
// All keys and roles of a mount that is gone, in as many transactions as it takes.
[[nodiscard]] Result<void> forget_access_keys(Runtime& runtime, std::string_view mount);

}  // namespace coffer::core
