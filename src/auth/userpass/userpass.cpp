#include "auth/userpass/userpass.h"

#include <algorithm>

#include "auth/userpass/bcrypt.h"
#include "auth/userpass/user.h"
#include "backend/listing.h"
#include "base/cidr.h"
#include "crypto/password.h"

namespace coffer::userpass {
namespace {

using schema::inlined;
using schema::Verb;

constexpr std::size_t max_password = 4096;  // bytes: Argon2's work does not grow with it, but the body's should not either
constexpr std::string_view wrong_credentials = "invalid username or password";

struct UserName {
  std::string username;
  static constexpr auto fields() { return schema::Fields{schema::path<&UserName::username>("username", "Name of the user.")}; }
};
// A new password, or its bcrypt hash.
struct NewPassword {
  SecretBytes password, password_hash;
  static constexpr auto fields() {
    return schema::Fields{field<&NewPassword::password>("password", "The user's password."),
                      field<&NewPassword::password_hash>("password_hash", "In place of the password: its bcrypt hash.")};
  }
  [[nodiscard]] bool given() const { return !password.empty() || !password_hash.empty(); }
};
struct PutUser {
  std::string username;
  NewPassword password;
  schema::Patch<schema::TokenParameters> change;
  OldNames old;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutUser::username>("username", "Name of the user."), inlined<&PutUser::password>(),
                      inlined<&PutUser::change>(), inlined<&PutUser::old>()};
  }
};
struct PutPassword {
  std::string username;
  NewPassword password;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutPassword::username>("username", "Name of the user."), inlined<&PutPassword::password>()};
  }
};
struct PutPolicies {
  std::string username;
  std::optional<schema::CommaList> token_policies, policies;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutPolicies::username>("username", "Name of the user."),
                      field<&PutPolicies::token_policies>("token_policies", "Policies of the tokens.").open(),
                      field<&PutPolicies::policies>("policies", "Older name of token_policies.").open()};
  }
};
struct TryLogin {
  std::string username;
  SecretBytes password;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&TryLogin::username>("username", "Name of the user."),
                      field<&TryLogin::password>("password", "The user's password.")};
  }
};

Result<void> check_size(const SecretBytes& password) {
  if (password.size() > max_password) return invalid("password is longer than 4096 bytes");
  return {};
}

// The hash to keep. Takes 20 ms where it must be made.
Result<std::string> make_hash(const NewPassword& in) {
  if (!in.given()) return invalid("must provide either password or password_hash");
  if (!in.password.empty() && !in.password_hash.empty()) return invalid("must provide only one of password and password_hash");
  CHECK_OK(check_size(in.password));
  if (in.password_hash.empty()) return crypto::password_hash(in.password.reveal_text());
  if (!is_bcrypt(in.password_hash.reveal_text()))
    return invalid("password_hash must be a bcrypt hash of cost 4 to 14, such as \"$2b$10$...\"");
  return std::string(in.password_hash.reveal_text());
}

bool verify(std::string_view hash, const SecretBytes& password) {
  if (hash.starts_with("$2")) return bcrypt_verify(hash, password.reveal_text());
  return crypto::password_verify(hash, password.reveal_text());
}

// The default policy apart, which each token may have or not.
bool same_policies(std::span<const std::string> token, const std::vector<std::string>& user) {
  const auto plain = [](auto begin, auto end) {
    std::vector<std::string> out;
    std::copy_if(begin, end, std::back_inserter(out), [](const std::string& p) { return p != "default"; });
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  };
  return plain(token.begin(), token.end()) == plain(user.begin(), user.end());
}

