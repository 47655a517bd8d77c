#include "server/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"

namespace coffer::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr LoadOptions no_files{.dev = std::nullopt, .check_files = false};

Config good(std::string_view text, const LoadOptions& options = no_files) {
  auto config = parse(text, "config.hcl", options);
  EXPECT_TRUE(config) << (config ? "" : join(config.error()));
  return config ? std::move(*config) : Config{};
}
std::string wrong(std::string_view text, const LoadOptions& options = no_files) {
  auto config = parse(text, "config.hcl", options);
  return config ? "accepted" : join(config.error());
}
// A configuration with one more line at its end, which is line 3.
std::string with(std::string_view line) { return "listener \"tcp\" { tls_disable = true }\nstorage \"inmem\" {}\n" + std::string(line); }

TEST(Config, ReferenceIsThePageInTheRepository) {
  std::ifstream in(COFFER_SOURCE_DIR "/docs/reference/config.md");
  std::ostringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), reference_markdown()) << "make it anew: coffer docs config >docs/reference/config.md";
  EXPECT_THAT(reference_markdown(), Not(HasSubstr("` |  |"))) << "a key without a word about it";
}

TEST(Config, SaysWhatIsNotAppliedYet) {
  const Config config = good(with("telemetry {\n  metrics_prefix = \"coffer\"\n}"));
  ASSERT_EQ(config.notes.size(), 1u);
  EXPECT_THAT(config.notes[0].text(), HasSubstr("\"metrics_prefix\" is not applied yet"));
}

TEST(Config, TakesTheApisOfAListener) {
  const auto apis = [](const std::string& setting) {
    const Config config = good("listener \"tcp\" { tls_disable = true\n" + setting + "\n}");
    const Apis of = config.listeners.front().apis;
    return std::array{of.vault, of.aws, of.azure};
  };
  EXPECT_EQ(apis(""), (std::array{true, true, true}));
  EXPECT_EQ(apis("apis = [\"aws\"]"), (std::array{false, true, false}));
  EXPECT_EQ(apis("apis = \"vault,azure\""), (std::array{true, false, true}));
}

TEST(Config, TakesAzuresVaults) {
  const Config config = good(with(R"(azure {
  suffix = "Vault.Example.com"
  tenant = "t1"
  authority = "https://login.example.com:8200/"
  login_mount = "auth/apps"
  app_mount = "auth/more/apps/"
  vaults {
    prod = "kv/prod"
    team = "secret:team"
  }
  hosts {
    "kv.example.com" = "prod"
  }
})"));
  EXPECT_EQ(config.azure.suffix, "vault.example.com");
  EXPECT_EQ(config.azure.authority, "https://login.example.com:8200");
  EXPECT_EQ(config.azure.login_mount, "auth/apps/");
  EXPECT_EQ(config.azure.app_mount, "auth/more/apps/");
  EXPECT_EQ(config.azure.vaults.at("prod").mount, "kv/prod/");
  EXPECT_EQ(config.azure.vaults.at("prod").folder, "");
  EXPECT_EQ(config.azure.vaults.at("team").mount, "secret/");
  EXPECT_EQ(config.azure.vaults.at("team").folder, "team/");
  EXPECT_EQ(config.azure.hosts.at("kv.example.com"), "prod");
  EXPECT_THAT(wrong(with("azure { sufix = \"a.b\" }")), HasSubstr("sufix"));
  for (const char* bad : {"suffix = \"a b\"", "suffix = \".a\"", "authority = \"http://a\"", "authority = \"https://a/b\"",
                          "tenant = \"a/b\"", "login_mount = \"approle\"", "app_mount = \"apps\"", "vaults { \"a b\" = \"kv/\" }",
                          "vaults { a = \"\" }", "hosts { \"a\" = \"b.c\" }"})
    EXPECT_NE(wrong(with("azure {\n" + std::string(bad) + "\n}")), "accepted") << bad;
}

TEST(Config, TakesHvacsJson) {
  const Config config =
      good(R"({"backend":{"inmem":{}},"listener":{"tcp":{"address":"127.0.0.1:8201","tls_cert_file":"c.pem","tls_key_file":"k.pem"}},
    "disable_mlock":true,"default_lease_ttl":"768h","max_lease_ttl":"768h"})");
  EXPECT_EQ(config.storage.type, StorageType::memory);
  ASSERT_EQ(config.listeners.size(), 1u);
  EXPECT_EQ(config.listeners[0].address, "127.0.0.1:8201");
  EXPECT_EQ(config.listeners[0].tls_cert_file, "c.pem");
  EXPECT_EQ(config.default_lease_ttl, Seconds(2'764'800));
  EXPECT_EQ(config.api_version, "1.18.5");
  EXPECT_THAT(config.notes, IsEmpty());
}

