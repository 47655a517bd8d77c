#pragma once
#include <string>
#include <vector>

#include "schema/login.h"

// Requests and replies of the endpoints of applications and of the issuers that are trusted.
namespace coffer::core {

// An application (an "app registration"): what its tokens may do, and the certificates that its assertions are signed with.
struct AzureApp {
  schema::TokenParameters token;
  std::vector<std::string> certificates;
  static constexpr auto fields() {
    using T = AzureApp;
    return schema::Fields{
        schema::inlined<&T::token>(),
        schema::field<&T::certificates>("certificates", "Certificates (PEM) with whose keys it signs its assertions.").open()};
  }
};
struct AppId {
  std::string client_id;
  static constexpr auto fields() { return schema::Fields{schema::path<&AppId::client_id>("client_id", "Client id of the application.")}; }
};
struct PutApp {
  std::string client_id;
  schema::Patch<AzureApp> change;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutApp::client_id>("client_id", "Client id of the application."), schema::inlined<&PutApp::change>()};
  }
};

// Whose tokens are assertions of an application too: a federated identity credential.
struct FederatedCredential {
  std::string issuer, subject;
  schema::CommaList audiences;
  static constexpr auto fields() {
    using T = FederatedCredential;
    using schema::field;
    return schema::Fields{
        field<&T::issuer>("issuer", "The token's issuer (iss): one of the trusted issuers' URLs.").open(),
        field<&T::subject>("subject", "Whom it is of (sub), to the letter.").open(),
        field<&T::audiences>("audiences", "It must be for one of these (aud); api://AzureADTokenExchange when not given.").open()};
  }
};
struct FederatedName {
  std::string client_id, name;
  static constexpr auto fields() {
    using T = FederatedName;
    return schema::Fields{schema::path<&T::client_id>("client_id", "Client id of the application."),
                      schema::path<&T::name>("name", "Name of the credential.")};
  }
};
struct PutFederated {
  std::string client_id, name;
  schema::Patch<FederatedCredential> change;
  static constexpr auto fields() {
    using T = PutFederated;
    return schema::Fields{schema::path<&T::client_id>("client_id", "Client id of the application."),
                      schema::path<&T::name>("name", "Name of the credential."), schema::inlined<&T::change>()};
  }
};

// Whose signatures are believed.
struct TrustedIssuer {
  std::string issuer, jwks;
  std::vector<std::string> public_keys;
  schema::CommaList bound_audiences;
  static constexpr auto fields() {
    using T = TrustedIssuer;
    using schema::field;
    return schema::Fields{
        field<&T::issuer>("issuer", "What its tokens have as iss.").open(),
        field<&T::jwks>("jwks", "Its keys, as a JSON Web Key Set.").open(), field<&T::public_keys>("public_keys", "Its keys, PEM.").open(),
        field<&T::bound_audiences>("bound_audiences",
                                   "Its tokens are bearer tokens here when they are for one of these (aud); empty: they are none.")
            .open()};
  }
};
struct TrustName {
  std::string name;
  static constexpr auto fields() { return schema::Fields{schema::path<&TrustName::name>("name", "Name of the entry.")}; }
};
struct PutIssuer {
  std::string name;
  schema::Patch<TrustedIssuer> change;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutIssuer::name>("name", "Name of the issuer."), schema::inlined<&PutIssuer::change>()};
  }
};

// What bearer tokens of an issuer may do that have one of the values in a claim.
struct ClaimGrant {
  std::string issuer, claim;
  schema::CommaList values, token_policies;
  static constexpr auto fields() {
    using T = ClaimGrant;
    using schema::field;
    return schema::Fields{
        field<&T::issuer>("issuer", "Name of the trusted issuer.").open(),
        field<&T::claim>("claim", "The claim that is looked at: oid, appid, azp, groups, roles, sub...").open(),
        field<&T::values>("values", "One of these must be its value, or among its values.").open(),
        field<&T::token_policies>("token_policies", "Policies of such tokens; those of all grants that fit are joined.").open()};
  }
};
struct PutGrant {
  std::string name;
  schema::Patch<ClaimGrant> change;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PutGrant::name>("name", "Name of the grant."), schema::inlined<&PutGrant::change>()};
  }
};

// RFC 7523 section 2.2.
struct AssertedLogin {
  std::string client_id, assertion;
  static constexpr auto fields() {
    using T = AssertedLogin;
    using schema::field;
    return schema::Fields{field<&T::client_id>("client_id", "Client id of the application.").open(),
                      field<&T::assertion>("client_assertion", "A signed token that says who logs in.").required()};
  }
};

}  // namespace coffer::core
