#include "auth/userpass/user.h"

namespace coffer::userpass {
namespace {

// `value` stands under the older name when the caller used that one, and under none when it used the new one.
template <class T>
void take(const schema::Patch<schema::TokenParameters>& change, std::string_view new_name, const schema::Omit<T>& given, schema::Omit<T>& kept,
          T& value) {
  if (change.has(new_name)) {
    kept.value.reset();
  } else if (given.value) {
    value = *given.value;
    kept.value = given.value;
  }
}

}  // namespace

std::string user_key(const NormalizedName& name) { return "user/" + name.str(); }

Result<std::optional<User>> load_user(const Snapshot& view, const NormalizedName& name) {
  const auto record = TRY(view.get(user_key(name)));
  if (!record) return std::optional<User>();
  auto user = schema::from_json<User>(record->reveal_text());
  if (!user) return fail(Code::corrupt, "the stored record of this user is damaged");
  return std::optional(*std::move(user));
}

Result<void> save_user(Transaction& view, const NormalizedName& name, const User& user) { return view.put(user_key(name), schema::to_json(user)); }

Result<void> apply(Profile& profile, const schema::Patch<schema::TokenParameters>& change, const OldNames& old) {
  CHECK_OK(change.apply(profile.token));
  take(change, "token_policies", old.policies, profile.old.policies, profile.token.token_policies);
  take(change, "token_bound_cidrs", old.bound_cidrs, profile.old.bound_cidrs, profile.token.token_bound_cidrs);
  take(change, "token_ttl", old.ttl, profile.old.ttl, profile.token.token_ttl);
  take(change, "token_max_ttl", old.max_ttl, profile.old.max_ttl, profile.token.token_max_ttl);
  CHECK_OK(schema::validate(profile.token));
  if (profile.old.policies.value) profile.old.policies.value = profile.token.token_policies;
  if (profile.old.bound_cidrs.value) profile.old.bound_cidrs.value = profile.token.token_bound_cidrs;
  return {};
}

}  // namespace coffer::userpass
