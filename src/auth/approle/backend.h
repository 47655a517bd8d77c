#pragma once
#include "auth/approle/requests.h"
#include "auth/approle/store.h"
#include "backend/backend.h"

namespace coffer::approle {

// The endpoints (vault-api §1.12), by topic in roles.cpp, parts.cpp, secret_ids.cpp and login.cpp.
class Approle final : public Backend {
 public:
  explicit Approle(const BackendServices& services) : random_(services.random) {}
  std::vector<schema::Endpoint> endpoints() override;
  [[nodiscard]] std::string_view help() const override;
  Result<schema::TokenParameters> renew_login(const Caller& caller, const Snapshot& view, const LoginRecord& login) override;

 private:
  void add_role_endpoints(std::vector<schema::Endpoint>& out);
  void add_part_endpoints(std::vector<schema::Endpoint>& out);
  void add_secret_id_endpoints(std::vector<schema::Endpoint>& out);

  // roles.cpp
  Result<bool> exists(const Caller& caller, const Snapshot& view, const RoleName& in);
  Result<schema::Keys> list_roles(const Caller& caller, const Snapshot& view, const schema::Page& in);
  Result<std::optional<RoleReply>> read_role(const Caller& caller, const Snapshot& view, const RoleName& in);
  Result<schema::Answer<schema::Nothing>> write_role(const Caller& caller, Transaction& view, const PutRole& in);
  Result<schema::Nothing> delete_role(const Caller& caller, Transaction& view, const RoleName& in);
  Result<std::optional<RoleIdReply>> read_role_id(const Caller& caller, const Snapshot& view, const RoleName& in);
  Result<schema::Nothing> write_role_id(const Caller& caller, Transaction& view, const PutRoleId& in);

  // parts.cpp: P is one parameter of a role
  template <class P>
  Result<std::optional<PartReply<P>>> read_part(const Caller& caller, const Snapshot& view, const RoleName& in);
  template <class P>
  Result<schema::Nothing> write_part(const Caller& caller, Transaction& view, const PutPart<P>& in);
  template <class P>
  Result<schema::Nothing> delete_part(const Caller& caller, Transaction& view, const RoleName& in);
  template <class P>
  void add_part(std::vector<schema::Endpoint>& out);

  // secret_ids.cpp
  Result<NewSecretReply> make_secret_id(const Caller& caller, Transaction& view, const NewSecret& in);
  Result<NewSecretReply> take_secret_id(const Caller& caller, Transaction& view, const CustomSecret& in);
  Result<NewSecretReply> register_secret_id(const Caller& caller, Transaction& view, const NewSecret& in, SecretBytes text);
  Result<schema::Keys> list_accessors(const Caller& caller, const Snapshot& view, const ListAccessors& in);
  Result<schema::Reply> look_up_secret_id(const Caller& caller, const Snapshot& view, const NamedSecret& in);
  Result<schema::Reply> look_up_accessor(const Caller& caller, const Snapshot& view, const NamedAccessor& in);
  Result<schema::Nothing> destroy_secret_id(const Caller& caller, Transaction& view, const NamedSecret& in);
  Result<schema::Reply> destroy_accessor(const Caller& caller, Transaction& view, const NamedAccessor& in);
  Result<schema::Answer<schema::Nothing>> tidy(const Caller& caller, Session& session, const schema::NoMembers& in);

  // login.cpp
  Result<schema::Login> login(const Caller& caller, Transaction& view, const TryLogin& in);

  Random& random_;
};

// Checks a whole role before it is stored, with Vault's texts.
[[nodiscard]] Result<void> check_role(Role& role);
// Checks a period when it is set: the mount grants none that is longer than its own maximum.
[[nodiscard]] Result<void> check_period(Seconds period, const MountInfo& mount);

}  // namespace coffer::approle
