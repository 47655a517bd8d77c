#include <gtest/gtest.h>

#include "policy/policy.h"

namespace coffer::policy {
namespace {

class Parameters : public testing::Test {
 protected:
  static bool allows(std::string_view rule, std::string_view body, Capabilities wanted = update) {
    const auto policy =
        parse("p", std::string("path \"a\" { capabilities = [\"create\",\"update\",\"read\",\"delete\"]\n") + std::string(rule) + "\n}");
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().message);
    const auto document = json::Document::parse(body);
    EXPECT_TRUE(document) << body;
    if (!policy || !document) return false;
    const auto acl = Acl::compile(std::vector{*policy}, false, nullptr);
    return acl->decide({.path = "a", .wanted = wanted, .parameters = document->root()}).allowed;
  }
};

TEST_F(Parameters, AsARealServerAnswers) {
  constexpr std::string_view rule =
      R"(allowed_parameters = { "color" = ["red","b*"] "*" = [] } denied_parameters = { "secret" = [] } required_parameters = ["color"])";
  EXPECT_TRUE(allows(rule, R"({"color": "red"})"));
  EXPECT_TRUE(allows(rule, R"({"color": "blue", "other": 1})"));
  EXPECT_FALSE(allows(rule, R"({"color": "green"})"));
  EXPECT_FALSE(allows(rule, R"({"COLOR": "green"})"));
  EXPECT_FALSE(allows(rule, R"({"color": "red", "secret": "x"})"));
  EXPECT_FALSE(allows(rule, R"({"other": 1})"));
  EXPECT_FALSE(allows(rule, "null"));
  EXPECT_TRUE(allows(rule, "{}", del));  // a delete has no parameters
}

TEST_F(Parameters, EveryElementOfAListMustBeAllowed) {
  constexpr std::string_view rule = R"(allowed_parameters = { "p" = ["dev-*", "ops"] "*" = [] })";
  for (const std::string_view body : {R"({"p": "dev-a"})", R"({"p": ["dev-a"]})", R"({"p": ["dev-a", "ops", "dev-b"]})", R"({"p": "dev-a,ops"})", R"({"p": "dev-a, ops"})"})
    EXPECT_TRUE(allows(rule, body)) << body;
  for (const std::string_view body : {R"({"p": ["dev-a", "admin"]})", R"({"p": ["admin", "dev-a"]})", R"({"p": "dev-a,admin"})", R"({"p": ["dev-a,admin"]})",
                                      R"({"p": []})", R"({"p": ["dev-a", null]})", R"({"p": [["dev-a"]]})", R"({"p": {"a": "dev-a"}})"})
    EXPECT_FALSE(allows(rule, body)) << body;
  EXPECT_TRUE(allows(R"(allowed_parameters = { "p" = ["a,b"] })", R"({"p": ["a", "b"]})"));
  EXPECT_TRUE(allows(R"(allowed_parameters = { "p" = ["*"] })", R"({"p": "any, text"})"));
}

TEST_F(Parameters, NamesTheOneThatIsAtFault) {
  const auto policy =
      parse("p", R"(path "a" { capabilities = ["update"] allowed_parameters = { "color" = ["red"] } required_parameters = ["color"] }
                                    path "w" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "1h" }
                                    path "l" { capabilities = ["list"] pagination_limit = 10 })");
  ASSERT_TRUE(policy);
  const auto acl = Acl::compile(std::vector{*policy}, false, nullptr);
  const auto judge = [&](std::string_view body) {
    const auto document = json::Document::parse(body).value();
    const Decision d = acl->decide({.path = "a", .wanted = update, .parameters = document.root()});
    return std::pair(d.reason, std::string(d.parameter));
  };
  using Reason = Decision::Reason;
  EXPECT_EQ(judge(R"({"color": "red"})"), std::pair(Reason::granted, std::string()));
  EXPECT_EQ(judge("{}"), std::pair(Reason::missing_parameter, std::string("color")));
  EXPECT_EQ(judge(R"({"color": "blue"})"), std::pair(Reason::parameter, std::string("color")));
  EXPECT_EQ(judge(R"({"color": "red", "Size": 1})"), std::pair(Reason::parameter, std::string("Size")));
  const Decision wrapped = acl->decide({.path = "w", .wanted = read});
  EXPECT_EQ(wrapped.reason, Reason::wrapping);
  EXPECT_EQ(wrapped.min_wrapping, Seconds(60));
  EXPECT_EQ(wrapped.max_wrapping, Seconds(3600));
  const Decision page = acl->decide({.path = "l/", .wanted = list});
  EXPECT_EQ(page.reason, Reason::missing_parameter);
  EXPECT_EQ(page.parameter, "limit");
}

