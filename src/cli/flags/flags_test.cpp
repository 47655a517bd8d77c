#include "cli/flags/flags.h"

#include <gtest/gtest.h>

#include "cli/suggest.h"
#include "cli/testing.h"

namespace coffer::cli {
namespace {

CommandSpec sample() {
  CommandSpec command{};
  command.name = "sample";
  command.flags = {{"force", FlagKind::boolean, "", "false", {}, "f"}, {"renewable", FlagKind::boolean, "", "true"},
                   {"ttl", FlagKind::duration, ""},                    {"cas", FlagKind::integer, "", "-1"},
                   {"policy", FlagKind::list, ""},                     {"meta", FlagKind::map, ""}};
  command.groups = http_flags | format_flag | field_flag;
  return command;
}

Expected<ParsedArguments> parse(std::vector<std::string> words, std::map<std::string, std::string> environment = {}) {
  return parse_flags(sample(), words, Environment(std::move(environment)));
}

TEST(Flags, GoForms) {
  const auto parsed = parse({"-field=x", "--cas", "3", "path", "-f", "-policy=a", "-policy", "b", "k=v", "-", "-meta=a=b=c"});
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->flags.text("field"), "x");
  EXPECT_EQ(parsed->flags.integer("cas", 0), 3);
  EXPECT_TRUE(parsed->flags.boolean("force"));
  EXPECT_EQ(parsed->flags.list("policy"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parsed->flags.map("meta"), (std::vector<std::pair<std::string, std::string>>{{"a", "b=c"}}));
  EXPECT_EQ(parsed->arguments, (std::vector<std::string>{"path", "k=v", "-"}));
}

TEST(Flags, BooleansTakeNoNextWord) {
  const auto parsed = parse({"-force", "false", "-renewable=false"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->flags.boolean("force"));
  EXPECT_FALSE(parsed->flags.boolean("renewable"));
  EXPECT_EQ(parsed->arguments, std::vector<std::string>{"false"});
}

TEST(Flags, DoubleDashEndsThem) {
  const auto parsed = parse({"a", "--", "-force", "--"});
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->flags.boolean("force"));
  EXPECT_EQ(parsed->arguments, (std::vector<std::string>{"a", "-force", "--"}));
  EXPECT_EQ(parsed->separator, 1u);
}

TEST(Flags, EnvironmentInThreePrefixes) {
  auto parsed = parse({}, {{"VAULT_ADDR", "http://v"}, {"BAO_ADDR", "http://b"}, {"COFFER_ADDR", ""}});
  EXPECT_EQ(parsed->flags.text("address"), "http://b");
  parsed = parse({}, {{"VAULT_ADDR", "http://v"}, {"COFFER_ADDR", "http://c"}});
  EXPECT_EQ(parsed->flags.text("address"), "http://c");
  parsed = parse({"-address=http://f"}, {{"COFFER_ADDR", "http://c"}});
  EXPECT_EQ(parsed->flags.text("address"), "http://f");
  parsed = parse({}, {{"VAULT_ADDR", ""}});
  EXPECT_EQ(parsed->flags.text("address"), "https://127.0.0.1:8200");
  EXPECT_FALSE(parsed->flags.given("address"));
}

TEST(Flags, ErrorsSayWhatIsKnown) {
  auto parsed = parse({"-adress=x"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().text, "flag provided but not defined: -adress");
  EXPECT_EQ(parsed.error().next, "did you mean -address?");
  EXPECT_EQ(parse({"-cas=x"}).error().text, "invalid value \"x\" for flag -cas: give a whole number");
  EXPECT_EQ(parse({"-ttl", "soon"}).error().text, "invalid value \"soon\" for flag -ttl: give a duration such as 90s, 5m or 1h30m");
  EXPECT_EQ(parse({"-field"}).error().text, "flag needs an argument: -field");
}

TEST(Flags, Durations) {
  EXPECT_EQ(parse({"-ttl=90"})->flags.duration("ttl"), std::chrono::seconds(90));
  EXPECT_EQ(parse({"-ttl=1h30m"})->flags.duration("ttl"), std::chrono::minutes(90));
  EXPECT_EQ(parse({"-ttl=-1s"})->flags.duration("ttl"), std::chrono::seconds(-1));
}

TEST(Suggest, DamerauLevenshtein) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("ab", "ba"), 1u);
  EXPECT_EQ(edit_distance("secrets", "secrtes"), 1u);
  const std::string_view names[] = {"read", "write", "delete"};
  EXPECT_EQ(closest("raed", names), "read");
  EXPECT_EQ(closest("zzz", names), "");
}

TEST(KeyValues, FormsOfVault) {
  testing::TextConsole console;
  console.in = "from stdin";
  auto fields = parse_fields({"a=b", "empty=", "at=\\@x", "in=-", "list=1", "list=2", "list=3", "e=q=r"}, 0, console);
  ASSERT_TRUE(fields) << fields.error().text;
  EXPECT_EQ(to_json(*fields), R"({"a":"b","at":"@x","e":"q=r","empty":"","in":"from stdin","list":["1","2","3"]})");
  console.in = R"({"n": 1.0, "deep": {"z":1,"a":2}})";
  fields = parse_fields({"-", "x=y"}, 0, console);
  ASSERT_TRUE(fields);
  EXPECT_EQ(to_json(*fields), R"({"deep":{"z":1,"a":2},"n":1.0,"x":"y"})");
  EXPECT_EQ(parse_fields({"novalue"}, 0, console).error().text, "invalid key/value pair \"novalue\": format must be key=value");
  EXPECT_FALSE(parse_fields({"a=-", "b=-"}, 0, console));
  EXPECT_FALSE(parse_fields({"a=@/nonexistent/file"}, 0, console));
  fields = parse_fields({"@k=v"}, 0, console);
  EXPECT_EQ(to_json(*fields), R"({"@k":"v"})");
}

}  // namespace
}  // namespace coffer::cli
