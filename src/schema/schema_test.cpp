#include <gtest/gtest.h>

#include "schema/endpoint.h"

namespace coffer {
struct Caller {};
class Session {};
namespace schema {
namespace {

struct PutKey {
  std::string name;
  std::optional<SecretBytes> seed;
  Seconds period{30};
  std::int64_t digits = 6;
  static constexpr auto fields() {
    return Fields{path<&PutKey::name>("name", "Name of the key."), field<&PutKey::seed>("key", "Seed to import."),
                      field<&PutKey::period>("period", "How long a code is valid.").open(), field<&PutKey::digits>("digits", "Digits of a code.")};
  }
};
struct Role {
  std::string name;
  TokenParameters token;
  static constexpr auto fields() { return Fields{field<&Role::name>("name", "Name.").open(), inlined<&Role::token>()}; }
};
struct PutRole {
  std::string role;
  Patch<Role> change;
  static constexpr auto fields() { return Fields{path<&PutRole::role>("role", "Role."), inlined<&PutRole::change>()}; }
};
struct Here {
  std::string rest;
  static constexpr auto fields() { return Fields{path<&Here::rest>("rest", "The rest.")}; }
};

class Engine {
 public:
  Result<Nothing> put(const Caller&, Transaction&, const PutKey& in) { return in.digits == 7 ? Result<Nothing>(invalid("digits")) : Nothing{}; }
  Result<std::optional<Role>> read(const Caller&, const Snapshot&, const Here&) { return std::optional<Role>(); }
  Result<Keys> list(const Caller&, const Snapshot&, const Here&) { return Keys{{"a"}, ""}; }
};

TEST(Schema, DecodesWithDefaults) {
  const auto d = json::Document::parse(R"({"key":"s3","period":"1m","digits":"8"})");
  const Capture captures[] = {{"name", "bob"}};
  auto key = decode<PutKey>({d->root(), captures});
  ASSERT_TRUE(key);
  EXPECT_EQ(key->name, "bob");
  EXPECT_EQ(key->seed->reveal_text(), "s3");
  EXPECT_EQ(key->period, Seconds(60));
  EXPECT_EQ(key->digits, 8);
  const auto bad = json::Document::parse(R"({"digits":"many"})");
  EXPECT_EQ(decode<PutKey>({bad->root(), {}}).error().message,
            "Field validation failed: error converting input for field \"digits\": '' cannot parse value as 'int': strconv.ParseInt: invalid syntax");
}

TEST(Schema, PatchesOnlyWhatCame) {
  Role role{"r", {}};
  role.token.token_ttl = Seconds(5);
  role.token.token_num_uses = 9;
  const auto d = json::Document::parse(R"({"token_ttl":"1h","token_policies":"b, a"})");
  auto put = decode<PutRole>({d->root(), {}});
  ASSERT_TRUE(put);
  ASSERT_TRUE(put->change.apply(role));
  EXPECT_EQ(role.token.token_ttl, Seconds(3600));
  EXPECT_EQ(role.token.token_num_uses, 9);
  EXPECT_EQ(role.token.token_policies.items.size(), 2u);
  EXPECT_EQ(describe<PutRole>().size(), 12u);
  EXPECT_EQ(from_json<Role>(to_json(role))->token.token_ttl, Seconds(3600));
}

TEST(Schema, RoutesBySpecificity) {
  Engine engine;
  std::vector<Endpoint> list;
  list.push_back(at("keys/{name}", "A key.").on(Verb::write, &engine, &Engine::put, "Make it."));
  list.push_back(at("keys/special", "Not a key.").on(Verb::read, &engine, &Engine::read, "Read."));
  list.push_back(at("data", "The folder itself.").on(Verb::read, &engine, &Engine::read, "Read."));
  list.push_back(at("data/{rest...}", "All.").on(Verb::read, &engine, &Engine::read, "Read.").on(Verb::list, &engine, &Engine::list, "List."));
  auto table = Table::make(std::move(list));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->find("keys/special", Verb::read).endpoint->pattern, "keys/special");
  EXPECT_EQ(table->find("keys/bob", Verb::write).captures[0].value, "bob");
  EXPECT_EQ(table->find("keys/bob", Verb::read).operation, nullptr);
  EXPECT_EQ(table->find("keys", Verb::read).endpoint, nullptr);
  EXPECT_EQ(table->find("data/a/b/", Verb::list).captures[0].value, "a/b");
  EXPECT_EQ(table->find("data", Verb::list).captures[0].value, "");
  EXPECT_EQ(table->find("data", Verb::read).endpoint->pattern, "data");
  EXPECT_TRUE(table->find("data/a", Verb::list).operation->handler.index() == 0);
  EXPECT_TRUE(table->find("keys/x", Verb::write).operation->writes());
}

TEST(Schema, RoutesManySegments) {
  Engine engine;
  std::vector<Endpoint> list;
  list.push_back(at("mounts", "All.").on(Verb::read, &engine, &Engine::read, "List."));
  list.push_back(
      at("mounts/{rest+}", "One.").on(Verb::read, &engine, &Engine::read, "Read.").on(Verb::list, &engine, &Engine::list, "List."));
  list.push_back(at("mounts/{rest+}/tune", "Its tuning.").on(Verb::read, &engine, &Engine::read, "Read."));
  auto table = Table::make(std::move(list));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->find("mounts/", Verb::list).endpoint->pattern, "mounts");
  EXPECT_EQ(table->find("mounts/", Verb::list).operation, nullptr);
  EXPECT_EQ(table->find("mounts/a/b", Verb::read).captures[0].value, "a/b");
  const auto tune = table->find("mounts/a/b/tune", Verb::read);
  EXPECT_EQ(tune.endpoint->pattern, "mounts/{rest+}/tune");
  EXPECT_EQ(tune.captures[0].name, "rest");
  EXPECT_EQ(tune.captures[0].value, "a/b");
  EXPECT_EQ(table->find("mounts/tune", Verb::read).endpoint->pattern, "mounts/{rest+}");
  EXPECT_EQ(table->find("mounts/fortune", Verb::read).endpoint->pattern, "mounts/{rest+}");
}

TEST(Schema, FindsActionsApartFromVerbs) {
  Engine engine;
  std::vector<Endpoint> list;
  list.push_back(at("data/{rest...}", "Actions first.").on_action("aws:Get", Verb::read, &engine, &Engine::read, "Get.").on_action("aws:Put", Verb::write, &engine, &Engine::put, "Put.").heavy());
  list.push_back(at("data/{rest...}", "All.").on(Verb::read, &engine, &Engine::read, "Read.").on(Verb::list, &engine, &Engine::list, "List."));
  list.push_back(at("random", "An action alone.").on_action("aws:Random", Verb::write, &engine, &Engine::put, "Random."));
  list.push_back(at("{all...}", "Anything.").on(Verb::read, &engine, &Engine::read, "Read."));
  auto table = Table::make(std::move(list));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->endpoints().size(), 3u);  // the first two are one
  const auto get = table->find("data/a/b", Verb::write, "aws:Get");
  EXPECT_EQ(get.operation->action, "aws:Get");
  EXPECT_EQ(get.operation->verb, Verb::read);
  EXPECT_EQ(get.captures[0].value, "a/b");
  EXPECT_TRUE(table->find("data/a", Verb::read, "aws:Put").operation->heavy);
  EXPECT_EQ(table->find("data/a", Verb::read, "aws:Other").operation, nullptr);
  EXPECT_NE(table->find("data/a", Verb::read, "aws:Other").endpoint, nullptr);
  // Neither is reached by the other's requests.
  EXPECT_EQ(table->find("data/a", Verb::read).operation->action, "");
  EXPECT_EQ(table->find("data/a", Verb::write).operation, nullptr);
  EXPECT_EQ(table->find("random", Verb::write).endpoint->pattern, "{all...}");
  EXPECT_EQ(table->find("x", Verb::read, "aws:Get").endpoint, nullptr);
  EXPECT_EQ(table->find("random", Verb::write, "aws:Random").endpoint->pattern, "random");
}