class Userpass final : public Backend {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("users", "The users.").on(Verb::list, this, &Userpass::list_users, "Lists the users."));
    out.push_back(schema::at("users/{username}", "A user.")
                      .folds_names()
                      .on(Verb::read, this, &Userpass::read_user, "Reads a user's token parameters.")
                      .on(Verb::write, this, &Userpass::write_user, "Makes a user, or changes what is given.")
                      .exists(this, &Userpass::exists)
                      .on(Verb::remove, this, &Userpass::delete_user, "Deletes a user."));
    out.push_back(schema::at("users/{username}/password", "A user's password.")
                      .folds_names()
                      .on(Verb::write, this, &Userpass::write_password, "Sets the password."));
    out.push_back(schema::at("users/{username}/policies", "A user's policies.")
                      .folds_names()
                      .on(Verb::write, this, &Userpass::write_policies, "Sets the policies."));
    out.push_back(schema::at("login/{username}", "Login.")
                      .folds_names()
                      .on(Verb::write, this, &Userpass::login, "Logs in by name and password.", schema::Access::anyone)
                      .locks_out<&TryLogin::username>());
    return out;
  }
  [[nodiscard]] std::string_view help() const override {
    return "The userpass auth method: users/<name> keeps names, passwords and policies; login/<name> gives a token for a password.";
  }

  Result<schema::TokenParameters> renew_login(const Caller&, const Snapshot& view, const LoginRecord& login) override {
    const auto name = TRY(NormalizedName::from(login.alias_name));
    auto user = TRY(load_user(view, name));
    if (!user) return fail(Code::permission_denied, "the user of this token is gone, so the token cannot be renewed");
    if (!same_policies(login.policies, user->profile.token.token_policies.items)) return invalid("policies have changed, not renewing");
    return std::move(user->profile.token);
  }

 private:
  Result<bool> exists(const Caller&, const Snapshot& view, const UserName& in) {
    return TRY(view.get(user_key(TRY(NormalizedName::from(in.username))))).has_value();
  }
  Result<schema::Keys> list_users(const Caller&, const Snapshot& view, const schema::Page& page) {
    return schema::Keys{TRY(list_names(view, "user/", '\0', page)), ""};
  }
  Result<std::optional<Profile>> read_user(const Caller&, const Snapshot& view, const UserName& in) {
    auto user = TRY(load_user(view, TRY(NormalizedName::from(in.username))));
    if (!user) return std::optional<Profile>();
    return std::optional(std::move(user->profile));
  }
  Result<schema::Nothing> delete_user(const Caller&, Transaction& view, const UserName& in) {
    view.erase(user_key(TRY(NormalizedName::from(in.username))));
    return schema::Nothing{};
  }

  // The parameters are checked before the costly hash is made, and applied again to the user as it is then.
  Result<schema::Nothing> write_user(const Caller&, Session& session, const PutUser& in) {
    const auto name = TRY(NormalizedName::from(in.username));
    CHECK_OK(session.snapshot([&](const Snapshot& view) -> Result<void> {
      auto user = TRY(load_user(view, name));
      if (!user && !in.password.given()) return invalid("must provide either password or password_hash");
      Profile trial = user ? std::move(user->profile) : Profile{};
      return apply(trial, in.change, in.old);
    }));
    std::string hash;
    if (in.password.given()) hash = TRY(make_hash(in.password));
    session.finish([name, hash = std::move(hash), change = in.change, old = in.old](Transaction& view) -> Result<void> {
      auto found = TRY(load_user(view, name));
      if (!found && hash.empty()) return invalid("must provide either password or password_hash");
      User user = found ? *std::move(found) : User{};
      CHECK_OK(apply(user.profile, change, old));
      if (!hash.empty()) user.hash = hash;
      return save_user(view, name, user);
    });
    return schema::Nothing{};
  }

  Result<schema::Nothing> write_password(const Caller&, Session& session, const PutPassword& in) {
    const auto name = TRY(NormalizedName::from(in.username));
    const auto missing = [] { return invalid("username does not exist"); };
    CHECK_OK(session.snapshot([&](const Snapshot& view) -> Result<void> {
      if (!TRY(load_user(view, name))) return missing();
      return {};
    }));
    session.finish([name, missing, hash = TRY(make_hash(in.password))](Transaction& view) -> Result<void> {
      auto user = TRY(load_user(view, name));
      if (!user) return missing();
      user->hash = hash;
      return save_user(view, name, *user);
    });
    return schema::Nothing{};
  }

  Result<schema::Nothing> write_policies(const Caller&, Transaction& view, const PutPolicies& in) {
    const auto name = TRY(NormalizedName::from(in.username));
    auto user = TRY(load_user(view, name));
    if (!user) return invalid("username does not exist");
    Profile& profile = user->profile;
    if (in.token_policies) {
      profile.token.token_policies = *in.token_policies;
      profile.old.policies.value.reset();
    } else if (in.policies) {
      profile.token.token_policies = *in.policies;
      profile.old.policies.value = in.policies;
    } else {
      return invalid("missing token_policies");
    }
    CHECK_OK(schema::validate(profile.token));
    if (profile.old.policies.value) profile.old.policies.value = profile.token.token_policies;
    CHECK_OK(save_user(view, name, *user));
    return schema::Nothing{};
  }

  // Takes as long for a user that is not there: a decoy is verified (C02). Every failure has the same words (C03).
  Result<schema::Login> login(const Caller& caller, Session& session, const TryLogin& in) {
    if (in.password.empty()) return invalid("missing password");
    CHECK_OK(check_size(in.password));
    const auto name = TRY(NormalizedName::from(in.username));
    const auto refused = [] { return fail(Code::bad_credentials, std::string(wrong_credentials)); };
    std::optional<User> user;
    CHECK_OK(session.snapshot([&](const Snapshot& view) -> Result<void> {
      user = TRY(load_user(view, name));
      return {};
    }));
    const bool right = verify(user ? std::string_view(user->hash) : crypto::password_decoy(), in.password);
    if (!user || !right) return refused();
    const auto& blocks = user->profile.token.token_bound_cidrs.items;
    if (!blocks.empty() && !cidr_list_contains(blocks, caller.remote_address.empty() ? "127.0.0.1" : caller.remote_address))
      return fail(Code::permission_denied, "permission denied");
    // Another server's hash gives way to our own.
    std::string better;
    if (user->hash.starts_with("$2")) better = TRY(crypto::password_hash(in.password.reveal_text()));
    session.finish([name, refused, seen = schema::to_json(*user), better = std::move(better)](Transaction& view) -> Result<void> {
      auto now = TRY(load_user(view, name));
      if (!now || schema::to_json(*now) != seen) return refused();
      if (better.empty()) return {};
      now->hash = better;
      return save_user(view, name, *now);
    });
    schema::Login out;
    out.alias_name = out.display_name = name.str();
    out.metadata.emplace("username", name.str());
    out.token = std::move(user->profile.token);
    return out;
  }
};

}  // namespace
}  // namespace coffer::userpass

namespace coffer {
std::unique_ptr<Backend> make_userpass(const BackendServices&) { return std::make_unique<userpass::Userpass>(); }
}  // namespace coffer