TEST(Config, TakesTheBenchmarksJson) {
  const Config config =
      good(R"({"listener": {"tcp": {"address": "127.0.0.1:8200", "tls_cert_file": "/x/cert.pem", "tls_key_file": "/x/key.pem"}},
    "storage": {"raft": {"path": "/x/data", "node_id": "n1"}}, "disable_mlock": true, "api_addr": "https://127.0.0.1:8200",
    "cluster_addr": "https://127.0.0.1:8201",
    "log_level": "warn", "raw_storage_endpoint": true, "audit_dirs": ["/x"], "unsafe_allow_api_audit_creation": false})");
  EXPECT_EQ(config.storage.type, StorageType::rocksdb);
  EXPECT_EQ(config.storage.declared, "raft");
  EXPECT_EQ(config.storage.path, "/x/data");
  EXPECT_EQ(config.audit_dirs, std::vector<std::string>{"/x"});
  EXPECT_FALSE(config.unsafe_allow_api_audit_creation);
  EXPECT_EQ(config.log_level, "warn");
  ASSERT_EQ(config.notes.size(), 1u);
  EXPECT_THAT(config.notes[0].text(), HasSubstr("embedded store"));
}

TEST(Config, TakesAFullHclFile) {
  const Config config = good(R"(
    ui = true
    cluster_name = "blue"
    plugin_directory = "/plugins"
    cache_size = "4096"
    default_max_request_duration = "30s"
    storage "rocksdb" { path = "/var/lib/coffer" }
    listener "tcp" {
      address = ":8200"
      cluster_address = "10.0.0.1:8201"
      tls_cert_file = "cert.pem"  tls_key_file = "key.pem"
      tls_min_version = "tls13"
      tls_cipher_suites = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
      tls_disable_client_certs = "true"
      max_request_size = 1048576
      http_read_timeout = "45s"
      http_idle_timeout = 60
      disable_unauthed_rekey_endpoints = false
      x_forwarded_for_authorized_addrs = "10.0.0.0/8, 127.0.0.1"
      x_forwarded_for_hop_skips = 1
      x_forwarded_for_reject_not_present = false
      proxy_protocol_behavior = "allow_authorized"
      proxy_protocol_authorized_addrs = ["10.1.0.0/16"]
      telemetry { unauthenticated_metrics_access = true }
      custom_response_headers {
        "default" = { "Strict-Transport-Security" = ["max-age=1", "includeSubDomains"] }
        "404" = { "X-Missing" = "a, b" }
      }
    }
    listener "unix" { address = "/run/c.sock" socket_mode = "0660" socket_user = "1000" }
    seal "static" { current_key_id = "2" current_key = "file:///k" previous_key_id = "1" previous_key = "env://K" }
    audit "file" "log" { description = "d" options { file_path = "/var/log/a.log" log_raw = false } }
    telemetry { prometheus_retention_time = "12h" disable_hostname = true statsd_address = "x" }
    user_lockout "userpass" { lockout_threshold = "3" lockout_duration = "10m" disable_lockout = false }
  )");
  ASSERT_EQ(config.listeners.size(), 2u);
  const Listener& tcp = config.listeners[0];
  EXPECT_EQ(tcp.address, "[::]:8200");
  EXPECT_EQ(tcp.tls_cipher_suites, "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384");
  EXPECT_TRUE(tcp.tls_disable_client_certs);
  EXPECT_EQ(tcp.max_request_size, 1 << 20);
  EXPECT_EQ(tcp.http_read_timeout, Seconds(45));
  EXPECT_EQ(tcp.http_idle_timeout, Seconds(60));
  EXPECT_FALSE(tcp.disable_unauthed_rekey_endpoints);
  EXPECT_TRUE(tcp.disable_unauthed_generate_root_endpoints);
  EXPECT_EQ(tcp.x_forwarded_for_authorized_addrs, (std::vector<std::string>{"10.0.0.0/8", "127.0.0.1"}));
  EXPECT_FALSE(tcp.x_forwarded_for_reject_not_present);
  EXPECT_EQ(tcp.proxy_protocol, ProxyProtocol::allow_authorized);
  EXPECT_TRUE(tcp.unauthenticated_metrics_access);
  ASSERT_EQ(tcp.custom_response_headers.size(), 2u);
  EXPECT_EQ(tcp.custom_response_headers[0].headers.size(), 2u);
  EXPECT_EQ(tcp.custom_response_headers[1].headers[0].second, "a, b");
  EXPECT_EQ(config.listeners[1].socket_mode, 0660u);
  EXPECT_EQ(config.seal.type, SealType::static_key);
  EXPECT_EQ(config.seal.previous_key, "env://K");
  ASSERT_EQ(config.audits.size(), 1u);
  EXPECT_EQ(config.audits[0].options, (Pairs{{"file_path", "/var/log/a.log"}, {"log_raw", "false"}}));
  EXPECT_EQ(config.telemetry.prometheus_retention_time, Seconds(12 * 3600));
  EXPECT_EQ(config.user_lockouts.at(0).threshold, 3);
  EXPECT_EQ(config.cache_size, 4096);
  EXPECT_EQ(config.default_max_request_duration, Seconds(30));
  EXPECT_THAT(join(config.notes), HasSubstr("\"plugin_directory\" has no effect here: engines are built in"));
  EXPECT_THAT(join(config.notes), HasSubstr("\"statsd_address\" has no effect here"));
}

