#include "cli/testing.h"

namespace coffer::cli::testing {
namespace {

constexpr const char* seal_status =
    R"({"type":"shamir","initialized":true,"sealed":false,"t":1,"n":1,"progress":0,"nonce":"","version":"1.18.5","build_date":"2026-01-01T00:00:00Z",)"
    R"("migration":false,"cluster_name":"coffer-cluster-1","cluster_id":"c0ffee00-0000-0000-0000-000000000000","recovery_seal":false,"storage_type":"inmem"})";
constexpr const char* no_ha = R"({"ha_enabled":false,"is_self":false,"active_time":"0001-01-01T00:00:00Z","leader_address":""})";
constexpr const char* mount_v2 = R"({"data":{"path":"secret/","type":"kv","options":{"version":"2"}}})";
constexpr const char* version_written =
    R"({"request_id":"r","lease_id":"","renewable":false,"lease_duration":0,"data":{"created_time":"2026-01-02T03:04:05.6Z","custom_metadata":null,)"
    R"("deletion_time":"","destroyed":false,"version":1},"wrap_info":null,"warnings":null,"auth":null})";

TEST_F(CommandTest, StatusLooksLikeVault) {
  server.on("GET /v1/sys/seal-status", seal_status);
  server.on("GET /v1/sys/leader", no_ha);
  EXPECT_EQ(run({"status"}), 0);
  EXPECT_EQ(console.out,
            "Key             Value\n"
            "---             -----\n"
            "Seal Type       shamir\n"
            "Initialized     true\n"
            "Sealed          false\n"
            "Total Shares    1\n"
            "Threshold       1\n"
            "Version         1.18.5\n"
            "Build Date      2026-01-01T00:00:00Z\n"
            "Storage Type    inmem\n"
            "Cluster Name    coffer-cluster-1\n"
            "Cluster ID      c0ffee00-0000-0000-0000-000000000000\n"
            "HA Enabled      false\n");
}

TEST_F(CommandTest, StatusTellsByExitCode) {
  std::string sealed(seal_status);
  sealed.replace(sealed.find("\"sealed\":false"), 14, "\"sealed\":true");
  server.on("GET /v1/sys/seal-status", sealed);
  server.on("GET /v1/sys/leader", no_ha);
  EXPECT_EQ(run({"status"}), 2);
  EXPECT_NE(console.out.find("Unseal Progress    0/1\nUnseal Nonce       n/a\n"), std::string::npos) << console.out;
  server.answers.clear();
  server.on("GET /v1/sys/seal-status", R"({"errors":["x"]})", 500);
  EXPECT_EQ(run({"status"}), 1);
}

TEST_F(CommandTest, WriteAndItsErrors) {
  server.on("PUT /v1/secret/foo", "");
  EXPECT_EQ(run({"write", "secret/foo", "a=b"}), 0);
  EXPECT_EQ(console.out, "Success! Data written to: secret/foo\n");
  EXPECT_EQ(server.requests.back().body, R"({"a":"b"})");
  EXPECT_EQ(server.header(0, "X-Vault-Token"), "root");
  EXPECT_EQ(server.header(0, "X-Vault-Request"), "true");
  server.answers.clear();
  server.on("PUT /v1/secret/foo", R"({"errors":["permission denied","second"]})", 403);
  EXPECT_EQ(run({"write", "secret/foo", "a=b"}), 2);
  EXPECT_EQ(console.err,
            "Error writing data to secret/foo: Error making API request.\n\nURL: PUT http://127.0.0.1:8200/v1/secret/foo\nCode: 403. Errors:\n\n"
            "* permission denied\n* second\n");
  EXPECT_EQ(console.out, "");
  EXPECT_EQ(run({"write", "secret/foo"}), 1);
  EXPECT_EQ(console.err, "Must supply data or use -force\n");
}

TEST_F(CommandTest, ErrorsMayCarryWarnings) {
  server.on("PUT /v1/secret/foo", R"({"request_id":"r","data":null,"warnings":["use 'vault kv put'"],"auth":null})", 404);
  EXPECT_EQ(run({"write", "secret/foo", "a=b"}), 2);
  EXPECT_EQ(console.err,
            "Error writing data to secret/foo: Error making API request.\n\nURL: PUT http://127.0.0.1:8200/v1/secret/foo\nCode: 404. Errors:\n\n\n"
            "WARNING! The following warnings were returned from Vault:\n\n  * use 'vault kv put'\n\n");
  server.on("PUT /v1/secret/raw", "no JSON", 502);
  EXPECT_EQ(run({"write", "secret/raw", "a=b"}), 2);
  EXPECT_TRUE(console.err.ends_with("Code: 502. Raw Message:\n\nno JSON\n")) << console.err;
}

TEST_F(CommandTest, ReadInItsForms) {
  const char* body = R"({"request_id":"r1","lease_id":"","renewable":false,"lease_duration":2764800,"data":{"foo":"bar","ttl":3600,"n":1.50},)"
                     R"("wrap_info":null,"warnings":["careful"],"auth":null,"mount_type":"kv"})";
  server.on("GET /v1/kv/foo", body);
  EXPECT_EQ(run({"read", "kv/foo"}), 0);
  EXPECT_EQ(console.out,
            "Key                 Value\n"
            "---                 -----\n"
            "refresh_interval    768h\n"
            "foo                 bar\n"
            "n                   1.50\n"
            "ttl                 1h\n");
  EXPECT_EQ(console.err, "WARNING! The following warnings were returned from Vault:\n\n  * careful\n\n");
  EXPECT_EQ(run({"read", "-field=foo", "kv/foo"}), 0);
  EXPECT_EQ(console.out, "bar");
  EXPECT_EQ(run({"read", "kv/foo", "-format=json"}), 0);
  EXPECT_EQ(console.out,
            "{\n  \"request_id\": \"r1\",\n  \"lease_id\": \"\",\n  \"lease_duration\": 2764800,\n  \"renewable\": false,\n  \"data\": {\n    \"foo\": \"bar\",\n"
            "    \"n\": 1.50,\n    \"ttl\": 3600\n  },\n  \"warnings\": [\n    \"careful\"\n  ],\n  \"mount_type\": \"kv\"\n}\n");
  EXPECT_EQ(run({"read", "-format=yaml", "-field=foo", "kv/foo"}), 0);
  EXPECT_EQ(console.out, "bar\n");
  EXPECT_EQ(run({"read", "-format=raw", "kv/foo"}), 0);
  EXPECT_EQ(console.out, std::string(body) + "\n");
  EXPECT_EQ(run({"read", "-field=none", "kv/foo"}), 1);
  EXPECT_EQ(console.err, "Field \"none\" not present in secret\n");
  EXPECT_EQ(run({"read", "kv/none"}), 2);
  EXPECT_EQ(console.err, "No value found at kv/none\n");
}

TEST_F(CommandTest, FormatAndFieldFromEnvironment) {
  environment["VAULT_FORMAT"] = "json";
  server.on("GET /v1/kv/foo", R"({"data":{"foo":"bar"}})");
  EXPECT_EQ(run({"read", "-field=foo", "kv/foo"}), 0);
  EXPECT_EQ(console.out, "\"bar\"");
}

TEST_F(CommandTest, ListSortsAndFails) {
  server.on("GET /v1/kv?list=true", R"({"data":{"keys":["b","a/"]}})");
  EXPECT_EQ(run({"list", "kv/"}), 0);
  EXPECT_EQ(console.out, "Keys\n----\na/\nb\n");
  EXPECT_EQ(run({"list", "-format=json", "kv"}), 0);
  EXPECT_EQ(console.out, "[\n  \"b\",\n  \"a/\"\n]\n");
  EXPECT_EQ(run({"list", "none"}), 2);
  EXPECT_EQ(console.err, "No value found at none\n");
  EXPECT_EQ(run({"list", "-format=json", "none"}), 2);
  EXPECT_EQ(console.out, "{}\n");
}

TEST_F(CommandTest, KvPutAndGet) {
  server.on("GET /v1/sys/internal/ui/mounts/secret", mount_v2);
  server.on("GET /v1/sys/internal/ui/mounts/secret/foo", mount_v2);
  server.on("PUT /v1/secret/data/foo", version_written);
  EXPECT_EQ(run({"kv", "put", "-mount=secret", "-cas=0", "foo", "a=b"}), 0);
  EXPECT_EQ(console.out,
            "= Secret Path =\nsecret/data/foo\n\n"
            "======= Metadata =======\n"
            "Key                Value\n"
            "---                -----\n"
            "created_time       2026-01-02T03:04:05.6Z\n"
            "custom_metadata    <nil>\n"
            "deletion_time      n/a\n"
            "destroyed          false\n"
            "version            1\n");
  EXPECT_EQ(server.requests.back().body, R"({"data":{"a":"b"},"options":{"cas":0}})");
  server.on("GET /v1/secret/data/foo",
            R"({"data":{"data":{"a":"b"},"metadata":{"created_time":"t","custom_metadata":null,"deletion_time":"","destroyed":false,"version":1}}})");
  EXPECT_EQ(run({"kv", "get", "secret/foo"}), 0);
  EXPECT_EQ(console.out,
            "= Secret Path =\nsecret/data/foo\n\n"
            "======= Metadata =======\n"
            "Key                Value\n"
            "---                -----\n"
            "created_time       t\n"
            "custom_metadata    <nil>\n"
            "deletion_time      n/a\n"
            "destroyed          false\n"
            "version            1\n"
            "\n"
            "== Data ==\n"
            "Key    Value\n"
            "---    -----\n"
            "a      b\n");
  EXPECT_EQ(run({"kv", "get", "-field=a", "secret/foo"}), 0);
  EXPECT_EQ(console.out, "b");
  EXPECT_EQ(run({"kv", "get", "-field=data", "secret/foo", "-format=json"}), 0);
  EXPECT_EQ(console.out, "{\n  \"a\": \"b\"\n}");
}

TEST_F(CommandTest, KvDeletedVersionShowsItsMetadata) {
  server.on("GET /v1/sys/internal/ui/mounts/secret/foo", mount_v2);
  server.on("GET /v1/secret/data/foo", R"({"data":{"data":null,"metadata":{"deletion_time":"t","destroyed":false,"version":2}}})", 404);
  EXPECT_EQ(run({"kv", "get", "secret/foo"}), 0);
  EXPECT_NE(console.out.find("deletion_time    t\n"), std::string::npos);
  EXPECT_EQ(console.out.find("Data =="), std::string::npos);
  EXPECT_EQ(run({"kv", "get", "-field=x", "secret/foo"}), 2);
  EXPECT_EQ(console.err, "No data found at secret/data/foo\n");
}

TEST_F(CommandTest, KvVersionOne) {
  server.on("GET /v1/sys/internal/ui/mounts/kv/foo", R"({"data":{"path":"kv/","options":null}})");
  server.on("PUT /v1/kv/foo", "");
  EXPECT_EQ(run({"kv", "put", "kv/foo", "a=b"}), 0);
  EXPECT_EQ(console.out, "Success! Data written to: kv/foo\n");
  EXPECT_EQ(server.requests.back().body, R"({"a":"b"})");
  EXPECT_EQ(run({"kv", "rollback", "-version=1", "kv/foo"}), 2);
  EXPECT_EQ(console.err, "K/V engine mount must be version 2 for rollback support\n");
}

TEST_F(CommandTest, KvPatchFallsBack) {
  server.on("GET /v1/sys/internal/ui/mounts/secret/foo", mount_v2);
  server.on("PATCH /v1/secret/data/foo", R"({"errors":[]})", 405);
  server.on("GET /v1/secret/data/foo", R"({"data":{"data":{"a":"b","n":1.0},"metadata":{"version":7}}})");
  server.on("PUT /v1/secret/data/foo", version_written);
  EXPECT_EQ(run({"kv", "patch", "-remove-data=a", "secret/foo", "c=d"}), 0) << console.err;
  EXPECT_EQ(server.requests.back().body, R"({"data":{"n":1.0,"c":"d"},"options":{"cas":7}})");
  EXPECT_EQ(server.header(1, "Content-Type"), "application/merge-patch+json");
}

TEST_F(CommandTest, KvVersions) {
  server.on("GET /v1/sys/internal/ui/mounts/secret/foo", mount_v2);
  server.on("PUT /v1/secret/undelete/foo", "");
  server.on("PUT /v1/secret/delete/foo", "");
  server.on("DELETE /v1/secret/metadata/foo", "");
  EXPECT_EQ(run({"kv", "undelete", "-versions=1,2", "-versions=3", "secret/foo"}), 0);
  EXPECT_EQ(console.out, "Success! Data written to: secret/undelete/foo\n");
  EXPECT_EQ(server.requests.back().body, R"({"versions":["1","2","3"]})");
  EXPECT_EQ(run({"kv", "delete", "-versions=2", "secret/foo"}), 0);
  EXPECT_EQ(console.out, "Success! Data deleted (if it existed) at: secret/data/foo\n");
  EXPECT_EQ(run({"kv", "metadata", "delete", "secret/foo"}), 0);
  EXPECT_EQ(console.out, "Success! Data deleted (if it existed) at: secret/metadata/foo\n");
}

TEST_F(CommandTest, OperatorInit) {
  server.on("GET /v1/sys/seal-status", R"({"type":"shamir","initialized":false,"sealed":true,"recovery_seal":false})");
  server.on("PUT /v1/sys/init", R"({"keys":["aa","bb"],"keys_base64":["qg==","uw=="],"root_token":"hvs.x"})");
  EXPECT_EQ(run({"operator", "init", "-key-shares=2", "-t", "2"}), 0);
  EXPECT_TRUE(console.out.starts_with("Unseal Key 1: qg==\nUnseal Key 2: uw==\n\nInitial Root Token: hvs.x\n\nVault initialized with 2 key shares and a key\n"
                                      "threshold of 2.") ||
              console.out.starts_with("Unseal Key 1: qg==\nUnseal Key 2: uw==\n\nInitial Root Token: hvs.x\n\nVault initialized with 2 key shares and a key "
                                      "threshold of 2."))
      << console.out;
  EXPECT_EQ(server.requests.back().body, R"({"secret_shares":2,"secret_threshold":2,"recovery_shares":0,"recovery_threshold":0})");
  EXPECT_EQ(run({"operator", "init", "-format=json", "-n=2", "-t=2"}), 0);
  EXPECT_EQ(console.out,
            "{\n  \"unseal_keys_b64\": [\n    \"qg==\",\n    \"uw==\"\n  ],\n  \"unseal_keys_hex\": [\n    \"aa\",\n    \"bb\"\n  ],\n  \"unseal_shares\": 2,\n"
            "  \"unseal_threshold\": 2,\n  \"recovery_keys_b64\": [],\n  \"recovery_keys_hex\": [],\n  \"recovery_keys_shares\": 0,\n"
            "  \"recovery_keys_threshold\": 0,\n  \"root_token\": \"hvs.x\"\n}\n");
  server.on("GET /v1/sys/init", R"({"initialized":false})");
  EXPECT_EQ(run({"operator", "init", "-status"}), 2);
  EXPECT_EQ(console.out, "Vault is not initialized\n");
}

TEST_F(CommandTest, OperatorUnsealAsksUnseen) {
  server.on("PUT /v1/sys/unseal", seal_status);
  server.on("GET /v1/sys/leader", no_ha);
  console.answers = {" c2hhcmU= "};
  EXPECT_EQ(run({"operator", "unseal"}), 0);
  EXPECT_TRUE(console.out.starts_with("Unseal Key (will be hidden): Key             Value\n")) << console.out;
  EXPECT_EQ(server.requests[0].body, R"({"key":"c2hhcmU="})");
  EXPECT_EQ(run({"operator", "unseal", "-non-interactive"}), 1);
  EXPECT_EQ(run({"operator", "unseal"}), 1);
}

TEST_F(CommandTest, GenerateRootDecodesWithoutServer) {
  environment["VAULT_ADDR"] = "https://nowhere.invalid";
  EXPECT_EQ(run({"operator", "generate-root", "-address", "http://nowhere.invalid", "-tls-skip-verify", "-decode", "EhIS", "-otp", "abc"}), 0);
  EXPECT_EQ(console.out, "spq");
  EXPECT_EQ(run({"operator", "generate-root", "-format=json", "-decode=EhIS", "-otp=abc"}), 0);
  EXPECT_EQ(console.out, "{\n  \"token\": \"spq\"\n}\n");
  EXPECT_EQ(run({"operator", "generate-root", "-decode=EhIS", "-otp=abcd"}), 1);
  EXPECT_EQ(run({"operator", "generate-root", "-decode=EhIS"}), 1);
  EXPECT_EQ(console.err, "Missing otp: use -otp to supply it\n");
  EXPECT_TRUE(server.requests.empty());
}

TEST_F(CommandTest, RekeyFlow) {
  const char* status = R"({"nonce":"n1","started":true,"t":2,"n":3,"progress":0,"required":1,"pgp_fingerprints":null,"backup":false,"verification_required":false})";
  server.on("GET /v1/sys/rekey/init", status);
  server.on("PUT /v1/sys/rekey/update", R"({"nonce":"n1","complete":true,"keys":["aa"],"keys_base64":["qg=="],"pgp_fingerprints":null,"backup":false})");
  console.answers = {"share"};
  EXPECT_EQ(run({"operator", "rekey"}), 0) << console.err;
  EXPECT_TRUE(console.out.starts_with("Rekey operation nonce: n1\nUnseal Key (will be hidden): \nKey 1: qg==\n\nOperation nonce: n1\n")) << console.out;
  EXPECT_EQ(run({"operator", "rekey", "-status"}), 0);
  EXPECT_EQ(console.out,
            "Key                      Value\n---                      -----\nNonce                    n1\nStarted                  true\nRekey Progress           0/1\n"
            "New Shares               3\nNew Threshold            2\nVerification Required    false\n");
  EXPECT_EQ(run({"operator", "rekey", "share"}), 1);
  EXPECT_EQ(console.err, "Missing nonce value: specify it via the -nonce flag\n");
  EXPECT_EQ(run({"operator", "rekey", "-target=x"}), 1);
  server.on("DELETE /v1/sys/rekey/init", "");
  EXPECT_EQ(run({"operator", "rekey", "-cancel"}), 0);
  EXPECT_EQ(console.out, "Success! Canceled rekeying (if it was started)\n");
}

TEST_F(CommandTest, LoginByUserAndPassword) {
  server.on("PUT /v1/auth/userpass/login/maya",
            R"({"auth":{"client_token":"hvs.new","accessor":"acc","policies":["default"],"token_policies":["default"],"metadata":{"username":"maya"},)"
            R"("lease_duration":3600,"renewable":true,"entity_id":"e","token_type":"service","orphan":true}})");
  environment.erase("VAULT_TOKEN");
  EXPECT_EQ(run({"login", "-method=userpass", "-no-store", "username=maya", "password=pw"}), 0) << console.err;
  EXPECT_EQ(server.requests.back().body, R"({"password":"pw"})");
  EXPECT_EQ(console.out,
            "Key                    Value\n"
            "---                    -----\n"
            "token                  hvs.new\n"
            "token_accessor         acc\n"
            "token_duration         1h\n"
            "token_renewable        true\n"
            "token_policies         [\"default\"]\n"
            "identity_policies      []\n"
            "policies               [\"default\"]\n"
            "token_meta_username    maya\n");
  EXPECT_EQ(run({"login", "-method=userpass", "-token-only", "username=maya", "password=pw"}), 0);
  EXPECT_EQ(console.out, "hvs.new");
  EXPECT_EQ(console.err, "");
  EXPECT_EQ(run({"login", "-no-store", "-no-print"}), 1);
  EXPECT_EQ(run({"login", "-method=nope"}), 1);
  EXPECT_TRUE(console.err.starts_with("Unknown auth method: nope."));
}

TEST_F(CommandTest, LoginByTokenStoresIt) {
  char folder[] = "/tmp/coffer-cli-test-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  environment["HOME"] = folder;
  environment.erase("VAULT_TOKEN");
  server.on("GET /v1/auth/token/lookup-self",
            R"({"data":{"accessor":"acc","policies":["root"],"ttl":0,"renewable":false,"meta":null,"id":"hvs.t","orphan":true}})");
  EXPECT_EQ(run({"login", "hvs.t"}), 0) << console.err;
  EXPECT_TRUE(console.out.starts_with("Success! You are now authenticated.")) << console.out;
  EXPECT_NE(console.out.find("token_duration       ∞\n"), std::string::npos) << console.out;
  EXPECT_EQ(run({"print", "token"}), 0);
  EXPECT_EQ(console.out, "hvs.t\n");
  ::unlink((std::string(folder) + "/.vault-token").c_str());
  ::rmdir(folder);
}

TEST_F(CommandTest, MountsPoliciesTokensLeases) {
  server.on("POST /v1/sys/mounts/kv", "");
  EXPECT_EQ(run({"secrets", "enable", "-version=2", "kv"}), 0) << console.err;
  EXPECT_EQ(console.out, "Success! Enabled the kv secrets engine at: kv/\n");
  EXPECT_EQ(server.requests.back().body,
            R"({"type":"kv","description":"","config":{"force_no_cache":false},"local":false,"seal_wrap":false,"external_entropy_access":false,"options":{"version":"2"}})");
  server.on("GET /v1/sys/mounts", R"({"data":{"secret/":{"type":"kv","accessor":"kv_1","description":"key/value"},"sys/":{"type":"system","accessor":"s_1","description":""}}})");
  EXPECT_EQ(run({"secrets", "list"}), 0);
  EXPECT_EQ(console.out,
            "Path       Type      Accessor    Description\n----       ----      --------    -----------\nsecret/    kv        kv_1        key/value\n"
            "sys/       system    s_1         n/a\n");
  server.on("PUT /v1/sys/policies/acl/dev", "");
  console.in = "path \"x\" { capabilities = [\"read\"] }";
  EXPECT_EQ(run({"policy", "write", "Dev", "-"}), 0) << console.err;
  EXPECT_EQ(console.out, "Success! Uploaded policy: dev\n");
  EXPECT_EQ(console.err, "Policy name was converted from \"Dev\" to \"dev\"\n");
  server.on("PUT /v1/auth/token/revoke", "");
  EXPECT_EQ(run({"token", "revoke", "hvs.t"}), 0);
  EXPECT_EQ(console.out, "Success! Revoked token (if it existed)\n");
  EXPECT_EQ(run({"token", "revoke"}), 1);
  EXPECT_EQ(console.err, "Not enough arguments (expected 1 or -self, got 0)\n");
  server.on("POST /v1/sys/capabilities-self", R"({"capabilities":["update","read"],"data":{"secret/x":["update","read"]}})");
  EXPECT_EQ(run({"token", "capabilities", "secret/x"}), 0);
  EXPECT_EQ(console.out, "read, update\n");
  server.on("PUT /v1/sys/leases/revoke", "");
  EXPECT_EQ(run({"lease", "revoke", "a/b"}), 0);
  EXPECT_EQ(console.out, "All revocation operations queued successfully!\n");
}

TEST_F(CommandTest, PreviewsSendNothing) {
  EXPECT_EQ(run({"write", "-output-curl-string", "secret/foo", "a='b"}), 0);
  EXPECT_EQ(console.out,
            "curl -X PUT -H \"X-Vault-Request: true\" -H \"X-Vault-Token: $(vault print token)\" -d '{\"a\":\"'\"'\"'b\"}' http://127.0.0.1:8200/v1/secret/foo\n");
  EXPECT_EQ(run({"list", "-output-policy", "secret/metadata"}), 0);
  EXPECT_EQ(console.out, "path \"secret/metadata\" {\n  capabilities = [\"list\"]\n}\n");
  EXPECT_TRUE(server.requests.empty());
}

TEST_F(CommandTest, HeadersOfRequests) {
  server.on("GET /v1/kv/foo", R"({"data":{"a":"b"}})");
  EXPECT_EQ(run({"read", "-ns=team", "-wrap-ttl=90", "-header=X-Test=1", "-mfa=m:1", "kv/foo"}), 0) << console.err;
  EXPECT_EQ(server.header(0, "X-Vault-Namespace"), "team/");
  EXPECT_EQ(server.header(0, "X-Vault-Wrap-TTL"), "1m30s");
  EXPECT_EQ(server.header(0, "X-Test"), "1");
  EXPECT_EQ(server.header(0, "X-Vault-MFA"), "m:1");
  EXPECT_EQ(run({"read", "-header=X-Vault-Token=x", "kv/foo"}), 1);
  EXPECT_EQ(run({"read", "-address=nowhere", "kv/foo"}), 1);
}

TEST_F(CommandTest, ErrorsNameTheNamespace) {
  server.on("GET /v1/kv/foo", R"({"errors":["no"]})", 400);
  EXPECT_EQ(run({"read", "-ns=team", "kv/foo"}), 2);
  EXPECT_EQ(console.err, "Error reading kv/foo: Error making API request.\n\nNamespace: team/\nURL: GET http://127.0.0.1:8200/v1/kv/foo\nCode: 400. Errors:\n\n* no\n");
}

TEST_F(CommandTest, WrappedAnswer) {
  server.on("GET /v1/kv/foo", R"({"request_id":"","data":null,"wrap_info":{"token":"hvs.w","accessor":"a","ttl":60,"creation_time":"2026-01-02T03:04:05Z","creation_path":"kv/foo"}})");
  EXPECT_EQ(run({"read", "-wrap-ttl=60s", "kv/foo"}), 0);
  EXPECT_EQ(console.out,
            "Key                              Value\n"
            "---                              -----\n"
            "wrapping_token:                  hvs.w\n"
            "wrapping_accessor:               a\n"
            "wrapping_token_ttl:              1m\n"
            "wrapping_token_creation_time:    2026-01-02 03:04:05 +0000 UTC\n"
            "wrapping_token_creation_path:    kv/foo\n");
  EXPECT_EQ(run({"read", "-field=wrapping_token", "kv/foo"}), 0);
  EXPECT_EQ(console.out, "hvs.w");
}

TEST_F(CommandTest, WhyShowsTheRule) {
  persona = Persona::coffer;
  server.on(
      "POST /v1/sys/internal/why",
      R"({"data":{"allowed":false,"path":"kv/a","operation":"update","code":"missing_capability","reason":"the rule that matches does not grant this",)"
      R"("policy":"dev","rule":"kv/*","capabilities":["read"],"nearest":[],"needs":"path \"kv/a\" { capabilities = [\"update\"] }",)"
      R"("policies":["default","dev"],"missing_policies":["gone"]}})");
  EXPECT_EQ(run({"policy", "why", "-capability=update", "-parameter=color=red", "/kv/a"}), 0) << console.err;
  EXPECT_EQ(server.requests.back().body, R"({"path":"kv/a","operation":["update"],"parameters":{"color":"red"}})");
  EXPECT_EQ(console.out,
            "Denied: update of kv/a: the rule that matches does not grant this\n"
            "  Rule: kv/* [read] in policy \"dev\"\n"
            "  Needs: path \"kv/a\" { capabilities = [\"update\"] }\n"
            "The token names the policy \"gone\", which does not exist.\n");
  server.on("POST /v1/sys/internal/why",
            R"({"data":{"allowed":false,"decisions":[{"allowed":true,"path":"a","operation":"read","reason":"a rule grants it"},)"
            R"({"allowed":false,"path":"a","operation":"list","reason":"x"}]}})");
  (void)run({"why", "a"});
  EXPECT_EQ(run({"why", "-capability=read", "-capability=list", "a"}), 0);
  EXPECT_EQ(console.out, "Allowed: read of a: a rule grants it\nDenied: list of a: x\n");
}

TEST_F(CommandTest, ADenialIsExplained) {
  const std::string refused = R"({"errors":["1 error occurred:\n\t* permission denied\n\n"]})";
  server.on("PUT /v1/kv/a", refused, 403);
  server.on(
      "POST /v1/sys/internal/why",
      R"({"data":{"allowed":false,"path":"kv/a","operation":"update","reason":"no rule of the token's policies matches this path","policy":"","rule":"",)"
      R"("nearest":[{"policy":"dev","rule":"kv/b/*","capabilities":["read"]}],"needs":"path \"kv/a\" {}","policies":["default","dev"],"missing_policies":[]}})");
  EXPECT_EQ(run({"write", "kv/a", "x=y"}), 2);
  EXPECT_EQ(server.requests.size(), 1U) << "Vault's own command asks nothing more";
  persona = Persona::coffer;
  EXPECT_EQ(run({"write", "kv/a", "x=y"}), 2);
  EXPECT_EQ(server.requests.back().body, R"({"path":"kv/a","operation":"update"})");
  EXPECT_TRUE(
      console.err.ends_with("Permission denied: update of kv/a: no rule of the token's policies matches this path\n"
                            "  Closest rule: kv/b/* [read] in policy \"dev\"\n"
                            "  Needs: path \"kv/a\" {}\n"
                            "  Policies: default, dev\n"))
      << console.err;
  server.on("GET /v1/sys/internal/ui/mounts/kv/a", R"({"errors":["preflight capability check returned 403"]})", 403);
  EXPECT_EQ(run({"kv", "get", "kv/a"}), 2);
  EXPECT_TRUE(
      console.err.ends_with("Permission denied: no rule of the token's policies reaches anything on the mount of kv/a.\n"
                            "  Policies: default, dev\n"
                            "  Needs: path \"kv/data/a\" { capabilities = [\"read\"] }   (KV version 2; without data/ for version 1)\n"))
      << console.err;
}

TEST_F(CommandTest, NamesAndVersions) {
  EXPECT_EQ(run({"-version"}), 0);
  EXPECT_TRUE(console.out.starts_with("Vault v1.18.5 (")) << console.out;
  EXPECT_TRUE(console.out.ends_with("), built 2026-01-01T00:00:00Z\n"));
  EXPECT_EQ(run({"raed"}), 127);
  EXPECT_NE(console.err.find("Did you mean \"vault read\"?"), std::string::npos);
  EXPECT_EQ(run({"kv", "gte"}), 1);
  EXPECT_TRUE(console.err.starts_with("Usage: vault kv <subcommand>")) << console.err;
  EXPECT_EQ(run({"why", "x"}), 127);  // a friendly verb is not Vault's
  persona = Persona::coffer;
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_NE(console.out.find("\nCoffer v"), std::string::npos);
  EXPECT_EQ(run({"raed"}), 1);
}

TEST_F(CommandTest, FlagsMayStandAnywhere) {
  server.on("GET /v1/kv/foo", R"({"data":{"a":"b"}})");
  EXPECT_EQ(run({"-address=http://x:1", "read", "kv/foo", "--field", "a"}), 0) << console.err;
  EXPECT_EQ(console.out, "b");
  EXPECT_EQ(server.connection.address, "http://x:1");
}

TEST_F(CommandTest, HelpOfEveryCommand) {
  persona = Persona::coffer;
  for (const CommandSpec& command : command_table()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_FALSE(command.summary.ends_with('.')) << command.name;
    for (const Example& example : command.examples)
      EXPECT_TRUE(std::string_view(example.command).starts_with(command.name)) << example.command;
    std::vector<std::string> words;
    std::string_view name = command.name;
    while (!name.empty()) {
      const std::size_t end = std::min(name.find(' '), name.size());
      words.emplace_back(name.substr(0, end));
      name.remove_prefix(std::min(end + 1, name.size()));
    }
    words.emplace_back("--help");
    EXPECT_EQ(run(words), 0) << command.name;
    EXPECT_TRUE(console.out.starts_with("Usage: coffer " + std::string(command.name))) << console.out;
  }
}

}  // namespace
}  // namespace coffer::cli::testing
