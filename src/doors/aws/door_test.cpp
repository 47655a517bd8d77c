#include "doors/aws/door.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "core/access_keys/secret.h"
#include "core/refusals.h"
#include "doors/aws/actions.h"
#include "doors/aws/arn.h"
#include "doors/aws/errors.h"
#include "doors/aws/form.h"
#include "doors/aws/sigv4.h"
#include "doors/aws/sigv4_parts.h"

namespace coffer::doors::aws {
namespace {

constexpr std::string_view secret = "secret";

// Sends one request through the door, signed for its day.
class AwsDoor : public testing::Test {
 protected:
  std::expected<core::Request, Refused> send(std::string action, std::string body, std::string service = "secretsmanager",
                                             std::string content_type = "application/x-amz-json-1.1") {
    body_ = std::move(body);
    target_ = "secretsmanager." + action;
    content_type_ = std::move(content_type);
    const bool json = service == "secretsmanager";
    authorization_ = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20270115/" + region_ + "/" + service +
                     "/aws4_request, SignedHeaders=host;x-amz-date" + (json ? ";x-amz-target" : "") + ", Signature=";
    const std::size_t head = authorization_.size();
    authorization_ += std::string(64, '0');
    headers_ = {{"host", "h"}, {"x-amz-date", "20270115T080000Z"}, {"authorization", authorization_}};
    if (json) headers_.push_back({"x-amz-target", target_});
    http_ = {"POST", path_, body_, content_type_, "127.0.0.1", "", 1, headers_};
    const SignedRequest request{http_.method, http_.target, http_.body, http_.headers};
    const auto a = read_authorization(request);
    std::string canonical;
    append_canonical_request(canonical, request, *a);
    const std::string signature = hex_encode(crypto::as_text(signing_key(secret, *a)->mac(string_to_sign(*a, canonical))));
    std::copy(signature.begin(), signature.end(), authorization_.begin() + static_cast<std::ptrdiff_t>(head));
    return door_.decode(http_);
  }
  std::string path_of(std::string action, std::string body) {
    const auto request = send(std::move(action), std::move(body));
    if (!request) return std::string(request.error().error.type ? request.error().error.type : "?");
    std::string out = request->path.str();
    const auto& by = *request->by_action;
    if (!by.alternative.empty()) out += " or " + by.alternative.str();
    if (!by.scope.suffix.empty()) out += " #" + by.scope.suffix;
    return out;
  }

  ManualClock clock_{*parse_basic_time("20270115T080000Z")};
  Settings settings_;
  Door door_{settings_, clock_};
  std::string region_ = "us-east-1", path_ = "/", body_, target_, content_type_, authorization_;
  std::vector<HeaderView> headers_;
  HttpRequest http_;
};

TEST_F(AwsDoor, SendsEachActionToItsPath) {
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"app"})"), "secret/data/app");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"/prod/app"})"), "secret/data/~/prod/app");
  EXPECT_EQ(path_of("CreateSecret", R"({"Name":"app"})"), "secret/data/app");
  EXPECT_EQ(path_of("CreateSecret", R"({"Name":"arn:aws:x"})"), "secret/data/arn:aws:x");
  EXPECT_EQ(path_of("DescribeSecret", R"({"SecretId":"a/b"})"), "secret/metadata/a/b");
  EXPECT_EQ(path_of("UpdateSecret", R"({"SecretId":"app","SecretString":"x"})"), "secret/data/app");
  EXPECT_EQ(path_of("UpdateSecret", R"({"SecretId":"app","SecretString":null,"Description":"d"})"), "secret/metadata/app");
  EXPECT_EQ(path_of("DeleteSecret", R"({"SecretId":"app"})"), "secret/metadata/app");
  EXPECT_EQ(path_of("ListSecrets", "{}"), "secret/metadata/");
  EXPECT_EQ(path_of("BatchGetSecretValue", R"({"SecretIdList":["a"]})"), "secret/metadata/");
  EXPECT_EQ(path_of("ValidateResourcePolicy", "{}"), "secret/metadata/");
  EXPECT_EQ(path_of("ValidateResourcePolicy", R"({"SecretId":"app"})"), "secret/metadata/app");
  EXPECT_EQ(path_of("GetRandomPassword", ""), "sys/tools/random");
  EXPECT_EQ(path_of("GetSecretValue", "{}"), "secret/data/");  // the handler says what is missing
  EXPECT_EQ(path_of("Nothing", "{}"), "UnknownOperationException");
  EXPECT_EQ(path_of("GetSecretValue", "[]"), "SerializationException");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"a\u0000b"})"), "ValidationException");
}