TEST(Config, TakesAuditDevicesInAllForms) {
  const Config config = good(with(R"(
    audit "file" "one" { options = { file_path = "/a" } }
    audit "file" { options { file_path = "/b" } }
    audit { type = "syslog" path = "three/" }
  )"));
  ASSERT_EQ(config.audits.size(), 3u);
  EXPECT_EQ(config.audits[1].path, "file");
  EXPECT_EQ(config.audits[2].path, "three");
  const Config json = good(R"({"listener":[{"tcp":{"tls_disable":1}}],"storage":{"inmem":{}},
    "audit":[{"file":{"one":{"options":{"file_path":"/a"}}}},{"type":"file","path":"two","options":[{"file_path":"/b"}]},
    {"socket":{"options":{"address":"x:1"}}}]})");
  ASSERT_EQ(json.audits.size(), 3u);
  EXPECT_EQ(json.audits[0].path, "one");
  EXPECT_EQ(json.audits[1].path, "two");
  EXPECT_EQ(json.audits[2].type, "socket");
}

TEST(Config, NamesTheLineTheCauseAndTheMend) {
  EXPECT_THAT(wrong("storage \"inmem\" {}"), HasSubstr("no listener is configured; add listener \"tcp\""));
  EXPECT_THAT(wrong("\nlistener \"tcp\" { address = \"127.0.0.1:8200\" }"),
              HasSubstr("config.hcl:2:1: listener \"tcp\" on 127.0.0.1:8200 has no certificate; give tls_cert_file and tls_key_file, or "
                        "write tls_disable = true"));
  EXPECT_THAT(wrong("listener \"tcp\" { tls_cert_file = \"c\" }"), HasSubstr("has no tls_key_file"));
  EXPECT_THAT(wrong(with("lsitener \"tcp\" { }")), HasSubstr("config.hcl:3:1: unknown block \"lsitener\"; did you mean \"listener\"?"));
  EXPECT_THAT(wrong(with("defualt_lease_ttl = \"1h\"")),
              HasSubstr("config.hcl:3:1: unknown key \"defualt_lease_ttl\"; did you mean \"default_lease_ttl\"?"));
  EXPECT_THAT(wrong("listener \"tcp\" {\n  tls_dissable = true\n}"),
              HasSubstr("config.hcl:2:3: unknown key \"tls_dissable\" in \"listener\"; did you mean \"tls_disable\"?"));
  EXPECT_THAT(wrong("{\n \"listener\": {\"tcp\": {\"tls_disable\": true}}\n \"ui\": true\n}"), HasSubstr("config.hcl:"));
  EXPECT_THAT(wrong("{\n \"listener\": {\"tcp\": {\"tls_disable\": true}},\n \"iu\": true\n}"),
              HasSubstr("config.hcl:3:2: unknown key \"iu\"; did you mean \"ui\"?"));
  EXPECT_THAT(wrong(with("ui = maybe")), HasSubstr("config.hcl:3:6: expected a value, got: IDENT maybe; strings stand in double quotes"));
  EXPECT_THAT(wrong(with("ui = \"maybe\"")), HasSubstr("config.hcl:3:6: \"ui\" expected true or false"));
  EXPECT_THAT(wrong(with("ui = true\nui = false")),
              HasSubstr("config.hcl:4:1: \"ui\" is set twice in one block; it is already set in line 3"));
  EXPECT_THAT(wrong(with("storage \"inmem\" {}")), HasSubstr("\"storage\" is set twice"));
  EXPECT_THAT(wrong(with("backend \"inmem\" {}")), HasSubstr("both \"storage\" and \"backend\""));
  EXPECT_THAT(wrong("listener \"tcp\" { tls_disable = true }\nstorage \"consul\" {}"),
              HasSubstr("config.hcl:2:9: storage \"consul\" is not supported; write storage \"rocksdb\""));
  EXPECT_THAT(wrong("listener \"tcp\" { tls_disable = true }\nstorage \"rokcsdb\" {}"),
              HasSubstr("unknown storage \"rokcsdb\"; did you mean \"rocksdb\"?"));
  EXPECT_THAT(wrong("listener \"tcp\" { tls_disable = true }\nstorage \"file\" {}"), HasSubstr("storage \"file\" needs a path"));
  EXPECT_THAT(wrong("listener \"tpc\" { }"), HasSubstr("unsupported listener type \"tpc\"; did you mean \"tcp\"?"));
  EXPECT_THAT(wrong("listener { tcp = 5 }"), HasSubstr("expected a block in braces, got: number"));
  EXPECT_THAT(wrong(with("max_lease_ttl = \"soon\"")), HasSubstr("config.hcl:3:17: \"max_lease_ttl\": time: invalid duration \"soon\""));
  EXPECT_THAT(wrong(with("max_lease_ttl = \"1h\"")), HasSubstr("is above max_lease_ttl"));
  EXPECT_THAT(wrong(with("log_level = \"wran\"")), HasSubstr("unknown value \"wran\"; did you mean \"warn\"?"));
  EXPECT_THAT(wrong(with("api_addr = \"127.0.0.1:8200\"")), HasSubstr("\"api_addr\" expected a URL"));
  EXPECT_THAT(wrong(with("api_version = \"v1.18.5\"")), HasSubstr("expected three numbers"));
  EXPECT_THAT(wrong(with("seal \"awskms\" {}")), HasSubstr("unsupported seal \"awskms\"; allowed: shamir, static"));
  EXPECT_THAT(wrong(with("seal \"static\" {}")), HasSubstr("needs current_key_id and current_key"));
  EXPECT_THAT(wrong(with("audit \"file\" \"a\" {}")), HasSubstr("needs the option file_path"));
  EXPECT_THAT(wrong(with("audit \"flie\" \"a\" {}")), HasSubstr("unknown audit device \"flie\"; did you mean \"file\"?"));
  EXPECT_THAT(wrong(with("initialize \"x\" {}")), HasSubstr("\"initialize\" is not supported"));
  EXPECT_THAT(wrong("listener \"tcp\" { tls_disable = true tls_min_version = \"tls10\" }"), HasSubstr("tls10 is broken and not offered"));
  EXPECT_THAT(wrong("listener \"tcp\" { tls_disable = true apis = [\"vault\", \"azrue\"] }"), HasSubstr("did you mean \"azure\"?"));
  EXPECT_THAT(wrong("listener \"tcp\" { tls_disable = true apis = [] }"), HasSubstr("\"apis\" names none"));
  EXPECT_THAT(wrong("listener \"tcp\" { tls_disable = true tls_cipher_suites = \"TLS_RSA_WITH_AES_128_CBC_SHA\" }"),
              HasSubstr("unknown or too weak"));
  for (const std::string address : {"127.0.0.1", "::1:8200", "[::1]", "host:http", "a:99999", ""})
    EXPECT_THAT(wrong("listener \"tcp\" { tls_disable = true address = \"" + address + "\" }"), HasSubstr("is no address with a port"))
        << address;
  EXPECT_THAT(wrong("listener \"tcp\" { tls_disable = true }\nlistener \"tcp\" { tls_disable = true }"),
              HasSubstr("config.hcl:2:1: two listeners on 127.0.0.1:8200"));
  EXPECT_THAT(wrong("listener \"tcp\" { tls_cert_file = \"/none/c\" tls_key_file = \"/none/k\" }", {}),
              HasSubstr("tls_cert_file = \"/none/c\": No such file or directory"));
}

