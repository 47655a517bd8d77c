#include "policy/iam.h"

#include <gtest/gtest.h>

namespace coffer::policy::iam {
namespace {

Query ask(std::string action = "secretsmanager:GetSecretValue") {
  Query q;
  q.principal = "arn:aws:iam::123456789012:user/ann";
  q.account = "123456789012";
  q.action = std::move(action);
  q.resource = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf";
  q.context["aws:username"] = {"ann"};
  q.context["aws:sourceip"] = {"10.1.2.3"};
  q.context["secretsmanager:versionstage"] = {"AWSCURRENT"};
  q.context["aws:currenttime"] = {"2026-11-28T07:00:00Z"};
  q.context["aws:epochtime"] = {"1795849200"};
  q.context["aws:tagkeys"] = {"env", "team"};
  return q;
}

std::string statement(std::string_view rest, std::string_view effect = "Allow") {
  return R"({"Version":"2012-10-17","Statement":{"Effect":")" + std::string(effect) +
         R"(","Action":"secretsmanager:Get*","Resource":"*",)" + std::string(rest) + "}}";
}
Verdict verdict(std::string_view rest, std::string_view effect = "Allow", const Query& query = ask()) {
  const auto document = parse(statement(rest, effect), Kind::resource);
  EXPECT_TRUE(document) << document.error().message;
  return document ? decide(*document, query) : Verdict::silent;
}
bool conditioned(std::string_view condition) {
  return verdict(R"("Principal":"*","Condition":)" + std::string(condition)) == Verdict::allowed;
}

TEST(Iam, PrincipalsAreEverybodyAnAccountOrOne) {
  EXPECT_EQ(verdict(R"("Principal":"*")"), Verdict::allowed);
  // An account's name denies to all who are of it; allowed by it is only the account itself: the others are left to the account's own policies.
  EXPECT_EQ(verdict(R"("Principal":{"AWS":"123456789012"})", "Deny"), Verdict::denied);
  EXPECT_EQ(verdict(R"("Principal":{"AWS":"123456789012"})"), Verdict::silent);
  EXPECT_EQ(verdict(R"("Principal":{"AWS":"arn:aws:iam::123456789012:root"})"), Verdict::silent);
  Query account = ask();
  account.principal = "arn:aws:iam::123456789012:root";
  EXPECT_EQ(verdict(R"("Principal":{"AWS":"123456789012"})", "Allow", account), Verdict::allowed);
  EXPECT_EQ(verdict(R"("Principal":{"AWS":["arn:aws:iam::123456789012:user/bob","arn:aws:iam::123456789012:user/ann"]})"),
            Verdict::allowed);
  EXPECT_EQ(verdict(R"("Principal":{"AWS":"arn:aws:iam::123456789012:user/bob"})"), Verdict::silent);
  EXPECT_EQ(verdict(R"("NotPrincipal":{"AWS":"arn:aws:iam::123456789012:user/bob"})"), Verdict::allowed);
  EXPECT_EQ(verdict(R"("Principal":{"Service":"lambda.amazonaws.com"})"), Verdict::silent);
  Query role = ask();
  role.principal = "arn:aws:sts::123456789012:assumed-role/app/session";
  EXPECT_EQ(verdict(R"("Principal":{"AWS":"arn:aws:iam::123456789012:role/app"})", "Allow", role), Verdict::allowed);
  EXPECT_EQ(verdict(R"("Principal":{"AWS":"arn:aws:iam::123456789012:role/ap"})", "Allow", role), Verdict::silent);
}

TEST(Iam, DenialsWin) {
  const std::string both =
      R"({"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"},{"Effect":"Deny","NotAction":"secretsmanager:Describe*","Resource":"*","Principal":"*"}]})";
  const auto document = parse(both, Kind::resource);
  ASSERT_TRUE(document);
  EXPECT_EQ(decide(*document, ask()), Verdict::denied);
  EXPECT_EQ(decide(*document, ask("secretsmanager:describesecret")), Verdict::allowed);
}

TEST(Iam, ResourcesMatchByPattern) {
  const auto fits = [](std::string_view resource) {
    const auto document = parse(R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"secretsmanager:*","Resource":")" +
                                    std::string(resource) + R"("}})",
                                Kind::identity);
    return document && decide(*document, ask()) == Verdict::allowed;
  };
  EXPECT_TRUE(fits("arn:aws:secretsmanager:*:*:secret:prod/*"));
  EXPECT_TRUE(fits("arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-??????"));
  EXPECT_FALSE(fits("arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-?????"));
  EXPECT_FALSE(fits("arn:aws:secretsmanager:us-east-1:123456789012:secret:PROD/*"));
  EXPECT_FALSE(fits("arn:aws:secretsmanager:us-east-1:123456789012:secret:${aws:username}/*"));
  EXPECT_TRUE(fits("arn:aws:secretsmanager:us-east-1:123456789012:secret:${aws:nobody, 'prod'}/*"));
}

