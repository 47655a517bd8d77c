#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/friendly/private_file.h"
#include "cli/friendly/process.h"
#include "cli/testing.h"

namespace coffer::cli::testing {
namespace {

// A KV version 2 mount at kv/, kept in memory: as much of the API as the friendly verbs use.
class KvServer final : public Transport {
 public:
  struct Version {
    std::string fields;
    bool deleted = false;
  };
  struct Secret {
    std::vector<Version> versions;
    std::string custom = "null";
  };
  explicit KvServer(std::map<std::string, Secret>& secrets) : secrets_(secrets) {}

  Expected<HttpResponse> send(const HttpRequest& request) override {
    std::string path = request.target.substr(4);
    std::string query;
    if (const std::size_t mark = path.find('?'); mark != std::string::npos) {
      query = path.substr(mark + 1);
      path.resize(mark);
    }
    if (path == "sys/internal/ui/mounts") return ok(R"({"data":{"secret":{"kv/":{"type":"kv"},"sys/":{"type":"system"}},"auth":{}}})");
    if (path.starts_with("sys/internal/ui/mounts/kv")) return ok(R"({"data":{"path":"kv/","type":"kv","options":{"version":"2"}}})");
    if (path.starts_with("sys/internal/ui/mounts/"))
      return refuse(403, R"(preflight capability check returned 403, please ensure client's policies grant access to path \"x/\")");
    if (path == "kv/metadata" && query == "list=true") return list("");
    if (path.starts_with("kv/metadata/") && query == "list=true") return list(path.substr(12) + "/");
    if (path.starts_with("kv/data/denied")) return refuse(403, "permission denied");
    if (path.starts_with("kv/data/")) return data(request, path.substr(8), query);
    if (path.starts_with("kv/metadata/")) return metadata(request, path.substr(12));
    if (path.starts_with("kv/undelete/")) {
      secrets_[path.substr(12)].versions.back().deleted = false;
      return HttpResponse{204, "", {}};
    }
    return refuse(404, "");
  }

 private:
  static HttpResponse ok(std::string body) { return {200, std::move(body), {}}; }
  static HttpResponse refuse(int status, const std::string& why) {
    return {status, why.empty() ? R"({"errors":[]})" : "{\"errors\":[\"" + why + "\"]}", {}};
  }
  HttpResponse list(const std::string& folder) {
    std::set<std::string> names;
    for (const auto& [path, secret] : secrets_)
      if (path.starts_with(folder)) {
        const std::string rest = path.substr(folder.size());
        names.insert(rest.find('/') == std::string::npos ? rest : rest.substr(0, rest.find('/') + 1));
      }
    if (names.empty()) return refuse(404, "");
    std::string keys;
    for (const std::string& name : names) keys += (keys.empty() ? "" : ",") + json::quoted(name);
    return ok("{\"data\":{\"keys\":[" + keys + "]}}");
  }
  static std::string about(const Secret& secret, std::size_t index) {
    return fmt::format(R"({{"version":{},"created_time":"2026-01-02T03:04:05Z","deletion_time":"{}","destroyed":false,"custom_metadata":{}}})", index + 1,
                       secret.versions[index].deleted ? "2026-01-03T00:00:00Z" : "", secret.custom);
  }
  HttpResponse data(const HttpRequest& request, const std::string& name, const std::string& query) {
    if (request.method == "PUT") {
      const auto body = json::Document::parse(request.body);
      Secret& secret = secrets_[name];
      if (const auto cas = body->root().find("options")->find("cas"); cas && cas->as_int() != static_cast<std::int64_t>(secret.versions.size()))
        return refuse(400, "check-and-set parameter did not match the current version");
      secret.versions.push_back({std::string(body->root().find("data")->raw()), false});
      return ok("{\"data\":" + about(secret, secret.versions.size() - 1) + "}");
    }
    const auto found = secrets_.find(name);
    if (found == secrets_.end() || found->second.versions.empty()) return request.method == "DELETE" ? HttpResponse{204, "", {}} : refuse(404, "");
    Secret& secret = found->second;
    if (request.method == "DELETE") {
      secret.versions.back().deleted = true;
      return {204, "", {}};
    }
    std::size_t index = secret.versions.size() - 1;
    if (query.starts_with("version=")) index = std::stoul(query.substr(8)) - 1;
    if (index >= secret.versions.size()) return refuse(404, "");
    const Version& version = secret.versions[index];
    const std::string body = fmt::format(R"({{"data":{{"data":{},"metadata":{}}}}})", version.deleted ? "null" : version.fields, about(secret, index));
    return {version.deleted ? 404 : 200, body, {}};
  }
  HttpResponse metadata(const HttpRequest& request, const std::string& name) {
    if (request.method == "DELETE") {
      secrets_.erase(name);
      return {204, "", {}};
    }
    if (request.method == "PUT") {
      secrets_[name].custom = std::string(json::Document::parse(request.body)->root().find("custom_metadata")->raw());
      return {204, "", {}};
    }
    const auto found = secrets_.find(name);
    if (found == secrets_.end()) return refuse(404, "");
    std::string versions;
    for (std::size_t i = 0; i < found->second.versions.size(); ++i)
      versions += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",", i + 1, about(found->second, i));
    return ok("{\"data\":{\"versions\":{" + versions + "}}}");
  }
  std::map<std::string, Secret>& secrets_;
};

class FriendlyTest : public ::testing::Test {
 protected:
  TextConsole console;
  std::map<std::string, KvServer::Secret> secrets;
  std::map<std::string, std::string> environment{{"VAULT_ADDR", "http://127.0.0.1:8200"}, {"VAULT_TOKEN", "root"}, {"HOME", "/nonexistent"}};

