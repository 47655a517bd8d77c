#include "doors/azure/door.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/header_lookup.h"
#include "core/refusals.h"
#include "doors/azure/answers.h"

namespace coffer::doors::azure {
namespace {

class AzureDoor : public testing::Test {
 protected:
  bool claims(std::string_view method, std::string target, std::vector<HeaderView> headers = {}, std::string body = "") {
    target_ = std::move(target);
    body_ = std::move(body);
    headers_ = std::move(headers);
    if (header_of(headers_, "host").empty()) headers_.push_back({"Host", "v1.vault.test:8443"});
    http_ = {method, target_, body_, "application/json", "127.0.0.1", "", 1, headers_};
    context_ = {};
    return door_.claims(http_, context_);
  }
  Result<core::Request> send(std::string_view method, std::string target, std::string body = "") {
    if (!claims(method, std::move(target), {{"Authorization", "Bearer t"}}, std::move(body))) return invalid("not claimed");
    return door_.decode(http_, context_);
  }
  // "keyvault:GetSecret v1/data/a {body}", or the error's name.
  std::string aim(std::string_view method, std::string target, std::string body = "") {
    const auto request = send(method, std::move(target), std::move(body));
    if (!request) return request.error().type ? request.error().type : request.error().message;
    std::string out = std::string(request->by_action->scope.action.substr(9)) + " " + request->path.str();
    if (!request->parse_body) return out;
    const auto document = request->parse_body();
    return out + " " + (document ? std::string(document->root().raw()) : document.error().type);
  }
  std::string answer(const Error& error) { return door_.encode(http_, context_, error, "id").body; }
  // What who shows no token is told.
  std::string challenge() { return header(door_.encode(http_, context_, missing_token().error(), "id"), "WWW-Authenticate"); }
  static std::string header(const HttpAnswer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers)
      if (key == name) return value;
    return "";
  }