TEST_F(AwsDoor, ReadsArnsInBothWays) {
  const std::string head = R"({"SecretId":"arn:aws:secretsmanager:us-east-1:123456789012:secret:)";
  EXPECT_EQ(path_of("GetSecretValue", head + R"(app-AbC123"})"), "secret/data/app or secret/data/app-AbC123 #AbC123");
  EXPECT_EQ(path_of("GetSecretValue", head + R"(app"})"), "secret/data/app");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"app-AbC123"})"), "secret/data/app-AbC123");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:app"})"),
            "ResourceNotFoundException");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"arn:aws:secretsmanager:us-east-1:000000000000:secret:app"})"),
            "ResourceNotFoundException");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"arn:nonsense"})"), "ResourceNotFoundException");
}

TEST_F(AwsDoor, OtherRegionsHaveAFolder) {
  region_ = "eu-west-1";
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"app"})"), "secret/data/~eu-west-1/app");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:app"})"),
            "secret/data/~eu-west-1/app");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"arn:aws:secretsmanager:us-east-1:123456789012:secret:app"})"),
            "ResourceNotFoundException");
}

TEST_F(AwsDoor, LeavesNamesThatAreTooLongToTheHandler) {
  const std::string longest(512, 'x');
  EXPECT_EQ(path_of("CreateSecret", R"({"Name":")" + longest + "\"}"), "secret/data/" + longest);
  EXPECT_EQ(path_of("CreateSecret", R"({"Name":")" + longest + "x\"}"), "secret/data/");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":")" + longest + "x\"}"), "secret/data/");
  EXPECT_EQ(path_of("GetSecretValue", R"({"SecretId":"arn:aws:secretsmanager:us-east-1:123456789012:secret:)" + longest + "-AbC123\"}"),
            "secret/data/" + longest + " #AbC123");
}

TEST(AwsArn, ReadsArns) {
  const auto arn = parse_secret_arn("arn:aws:secretsmanager:us-east-1:123456789012:secret:/prod/a:b-AbC123");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->region, "us-east-1");
  EXPECT_EQ(arn->account, "123456789012");
  EXPECT_EQ(arn->rest, "/prod/a:b-AbC123");
  EXPECT_FALSE(parse_secret_arn("app"));
  EXPECT_FALSE(parse_secret_arn("Arn:aws:secretsmanager"));
  for (const char* wrong : {"arn:", "arn:aws:s3:::bucket", "arn:aws:secretsmanager:us-east-1:123456789012:secret:",
                            "arn:aws:secretsmanager:us-east-1:123456789012:app", "arn:aws:secretsmanager"}) {
    ASSERT_TRUE(parse_secret_arn(wrong)) << wrong;
    EXPECT_EQ(parse_secret_arn(wrong)->account, "") << wrong;
  }
}

TEST(AwsArn, SplitsSuffixes) {
  EXPECT_EQ(split_suffix("app-AbC123")->name, "app");
  EXPECT_EQ(split_suffix("app-AbC123")->suffix, "AbC123");
  EXPECT_EQ(split_suffix("a-b-AbC123-XyZ789")->name, "a-b-AbC123");
  for (const char* none : {"app", "-AbC123", "app-AbC12", "app-AbC1234", "app-AbC12_", "app/AbC123"})
    EXPECT_FALSE(split_suffix(none)) << none;
}

TEST_F(AwsDoor, ClaimsWhatTheSecretSigned) {
  const auto request = send("GetSecretValue", R"({"SecretId":"app"})");
  ASSERT_TRUE(request);
  const core::Claim& claim = *request->by_action->claim;
  EXPECT_EQ(claim.key_id, "AKIDEXAMPLE");
  EXPECT_TRUE(claim.verify(core::KeySecret(SecretBytes::copy_of(secret))));
  EXPECT_FALSE(claim.verify(core::KeySecret(SecretBytes::copy_of("other"))));
  EXPECT_EQ(request->by_action->scope.region, "us-east-1");
  const auto body = request->parse_body();
  EXPECT_EQ(body->root().find("SecretId")->text(), "app");
}

TEST_F(AwsDoor, ServesTheRegionsItIsTold) {
  settings_.regions = {"eu-central-1"};
  Door door(settings_, clock_);
  ASSERT_TRUE(send("ListSecrets", "{}"));
  const auto elsewhere = door.decode(http_);
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().error.message, "Credential should be scoped to a valid region.");
  region_ = "eu-central-1";
  (void)send("ListSecrets", "{}");
  EXPECT_TRUE(door.decode(http_));
}