  int run(std::vector<std::string> words) {
    console.out.clear();
    console.err.clear();
    World world{};
    world.environment = Environment(environment);
    world.console = &console;
    world.make_transport = [this](ConnectionOptions) { return std::make_unique<KvServer>(secrets); };
    return cli::run(world, words);
  }
  std::string fields(const std::string& path) { return secrets[path].versions.empty() ? "" : secrets[path].versions.back().fields; }
};

TEST_F(FriendlyTest, SetMergesAndGetMasks) {
  EXPECT_EQ(run({"set", "kv/app", "user=maya", "password=hunter22"}), 0) << console.err;
  EXPECT_EQ(console.err, "kv/app is now at version 1: added password, user.\n");
  EXPECT_EQ(console.out, "");
  EXPECT_EQ(run({"set", "kv/app", "password=other", "-unset=user", "n=1"}), 0);
  EXPECT_EQ(console.err, "kv/app is now at version 2: added n; changed password; removed user.\nNext: coffer undo kv/app   takes it back.\n");
  EXPECT_EQ(fields("app"), R"({"password":"other","n":"1"})");
  EXPECT_EQ(run({"get", "kv/app"}), 0);
  EXPECT_NE(console.out.find("password    other\n"), std::string::npos) << "a pipe gets values: " << console.out;
  console.terminal = true;
  EXPECT_EQ(run({"get", "kv/app"}), 0);
  EXPECT_NE(console.out.find("password    •••• (under 8 bytes)\n"), std::string::npos) << console.out;
  EXPECT_EQ(console.out.find("other"), std::string::npos);
  EXPECT_EQ(run({"get", "kv/app", "password"}), 0);
  EXPECT_EQ(console.out.find("other"), std::string::npos);
  EXPECT_EQ(run({"get", "kv/app", "-field=password"}), 0);
  EXPECT_EQ(console.out, "other\n");
  EXPECT_EQ(run({"get", "kv/app", "--reveal"}), 0);
  EXPECT_NE(console.out.find("other"), std::string::npos);
  console.terminal = false;
  EXPECT_EQ(run({"get", "coffer://kv/app#password@1"}), 0);
  EXPECT_EQ(console.out, "hunter22");
  EXPECT_EQ(run({"get", "kv/app", "nope"}), 1);
  EXPECT_EQ(console.err, "kv/app has no field \"nope\".\nNext: its fields are: n, password\n");
}

TEST_F(FriendlyTest, AgentsSeeNoValues) {
  secrets["app"].versions.push_back({R"({"password":"hunter22"})"});
  environment["AI_AGENT"] = "1";
  EXPECT_EQ(run({"get", "kv/app", "-format=json"}), 1);
  EXPECT_EQ(run({"get", "kv/app", "-field=password"}), 0);
  EXPECT_EQ(console.out.find("hunter22"), std::string::npos);
  EXPECT_EQ(run({"export", "kv/app"}), 1);
  EXPECT_EQ(run({"get", "kv/app", "-field=password", "--reveal"}), 0);
  EXPECT_EQ(console.out, "hunter22");
}

TEST_F(FriendlyTest, SetGuardsWhiteSpaceAndAsks) {
  EXPECT_EQ(run({"set", "kv/app", "a= x"}), 1);
  EXPECT_EQ(console.err, "The value of \"a\" begins or ends with white space.\nNext: --trim drops it, --verbatim keeps it\n");
  EXPECT_TRUE(secrets.empty());
  EXPECT_EQ(run({"set", "kv/app", "--trim", "a= x"}), 0);
  EXPECT_EQ(fields("app"), R"({"a":"x"})");
  EXPECT_EQ(run({"set", "kv/app", "--verbatim", "a= x"}), 0);
  EXPECT_EQ(fields("app"), R"({"a":" x"})");
  EXPECT_EQ(run({"set", "kv/app", "pw"}), 1);
  console.terminal = true;
  console.answers = {"one", "two"};
  EXPECT_EQ(run({"set", "kv/app", "pw"}), 1);
  console.answers = {"same", "same"};
  EXPECT_EQ(run({"set", "kv/app", "pw"}), 0);
  EXPECT_EQ(fields("app"), R"({"a":" x","pw":"same"})");
  EXPECT_EQ(run({"set", "--dry-run", "kv/new", "a=b"}), 0);
  EXPECT_FALSE(secrets.contains("new"));
}

TEST_F(FriendlyTest, UndoTakesBackDeletesAndChanges) {
  run({"set", "kv/app", "a=1"});
  run({"set", "kv/app", "a=2"});
  EXPECT_EQ(run({"undo", "kv/app"}), 0);
  EXPECT_EQ(console.err, "kv/app has the fields of version 1 again, as version 3.\n");
  EXPECT_EQ(fields("app"), R"({"a":"1"})");
  EXPECT_EQ(run({"rm", "kv/app"}), 0);
  EXPECT_EQ(run({"get", "kv/app"}), 2);
  EXPECT_EQ(console.err, "Version 3 of kv/app is deleted.\nNext: coffer undo kv/app\n");
  EXPECT_EQ(run({"undo", "kv/app"}), 0);
  EXPECT_EQ(console.err, "kv/app is back, at version 3.\n");
  EXPECT_EQ(run({"history", "kv/app"}), 0);
  EXPECT_TRUE(console.out.starts_with("Version    Created")) << console.out;
  EXPECT_EQ(run({"undo", "kv/none"}), 2);
}

TEST_F(FriendlyTest, DestructiveNeedsYes) {
  run({"set", "kv/a/x", "f=1"});
  run({"set", "kv/a/b/y", "f=1"});
  EXPECT_EQ(run({"rm", "-R", "--for-good", "kv/a"}), 1);
  EXPECT_EQ(secrets.size(), 2u);
  EXPECT_EQ(run({"rm", "-R", "--dry-run", "kv/a"}), 0);
  EXPECT_EQ(console.out, "kv/a/b/y\nkv/a/x\n");
  console.terminal = true;
  console.answers = {"n"};
  EXPECT_EQ(run({"rm", "-R", "--for-good", "kv/a"}), 1);
  console.answers = {"y"};
  EXPECT_EQ(run({"rm", "-R", "--for-good", "kv/a"}), 0);
  EXPECT_TRUE(secrets.empty());
  run({"set", "kv/z", "f=1"});
  console.terminal = false;
  EXPECT_EQ(run({"rm", "--for-good", "--yes", "kv/z"}), 0);
  EXPECT_TRUE(secrets.empty());
}

TEST_F(FriendlyTest, ListsTreesFinds) {
  for (const char* path : {"kv/apps/shop/db", "kv/apps/shop/api", "kv/apps/web", "kv/top"}) run({"set", path, "PASSWORD=x"});
  EXPECT_EQ(run({"ls"}), 0);
  EXPECT_EQ(console.out, "kv/\n");
  EXPECT_EQ(run({"ls", "kv"}), 0);
  EXPECT_EQ(console.out, "apps/\ntop\n");
  EXPECT_EQ(run({"ls", "-R", "kv/apps"}), 0);
  EXPECT_EQ(console.out, "kv/apps/shop/api\nkv/apps/shop/db\nkv/apps/web\n");
  EXPECT_EQ(run({"tree", "kv"}), 0);
  EXPECT_EQ(console.out, "kv/\n├── apps/\n│   ├── shop/\n│   │   ├── api\n│   │   └── db\n│   └── web\n└── top\n");
  EXPECT_EQ(console.err, "4 secrets, 2 folders\n");
  EXPECT_EQ(run({"find", "SHOP"}), 0);
  EXPECT_EQ(console.out, "kv/apps/shop/api\nkv/apps/shop/db\n");
  EXPECT_EQ(run({"find", "kv", "*/web"}), 0);
  EXPECT_EQ(console.out, "kv/apps/web\n");
  EXPECT_EQ(run({"find", "--fields", "kv/apps/shop", "pass"}), 0);
  EXPECT_EQ(console.out, "kv/apps/shop/api#PASSWORD\nkv/apps/shop/db#PASSWORD\n");
  EXPECT_EQ(run({"find", "nothing"}), 1);
}

TEST_F(FriendlyTest, CopiesAndMoves) {
  run({"set", "kv/a", "f=1"});
  run({"set", "kv/a", "f=2"});
  secrets["a"].custom = R"({"owner":"maya"})";
  EXPECT_EQ(run({"cp", "kv/a", "kv/b"}), 0) << console.err;
  EXPECT_EQ(secrets["b"].versions.size(), 1u);
  EXPECT_EQ(fields("b"), R"({"f":"2"})");
  EXPECT_EQ(secrets["b"].custom, R"({"owner":"maya"})");
  EXPECT_EQ(run({"cp", "kv/a", "kv/b"}), 2);
  EXPECT_EQ(console.err, "kv/b exists already.\nNext: --overwrite writes a new version of it\n");
  EXPECT_EQ(run({"mv", "kv/a", "kv/folder/"}), 0) << console.err;
  EXPECT_FALSE(secrets.contains("a"));
  EXPECT_EQ(secrets["folder/a"].versions.size(), 2u);
  EXPECT_EQ(run({"cp", "-R", "kv/folder", "kv/folder/in"}), 1);
  EXPECT_EQ(run({"cp", "-R", "kv/folder", "kv/copy"}), 0);
  EXPECT_TRUE(secrets.contains("copy/a"));
  run({"set", "kv/folder/b", "f=1"});
  EXPECT_EQ(run({"mv", "-R", "kv/folder", "kv/elsewhere"}), 1) << "moving many asks";
  EXPECT_EQ(run({"mv", "-R", "-y", "kv/folder", "kv/elsewhere"}), 0);
}

TEST_F(FriendlyTest, DiffMasks) {
  run({"set", "kv/a", "f=secret-one", "same=1"});
  run({"set", "kv/a", "f=secret-two", "new=x"});
  EXPECT_EQ(run({"diff", "kv/a"}), 1);
  EXPECT_EQ(console.out, "--- kv/a version 1\n+++ kv/a version 2\n-f: •••• (8 to 15 bytes)\n+f: •••• (8 to 15 bytes)\n+new: •••• (under 8 bytes)\n");
  EXPECT_EQ(run({"diff", "--reveal", "kv/a", "-from=1", "-to=2"}), 1);
  EXPECT_NE(console.out.find("-f: secret-one\n+f: secret-two\n"), std::string::npos);
  EXPECT_EQ(run({"diff", "kv/a", "kv/a"}), 0);
}

TEST_F(FriendlyTest, ErrorsSayWhatWhyNext) {
  EXPECT_EQ(run({"get", "kv/denied"}), 2);
  EXPECT_EQ(console.err,
            "Denied: your token may not READ kv/data/denied.\nNext: coffer why -capability=read kv/data/denied   (which rule decides)\n      coffer login   (if the "
            "token has expired)\n");
  EXPECT_EQ(run({"get", "other/x"}), 2);
  EXPECT_EQ(console.err, "Denied: there is no secret that your token may reach at \"other/x\".\nNext: coffer ls   (what you may reach)\n");
  EXPECT_EQ(run({"get", "kv/none"}), 2);
  EXPECT_EQ(console.err, "There is no secret at kv/none.\nNext: coffer ls kv/\n");
}

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/coffer-cli-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name, const std::string& content = "") const {
    if (!content.empty()) std::ofstream(path_ + "/" + name) << content;
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

std::string content_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(FriendlyTest, ImportsAndExports) {
  const Folder folder;
  secrets["app"].versions.push_back({R"({"OLD":"1","KEEP":"k"})"});
  EXPECT_EQ(run({"import", folder.file(".env", "OLD=2\nNEW='a b'\n"), "kv/app"}), 0) << console.err;
  EXPECT_EQ(console.err, "kv/app:\n  + NEW\n  ~ OLD\n  (1 other field stays; --replace removes them)\nkv/app is now at version 2.\n");
  EXPECT_EQ(run({"import", folder.file(".env"), "kv/app"}), 0);
  EXPECT_EQ(console.err, "kv/app has all of this already.\n");
  EXPECT_EQ(run({"export", "kv/app", "-output=" + folder.file("out.env")}), 0) << console.err;
  EXPECT_EQ(content_of(folder.file("out.env")), "KEEP=k\nNEW=\"a b\"\nOLD=2\n");
  struct stat info {};
  ASSERT_EQ(::stat(folder.file("out.env").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(run({"import", "--replace", folder.file("v.yaml", "A: 1\nB:\n  C: [x]\n"), "kv/app"}), 0) << console.err;
  EXPECT_EQ(run({"export", "--format=json", "kv/app"}), 0);
  EXPECT_EQ(console.out, "{\n  \"A\": 1,\n  \"B\": {\n    \"C\": [\n      \"x\"\n    ]\n  }\n}\n");
  EXPECT_EQ(run({"export", "--format=shell", "kv/app"}), 0);
  EXPECT_EQ(console.out, "export A='1'\nexport B='{\"C\":[\"x\"]}'\n");
  EXPECT_EQ(run({"import", "kv/other", folder.file(".env")}), 0) << "either order";
  EXPECT_EQ(run({"import", folder.file("bad.json", "[1]"), "kv/app"}), 1);
  EXPECT_EQ(run({"import", folder.file("bad.env", "x y"), "kv/app"}), 1);
  console.terminal = true;
  EXPECT_EQ(run({"export", "kv/app"}), 1) << "not onto a terminal";
}

TEST_F(FriendlyTest, RunInjectsAndReturnsTheCode) {
  const Folder folder;
  secrets["app"].versions.push_back({R"({"DB_URL":"postgres://x","api-key":"k","n":5})"});
  ::setenv("VAULT_TOKEN", "must-not-reach-the-child", 1);
  ::setenv("PRESET", "outer", 1);
  const std::string out = folder.file("out");
  EXPECT_EQ(run({"run", "kv/app", "--no-mask", "--", "sh", "-c", "echo \"$DB_URL $api_key $n ${VAULT_TOKEN-none}\" >" + out + "; exit 7"}), 7) << console.err;
  EXPECT_EQ(content_of(out), "postgres://x k 5 none\n");
  EXPECT_EQ(run({"run", "kv/app", "--only=n", "--upper", "--prefix=app_", "--command", "env | grep -i -e app_ -e db_url >" + out}), 0) << console.err;
  EXPECT_EQ(content_of(out), "APP_N=5\n");
  EXPECT_EQ(run({"run", "-env", "PRESET=kv/app#n", "--", "sh", "-c", "echo $PRESET >" + out}), 0) << console.err;
  EXPECT_EQ(content_of(out), "5\n");
  EXPECT_EQ(run({"run", "--preserve-env", "-env", "PRESET=kv/app#n", "--", "sh", "-c", "echo $PRESET >" + out}), 0);
  EXPECT_EQ(content_of(out), "outer\n");
  EXPECT_EQ(run({"run", "kv/app", "--", "sh", "-c", "kill -9 $$"}), 137);
  EXPECT_EQ(run({"run", "kv/app", "--", "/nonexistent/program"}), 127);
  EXPECT_EQ(run({"run", "kv/app", "--", folder.file("plain", "x")}), 126);
  EXPECT_EQ(run({"run", "kv/app"}), 125);
  EXPECT_EQ(run({"run", "kv/none", "--", "true"}), 125);
  EXPECT_EQ(run({"run", "kv/app", "--only=zzz", "--", "true"}), 125);
  ::unsetenv("VAULT_TOKEN");
  ::unsetenv("PRESET");
}

TEST(Process, MasksBothStreams) {
  const Folder folder;
  const std::string path = folder.file("caught");
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  const int saved_out = ::dup(1), saved_err = ::dup(2);
  ::dup2(file, 1);
  ::dup2(file, 2);
  SecretPatterns patterns;
  patterns.add("hunter22");
  patterns.compile();
  ChildOptions child;
  child.argv = {"sh", "-c", "printf 'out hunt'; sleep 0.1; echo er22; echo err hunter22 >&2"};
  child.masks = &patterns;
  child.mask_out = child.mask_err = true;
  std::string error;
  const int code = run_child(child, error);
  ::dup2(saved_out, 1);
  ::dup2(saved_err, 2);
  EXPECT_EQ(code, 0) << error;
  const std::string caught = content_of(path);
  EXPECT_NE(caught.find("out ••••••\n"), std::string::npos) << caught;
  EXPECT_NE(caught.find("err ••••••\n"), std::string::npos) << caught;
  EXPECT_EQ(caught.find("hunter22"), std::string::npos);
}

TEST(PrivateFile, GoesAwayWithAllBesideIt) {
  std::string folder;
  {
    auto file = PrivateFile::make(Environment(std::map<std::string, std::string>{}), "secret.yaml", "a: b\n");
    if (!file) GTEST_SKIP() << file.error().text;
    folder = std::filesystem::path(file->path()).parent_path();
    struct stat info {};
    ASSERT_EQ(::stat(file->path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    std::ofstream(folder + "/.secret.yaml.swp") << "a: b";
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(FriendlyTest, CompletionOffersPaths) {
  run({"set", "kv/apps/web", "f=1"});
  run({"set", "kv/apps/api", "f=1"});
  EXPECT_EQ(run({"__complete", "--", "kv", "g"}), 0);
  EXPECT_EQ(console.out, "get\n");
  EXPECT_EQ(run({"__complete", "--", "kv", "get", "-mo"}), 0);
  EXPECT_EQ(console.out, "-mount=\n");
  EXPECT_EQ(run({"__complete", "--", "kv", "get", "-format=j"}), 0);
  EXPECT_EQ(console.out, "-format=json\n");
  EXPECT_EQ(run({"__complete", "--", "get", "kv/apps/"}), 0);
  EXPECT_EQ(console.out, "kv/apps/api\nkv/apps/web\n");
  EXPECT_EQ(run({"__complete", "--", "get", "k"}), 0);
  EXPECT_EQ(console.out, "kv/\n");
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(run({"completion", shell}), 0);
    EXPECT_NE(console.out.find("coffer __complete"), std::string::npos);
  }
  EXPECT_EQ(run({"completion", "tcsh"}), 1);
}

}  // namespace
}  // namespace coffer::cli::testing
