#include <gtest/gtest.h>

#include "cli/output/json_text.h"
#include "cli/output/table.h"
#include "cli/output/yaml_text.h"

namespace coffer::cli {
namespace {

json::Document parse(std::string_view text) {
  auto document = json::Document::parse(text);
  EXPECT_TRUE(document) << text;
  return std::move(*document);
}

TEST(Table, ColumnsLikeVault) {
  EXPECT_EQ(table({{"Key", "Value"}, {"foo", "bar"}, {"longer_key", ""}}),
            "Key           Value\n"
            "---           -----\n"
            "foo           bar\n"
            "longer_key    n/a");
  EXPECT_EQ(columns({{"Key Term", "1"}, {"Encryption Count", "5"}}),
            "Key Term            1\n"
            "Encryption Count    5");
  EXPECT_EQ(table({{"a", "b"}, {"ü", "x"}}), "a    b\n-    -\nü    x");
}

TEST(Table, HeadersLikeVault) {
  EXPECT_EQ(equals_header("Secret Path", 15), "= Secret Path =");
  EXPECT_EQ(equals_header("Secret Path", 17), "== Secret Path ==");
  EXPECT_EQ(equals_header("Secret Path", 24), "====== Secret Path ======");
  EXPECT_EQ(equals_header("Data", 3), "== Data ==");
  const auto metadata = parse(R"({"created_time":1,"custom_metadata":2,"deletion_time":3,"destroyed":4,"version":5})");
  EXPECT_EQ(header_for("Metadata", metadata.root()), "======= Metadata =======");
  const auto data = parse(R"({"foo":1})");
  EXPECT_EQ(header_for("Data", data.root()), "=== Data ===");
}

TEST(Table, GoValues) {
  const auto document = parse(R"({"b":[1,"x",null,true],"a":{"z":{},"y":1.50}})");
  EXPECT_EQ(go_value(document.root()), "map[a:map[y:1.50 z:map[]] b:[1 x <nil> true]]");
  EXPECT_EQ(go_quoted_list(parse(R"(["a","b c"])").root()), R"(["a" "b c"])");
  EXPECT_EQ(go_quoted_list(parse("null").root()), "[]");
}

TEST(Table, HumanDurations) {
  EXPECT_EQ(human_seconds(0), "0s");
  EXPECT_EQ(human_seconds(2764800), "768h");
  EXPECT_EQ(human_seconds(5400), "1h30m");
  EXPECT_EQ(human_seconds(3661), "1h1m1s");
  EXPECT_EQ(human_seconds(3601), "1h1s");
  EXPECT_EQ(human_seconds(60), "1m");
  EXPECT_EQ(human_seconds(36000), "10h");
}

TEST(JsonText, AsGoWritesIt) {
  const auto document = parse(R"({"b":"<&>","a":[],"c":{},"d":[1,{"y":1,"x":1e3}]})");
  EXPECT_EQ(indented_json(document.root(), true),
            "{\n  \"a\": [],\n  \"b\": \"\\u003c\\u0026\\u003e\",\n  \"c\": {},\n  \"d\": [\n    1,\n    {\n      \"x\": 1e3,\n      \"y\": 1\n    }\n  ]\n}");
  EXPECT_EQ(compact_json(document.root(), false), R"({"b":"\u003c\u0026\u003e","a":[],"c":{},"d":[1,{"y":1,"x":1e3}]})");
}

TEST(YamlText, AsVaultWritesIt) {
  const auto document = parse(R"({"data":{"foo":"bar","count":12,"no":"no","num":"1","empty":"","multi":"a\nb\n"},"auth":null,"list":["default","root"],"none":[]})");
  EXPECT_EQ(yaml_text(document.root()),
            "auth: null\n"
            "data:\n"
            "  count: 12\n"
            "  empty: \"\"\n"
            "  foo: bar\n"
            "  multi: |\n"
            "    a\n"
            "    b\n"
            "  \"no\": \"no\"\n"
            "  num: \"1\"\n"
            "list:\n"
            "- default\n"
            "- root\n"
            "none: []\n");
}

TEST(YamlText, RoundTrips) {
  for (const std::string_view text :
       {R"({"a":"x: y","b":"- z","c":"#no","d":"'q'","e":"\"","f":" lead","g":"tab\t","h":"é☕","i":"null","j":"1e3","k":"0x10","l":"2020-01-01","m":"\u0001"})",
        R"([1,-2.5,true,null,"",[],{}])", R"("text")", R"({"multi":"a\n\nb","trail":"x\n\n","spaces":"  \n y","z":"end\n"})"}) {
    const auto document = parse(text);
    const auto back = yaml_to_json(yaml_text(document.root()));
    ASSERT_TRUE(back) << back.error().message << "\n" << yaml_text(document.root());
    EXPECT_EQ(compact_json(parse(*back).root(), true), compact_json(document.root(), true)) << yaml_text(document.root());
  }
}

TEST(YamlText, ReadsCommonForms) {
  EXPECT_EQ(*yaml_to_json("a: 1\nb: [x, 'y', \"z\"]\nc:\n  d: ~\n  e: yes\n  f: 007\n"), R"({"a":1,"b":["x","y","z"],"c":{"d":null,"e":"yes","f":"007"}})");
  EXPECT_EQ(*yaml_to_json(""), "null");
  EXPECT_FALSE(yaml_to_json("a: &x 1\nb: *x\n"));
  EXPECT_FALSE(yaml_to_json("a: 1\na: 2\n"));
  EXPECT_FALSE(yaml_to_json("a: [1"));
  EXPECT_FALSE(yaml_to_json("? [a]\n: b\n"));
}

}  // namespace
}  // namespace coffer::cli
