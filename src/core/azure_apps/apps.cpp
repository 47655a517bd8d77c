#include <algorithm>

#include "backend/listing.h"
#include "base/encoding.h"
#include "core/azure_apps/backend.h"
#include "core/issue.h"
#include "crypto/jws.h"

// Applications and their federated credentials.
namespace coffer::core {
namespace {

constexpr std::size_t most_certificates = 20, most_credentials = 20;

std::string app_key(std::string_view client_id) { return "app/" + ascii_lower(client_id); }
std::string federated_key(std::string_view client_id, std::string_view name) {
  return "federated/" + ascii_lower(client_id) + "/" + std::string(name);
}

Result<void> check(AzureApp& app) {
  CHECK_OK(schema::validate(app.token));
  CHECK_OK(refuse_root(app.token.token_policies.items));
  if (app.certificates.size() > most_certificates) return invalid("an application has at most 20 certificates");
  if (!app.certificates.empty()) CHECK_OK(crypto::VerificationKeys::load(app.certificates, ""));
  return {};
}

}  // namespace

Result<void> check_app_name(std::string_view name, std::string_view what) {
  const bool good = !name.empty() && name.size() <= 128 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
  if (good) return {};
  return invalid(std::string(what) + " must have 1 to 128 letters, digits or characters of .-_");
}

Result<std::optional<AzureApp>> find_app(const Snapshot& view, std::string_view client_id) {
  return stored<AzureApp>(view, app_key(client_id));
}

Result<std::vector<FederatedCredential>> federated_of(const Snapshot& view, std::string_view client_id) {
  std::vector<FederatedCredential> out;
  const std::string prefix = federated_key(client_id, "");
  for (const std::string& name : TRY(view.children(prefix, '\0', "", most_credentials)))
    if (auto found = TRY(stored<FederatedCredential>(view, prefix + name))) out.push_back(*std::move(found));
  return out;
}

std::vector<schema::Endpoint> AzureAppBackend::endpoints() {
  using schema::Access;
  using schema::Verb;
  using T = AzureAppBackend;
  std::vector<schema::Endpoint> out;
  out.push_back(schema::at("apps", "Applications.").on(Verb::list, this, &T::list_apps, "Lists the applications."));
  out.push_back(schema::at("apps/{client_id}", "An application that logs in by signed assertions.")
                    .folds_names()
                    .on(Verb::read, this, &T::read_app, "Shows an application.")
                    .on(Verb::write, this, &T::write_app, "Makes an application, or changes what is given.")
                    .exists(this, &T::app_exists)
                    .on(Verb::remove, this, &T::delete_app,
                        "Deletes an application with its federated credentials; tokens that it has go on until they end."));
  out.push_back(schema::at("apps/{client_id}/federated", "Federated credentials of an application.")
                    .folds_names()
                    .on(Verb::list, this, &T::list_federated, "Lists the credentials."));
  out.push_back(schema::at("apps/{client_id}/federated/{name}", "Tokens of another issuer that are assertions of an application.")
                    .folds_names()
                    .on(Verb::read, this, &T::read_federated, "Shows a credential.")
                    .on(Verb::write, this, &T::write_federated, "Makes a credential, or changes what is given.")
                    .on(Verb::remove, this, &T::delete_federated, "Deletes a credential."));
  out.push_back(schema::at("issuers", "Trusted issuers.").on(Verb::list, this, &T::list_issuers, "Lists the issuers."));
  out.push_back(schema::at("issuers/{name}", "An issuer of signed tokens, and its keys.")
                    .on(Verb::read, this, &T::read_issuer, "Shows an issuer.")
                    .on(Verb::write, this, &T::write_issuer, "Trusts an issuer, or changes what is given.")
                    .on(Verb::remove, this, &T::delete_issuer, "Trusts it no longer: its tokens are refused from then on."));
  out.push_back(schema::at("grants", "What tokens of trusted issuers may do.").on(Verb::list, this, &T::list_grants, "Lists the grants."));
  out.push_back(schema::at("grants/{name}", "Policies of the tokens that have a value in a claim.")
                    .on(Verb::read, this, &T::read_grant, "Shows a grant.")
                    .on(Verb::write, this, &T::write_grant, "Makes a grant, or changes what is given.")
                    .on(Verb::remove, this, &T::delete_grant, "Deletes a grant."));
  out.push_back(schema::at("login", "Logins through Azure's token endpoints.")
                    .on_action("azure:LogIn", Verb::write, this, &T::log_in, "Gives a token for a signed assertion.", Access::anyone)
                    .heavy());
  return out;
}

Result<bool> AzureAppBackend::app_exists(const Caller&, const Snapshot& view, const AppId& in) {
  return TRY(find_app(view, in.client_id)).has_value();
}

Result<schema::Keys> AzureAppBackend::list_apps(const Caller&, const Snapshot& view, const schema::NoMembers&) {
  return schema::Keys{TRY(list_names(view, "app/", '\0', {})), ""};
}

Result<std::optional<AzureApp>> AzureAppBackend::read_app(const Caller&, const Snapshot& view, const AppId& in) {
  return find_app(view, in.client_id);
}

Result<schema::Nothing> AzureAppBackend::write_app(const Caller&, Transaction& view, const PutApp& in) {
  CHECK_OK(check_app_name(in.client_id, "the client id"));
  AzureApp app = TRY(find_app(view, in.client_id)).value_or(AzureApp());
  CHECK_OK(in.change.apply(app));
  CHECK_OK(check(app));
  CHECK_OK(view.put(app_key(in.client_id), schema::to_json(app)));
  return schema::Nothing{};
}

Result<schema::Nothing> AzureAppBackend::delete_app(const Caller&, Transaction& view, const AppId& in) {
  view.erase(app_key(in.client_id));
  const std::string prefix = federated_key(in.client_id, "");
  for (const std::string& name : TRY(view.children(prefix, '\0', "", most_credentials))) view.erase(prefix + name);
  return schema::Nothing{};
}

Result<schema::Keys> AzureAppBackend::list_federated(const Caller&, const Snapshot& view, const AppId& in) {
  return schema::Keys{TRY(list_names(view, federated_key(in.client_id, ""), '\0', {})), ""};
}

Result<std::optional<FederatedCredential>> AzureAppBackend::read_federated(const Caller&, const Snapshot& view, const FederatedName& in) {
  return stored<FederatedCredential>(view, federated_key(in.client_id, in.name));
}

Result<schema::Nothing> AzureAppBackend::write_federated(const Caller&, Transaction& view, const PutFederated& in) {
  CHECK_OK(check_app_name(in.name, "the credential's name"));
  if (!TRY(find_app(view, in.client_id))) return fail(Code::not_found, "there is no application of this client id: make it first");
  const std::string key = federated_key(in.client_id, in.name);
  auto found = TRY(stored<FederatedCredential>(view, key));
  if (!found && TRY(federated_of(view, in.client_id)).size() >= most_credentials)
    return invalid("an application has at most 20 federated credentials");
  FederatedCredential credential = found ? *std::move(found) : FederatedCredential{"", "", {{"api://AzureADTokenExchange"}}};
  CHECK_OK(in.change.apply(credential));
  if (credential.issuer.empty() || credential.subject.empty() || credential.audiences.items.empty())
    return invalid("a federated credential needs issuer, subject and audiences");
  CHECK_OK(view.put(key, schema::to_json(credential)));
  return schema::Nothing{};
}

Result<schema::Nothing> AzureAppBackend::delete_federated(const Caller&, Transaction& view, const FederatedName& in) {
  view.erase(federated_key(in.client_id, in.name));
  return schema::Nothing{};
}

std::unique_ptr<Backend> make_azure_app_backend() { return std::make_unique<AzureAppBackend>(); }

}  // namespace coffer::core
