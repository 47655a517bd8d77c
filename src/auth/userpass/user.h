#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/path.h"
#include "schema/login.h"
#include "storage/view.h"

namespace coffer::userpass {

using schema::field;

// The names that these parameters had before; shown again if they were written so.
struct OldNames {
  schema::Omit<schema::CommaList> policies, bound_cidrs;
  schema::Omit<Seconds> ttl, max_ttl;
  static constexpr auto fields() {
    using T = OldNames;
    return schema::Fields{field<&T::policies>("policies", "Older name of token_policies.").open(),
                      field<&T::bound_cidrs>("bound_cidrs", "Older name of token_bound_cidrs.").open(),
                      field<&T::ttl>("ttl", "Older name of token_ttl.").open(),
                      field<&T::max_ttl>("max_ttl", "Older name of token_max_ttl.").open()};
  }
};
// What anyone may read of a user.
struct Profile {
  schema::TokenParameters token;
  OldNames old;
  static constexpr auto fields() { return schema::Fields{schema::inlined<&Profile::token>(), schema::inlined<&Profile::old>()}; }
};
// A user's record, kept as JSON under `user/<name>`.
struct User {
  std::string hash;  // "$argon2id$..." or bcrypt's "$2..."
  Profile profile;
  static constexpr auto fields() {
    return schema::Fields{field<&User::hash>("hash", "Hash of the password."), schema::inlined<&User::profile>()};
  }
};

[[nodiscard]] std::string user_key(const NormalizedName& name);
// Nothing when there is no such user.
[[nodiscard]] Result<std::optional<User>> load_user(const Snapshot& view, const NormalizedName& name);
[[nodiscard]] Result<void> save_user(Transaction& view, const NormalizedName& name, const User& user);

// Applies what the caller sent to a user's parameters, and checks the whole. A new name puts away the older one and the other way round.
[[nodiscard]] Result<void> apply(Profile& profile, const schema::Patch<schema::TokenParameters>& change, const OldNames& old);

}  // namespace coffer::userpass
