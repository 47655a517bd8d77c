#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/approle/records.h"
#include "base/random.h"
#include "crypto/hash.h"

// The operations on an approle mount's key space (records.h). All run in the caller's view; none keeps state.
namespace coffer::approle {

// Hashes ids for use in keys: HMAC-SHA256 under the mount's own key, so that neither the store's files nor a guess of a short id tell it.
class IdHash {
 public:
  explicit IdHash(std::span<const std::byte> key) : mac_(key) {}
  [[nodiscard]] std::string of_role_id(std::string_view role_id) const;
  [[nodiscard]] std::string of_secret_id(std::string_view secret_id) const;

 private:
  crypto::HmacSha256 mac_;
};
// Null while the mount has no key, and so no role.
[[nodiscard]] Result<std::unique_ptr<IdHash>> load_hash(const Snapshot& view);
[[nodiscard]] Result<std::unique_ptr<IdHash>> load_or_make_hash(Transaction& view, Random& random);

[[nodiscard]] Result<std::optional<Role>> load_role(const Snapshot& view, const NormalizedName& name);
// The role with its error: 404 `role "x" does not exist`.
[[nodiscard]] Result<Role> require_role(const Snapshot& view, const NormalizedName& name);
[[nodiscard]] Result<void> save_role(Transaction& view, const NormalizedName& name, const Role& role);
// Gives the role this role_id, in place of the one that it has. Refuses one that another role has.
[[nodiscard]] Result<void> set_role_id(Transaction& view, const IdHash& hash, const NormalizedName& name, Role& role, std::string role_id);
[[nodiscard]] Result<void> delete_role(Transaction& view, const IdHash& hash, const NormalizedName& name, const Role& role);
// The name of the role with this role_id; nothing when there is none.
[[nodiscard]] Result<std::optional<NormalizedName>> role_of(const Snapshot& view, const IdHash& hash, std::string_view role_id);

[[nodiscard]] std::string secret_key(const Role& role, std::string_view secret_hash);
[[nodiscard]] std::string accessor_key(const Role& role, std::string_view accessor);
// Nothing when there is no such secret id, or its time is over.
[[nodiscard]] Result<std::optional<SecretId>> load_secret(const Snapshot& view, const Role& role, std::string_view secret_hash, Time now);
// The hash of the secret id with this accessor, of this role only (A06); nothing when there is none.
[[nodiscard]] Result<std::optional<std::string>> hash_of_accessor(const Snapshot& view, const Role& role, std::string_view accessor);
[[nodiscard]] Result<void> save_secret(Transaction& view, const Role& role, std::string_view secret_hash, const SecretId& secret);
void erase_secret(Transaction& view, const Role& role, std::string_view secret_hash, const SecretId& secret);

// Erases up to a batch of expired secret ids and those of deleted roles, from where the last call stopped. True when the end was reached.
[[nodiscard]] Result<bool> tidy_some(Transaction& view, Time now);

}  // namespace coffer::approle
