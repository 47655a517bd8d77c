#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "core/access_keys/roles.h"
#include "schema/field.h"

// Requests and replies of the key ring's endpoints.
namespace coffer::core {

struct CreateKey {
  std::string user, description, policy_document;
  schema::CommaList token_policies, token_bound_cidrs;
  Seconds token_ttl{0};
  bool token_no_default_policy = false;
  static constexpr auto fields() {
    using T = CreateKey;
    using schema::field;
    return schema::Fields{field<&T::user>("user", "Whose key it is: names the entity and the principal's ARN.").open().required(),
                      field<&T::description>("description", "What it is for.").open(),
                      field<&T::token_policies>("token_policies", "Policies of requests that are signed with it.").open(),
                      field<&T::policy_document>("policy_document", "A policy in IAM's JSON: what it allows is granted beside the policies, what it denies is denied.").open(),
                      field<&T::token_bound_cidrs>("token_bound_cidrs", "Address blocks from which it may be used.").open(),
                      field<&T::token_ttl>("token_ttl", "How long it is good for; 0 is without an end.").open(),
                      field<&T::token_no_default_policy>("token_no_default_policy", "Leaves the default policy out.").open()};
  }
};
struct CreatedKey {
  std::string access_key_id;
  SecretBytes secret_access_key;
  std::string user, token_accessor;
  static constexpr auto fields() {
    using T = CreatedKey;
    using schema::field;
    return schema::Fields{field<&T::access_key_id>("access_key_id", "Id of the key.").open(),
                      field<&T::secret_access_key>("secret_access_key", "Its secret, shown this once."),
                      field<&T::user>("user", "Whose key it is.").open(),
                      field<&T::token_accessor>("token_accessor", "Accessor of the token that it stands for.")};
  }
};
struct KeyId {
  std::string access_key_id;
  static constexpr auto fields() { return schema::Fields{schema::path<&KeyId::access_key_id>("access_key_id", "Id of the key.")}; }
};
struct ChangeKey {
  std::string access_key_id;
  std::optional<bool> disabled;
  std::optional<std::string> description, policy_document;
  static constexpr auto fields() {
    using T = ChangeKey;
    using schema::field;
    return schema::Fields{schema::path<&T::access_key_id>("access_key_id", "Id of the key."),
                      field<&T::disabled>("disabled", "True: requests signed with it are refused.").open(),
                      field<&T::description>("description", "What it is for.").open(),
                      field<&T::policy_document>("policy_document", "A policy in IAM's JSON, in place of the one it has; empty takes it away.").open()};
  }
};
struct KeyInfo {
  std::string access_key_id, user, description, policy_document;
  bool disabled = false, alive = true;
  Time created{};
  std::optional<Time> rotated, last_used, expires;
  std::vector<std::string> policies;
  std::string token_accessor;
  static constexpr auto fields() {
    using T = KeyInfo;
    using schema::field;
    return schema::Fields{field<&T::access_key_id>("access_key_id", "Id of the key.").open(),
                      field<&T::user>("user", "Whose key it is.").open(),
                      field<&T::description>("description", "What it is for.").open(),
                      field<&T::disabled>("disabled", "True: requests signed with it are refused.").open(),
                      field<&T::alive>("alive", "False: its token was revoked, or has ended.").open(),
                      field<&T::created>("created", "When it was made.").open(),
                      field<&T::rotated>("rotated", "When its secret was last replaced.").open(),
                      field<&T::last_used>("last_used", "When it was last used, to the minute.").open(),
                      field<&T::expires>("expires", "When it ends.").open(),
                      field<&T::policies>("policies", "Its policies.").open(),
                      field<&T::policy_document>("policy_document", "Its policy in IAM's JSON.").open(),
                      field<&T::token_accessor>("token_accessor", "Accessor of the token that it stands for.")};
  }
};
// Session credentials of the caller's token.
struct WantedSession {
  Seconds ttl{3600};
  static constexpr auto fields() {
    return schema::Fields{schema::field<&WantedSession::ttl>("ttl", "How long they are good for; never longer than the token.").open()};
  }
};
struct SessionReply {
  std::string access_key_id;
  SecretBytes secret_access_key, session_token;
  Time expiration{};
  static constexpr auto fields() {
    using T = SessionReply;
    using schema::field;
    return schema::Fields{field<&T::access_key_id>("access_key_id", "Id of the credentials.").open(),
                      field<&T::secret_access_key>("secret_access_key", "Their secret."),
                      field<&T::session_token>("session_token", "Goes with each request."),
                      field<&T::expiration>("expiration", "When they end.").open()};
  }
};

struct RoleName {
  std::string name;
  static constexpr auto fields() { return schema::Fields{schema::path<&RoleName::name>("name", "Name of the role.")}; }
};
struct PutRole {
  std::string name;
  schema::Patch<KeyRole> change;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutRole::name>("name", "Name of the role."), schema::inlined<&PutRole::change>()};
  }
};