TEST(Config, CollectsAllProblems) {
  const std::string text = wrong("ui = 5\nlistener \"tcp\" {\n  adress = \"x\"\n}\nlog_level = \"x\"\n");
  EXPECT_THAT(text, HasSubstr("config.hcl:1:6"));
  EXPECT_THAT(text, HasSubstr("config.hcl:3:3"));
  EXPECT_THAT(text, HasSubstr("config.hcl:5:13"));
  EXPECT_THAT(text, HasSubstr("has no certificate"));
}

TEST(Config, NotesPlainHttpBeyondLoopback) {
  EXPECT_THAT(good(with("")).notes, IsEmpty());
  EXPECT_THAT(join(good("listener \"tcp\" { address = \"0.0.0.0:8200\" tls_disable = 1 }\nstorage \"inmem\" {}").notes),
              HasSubstr("secrets travel in the clear on 0.0.0.0:8200"));
  EXPECT_THAT(join(good("listener \"tcp\" { tls_disable = 1 }").notes),
              HasSubstr("no storage is configured: data are kept in /var/lib/coffer"));
}

TEST(Config, SanitizedHoldsNoSecret) {  // security.md K07
  const Config config = good(with(R"(
    seal "static" { current_key_id = "CANARY" current_key = "CANARY" }
    audit "socket" "s" { options { address = "CANARY:1" } }
    telemetry { circonus_api_token = "CANARY" }
    api_addr = "https://a:1"
  )"));
  const std::string text = config.sanitized();
  EXPECT_THAT(text, Not(HasSubstr("CANARY")));
  EXPECT_THAT(join(config.notes), Not(HasSubstr("CANARY")));
  const auto document = json::Document::parse(text).value();
  EXPECT_EQ(document.root().find("max_lease_ttl")->raw(), "2764800");
  EXPECT_EQ(document.root().find("storage")->find("type")->text(), "inmem");
  EXPECT_EQ(document.root().find("listeners")->elements().at(0).find("config")->find("tls_disable")->raw(), "true");
  EXPECT_EQ(document.root().find("seals")->elements().at(0).find("type")->text(), "static");
}

TEST(Config, DevModeNeedsNoFile) {
  const auto config = load({}, {.dev = DevOptions{}, .check_files = true});
  ASSERT_TRUE(config) << join(config.error());
  EXPECT_TRUE(config->dev);
  EXPECT_TRUE(config->listeners.at(0).tls_disable);
  EXPECT_EQ(config->storage.type, StorageType::memory);
  const auto tls = load({}, {.dev = DevOptions{"127.0.0.1:9", "c", "k"}, .check_files = false});
  ASSERT_TRUE(tls);
  EXPECT_FALSE(tls->listeners.at(0).tls_disable);
  EXPECT_FALSE(load({}, {.dev = DevOptions{"nonsense", "", ""}, .check_files = true}));
}

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "coffer-config-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  std::string folder_;
};

