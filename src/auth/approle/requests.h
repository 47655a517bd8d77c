#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "auth/approle/records.h"
#include "backend/listing.h"
#include "schema/endpoint.h"

// What the approle endpoints ask for and answer.
namespace coffer::approle {

using schema::field;
using schema::inlined;

struct RoleName {
  std::string role_name;
  static constexpr auto fields() { return schema::Fields{schema::path<&RoleName::role_name>("role_name", "Name of the role.")}; }
};

struct PutRole {
  std::string role_name;
  std::optional<std::string> role_id;
  std::optional<bool> bind_secret_id, local_secret_ids;
  std::optional<schema::CommaList> secret_id_bound_cidrs, bound_cidr_list;
  std::optional<std::int64_t> secret_id_num_uses;
  std::optional<Seconds> secret_id_ttl;
  schema::Patch<schema::TokenParameters> change;
  std::optional<schema::CommaList> policies;
  std::optional<Seconds> period;
  static constexpr auto fields() {
    using T = PutRole;
    return schema::Fields{
        schema::path<&T::role_name>("role_name", "Name of the role."),
        field<&T::role_id>("role_id", "The role's id; made when not given."),
        field<&T::bind_secret_id>("bind_secret_id", "Whether a login needs a secret id.").open(),
        field<&T::local_secret_ids>("local_secret_ids", "Whether secret ids stay on this cluster; set when the role is made.").open(),
        field<&T::secret_id_bound_cidrs>("secret_id_bound_cidrs", "Address blocks from which logins come.").open(),
        field<&T::bound_cidr_list>("bound_cidr_list", "Older name of secret_id_bound_cidrs.").open(),
        field<&T::secret_id_num_uses>("secret_id_num_uses", "How often a secret id logs in; 0 is without limit.").open(),
        field<&T::secret_id_ttl>("secret_id_ttl", "How long a secret id lives; 0 is without limit.").open(),
        inlined<&T::change>(),
        field<&T::policies>("policies", "Older name of token_policies.").open(),
        field<&T::period>("period", "Older name of token_period.").open()};
  }
};
struct RoleReply {
  bool bind_secret_id = true, local_secret_ids = false;
  std::optional<std::vector<std::string>> secret_id_bound_cidrs;
  std::int64_t secret_id_num_uses = 0;
  Seconds secret_id_ttl{0};
  schema::TokenParameters token;
  schema::Omit<schema::CommaList> policies;
  schema::Omit<Seconds> period;
  static constexpr auto fields() {
    using T = RoleReply;
    return schema::Fields{field<&T::bind_secret_id>("bind_secret_id", "Whether a login needs a secret id.").open(),
                      field<&T::local_secret_ids>("local_secret_ids", "Whether secret ids stay on this cluster.").open(),
                      field<&T::secret_id_bound_cidrs>("secret_id_bound_cidrs", "Address blocks from which logins come.").open(),
                      field<&T::secret_id_num_uses>("secret_id_num_uses", "How often a secret id logs in; 0 is without limit.").open(),
                      field<&T::secret_id_ttl>("secret_id_ttl", "How long a secret id lives; 0 is without limit.").open(),
                      inlined<&T::token>(),
                      field<&T::policies>("policies", "Older name of token_policies.").open(),
                      field<&T::period>("period", "Older name of token_period.").open()};
  }
};
struct RoleIdReply {
  std::string role_id;
  static constexpr auto fields() { return schema::Fields{field<&RoleIdReply::role_id>("role_id", "The role's id.")}; }
};
struct PutRoleId {
  std::string role_name, role_id;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutRoleId::role_name>("role_name", "Name of the role."),
                      field<&PutRoleId::role_id>("role_id", "The role's id.")};
  }
};

// One parameter of a role, as an endpoint of its own. P: see parts.cpp.
template <class P>
concept HasOldName = requires { P::old_name; };
template <class P>
struct PutPart {
  std::string role_name;
  std::optional<typename P::Value> value;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutPart::role_name>("role_name", "Name of the role."), field<&PutPart::value>(P::name, P::help).open()};
  }
};
template <HasOldName P>
struct PutPart<P> {
  std::string role_name;
  std::optional<typename P::Value> value, old;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutPart::role_name>("role_name", "Name of the role."), field<&PutPart::value>(P::name, P::help).open(),
                      field<&PutPart::old>(P::old_name, "Older name of the same.").open()};
  }
};
// A list that was never set is null where P says so.
template <class P>
concept NullWhenEmpty = requires { P::null_when_empty; };
template <class P>
struct PartReply {
  std::conditional_t<NullWhenEmpty<P>, std::optional<typename P::Value>, typename P::Value> value;
  static constexpr auto fields() { return schema::Fields{field<&PartReply::value>(P::name, P::help).open()}; }
};
template <HasOldName P>
struct PartReply<P> {
  typename P::Value value;
  schema::Omit<typename P::Value> old;
  static constexpr auto fields() {
    return schema::Fields{field<&PartReply::value>(P::name, P::help).open(),
                      field<&PartReply::old>(P::old_name, "Older name of the same.").open()};
  }
};