// The Security Token Service, in AWS's names.
struct CallerIdentity {
  std::string user_id, account, arn;
  static constexpr auto fields() {
    using T = CallerIdentity;
    using schema::field;
    return schema::Fields{field<&T::arn>("Arn", "Who asks.").open(), field<&T::user_id>("UserId", "The same as an id.").open(),
                      field<&T::account>("Account", "The account.").open()};
  }
};
struct AssumeRole {
  std::string role, session_name, role_arn, policy, web_identity_token;
  std::int64_t duration = 3600;
  static constexpr auto fields() {
    using T = AssumeRole;
    using schema::field;
    return schema::Fields{schema::path<&T::role>("role", "Name of the role."),
                      field<&T::session_name>("RoleSessionName", "Name of the session.").open(),
                      field<&T::role_arn>("RoleArn", "The role.").open(),
                      field<&T::policy>("Policy", "What narrows the session, in IAM's JSON.").open(),
                      field<&T::web_identity_token>("WebIdentityToken", "A signed JSON Web Token."),
                      field<&T::duration>("DurationSeconds", "How long the session is good for.").open()};
  }
};
struct StsCredentials {
  std::string access_key_id;
  SecretBytes secret_access_key, session_token;
  Time expiration{};
  static constexpr auto fields() {
    using T = StsCredentials;
    using schema::field;
    return schema::Fields{field<&T::access_key_id>("AccessKeyId", "").open(), field<&T::secret_access_key>("SecretAccessKey", ""),
                      field<&T::session_token>("SessionToken", ""), field<&T::expiration>("Expiration", "").open()};
  }
};
struct AssumedRoleUser {
  std::string arn, id;
  static constexpr auto fields() {
    return schema::Fields{schema::field<&AssumedRoleUser::id>("AssumedRoleId", "").open(),
                      schema::field<&AssumedRoleUser::arn>("Arn", "").open()};
  }
};
struct AssumedRole {
  StsCredentials credentials;
  AssumedRoleUser user;
  schema::Omit<std::string> subject, audience, provider;
  static constexpr auto fields() {
    using T = AssumedRole;
    using schema::field;
    return schema::Fields{field<&T::credentials>("Credentials", ""), field<&T::user>("AssumedRoleUser", ""),
                      field<&T::subject>("SubjectFromWebIdentityToken", ""), field<&T::audience>("Audience", ""),
                      field<&T::provider>("Provider", "")};
  }
};
// What the SDKs' container provider reads.
struct ContainerCredentials {
  std::string access_key_id;
  SecretBytes secret_access_key, token;
  Time expiration{};
  std::string account_id;
  static constexpr auto fields() {
    using T = ContainerCredentials;
    using schema::field;
    return schema::Fields{field<&T::access_key_id>("AccessKeyId", "").open(), field<&T::secret_access_key>("SecretAccessKey", ""),
                      field<&T::token>("Token", ""), field<&T::expiration>("Expiration", "").open(),
                      field<&T::account_id>("AccountId", "").open()};
  }
};

}  // namespace coffer::core
