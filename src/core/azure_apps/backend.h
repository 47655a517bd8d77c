#pragma once
#include "core/azure_apps/requests.h"
#include "core/system.h"

namespace coffer::core {

// Applications of Azure's clients that log in by signed assertions, and the issuers whose tokens are believed. In the mount's own space:
//   app/<client id>                 an AzureApp
//   federated/<client id>/<name>    a FederatedCredential
//   used/<digest>                   an assertion that was used, with its end; used-until/<16 hex seconds>/<digest> finds those that are over
// The issuers lie in a space of the core's own, see trust.h. Handlers stand in apps.cpp, issuers.cpp and login.cpp.
class AzureAppBackend final : public Backend {
 public:
  std::vector<schema::Endpoint> endpoints() override;
  [[nodiscard]] std::string_view help() const override {
    return "Applications that log in through Azure's API by assertions that they or issuers they are federated with have signed, and "
           "issuers whose "
           "tokens are bearer tokens there.";
  }
  Result<schema::TokenParameters> renew_login(const Caller& c, const Snapshot& view, const LoginRecord& login) override;
  // Forgetting used assertions that are over.
  Result<bool> has_chores(const MountInfo& mount, const Snapshot& view, Time now) override;
  Result<void> do_chores(const MountInfo& mount, Transaction& view, Time now) override;

 private:
  // apps.cpp
  Result<bool> app_exists(const Caller& c, const Snapshot& view, const AppId& in);
  Result<schema::Keys> list_apps(const Caller& c, const Snapshot& view, const schema::NoMembers& in);
  Result<std::optional<AzureApp>> read_app(const Caller& c, const Snapshot& view, const AppId& in);
  Result<schema::Nothing> write_app(const Caller& c, Transaction& view, const PutApp& in);
  Result<schema::Nothing> delete_app(const Caller& c, Transaction& view, const AppId& in);
  Result<schema::Keys> list_federated(const Caller& c, const Snapshot& view, const AppId& in);
  Result<std::optional<FederatedCredential>> read_federated(const Caller& c, const Snapshot& view, const FederatedName& in);
  Result<schema::Nothing> write_federated(const Caller& c, Transaction& view, const PutFederated& in);
  Result<schema::Nothing> delete_federated(const Caller& c, Transaction& view, const FederatedName& in);

  // issuers.cpp
  Result<schema::Keys> list_issuers(const Caller& c, const Snapshot& view, const schema::NoMembers& in);
  Result<std::optional<TrustedIssuer>> read_issuer(const Caller& c, const Snapshot& view, const TrustName& in);
  Result<schema::Nothing> write_issuer(const Caller& c, Transaction& view, const PutIssuer& in);
  Result<schema::Nothing> delete_issuer(const Caller& c, Transaction& view, const TrustName& in);
  Result<schema::Keys> list_grants(const Caller& c, const Snapshot& view, const schema::NoMembers& in);
  Result<std::optional<ClaimGrant>> read_grant(const Caller& c, const Snapshot& view, const TrustName& in);
  Result<schema::Nothing> write_grant(const Caller& c, Transaction& view, const PutGrant& in);
  Result<schema::Nothing> delete_grant(const Caller& c, Transaction& view, const TrustName& in);

  // login.cpp
  Result<schema::Login> log_in(const Caller& c, Transaction& view, const AssertedLogin& in);
};

// The record at `key`; nothing where there is none.
template <class T>
Result<std::optional<T>> stored(const Snapshot& view, const std::string& key) {
  const auto text = TRY(view.get(key));
  if (!text) return std::optional<T>();
  return std::optional<T>(TRY(schema::from_json<T>(text->reveal_text())));
}
// Letters, digits and ".-_", 1 to 128 of them: names of applications, credentials, issuers and grants.
[[nodiscard]] Result<void> check_app_name(std::string_view name, std::string_view what);
[[nodiscard]] Result<std::optional<AzureApp>> find_app(const Snapshot& view, std::string_view client_id);
[[nodiscard]] Result<std::vector<FederatedCredential>> federated_of(const Snapshot& view, std::string_view client_id);

}  // namespace coffer::core