TEST_F(Parameters, Allowed) {
  EXPECT_TRUE(allows(R"(allowed_parameters = { "a" = [] })", R"({"a": {"any": 1}})"));
  EXPECT_FALSE(allows(R"(allowed_parameters = { "a" = [] })", R"({"b": 1})"));
  EXPECT_FALSE(allows(R"(allowed_parameters = { "a" = [] })", R"({"a": 1, "b": null})"));
  EXPECT_TRUE(allows(R"(allowed_parameters = { "*" = [] })", R"({"b": 1})"));
  EXPECT_TRUE(allows(R"(allowed_parameters = { "a" = ["*x", "*y*"] })", R"({"a": "ayb"})"));
  EXPECT_FALSE(allows(R"(allowed_parameters = { "a" = ["*x", "y"] })", R"({"a": "xa"})"));
  EXPECT_TRUE(allows("", R"({"b": 1})"));
}

TEST_F(Parameters, Denied) {
  EXPECT_FALSE(allows(R"(denied_parameters = { "*" = [] })", R"({"b": 1})"));
  EXPECT_TRUE(allows(R"(denied_parameters = { "*" = [] })", "{}"));
  EXPECT_TRUE(allows(R"(denied_parameters = { "a" = ["x"] })", R"({"a": "y"})"));
  EXPECT_FALSE(allows(R"(denied_parameters = { "a" = [{"k" = 1}] })", R"({"a": {"k": 1.0}})"));
}

TEST_F(Parameters, OneDecisionForAllEncodings) {  // security.md E11
  constexpr std::string_view number = R"(denied_parameters = { "n" = [1] })", text = R"(denied_parameters = { "n" = ["1"] })";
  for (const std::string_view rule : {number, text}) {
    for (const std::string_view body : {R"({"n": 1})", R"({"n": "1"})", R"({"n": [1]})", R"({"n": ["1"]})", R"({"N": 1})", R"({"n": 1.0})",
                                        R"({"n": 2, "n": 1})", R"({"n": 1, "n": 2})"})
      EXPECT_FALSE(allows(rule, body)) << rule << body;
  }
  constexpr std::string_view flag = R"(denied_parameters = { "f" = [true] })";
  for (const std::string_view body :
       {R"({"f": true})", R"({"f": "true"})", R"({"f": "T"})", R"({"f": 1})", R"({"f": "1"})", R"({"f": [true]})"})
    EXPECT_FALSE(allows(flag, body)) << body;
  constexpr std::string_view list_rule = R"(denied_parameters = { "policies" = ["root"] })";
  for (const std::string_view body : {R"({"policies": "root"})", R"({"policies": ["root"]})", R"({"policies": ["a", "root"]})",
                                      R"({"policies": "a, root"})", R"({"policies": ["a,root"]})"})
    EXPECT_FALSE(allows(list_rule, body)) << body;
  constexpr std::string_view allowed = R"(allowed_parameters = { "policies" = ["a", "b,c", "x*"] })";
  for (const std::string_view body : {R"({"policies": "a"})", R"({"policies": ["a"]})", R"({"policies": "b,c"})",
                                      R"({"policies": ["b", "c"]})", R"({"policies": "x,xy"})", R"({"policies": ["x","xy"]})"})
    EXPECT_TRUE(allows(allowed, body)) << body;
  for (const std::string_view body : {R"({"policies": "a,b"})", R"({"policies": ["a", "b"]})", R"({"policies": ["a", "root"]})", R"({"policies": "x,y"})", R"({"policies": ["x","y"]})",
                                      R"({"policies": null})", R"({"policies": []})", R"({"policies": {"a": 1}})"})
    EXPECT_FALSE(allows(allowed, body)) << body;
}

TEST_F(Parameters, RequiredMustHaveAValue) {
  EXPECT_FALSE(allows(R"(required_parameters = ["a"])", R"({"a": null})"));
  EXPECT_FALSE(allows(R"(required_parameters = ["a"])", R"({"A": 1})"));
  EXPECT_TRUE(allows(R"(required_parameters = ["Bar"])", R"({"Bar": 1})"));
  EXPECT_TRUE(allows(R"(required_parameters = ["Bar"])", R"({"bar": 1})"));
}

TEST_F(Parameters, MergeOfPolicies) {
  const auto one = parse("one", R"(path "a" { capabilities = ["update"] allowed_parameters = { "x" = ["1"] "y" = ["1"] } })").value();
  const auto two =
      parse("two",
            R"(path "a" { capabilities = ["update"] allowed_parameters = { "x" = ["2"] "y" = [] } denied_parameters = { "z" = [] } })")
          .value();
  const auto acl = Acl::compile(std::vector{one, two}, false, nullptr);
  const auto allowed = [&](std::string_view body) {
    const auto document = json::Document::parse(body).value();
    return acl->decide({.path = "a", .wanted = update, .parameters = document.root()}).allowed;
  };
  EXPECT_TRUE(allowed(R"({"x": "1"})"));
  EXPECT_TRUE(allowed(R"({"x": "2", "y": "anything"})"));
  EXPECT_FALSE(allowed(R"({"x": "3"})"));
  EXPECT_FALSE(allowed(R"({"z": "3"})"));
}

}  // namespace
}  // namespace coffer::policy