  ManualClock clock_;
  Settings settings_ = [] {
    Settings s;
    s.suffix = "vault.test";
    s.vaults["team"] = {"secret/", "team/"};
    s.hosts["kv.example.com"] = "prod";
    return s;
  }();
  Door door_{settings_, clock_};
  Context context_;
  std::string target_, body_;
  std::vector<HeaderView> headers_;
  HttpRequest http_;
};

TEST_F(AzureDoor, KnowsItsHostsAndPaths) {
  EXPECT_TRUE(claims("GET", "/anything"));
  EXPECT_EQ(context_.vault, "v1");
  EXPECT_EQ(context_.host.whole(), "v1.vault.test:8443");
  EXPECT_EQ(challenge(), R"(Bearer authorization="https://login.vault.test:8443/adfs", resource="https://vault.test:8443")");
  EXPECT_TRUE(claims("GET", "/secrets", {{"host", "KV.example.com"}}));
  EXPECT_EQ(context_.vault, "prod");
  EXPECT_EQ(challenge(), R"(Bearer authorization="https://login.vault.test/adfs", resource="https://example.com")");
  EXPECT_FALSE(claims("POST", "/", {{"host", "kv.example.com"}}));
  EXPECT_TRUE(claims("POST", "/adfs/oauth2/token", {{"host", "kv.example.com"}}));
  EXPECT_EQ(context_.purpose, Purpose::token);
  EXPECT_FALSE(claims("GET", "/v1/sys/health"));  // Vault's API on any host
  for (const char* host :
       {"vault.test", "a.b.vault.test", "xvault.test", "localhost:8200", "login.vault.test", "bad_host.vault.test", "v1.vault.test:x"})
    EXPECT_FALSE(claims("GET", "/secrets", {{"Host", host}})) << host;
  const auto at_login = [&](std::string_view method, std::string target) {
    return claims(method, std::move(target), {{"Host", "localhost:8200"}});
  };
  EXPECT_TRUE(at_login("GET", "/adfs/.well-known/openid-configuration"));
  EXPECT_NE(context_.body.find(R"("token_endpoint":"https://localhost:8200/adfs/oauth2/token")"), std::string::npos);
  EXPECT_TRUE(at_login("GET", "/0f0e/v2.0/.well-known/openid-configuration"));
  EXPECT_NE(context_.body.find(R"("issuer":"https://localhost:8200/0f0e/v2.0")"), std::string::npos);
  EXPECT_NE(context_.body.find(R"("token_endpoint":"https://localhost:8200/0f0e/oauth2/v2.0/token")"), std::string::npos);
  EXPECT_TRUE(at_login("GET", "/.well-known/webfinger?rel=http%3A%2F%2Fschemas.microsoft.com%2Frel%2Ftrusted-realm&resource=https://h"));
  EXPECT_NE(context_.body.find(R"("subject":"https://h")"), std::string::npos);
  EXPECT_TRUE(at_login("GET", "/common/discovery/instance?api-version=1.1"));
  EXPECT_TRUE(at_login("GET", "/subscriptions?api-version=2019-11-01"));
  EXPECT_TRUE(at_login("POST", "/adfs/oauth2/token"));
  EXPECT_TRUE(at_login("POST", "//adfs/oauth2/v2.0/token/"));
  EXPECT_TRUE(at_login("GET", "/msi/token?resource=x"));
  EXPECT_TRUE(at_login("GET", "/metadata/identity/oauth2/token/?resource=x"));
  for (const char* target : {"/", "/ui", "/adfs/oauth2/token", "/a\"b/.well-known/openid-configuration", "/v1/oauth2/token"})
    EXPECT_FALSE(at_login("GET", target)) << target;
}

TEST_F(AzureDoor, DocumentsNameNoHostThatIsNotItsOwn) {
  const std::string path = "/adfs/.well-known/openid-configuration";
  const auto endpoint = [&](const Door& door, std::string_view host) {
    claims("GET", path, {{"Host", host}});
    Context context;
    EXPECT_TRUE(door.claims(http_, context)) << host;
    const auto document = json::Document::parse(context.body);
    return document ? std::string(document->root().find("token_endpoint")->text()) : context.body;
  };
  for (const char* host :
       {"login.vault.test:8443", "login.vault.test", "kv.example.com:1", "localhost:8200", "a.localhost", "127.0.0.1:8200", "[::1]:8200"})
    EXPECT_EQ(endpoint(door_, host), "https://" + std::string(host) + "/adfs/oauth2/token");
  for (const char* host :
       {"evil.test:8443", "vault.test:8443", "login.vault.test.evil:8443", "127.evil.test:8443", "10.0.0.1:8443", "xlocalhost:8443"})
    EXPECT_EQ(endpoint(door_, host), "https://login.vault.test:8443/adfs/oauth2/token") << host;
  Settings settings = settings_;
  settings.authority = "https://login.example.com";
  const Door door(settings, clock_);
  for (const char* host : {"login.vault.test:8443", "evil.test", "localhost"})
    EXPECT_EQ(endpoint(door, host), "https://login.example.com/adfs/oauth2/token") << host;
}

TEST_F(AzureDoor, AsksForATokenBeforeAnythingElse) {
  for (const char* target : {"/secrets/a?api-version=7.4", "/secrets/a", "/nonsense", "/%ff"}) {
    ASSERT_TRUE(claims("PUT", target)) << target;
    const auto refused = door_.decode(http_, context_);
    ASSERT_FALSE(refused) << target;
    const HttpAnswer answer = door_.encode(http_, context_, refused.error(), "id");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, R"({"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}})");
    EXPECT_EQ(header(answer, "WWW-Authenticate"),
              R"(Bearer authorization="https://login.vault.test:8443/adfs", resource="https://vault.test:8443")");
  }
  // One that is no longer good makes clients fetch another.
  const HttpAnswer revoked = door_.encode(http_, context_, Error{Code::unauthenticated, "permission denied"}, "id");
  const std::string challenge = header(revoked, "WWW-Authenticate");
  EXPECT_TRUE(challenge.starts_with(
      R"(Bearer realm="", authorization_uri="https://login.vault.test:8443/adfs/oauth2/authorize", error="insufficient_claims", claims=")"))
      << challenge;
  const auto from = challenge.rfind("claims=\"") + 8;
  const auto claims = base64_decode(std::string_view(challenge).substr(from, challenge.size() - from - 1));
  ASSERT_TRUE(claims);
  EXPECT_EQ(*claims, R"({"access_token":{"nbf":{"essential":true,"value":"1800000000"}}})");
}

TEST_F(AzureDoor, KnowsTheOperations) {
  EXPECT_EQ(aim("GET", "/secrets?api-version=7.4&maxresults=2"), R"(GetSecrets v1/metadata/ {"api-version":"7.4","maxresults":"2"})");
  EXPECT_EQ(aim("GET", "/secrets?api-version=7.4&$skiptoken=ab"), R"(GetSecrets v1/metadata/ {"api-version":"7.4","$skiptoken":"ab"})");
  EXPECT_EQ(aim("GET", "/secrets/a?api-version=7.4"), "GetSecret v1/data/a");
  EXPECT_EQ(aim("GET", "/secrets/a/0123?api-version=7.4"), R"(GetSecret v1/data/a {"version":"0123"})");
  EXPECT_EQ(aim("PUT", "/secrets/a?api-version=7.4", R"({"value":"x"})"), R"(SetSecret v1/data/a {"value":"x"})");
  EXPECT_EQ(aim("PATCH", "/secrets/a/01?api-version=7.4", R"({"version":"other","tags":{}})"),
            R"(UpdateSecret v1/metadata/a {"version":"01","tags":{}})");
  EXPECT_EQ(aim("PATCH", "/secrets/a/01?api-version=7.4", " {} "), R"(UpdateSecret v1/metadata/a {"version":"01"})");
  EXPECT_EQ(aim("PATCH", "/secrets/a/?api-version=7.4"), "UpdateSecret v1/metadata/a {}");
  EXPECT_EQ(aim("GET", "/secrets/a/versions?api-version=7.4"), R"(GetSecretVersions v1/metadata/a {"api-version":"7.4"})");
  EXPECT_EQ(aim("DELETE", "/secrets/a?api-version=7.4"), "DeleteSecret v1/metadata/a");
  EXPECT_EQ(aim("GET", "/deletedsecrets?api-version=7.4"), R"(GetDeletedSecrets v1/metadata/ {"api-version":"7.4"})");
  EXPECT_EQ(aim("GET", "/deletedsecrets/a?api-version=7.4"), "GetDeletedSecret v1/metadata/a");
  EXPECT_EQ(aim("DELETE", "/deletedsecrets/a?api-version=7.4"), "PurgeDeletedSecret v1/destroy/a");
  EXPECT_EQ(aim("POST", "/deletedsecrets/a/recover?api-version=7.4"), "RecoverDeletedSecret v1/undelete/a");
  EXPECT_EQ(aim("POST", "/secrets/a/backup?api-version=7.4"), "BackupSecret v1/azure/backup/a");
  EXPECT_EQ(aim("POST", "/secrets/restore?api-version=7.4", R"({"value":"x"})"), R"(RestoreSecret v1/azure/restore {"value":"x"})");
  EXPECT_EQ(aim("PUT", "/secrets/restore?api-version=7.4", R"({"value":"x"})"), R"(SetSecret v1/data/restore {"value":"x"})");
  for (const char* absent :
       {"/keys?api-version=7.4", "/certificates/a?api-version=7.4", "/?api-version=7.4", "/secrets/a/b/c?api-version=7.4"})
    EXPECT_EQ(aim("GET", absent), "NotFound") << absent;
  EXPECT_EQ(aim("POST", "/secrets?api-version=7.4"), "MethodNotAllowed");
  // What belongs to the URL is not the body's to say.
  EXPECT_EQ(aim("PATCH", "/secrets/a?api-version=7.4",
                R"({"version":"v","path":"p","api-version":"x","maxresults":"y","$skiptoken":"z","tags":{}})"),
            R"(UpdateSecret v1/metadata/a {"tags":{}})");
  EXPECT_EQ(aim("PUT", "/secrets/a?api-version=7.4", "[]").substr(19), " BadParameter");
  EXPECT_EQ(aim("PUT", "/secrets/a?api-version=7.4", "{").substr(19), " BadParameter");
  EXPECT_EQ(aim("PUT", "/secrets/a_b?api-version=7.4"), "BadParameter");
  // What is cut of a name is whole characters.
  const auto long_name = send("GET", "/secrets/" + std::string(199, 'a') + "%C3%A9?api-version=7.4");
  ASSERT_FALSE(long_name);
  EXPECT_TRUE(long_name.error().message.ends_with("aaa"));
  EXPECT_TRUE(valid_utf8(answer(long_name.error())));
}

TEST_F(AzureDoor, ConvertsNoTypes) {
  const auto refusal = [&](std::string_view method, std::string body) {
    const auto request = send(method, "/secrets/a?api-version=7.4", std::move(body));
    const auto document = request->parse_body();
    return document ? "taken" : document.error().message;
  };
  for (const char* good :
       {R"({"value":"x","contentType":null,"tags":{"a":""},"attributes":{"enabled":false,"nbf":0,"exp":-1,"recoveryLevel":7}})",
        R"({"value":"x","tags":null,"attributes":null})", R"({"value":"x","attributes":{"enabled":null,"exp":null}})",
        R"({"value":"x","other":1})"})
    EXPECT_EQ(refusal("PUT", good), "taken") << good;
  struct Wrong {
    const char *member, *name;
  };
  for (const Wrong& wrong : {Wrong{R"("contentType":7)", "contentType"},
                             {R"("contentType":["a"])", "contentType"},
                             {R"("tags":"a=b")", "tags"},
                             {R"("tags":["a=b"])", "tags"},
                             {R"("tags":{"a":null})", "tags"},
                             {R"("tags":{"a":1})", "tags"},
                             {R"("attributes":[])", "attributes"},
                             {R"("attributes":"x")", "attributes"},
                             {R"("attributes":{"enabled":0})", "enabled"},
                             {R"("attributes":{"enabled":"true"})", "enabled"},
                             {R"("attributes":{"exp":"1800000000"})", "exp"},
                             {R"("attributes":{"exp":1.5})", "exp"},
                             {R"("attributes":{"nbf":true})", "nbf"},
                             {R"("attributes":{"nbf":99999999999999999999})", "nbf"}}) {
    EXPECT_EQ(refusal("PUT", std::string(R"({"value":"x",)") + wrong.member + "}"),
              std::string("Property ") + wrong.name + " has invalid value\r\n");
    EXPECT_EQ(refusal("PATCH", std::string("{") + wrong.member + "}"), std::string("Property ") + wrong.name + " has invalid value\r\n");
  }
  for (const char* value : {"5", "true", "{}", R"(["x"])"})
    EXPECT_EQ(refusal("PUT", std::string(R"({"value":)") + value + "}"), "Property value has invalid value\r\n") << value;
  for (const char* most : {"", "x", "-1", "1.0", "0x1", "+1", "1000000000"})
    EXPECT_EQ(aim("GET", std::string("/secrets?api-version=7.4&maxresults=") + most), "BadParameter") << most;
}

TEST_F(AzureDoor, TakesTheFormsThatClientsSend) {
  for (const char* target : {"/secrets/a/?api%2Dversion=7.4", "/secrets/a/%2F?api-version=7.4", "//secrets//a?API-Version=2025-07-01",
                             "/Secrets/a?api-version=7.6-preview.2", "/secrets/a?api-version=2016-10-01",
                             "/secrets/%61?api-version=2026-01-01-preview", "/secrets/a?api-version=7.5-preview"})
    EXPECT_EQ(aim("GET", target), "GetSecret v1/data/a") << target;
  for (const char* version :
       {"", "?api-version=", "?api-version=7", "?api-version=8.0", "?api-version=7.4-beta", "?api-version=2025-7-1",
        "?api-version=2025-13-01", "?api-version=2025-00-01", "?api-version=2025-01-32", "?api-version=2025-01-00",
        "?api-version=2014-12-31", "?api-version=9999-99-99", "?api-version=2025-01-01x", "?api-version=7.4&api-version=7.4"})
    EXPECT_EQ(aim("GET", std::string("/secrets/a") + version), "BadParameter") << version;
  EXPECT_TRUE(claims("GET", "/secrets/a?api-version=7.4", {{"Host", "TEAM.Vault.Test"}, {"authorization", "bearer  t "}}));
  const auto request = door_.decode(http_, context_);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path.str(), "secret/data/team/a");
  EXPECT_EQ(request->by_action->scope.name_prefix, "team/");
  EXPECT_EQ(request->by_action->scope.account, "https://team.vault.test");
  for (const char* target : {"/secrets?api-version=7.4", "/deletedsecrets?api-version=7.4"}) {
    EXPECT_TRUE(claims("GET", target, {{"Host", "team.vault.test"}, {"authorization", "bearer t"}}));
    EXPECT_EQ(door_.decode(http_, context_)->path.str(), "secret/metadata/team/");
  }
  EXPECT_EQ(request->token, "t");
}

TEST_F(AzureDoor, LogsClientsIn) {
  const auto post = [&](std::string body) -> std::string {
    EXPECT_TRUE(claims("POST", "/adfs/oauth2/token", {{"Host", "login.vault.test"}}, std::move(body)));
    const auto request = door_.decode(http_, context_);
    if (!request) return request.error().type;
    return request->path.str() + " " + std::string(request->parse_body()->root().raw());
  };
  EXPECT_EQ(post("grant_type=client_credentials&client_id=r&client_secret=s%2B1&scope=https://vault.test:8443/.default"),
            R"(auth/approle/login {"role_id":"r","secret_id":"s+1"})");
  EXPECT_EQ(post("grant_type=password&client_id=r&client_secret=s"), "unsupported_grant_type");
  EXPECT_EQ(post("grant_type=client_credentials&client_id=r&client_assertion=a"), "invalid_request");
  EXPECT_EQ(post("grant_type=client_credentials&client_secret=s"), "invalid_request");
  EXPECT_EQ(post("grant_type=client_credentials&client_id=r"), "invalid_client");
  EXPECT_EQ(post("client_id=r&client_id=r"), "invalid_request");
  const std::string asserted =
      "grant_type=client_credentials&client_id=r&client_assertion=a.b.c&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:"
      "jwt-bearer";
  EXPECT_EQ(post(asserted), R"(auth/azure-apps/login {"client_id":"r","client_assertion":"a.b.c"})");
  EXPECT_EQ(post(asserted + "&client_secret=s"), "invalid_request");
  EXPECT_TRUE(claims("POST", "/adfs/oauth2/token", {{"Host", "login.vault.test:8443"}}, asserted));
  const auto login = door_.decode(http_, context_);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->by_action->scope.action, "azure:LogIn");
  EXPECT_EQ(login->by_action->scope.account, "https://login.vault.test:8443");
  const Error refused{Code::bad_credentials, "AADSTS700027: Client assertion failed signature validation, or there is no such client.",
                      "invalid_client"};
  EXPECT_NE(door_.encode(http_, context_, refused, "id").body.find(R"("error_codes":[700027])"), std::string::npos);
  const HttpAnswer wrong = door_.encode(http_, context_, Error{Code::bad_credentials, "invalid role or secret ID"}, "id");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_NE(wrong.body.find(R"("error":"invalid_client")"), std::string::npos);
}

TEST_F(AzureDoor, GivesManagedIdentitiesTokens) {
  const auto get = [&](std::string target, std::vector<HeaderView> headers) -> std::string {
    headers.push_back({"Host", "localhost:8200"});
    EXPECT_TRUE(claims("GET", std::move(target), std::move(headers)));
    const auto request = door_.decode(http_, context_);
    if (!request) return request.error().type;
    return request->path.str() + " " + std::string(request->token) +
           (request->parse_body ? std::string(request->parse_body()->root().raw()) : "");
  };
  const std::string service = "/msi/token?api-version=2019-08-01&resource=https://vault.test:8443",
                    machine = "/metadata/identity/oauth2/token/?resource=x";
  EXPECT_EQ(get(service, {{"X-IDENTITY-HEADER", "hvs.t"}}), "auth/token/lookup-self hvs.t");
  EXPECT_EQ(door_.decode(http_, context_)->by_action->scope.action, "azure:GetManagedIdentity");
  EXPECT_EQ(context_.identity_resource, "https://vault.test:8443");
  EXPECT_EQ(get(service, {{"X-IDENTITY-HEADER", "r:s"}}), R"(auth/approle/login {"role_id":"r","secret_id":"s"})");
  EXPECT_EQ(get(service, {}), "invalid_client");
  EXPECT_EQ(get("/msi/token", {{"X-IDENTITY-HEADER", "t"}}), "invalid_request");
  EXPECT_EQ(get(machine + "&client_id=r", {{"Metadata", "true"}}), R"(auth/approle/login {"role_id":"r"})");
  EXPECT_EQ(get(machine, {{"Metadata", "true"}}), "invalid_request");
  EXPECT_EQ(get(machine + "&client_id=r", {}), "invalid_request");
  EXPECT_EQ(get(machine + "&client_id=r", {{"Metadata", "true"}, {"X-Forwarded-For", "10.0.0.1"}}), "invalid_request");
}

TEST_F(AzureDoor, NamesErrorsAsTheServiceDoes) {
  ASSERT_TRUE(claims("GET", "/secrets/a?api-version=7.4", {{"x-ms-client-request-id", "c1"}}));
  const HttpAnswer disabled = door_.encode(http_, context_, Error{Code::permission_denied, "no", "Forbidden/SecretDisabled"}, "id");
  EXPECT_EQ(disabled.status, 403);
  EXPECT_EQ(disabled.body, R"({"error":{"code":"Forbidden","message":"no","innererror":{"code":"SecretDisabled"}}})");
  EXPECT_EQ(header(disabled, "x-ms-request-id"), "id");
  EXPECT_EQ(header(disabled, "x-ms-client-request-id"), "c1");
  EXPECT_EQ(header(disabled, "x-ms-keyvault-network-info"), "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;");
  http_.remote_address = "2001:db8::1";
  EXPECT_EQ(header(door_.encode(http_, context_, Error{Code::not_found, "m", "SecretNotFound"}, "id"), "x-ms-keyvault-network-info"),
            "conn_type=Ipv6;addr=2001:db8::1;act_addr_fam=InterNetworkV6;");
  http_.remote_address = "127.0.0.1";
  EXPECT_EQ(door_.encode(http_, context_, Error{Code::invalid_argument, "m", "Conflict/ObjectIsDeletedButRecoverable"}, "id").status, 409);
  EXPECT_EQ(door_.encode(http_, context_, Error{Code::not_found, "m", "SecretNotFound"}, "id").status, 404);
  const HttpAnswer slow = door_.encode(http_, context_, Error{Code::rate_limited, ""}, "id");
  EXPECT_EQ(slow.status, 429);
  EXPECT_EQ(header(slow, "Retry-After"), "1");
  Context login;
  login.purpose = Purpose::token;
  const HttpAnswer slow_login = door_.encode(http_, login, Error{Code::rate_limited, ""}, "id");
  EXPECT_EQ(slow_login.status, 429);
  EXPECT_EQ(header(slow_login, "Retry-After"), "1");
  EXPECT_NE(answer(Error{Code::invalid_argument, "Field validation failed: x"}).find(R"("code":"BadParameter","message":"x")"),
            std::string::npos);
  EXPECT_NE(answer(Error{Code::unsupported_path, ""}).find("VaultNotFound"), std::string::npos);
  auto denied = send("GET", "/secrets/a?api-version=7.4");
  ASSERT_TRUE(denied);
  denied->by_action->scope.principal = "appid=approle;oid=e1";
  core::Outcome outcome;
  outcome.error = Error{Code::permission_denied, "permission denied"};
  const HttpAnswer refused = door_.encode(http_, context_, *denied, outcome);
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(
      refused.body.find("'appid=approle;oid=e1;iss=https://login.vault.test:8443/adfs/' does not have secrets get permission on key vault "
                        "'v1;location=local'"),
      std::string::npos)
      << refused.body;
  EXPECT_NE(refused.body.find(R"("innererror":{"code":"AccessDenied"})"), std::string::npos);
  outcome.error = Error{Code::permission_denied, "permission denied", core::address_refused};
  const HttpAnswer outside = door_.encode(http_, context_, *denied, outcome);
  EXPECT_EQ(outside.status, 403);
  EXPECT_NE(outside.body.find(R"("innererror":{"code":"ForbiddenByFirewall"})"), std::string::npos);
  EXPECT_NE(outside.body.find(R"(\r\nClient address: 127.0.0.1\r\nCaller: appid=approle;oid=e1;iss=https://login.vault.test:8443/adfs/\r\n)"
                              R"(Vault: v1;location=local)"),
            std::string::npos)
      << outside.body;
}

TEST(AzureUrl, ReadsHosts) {
  EXPECT_EQ(parse_host("A.b.Test:8200")->whole(), "a.b.test:8200");
  EXPECT_EQ(parse_host("a.test.")->name, "a.test");
  EXPECT_EQ(parse_host("a.test:")->whole(), "a.test");
  EXPECT_EQ(parse_host("[::1]:8200")->name, "[::1]");
  for (const char* wrong : {"", ":80", ":", "a::", "a:123456", "a:8x", "a b", "a\"b", "a/b", "[::1", ".", "a,b"})
    EXPECT_FALSE(parse_host(wrong)) << wrong;
}

TEST(AzureUrl, ReadsBearerTokens) {
  const auto read = [](std::string_view value) {
    const std::vector<HeaderView> headers{{"authorization", value}};
    const auto token = read_bearer(headers);
    return token ? std::string(*token) : "refused";
  };
  EXPECT_EQ(read("Bearer abc"), "abc");
  EXPECT_EQ(read("bEARER  abc "), "abc");
  EXPECT_EQ(read("PoP abc"), "");
  EXPECT_EQ(read("Bearerabc"), "");
  EXPECT_EQ(read("Bearer"), "");
  EXPECT_EQ(read("Bearer a b"), "refused");
  EXPECT_EQ(read("Bearer " + std::string(8193, 'x')), "refused");
  const std::vector<HeaderView> two{{"authorization", "Bearer a"}, {"Authorization", "Bearer b"}};
  EXPECT_FALSE(read_bearer(two));
}

}  // namespace
}  // namespace coffer::doors::azure
