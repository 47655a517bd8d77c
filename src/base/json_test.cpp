#include "base/json.h"
#include "base/json_names.h"

#include <gtest/gtest.h>

namespace coffer::json {
namespace {

std::string walk(Value v) {
  std::string out;
  Writer w(out);
  w.raw(v.raw());
  return out;
}

TEST(Json, KeepsEveryByteOfAValue) {
  const std::string text = R"({"a": 1.0, "b":[1e3 , {"c" : "x\u00e9"} ] , "n":null,"big":12345678901234567890123, "s":"plain"})";
  auto d = Document::parse(text);
  ASSERT_TRUE(d) << d.error().message;
  EXPECT_EQ(d->root().raw(), text);
  EXPECT_EQ(d->root().find("a")->raw(), "1.0");
  EXPECT_EQ(d->root().find("b")->raw(), R"([1e3 , {"c" : "x\u00e9"} ])");
  EXPECT_EQ(d->root().find("b")->elements()[1].find("c")->text(), "x\xc3\xa9");
  EXPECT_EQ(d->root().find("big")->raw(), "12345678901234567890123");
  EXPECT_TRUE(d->root().find("n")->is_null());
  EXPECT_EQ(d->root().size(), 5u);
}

TEST(Json, TakesScalarsAsRoot) {
  for (std::string_view s : {"1", "\"x\"", "null", "true", " {} ", "[ ]", "-0.5e-3"}) {
    auto d = Document::parse(s);
    ASSERT_TRUE(d) << s << d.error().message;
  }
  EXPECT_EQ(Document::parse(" {} ")->root().raw(), "{}");
  EXPECT_EQ(Document::parse("[[],[ ]]")->root().elements()[1].raw(), "[ ]");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (std::string_view s : {"", " ", "{", "}", "[1,]", "{\"a\"}", "{\"a\":}", "01", "1.", ".5", "+1", "1e", "nul", "tru", "truefalse", "\"a", "1 2", "1,2",
                             "1],[2", "{\"a\":1}x", "{\"a\":1} {\"b\":2}", "\"\\q\"", "\"\\ud800\"", "\"\x01\"", "\"\xff\"", "[1}", "{\"a\":1]", "'a'", "NaN", "{1:2}", "nulll", "--1", "1-1"})
    EXPECT_FALSE(Document::parse(s)) << s;
}

TEST(Json, HoldsItsLimits) {
  Limits limits;
  limits.depth = 4;
  EXPECT_TRUE(Document::parse("[[[[1]]]]", limits));
  EXPECT_FALSE(Document::parse("[[[[[1]]]]]", limits));
  EXPECT_FALSE(Document::parse(std::string(100'000, '[')));
  limits.values = 3;
  EXPECT_FALSE(Document::parse("[1,2,3]", limits));
}

TEST(Json, WritesAndRedacts) {
  struct Stars final : Redactor {
    void append_redacted(std::string_view, std::string& out) override { out += "***"; }
  } stars;
  std::string out;
  Writer w(out, &stars);
  w.begin_object().key("a").string("secret").key("raw").raw(R"({"k":[1,true,null,"s"]})");
  {
    Writer::Public open(w);
    w.key("open").integer(5).key("t").string("x");
  }
  w.end_object();
  EXPECT_EQ(out, R"({"a":"***","raw":{"***":["***","***",null,"***"]},"open":5,"t":"x"})");
}

TEST(Json, MergesPatches) {
  const auto merge = [](std::string_view a, std::string_view b) { return merge_patch(Document::parse(a)->root(), Document::parse(b)->root()); };
  EXPECT_EQ(merge(R"({"a":1.0,"b":{"c":2,"d":3}})", R"({"a":null,"b":{"c":5.50},"z":{"y":null,"x":1}})"), R"({"b":{"c":5.50,"d":3},"z":{"x":1}})");
  EXPECT_EQ(walk(Document::parse("[1]")->root()), "[1]");
  EXPECT_EQ(merge(R"({"a":1,"b":2,"a":3})", R"({"a":4,"c":5,"c":6.0})"), R"({"b":2,"a":4,"c":6.0})");
}

TEST(Json, KeepsTheLastOfAName) {
  const auto kept = [](std::string_view text) {
    const auto document = Document::parse(text);
    return (repeats_names(document->root()) ? "" : "same ") + without_repeats(document->root());
  };
  EXPECT_EQ(kept(R"({"a" : 1.0, "b":[{"a":1}]})"), R"(same {"a":1.0,"b":[{"a":1}]})");
  EXPECT_EQ(kept(R"({"a":1,"b":2.50,"a":{"x" : 3}})"), R"({"b":2.50,"a":{"x":3}})");
  EXPECT_EQ(kept(R"({"a":1,"\u0061":2})"), R"({"a":2})");
  EXPECT_EQ(kept(R"([{"l":[1 ,{"a":1,"a":1e3}]},[ ]])"), R"([{"l":[1,{"a":1e3}]},[]])");
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += "\"k" + std::to_string(i % 39) + "\":" + std::to_string(i) + ",";
  many.back() = '}';
  EXPECT_TRUE(kept(many).starts_with(R"({"k1":1,)"));
  EXPECT_TRUE(kept(many).ends_with(R"("k38":38,"k0":39})"));
}

}  // namespace
}  // namespace coffer::json