TEST(Schema, RefusesAnActionThatStandsTwice) {
  Engine engine;
  std::vector<Endpoint> list;
  list.push_back(at("a/{x}", "").on(Verb::read, &engine, &Engine::read, ""));
  list.push_back(at("a/{x}", "").on_action("aws:Get", Verb::read, &engine, &Engine::read, ""));
  list.push_back(at("a/{x}", "").on_action("aws:Get", Verb::read, &engine, &Engine::read, ""));
  EXPECT_FALSE(Table::make(std::move(list)));
}

TEST(Schema, RefusesOverlap) {
  Engine engine;
  std::vector<Endpoint> list;
  list.push_back(at("a/{x}", "").on(Verb::read, &engine, &Engine::read, ""));
  list.push_back(at("a/{y}", "").on(Verb::read, &engine, &Engine::read, ""));
  EXPECT_FALSE(Table::make(std::move(list)));
}

TEST(Schema, AuditShowsOnlyWhatIsOpen) {
  struct Stars final : json::Redactor {
    void append_redacted(std::string_view, std::string& out) override { out += "*"; }
  } stars;
  PutKey key{"bob", SecretBytes::copy_of("s3"), Seconds(30), 6};
  std::string out;
  json::Writer w(out, &stars);
  encode(w, key);
  EXPECT_EQ(out, R"({"name":"bob","key":"*","period":30,"digits":"*"})");
}

}  // namespace
}  // namespace schema
}  // namespace coffer
