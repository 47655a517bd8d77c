#include "server/functions/lambda.h"

#include <gtest/gtest.h>

#include "base/glob.h"
#include "doors/aws/sign.h"

namespace coffer::server {
namespace {

TEST(Lambda, Patterns) {
  EXPECT_TRUE(glob("rotate-*", "rotate-db"));
  EXPECT_TRUE(glob("*", "rotate-db"));
  EXPECT_TRUE(glob("rotate-db", "rotate-db"));
  EXPECT_TRUE(glob("a*c", "a-b-c"));
  EXPECT_TRUE(glob("a*b*c", "aXbXbYc"));
  EXPECT_TRUE(glob("*", ""));
  EXPECT_FALSE(glob("rotate", "rotate-db"));
  EXPECT_FALSE(glob("Rotate-*", "rotate-db"));
  EXPECT_FALSE(glob("", "x"));
  EXPECT_FALSE(glob("a*c", "ab"));
}

TEST(Lambda, TheFirstPlaceThatFits) {
  LambdaSettings settings;
  settings.places.push_back({"arn:aws:lambda:us-east-1:123456789012:function:one", "http://127.0.0.1:1", "", "", {}});
  settings.places.push_back({"two-*", "http://127.0.0.1:2", "", "", {}});
  const LambdaFunctions functions(std::move(settings), system_clock());
  EXPECT_TRUE(functions.knows("arn:aws:lambda:us-east-1:123456789012:function:one"));
  EXPECT_FALSE(functions.knows("arn:aws:lambda:eu-west-1:123456789012:function:one"));
  EXPECT_TRUE(functions.knows("arn:aws:lambda:eu-west-1:123456789012:function:two-a"));
  EXPECT_TRUE(functions.knows("two-b"));
  EXPECT_FALSE(functions.knows("three"));
  EXPECT_FALSE(functions.knows(""));
}

// A signature that the server's own side takes.
TEST(Lambda, Signatures) {
  const std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", date = "20150830T123600Z", body = "{}";
  std::vector<HeaderView> headers{{"content-type", "application/json"}, {"host", "fn.example:9001"}, {"x-amz-date", date}};
  const std::string_view target = "/base/2015-03-31/functions/a%3Ab/invocations";
  const std::string value =
      doors::aws::authorization_for({"POST", target, body, headers}, {"AKIDEXAMPLE", secret, "us-east-1", "lambda"}, date);
  headers.push_back({"authorization", value});
  const doors::aws::SignedRequest request{"POST", target, body, headers};
  const auto read = doors::aws::read_authorization(request);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(doors::aws::check_scope(*read, "lambda", read->time));
  std::string canonical;
  doors::aws::append_canonical_request(canonical, request, *read);
  EXPECT_TRUE(
      doors::aws::signature_fits(*doors::aws::signing_key(secret, *read), doors::aws::string_to_sign(*read, canonical), read->signature));
}

}  // namespace
}  // namespace coffer::server