TEST(Iam, ConditionsHold) {
  EXPECT_TRUE(conditioned(R"({"StringEquals":{"aws:username":["bob","ann"]}})"));
  EXPECT_TRUE(conditioned(R"({"StringEquals":{"AWS:UserName":"ann"}})"));
  EXPECT_FALSE(conditioned(R"({"StringEquals":{"aws:username":"Ann"}})"));
  EXPECT_TRUE(conditioned(R"({"StringEqualsIgnoreCase":{"aws:username":"Ann"}})"));
  EXPECT_TRUE(conditioned(R"({"StringLike":{"secretsmanager:VersionStage":"AWSCUR*"}})"));
  EXPECT_FALSE(conditioned(R"({"StringEquals":{"secretsmanager:VersionStage":"AWSCUR*"}})"));
  EXPECT_TRUE(conditioned(R"({"StringNotEquals":{"aws:username":"bob"}})"));
  EXPECT_FALSE(conditioned(R"({"StringNotEquals":{"aws:username":["bob","ann"]}})"));
  EXPECT_TRUE(conditioned(R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})"));
  EXPECT_FALSE(conditioned(R"({"NotIpAddress":{"aws:SourceIp":["192.168.0.0/16","10.1.2.3"]}})"));
  EXPECT_TRUE(
      conditioned(R"({"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2027-01-01"}})"));
  EXPECT_FALSE(conditioned(R"({"NumericLessThan":{"aws:EpochTime":"5"}})"));
  EXPECT_TRUE(conditioned(R"({"NumericGreaterThanEquals":{"aws:EpochTime":1795849200}})"));
  EXPECT_TRUE(conditioned(R"({"ArnLike":{"aws:none":"x"},"StringEquals":{"aws:username":"ann"}})") == false);
  EXPECT_TRUE(conditioned(R"({"Null":{"aws:none":"true","aws:username":false}})"));
  EXPECT_TRUE(conditioned(R"({"StringEqualsIfExists":{"aws:none":"x"}})"));
  EXPECT_FALSE(conditioned(R"({"StringEquals":{"aws:none":"x"}})"));
  EXPECT_TRUE(conditioned(R"({"StringNotEquals":{"aws:none":"x"}})"));
  EXPECT_TRUE(conditioned(R"({"ForAllValues:StringEquals":{"aws:TagKeys":["env","team","more"]}})"));
  EXPECT_FALSE(conditioned(R"({"ForAllValues:StringEquals":{"aws:TagKeys":["env"]}})"));
  EXPECT_TRUE(conditioned(R"({"ForAnyValue:StringEquals":{"aws:TagKeys":["env"]}})"));
  EXPECT_FALSE(conditioned(R"({"ForAnyValue:StringEquals":{"aws:none":["env"]}})"));
  EXPECT_TRUE(conditioned(R"({"StringLike":{"aws:username":"${aws:username}"}})"));
}

TEST(Iam, AStarInAValueIsNoPattern) {
  Query query = ask();
  query.context["aws:username"] = {"*"};
  EXPECT_EQ(verdict(R"("Principal":"*","Condition":{"StringLike":{"secretsmanager:VersionStage":"${aws:username}"}})", "Allow", query),
            Verdict::silent);
}

TEST(Iam, ArnsMatchPartByPart) {
  Query query = ask();
  query.context["aws:sourcearn"] = {"arn:aws:lambda:us-east-1:123456789012:function:f:1"};
  const auto fits = [&](std::string_view pattern) {
    return verdict(R"("Principal":"*","Condition":{"ArnLike":{"aws:SourceArn":")" + std::string(pattern) + R"("}})", "Allow", query) ==
           Verdict::allowed;
  };
  EXPECT_TRUE(fits("arn:aws:lambda:*:123456789012:function:*"));
  EXPECT_FALSE(fits("arn:aws:*:function:f:1"));
}

