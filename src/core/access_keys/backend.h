#pragma once
#include "core/access_keys/requests.h"
#include "core/system.h"

namespace coffer::core {

// The key ring: access keys, for clients of AWS's API. Its handlers stand in keys.cpp, roles.cpp and sts.cpp.
class AccessKeyBackend final : public Backend {
 public:
  explicit AccessKeyBackend(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override;
  [[nodiscard]] std::string_view help() const override {
    return "Access keys: ids with secrets that sign requests of AWS's API. Each stands for a token, whose policies guard what the key may "
           "do.";
  }

 private:
  // keys.cpp
  Result<schema::Keys> list_keys(const Caller& c, const Snapshot& view, const schema::NoMembers& in);
  Result<CreatedKey> create_key(const Caller& c, Transaction& view, const CreateKey& in);
  Result<std::optional<KeyInfo>> read_key(const Caller& c, const Snapshot& view, const KeyId& in);
  Result<schema::Nothing> change_key(const Caller& c, Transaction& view, const ChangeKey& in);
  Result<schema::Nothing> delete_key(const Caller& c, Transaction& view, const KeyId& in);
  Result<CreatedKey> rotate_key(const Caller& c, Transaction& view, const KeyId& in);
  Result<SessionReply> session(const Caller& c, const Snapshot& view, const WantedSession& in);

  // roles.cpp
  Result<schema::Keys> list_roles(const Caller& c, const Snapshot& view, const schema::NoMembers& in);
  Result<std::optional<KeyRole>> read_role(const Caller& c, const Snapshot& view, const RoleName& in);
  Result<schema::Nothing> write_role(const Caller& c, Transaction& view, const PutRole& in);
  Result<schema::Nothing> delete_role(const Caller& c, Transaction& view, const RoleName& in);

  // sts.cpp
  Result<CallerIdentity> identity(const Caller& c, const Snapshot& view, const schema::NoMembers& in);
  Result<bool> may_assume(const Caller& c, const Snapshot& view, const AssumeRole& in);
  Result<AssumedRole> assume(const Caller& c, Transaction& view, const AssumeRole& in);
  Result<AssumedRole> assume_by_web(const Caller& c, Transaction& view, const AssumeRole& in);
  Result<ContainerCredentials> container(const Caller& c, const Snapshot& view, const schema::NoMembers& in);

  System& system_;
};

// Whether a text can be the `policy_document` of a key or a role; "" can. The error says why not.
[[nodiscard]] Result<void> check_identity_policy(std::string_view text);
// Session credentials of a token, which end with it at the latest. Fails for tokens that cannot be looked up by what the credentials hold.
[[nodiscard]] Result<SessionCredentials> session_of(const token::Record& token, Seconds ttl, Runtime& runtime);

}  // namespace coffer::core
