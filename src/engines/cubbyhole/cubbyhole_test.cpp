#include "engines/cubbyhole/cubbyhole.h"

#include <gtest/gtest.h>

#include "backend/testing.h"

namespace coffer {
namespace {

using testing::TestMount;

TEST(Cubbyhole, EachTokenSeesItsOwn) {
  TestMount m(make_cubbyhole, "cubbyhole");
  const std::string_view mine = m.caller.token_id;
  const std::string other(64, 'f');
  EXPECT_EQ(m.read("a").status, 404);
  EXPECT_EQ(m.write("a", R"({"foo": 1.0})").status, 204);
  EXPECT_EQ(m.write("d/b", R"({"x":1})").status, 204);
  EXPECT_EQ(m.read("a").data, R"({"foo": 1.0})");
  EXPECT_EQ(m.list("").data, R"({"keys":["a","d/"]})");
  EXPECT_EQ(m.call(schema::Verb::scan, "").data, R"({"keys":["a","d/b"]})");
  m.caller.token_id = other;
  EXPECT_EQ(m.read("a").status, 404);
  EXPECT_EQ(m.list("").status, 404);
  EXPECT_EQ(m.remove("a").status, 204);
  m.caller.token_id = mine;
  EXPECT_EQ(m.read("a").status, 200);
  EXPECT_EQ(m.remove("a").status, 204);
  EXPECT_EQ(m.read("a").status, 404);
  for (const auto& [key, value] : m.store.values) EXPECT_TRUE(key.starts_with(std::string(mine) + "/"));
}

TEST(Cubbyhole, RefusesWithAClearText) {
  TestMount m(make_cubbyhole, "cubbyhole");
  EXPECT_EQ(m.write("a", "{}").error, "missing data fields");
  EXPECT_EQ(m.write("a").status, 400);
  EXPECT_EQ(m.patch("a", "{}").status, 405);
  m.caller.token_type = "batch";
  for (const auto& answer : {m.read("a"), m.write("a", R"({"x":1})"), m.list(""), m.remove("a")}) {
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.error, "cubbyhole operations are only supported by 'service' type tokens");
  }
  EXPECT_TRUE(m.store.values.empty());
}

}  // namespace
}  // namespace coffer