TEST(Iam, TellsPublicPolicies) {
  const auto open = [](std::string_view rest) { return is_public(*parse(statement(rest), Kind::resource)); };
  EXPECT_TRUE(open(R"("Principal":"*")"));
  EXPECT_TRUE(open(R"("Principal":{"AWS":"*"})"));
  EXPECT_TRUE(open(R"("NotPrincipal":{"AWS":"123456789012"})"));
  EXPECT_FALSE(open(R"("Principal":{"AWS":"123456789012"})"));
  EXPECT_FALSE(open(R"("Principal":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}})"));
  EXPECT_TRUE(open(R"("Principal":"*","Condition":{"StringLike":{"aws:PrincipalArn":"*"}})"));
  EXPECT_TRUE(open(R"("Principal":"*","Condition":{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}})"));
  EXPECT_TRUE(open(R"("Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}})"));
  EXPECT_FALSE(open(R"("Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})"));
  EXPECT_FALSE(is_public(*parse(statement(R"("Principal":"*")", "Deny"), Kind::resource)));
  const auto where = [&](std::string_view condition) { return open(R"("Principal":"*","Condition":)" + std::string(condition)); };
  // What covers the world by parts covers it.
  EXPECT_TRUE(where(R"({"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}})"));
  EXPECT_TRUE(where(R"({"IpAddress":{"aws:SourceIp":["10.0.0.0/8","0.0.0.0/7"]}})"));
  EXPECT_TRUE(where(R"({"IpAddress":{"aws:SourceIp":"2000::/3"}})"));
  EXPECT_FALSE(where(R"({"IpAddress":{"aws:SourceIp":["10.1.2.3","2001:db8::/32"]}})"));
  EXPECT_TRUE(where(R"({"StringLike":{"aws:SourceIp":"1*"}})"));
  for (const char* arn : {"arn:*", "arn:aws:iam::*", "arn:aws:iam::*:*", "arn:aws:iam::1234567890??:root", "arn:*:123456789012:user/x", "arn:aws:iam:::x"})
    EXPECT_TRUE(where(R"({"StringLike":{"aws:PrincipalArn":")" + std::string(arn) + R"("}})")) << arn;
  EXPECT_FALSE(where(R"({"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/app-*"}})"));
  EXPECT_TRUE(where(R"({"StringLike":{"aws:PrincipalAccount":"1*"}})"));
  EXPECT_TRUE(where(R"({"StringLike":{"aws:userid":"A*"}})"));
  EXPECT_FALSE(where(R"({"StringLike":{"aws:userid":"AROAABCDEFGHIJKLMNOPQ:*"}})"));
  EXPECT_FALSE(where(R"({"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-1/*"}})"));
  EXPECT_TRUE(where(R"({"StringEquals":{"aws:PrincipalAccount":"${aws:PrincipalAccount}"}})"));
}

TEST(Iam, RefusesWhatIsNoPolicy) {
  for (const char* text :
       {"", "x", "[]", "{}", R"({"Statement":[]})", R"({"Statement":{"Effect":"Allow"}})", R"({"Version":"2020","Statement":[]})",
        R"({"Statement":{"Effect":"allow","Action":"a:b","Resource":"*","Principal":"*"}})",
        R"({"Statement":{"Effect":"Allow","Action":"get","Resource":"*","Principal":"*"}})",
        R"({"Statement":{"Effect":"Allow","Action":"a:b","Resource":"x","Principal":"*"}})",
        R"({"Statement":{"Effect":"Allow","Action":"a:b","NotAction":"a:b","Resource":"*","Principal":"*"}})",
        R"({"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}})",
        R"({"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Principal":"ann"}})",
        R"({"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Principal":{"AWS":"arn:aws:iam::1:user/*"}}})",
        R"({"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Principal":"*","Condition":{"Strings":{}}}})",
        R"({"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Principal":"*","More":1}})"})
    EXPECT_FALSE(parse(text, Kind::resource)) << text;
  EXPECT_FALSE(parse(statement(R"("Principal":"*")"), Kind::identity));
}

TEST(Iam, RefusesValuesThatNothingMeets) {
  const auto kept = [](std::string_view condition) {
    return parse_new(statement(R"("Principal":"*","Condition":)" + std::string(condition)), Kind::resource).has_value();
  };
  for (const char* wrong : {R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}})", R"({"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","${x}"]}})",
                            R"({"NumericLessThan":{"a:b":"x"}})", R"({"NumericEqualsIfExists":{"a:b":"nan"}})", R"({"DateLessThan":{"a:b":"soon"}})",
                            R"({"Bool":{"a:b":"1"}})", R"({"Null":{"a:b":"no"}})"}) {
    EXPECT_FALSE(kept(wrong)) << wrong;
    // What was kept before goes on being read.
    EXPECT_TRUE(parse(statement(R"("Principal":"*","Condition":)" + std::string(wrong)), Kind::resource)) << wrong;
  }
  for (const char* right : {R"({"IpAddress":{"aws:SourceIp":["10.0.0.0/8","::1"]}})", R"({"NumericLessThan":{"a:b":[7,"7.5"]}})",
                            R"({"DateLessThan":{"a:b":["2026-01-02","2026-01-02T03:04:05Z",1767322800]}})", R"({"Bool":{"a:b":[true,"False"]}})",
                            R"({"StringEquals":{"a:b":"${x}"}})"})
    EXPECT_TRUE(kept(right)) << right;
}

TEST(Iam, Globs) {
  EXPECT_TRUE(glob("", ""));
  EXPECT_TRUE(glob("*", ""));
  EXPECT_FALSE(glob("?", ""));
  EXPECT_TRUE(glob("a*b*c", "aXXbYYc"));
  EXPECT_FALSE(glob("a*b*c", "aXXbYYcZ"));
  EXPECT_TRUE(glob("**a", "bbba"));
  EXPECT_FALSE(glob(std::string(30, '*') + "b", std::string(3000, 'a')));
}

}  // namespace
}  // namespace coffer::policy::iam
