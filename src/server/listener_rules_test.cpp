#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/forwarded_for.h"
#include "server/response_headers.h"

namespace coffer::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class ForwardedForTest : public ::testing::Test {
 protected:
  // The client's address, or the refusal.
  std::string client(std::vector<std::string> lines, const ForwardedFor::Options& options, std::string_view peer = "10.0.0.1") {
    http::Request request;
    request.remote_address = peer;
    for (const auto& line : lines) request.headers.push_back({"X-Forwarded-For", line});
    auto found = ForwardedFor(options).client_of(request);
    return found ? *found : "refused: " + found.error().message;
  }
  const ForwardedFor::Options strict{{"10.0.0.0/8", "::1"}, 0, true, true};
};

TEST_F(ForwardedForTest, TakesTheLastHopOfATrustedProxy) {
  EXPECT_EQ(client({"1.2.3.4"}, strict), "1.2.3.4");
  EXPECT_EQ(client({"9.9.9.9, 1.2.3.4"}, strict), "1.2.3.4");
  EXPECT_EQ(client({"9.9.9.9", " 1.2.3.4 "}, strict), "1.2.3.4");
  EXPECT_EQ(client({"2001:db8::1"}, strict, "::1"), "2001:db8::1");
  EXPECT_EQ(client({"[2001:db8::1]:4711"}, strict), "2001:db8::1");
  EXPECT_EQ(client({"1.2.3.4:4711"}, strict), "1.2.3.4");
}

TEST_F(ForwardedForTest, SkipsHops) {
  auto options = strict;
  options.hop_skips = 1;
  EXPECT_EQ(client({"9.9.9.9, 1.2.3.4, 10.0.0.7"}, options), "1.2.3.4");
  EXPECT_EQ(client({"9.9.9.9, 1.2.3.4", "10.0.0.7"}, options), "1.2.3.4");
  EXPECT_THAT(client({"1.2.3.4"}, options), HasSubstr("more hops"));
}

TEST_F(ForwardedForTest, RefusesStrangersAndNonsense) {
  EXPECT_THAT(client({}, strict), HasSubstr("missing x-forwarded-for"));
  EXPECT_THAT(client({"1.2.3.4"}, strict, "8.8.8.8"), HasSubstr("not authorized"));
  EXPECT_THAT(client({"1.2.3.4"}, strict, ""), HasSubstr("not authorized"));
  for (const std::string text : {"", "unknown", "1.2.3.4, ", "1.2.3.0/24", "1.2.3", "[::1", "a,b;c"})
    EXPECT_THAT(client({text}, strict), HasSubstr("refused")) << text;
  std::string long_chain = "1.2.3.4";
  for (int i = 0; i < 100; ++i) long_chain += ", 1.2.3.4";
  EXPECT_THAT(client({long_chain}, strict), HasSubstr("too many"));
}

TEST_F(ForwardedForTest, MayLeaveThePeerAsItIs) {
  const ForwardedFor::Options lenient{{"10.0.0.0/8"}, 0, false, false};
  EXPECT_EQ(client({}, lenient), "10.0.0.1");
  EXPECT_EQ(client({"1.2.3.4"}, lenient, "8.8.8.8"), "8.8.8.8");
  EXPECT_FALSE(ForwardedFor().active());
}

TEST(ResponseHeadersTest, TheNarrowestRuleWins) {
  ResponseHeaders rules;
  EXPECT_TRUE(rules.empty());
  rules.add("default", {{"X-A", "all"}, {"X-B", "all"}, {"X-C", "one"}, {"X-C", "two"}});
  rules.add("4xx", {{"x-a", "class"}});
  rules.add("404", {{"X-B", "exact"}});
  const auto of = [&](int status) {
    ResponseHeaders::Pairs headers{{"Cache-Control", "no-store"}};
    rules.apply(status, headers);
    return headers;
  };
  EXPECT_THAT(of(200), ElementsAre(Pair("Cache-Control", "no-store"), Pair("X-A", "all"), Pair("X-B", "all"), Pair("X-C", "one"), Pair("X-C", "two")));
  EXPECT_THAT(of(404), ElementsAre(Pair("Cache-Control", "no-store"), Pair("X-B", "exact"), Pair("x-a", "class"), Pair("X-C", "one"), Pair("X-C", "two")));
  EXPECT_THAT(of(403), ElementsAre(Pair("Cache-Control", "no-store"), Pair("x-a", "class"), Pair("X-B", "all"), Pair("X-C", "one"), Pair("X-C", "two")));
}

TEST(ResponseHeadersTest, TheAnswersOwnStay) {
  ResponseHeaders rules;
  rules.add("default", {{"cache-control", "public"}});
  ResponseHeaders::Pairs headers{{"Cache-Control", "no-store"}};
  rules.apply(200, headers);
  EXPECT_THAT(headers, ElementsAre(Pair("Cache-Control", "no-store")));
}

}  // namespace
}  // namespace coffer::server