// Properties of a new secret id.
struct SecretProperties {
  schema::RawJson metadata;
  schema::CommaList cidr_list, token_bound_cidrs;
  std::optional<std::int64_t> num_uses;
  std::optional<Seconds> ttl;
  static constexpr auto fields() {
    using T = SecretProperties;
    return schema::Fields{field<&T::metadata>("metadata", "Marks for the tokens: texts by name, as an object or its JSON in a string."),
                      field<&T::cidr_list>("cidr_list", "Address blocks from which this secret id logs in.").open(),
                      field<&T::token_bound_cidrs>("token_bound_cidrs", "Address blocks from which its tokens may be used.").open(),
                      field<&T::num_uses>("num_uses", "How often it logs in; the role's when not given.").open(),
                      field<&T::ttl>("ttl", "How long it lives; the role's when not given.").open()};
  }
};
struct NewSecret {
  std::string role_name;
  SecretProperties properties;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&NewSecret::role_name>("role_name", "Name of the role."), inlined<&NewSecret::properties>()};
  }
};
struct CustomSecret {
  NewSecret secret;
  SecretBytes secret_id;
  static constexpr auto fields() {
    return schema::Fields{inlined<&CustomSecret::secret>(), field<&CustomSecret::secret_id>("secret_id", "The secret id to take.")};
  }
};
struct NewSecretReply {
  SecretBytes secret_id;
  std::string secret_id_accessor;
  std::int64_t secret_id_num_uses = 0;
  Seconds secret_id_ttl{0};
  static constexpr auto fields() {
    using T = NewSecretReply;
    return schema::Fields{field<&T::secret_id>("secret_id", "The secret id; shown only now."),
                      field<&T::secret_id_accessor>("secret_id_accessor", "Names the secret id without telling it."),
                      field<&T::secret_id_num_uses>("secret_id_num_uses", "How often it logs in; 0 is without limit.").open(),
                      field<&T::secret_id_ttl>("secret_id_ttl", "How long it lives; 0 is without limit.").open()};
  }
};
struct ListAccessors {
  std::string role_name;
  schema::Page page;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&ListAccessors::role_name>("role_name", "Name of the role."), inlined<&ListAccessors::page>()};
  }
};
struct NamedSecret {
  std::string role_name;
  SecretBytes secret_id;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&NamedSecret::role_name>("role_name", "Name of the role."),
                      field<&NamedSecret::secret_id>("secret_id", "The secret id.")};
  }
};
struct NamedAccessor {
  std::string role_name, secret_id_accessor;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&NamedAccessor::role_name>("role_name", "Name of the role."),
                      field<&NamedAccessor::secret_id_accessor>("secret_id_accessor", "The accessor of the secret id.")};
  }
};

// Go's zero time where there is none.
struct TimeOrZero {
  Time time{};
};
struct TryLogin {
  std::string role_id;
  SecretBytes secret_id;
  static constexpr auto fields() {
    return schema::Fields{field<&TryLogin::role_id>("role_id", "The role's id."),
                      field<&TryLogin::secret_id>("secret_id", "A secret id of the role.")};
  }
};

}  // namespace coffer::approle

namespace coffer::schema {
template <>
struct Codec<approle::TimeOrZero> {
  static constexpr WireType wire{"string", "date-time"};
  static Result<approle::TimeOrZero> decode(json::Value v) { return approle::TimeOrZero{TRY(Codec<Time>::decode(v))}; }
  static void encode(json::Writer& w, approle::TimeOrZero t) {
    if (t.time == Time())
      w.string("0001-01-01T00:00:00Z");
    else
      Codec<Time>::encode(w, t.time);
  }
};
}  // namespace coffer::schema

namespace coffer::approle {

struct SecretReply {
  std::vector<std::string> cidr_list;
  Time creation_time{};
  TimeOrZero expiration_time;
  Time last_updated_time{};
  schema::StringMap metadata;
  std::string secret_id_accessor;
  std::int64_t secret_id_num_uses = 0;
  Seconds secret_id_ttl{0};
  std::vector<std::string> token_bound_cidrs;
  static constexpr auto fields() {
    using T = SecretReply;
    return schema::Fields{field<&T::cidr_list>("cidr_list", "Address blocks from which it logs in.").open(),
                      field<&T::creation_time>("creation_time", "When it was made.").open(),
                      field<&T::expiration_time>("expiration_time", "When it ends.").open(),
                      field<&T::last_updated_time>("last_updated_time", "When it was last used or changed.").open(),
                      field<&T::metadata>("metadata", "Marks for the tokens."),
                      field<&T::secret_id_accessor>("secret_id_accessor", "Names the secret id without telling it."),
                      field<&T::secret_id_num_uses>("secret_id_num_uses", "How often it still logs in; 0 is without limit.").open(),
                      field<&T::secret_id_ttl>("secret_id_ttl", "How long it lives from its making; 0 is without limit.").open(),
                      field<&T::token_bound_cidrs>("token_bound_cidrs", "Address blocks from which its tokens may be used.").open()};
  }
};
// Vault answers an unknown accessor with data beside the status 404.
struct AccessorError {
  std::string error;
  static constexpr auto fields() { return schema::Fields{field<&AccessorError::error>("error", "What is wrong.")}; }
};

}  // namespace coffer::approle
