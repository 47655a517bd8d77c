#include <gtest/gtest.h>

#include "backend/testing.h"
#include "engines/kv/kv.h"

namespace coffer {
namespace {

using testing::TestMount;

TEST(Kv1, KeepsBodiesToTheByte) {
  TestMount m(make_kv1);
  const std::string body = R"({"f": 1.0, "n":9007199254740993,"e":1e2,"z":-0, "nested":{"x":[1,null,true]}})";
  const auto put = m.write("a", body);
  EXPECT_EQ(put.status, 204);
  EXPECT_TRUE(put.created);
  const auto got = m.read("a");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.data, body);
  EXPECT_EQ(got.lease->ttl, Seconds(2764800));
  EXPECT_FALSE(got.lease->renewable);
  EXPECT_EQ(got.audit.find("9007"), std::string::npos);
  EXPECT_FALSE(m.write("a", body).created);
}

TEST(Kv1, LeaseComesFromTheBody) {
  TestMount m(make_kv1);
  m.write("a", R"({"ttl":"30s","foo":"baz"})");
  EXPECT_EQ(m.read("a").lease->ttl, Seconds(30));
  m.write("a", R"({"lease":90})");
  EXPECT_EQ(m.read("a").lease->ttl, Seconds(90));
  m.write("a", R"({"ttl":"nonsense"})");
  EXPECT_EQ(m.read("a").lease->ttl, Seconds(2764800));
}

TEST(Kv1, ListsAndScans) {
  TestMount m(make_kv1);
  for (const char* name : {"a", "d/e/f", "d/g", "b"}) m.write(name, R"({"x":"y"})");
  EXPECT_EQ(m.list("").data, R"({"keys":["a","b","d/"]})");
  EXPECT_EQ(m.list("d/").data, R"({"keys":["e/","g"]})");
  EXPECT_EQ(m.list("d").data, R"({"keys":["e/","g"]})");
  EXPECT_EQ(m.list("", R"({"after":"a","limit":1})").data, R"({"keys":["b"]})");
  EXPECT_EQ(m.call(schema::Verb::scan, "").data, R"({"keys":["a","b","d/e/f","d/g"]})");
  EXPECT_EQ(m.list("none").status, 404);
}

TEST(Kv1, RefusesWhatIsNoSecret) {
  TestMount m(make_kv1);
  EXPECT_EQ(m.write("b", "{}").error, "missing data fields");
  EXPECT_EQ(m.write("b").error, "missing data fields");
  m.write("d/e", R"({"error":"just data"})");
  EXPECT_EQ(m.read("d/e").status, 200);
  EXPECT_EQ(m.read("d").status, 404);
  EXPECT_EQ(m.read("d/e/").status, 404);
  EXPECT_EQ(m.patch("d/e", R"({"x":1})").status, 405);
  EXPECT_EQ(m.remove("d/e").status, 204);
  EXPECT_EQ(m.remove("d/e").status, 204);
  EXPECT_EQ(m.read("d/e").status, 404);
}

}  // namespace
}  // namespace coffer