TEST_F(Folder, FilesAreReadInOrderAndMerged) {
  write("b.json", R"({"ui": false, "listener": {"tcp": {"address": "127.0.0.1:2", "tls_disable": true}}})");
  write("a.hcl",
        "ui = true\nlog_level = \"info\"\nlistener \"tcp\" { address = \"127.0.0.1:1\" tls_disable = true }\nstorage \"inmem\" {}");
  write("c.txt", "nonsense");
  write(".d.hcl", "nonsense");
  write("e.hcl~", "nonsense");
  const std::string extra = write("extra.conf", "log_level = \"debug\"");
  const auto config = load(std::vector{folder_, extra});
  ASSERT_TRUE(config) << join(config.error());
  ASSERT_EQ(config->listeners.size(), 2u);
  EXPECT_EQ(config->listeners[0].address, "127.0.0.1:1");
  EXPECT_FALSE(config->ui);
  EXPECT_EQ(config->log_level, "debug");
}

TEST_F(Folder, UnreadableFilesAreNamed) {
  const auto missing = load(std::vector{folder_ + "/none.hcl"});
  ASSERT_FALSE(missing);
  EXPECT_THAT(join(missing.error()), HasSubstr("none.hcl: cannot be read: No such file or directory"));
  EXPECT_THAT(join(missing.error()), Not(HasSubstr("no listener")));
  EXPECT_THAT(join(load(std::vector{folder_}).error()), HasSubstr("no file in this folder ends in .hcl or .json"));
  write("a.hcl", "listener \"tcp\" {\n tls_disable = true\n");
  EXPECT_THAT(join(load(std::vector{folder_}).error()),
              HasSubstr("a.hcl:3:2: object expected closing RBRACE got: EOF; add the } that closes the block of line 1"));
}

}  // namespace
}  // namespace coffer::config