TEST_F(AwsDoor, ReadsForms) {
  constexpr const char* form = "application/x-www-form-urlencoded; charset=utf-8";
  const auto who = send("", "Action=GetCallerIdentity&Version=2011-06-15", "sts", form);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->path.view(), "auth/aws-keys/identity");
  const auto role = send("", "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapp&RoleSessionName=s", "sts", form);
  ASSERT_TRUE(role);
  EXPECT_EQ(role->path.view(), "auth/aws-keys/assume/app");
  EXPECT_FALSE(send("", "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fa%2Fb", "sts", form));
  EXPECT_FALSE(send("", "Action=Other", "sts", form));
  EXPECT_FALSE(send("", "Action=GetCallerIdentity&Action=Other", "sts", form));
}

TEST_F(AwsDoor, ClaimsItsOwnRequestsOnly) {
  settings_.path_prefix = "/aws";
  const Door door(settings_, clock_);
  const std::vector<HeaderView> target{{"X-Amz-Target", "secretsmanager.ListSecrets"}}, bare;
  const auto claims = [&](std::string_view method, std::string_view path, const std::vector<HeaderView>& headers,
                          std::string_view type = "") { return door.claims({method, path, "", type, "", "", 0, headers}); };
  EXPECT_TRUE(claims("POST", "/", target));
  EXPECT_TRUE(claims("POST", "/", bare, "application/x-www-form-urlencoded"));
  EXPECT_TRUE(claims("POST", "/aws", bare));
  EXPECT_TRUE(claims("POST", "/aws/", bare));
  EXPECT_TRUE(claims("GET", "/aws/credentials", bare));
  EXPECT_TRUE(claims("GET", "/aws/aws/credentials", bare));
  EXPECT_FALSE(claims("POST", "/", bare));
  EXPECT_FALSE(claims("GET", "/", target));
  EXPECT_FALSE(claims("POST", "/v1/secret/data/app", target));
  EXPECT_FALSE(claims("POST", "/awsx", target));
  EXPECT_FALSE(claims("GET", "/aws/other", target));
  // Where no other API could mean it.
  EXPECT_TRUE(door.claims({"POST", "/", "", "", "", "", 0, bare}, true));
  EXPECT_FALSE(door.claims({"GET", "/", "", "", "", "", 0, bare}, true));
  EXPECT_FALSE(door.claims({"POST", "/v1/sys/seal", "", "", "", "", 0, bare}, true));
}

TEST(AwsErrors, HaveTheShapeThatClientsRead) {
  const Error missing{Code::not_found, "Secrets Manager can't find the specified secret.", "ResourceNotFoundException"};
  const auto json = error_answer(Protocol::json, wire_error(Protocol::json, missing, nullptr), "id");
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(json.body, R"({"__type":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."})");
  const Error unknown{Code::unauthenticated, "permission denied", core::claim_unknown};
  EXPECT_EQ(error_answer(Protocol::json, wire_error(Protocol::json, unknown, nullptr), "id").body,
            R"({"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."})");
  const WireError sts = wire_error(Protocol::query, unknown, nullptr);
  EXPECT_EQ(sts.status, 403);
  EXPECT_EQ(sts.code, "InvalidClientTokenId");
  const Error outside{Code::permission_denied, "permission denied", core::address_refused};
  EXPECT_EQ(wire_error(Protocol::json, outside, nullptr).code, "AccessDeniedException");
  EXPECT_EQ(wire_error(Protocol::json, outside, nullptr).message, "Access denied");
  EXPECT_EQ(wire_error(Protocol::query, outside, nullptr).code, "AccessDenied");
  EXPECT_EQ(wire_error(Protocol::json, {Code::internal, "the disk said no"}, nullptr).message, "An error occurred on the server side.");
  EXPECT_EQ(wire_error(Protocol::json, {Code::internal, "x"}, nullptr).status, 500);
  EXPECT_EQ(wire_error(Protocol::json, {Code::rate_limited, "x"}, nullptr).code, "ThrottlingException");
  EXPECT_EQ(wire_error(Protocol::json, {Code::invalid_argument, "Field validation failed: what"}, nullptr).message, "what");
}

TEST(AwsForms, BecomeJsonAndXml) {
  EXPECT_EQ(form_as_json("a=1&b=x+y%21&c=&d").value(), R"({"a":"1","b":"x y!","c":"","d":""})");
  EXPECT_FALSE(form_as_json("a=1&a=2"));
  EXPECT_FALSE(form_as_json("a=%ff"));
  EXPECT_FALSE(form_as_json("a=%f"));
  const auto document = json::Document::parse(R"({"A":{"B":"<&>","C":7},"D":["x","y"],"E":null,"F":true})");
  std::string xml;
  append_xml(xml, document->root());
  EXPECT_EQ(xml, "<A><B>&lt;&amp;&gt;</B><C>7</C></A><D><member>x</member><member>y</member></D><F>true</F>");
}

}  // namespace
}  // namespace coffer::doors::aws
