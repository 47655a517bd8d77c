#include <gtest/gtest.h>

#include "cli/friendly/dotenv.h"
#include "cli/friendly/masking.h"

namespace coffer::cli {
namespace {

std::string mask_in_chunks(const std::vector<std::string>& secrets, std::string_view text, std::size_t chunk) {
  SecretPatterns patterns;
  for (const std::string& secret : secrets) patterns.add(secret);
  patterns.compile();
  StreamMasker masker(patterns);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += chunk) masker.feed(text.substr(at, chunk), out);
  masker.finish(out);
  return out;
}

TEST(Masking, WhereverTheStreamIsCut) {
  for (std::size_t chunk = 1; chunk < 40; ++chunk) {
    EXPECT_EQ(mask_in_chunks({"hunter22"}, "pw=hunter22, again hunter2 hunter22", chunk), "pw=••••••, again hunter2 ••••••") << chunk;
    EXPECT_EQ(mask_in_chunks({"abcabcabd"}, "abcabcabcabd!", chunk), "abc••••••!") << chunk;
    EXPECT_EQ(mask_in_chunks({"abcdefgh", "cdefgh", "defghij"}, "xabcdefghij-cdefgh.", chunk), "x••••••-••••••.") << chunk;
    EXPECT_EQ(mask_in_chunks({"aaaaaa"}, "aaaaaaaaaab", chunk), "••••••b") << chunk;
  }
}

TEST(Masking, EncodedForms) {
  const std::vector<std::string> secrets{"p@ss w\"rd<1>"};
  EXPECT_EQ(mask_in_chunks(secrets, "cEBzcyB3InJkPDE+", 3), "••••••");
  EXPECT_EQ(mask_in_chunks(secrets, "cEBzcyB3InJkPDE-", 3), "••••••");
  EXPECT_EQ(mask_in_chunks(secrets, "?q=p%40ss%20w%22rd%3C1%3E&", 3), "?q=••••••&");
  EXPECT_EQ(mask_in_chunks(secrets, "?q=p%40ss+w%22rd%3c1%3e&", 64), "?q=p%40ss+w%22rd%3c1%3e&") << "mixed forms are not looked for";
  EXPECT_EQ(mask_in_chunks(secrets, "?q=p%40ss%20w%22rd%3c1%3e&", 64), "?q=••••••&");
  EXPECT_EQ(mask_in_chunks(secrets, R"({"a":"p@ss w\"rd<1>"})", 5), R"({"a":"••••••"})");
  EXPECT_EQ(mask_in_chunks({"first line\nsecond\nx"}, "> second <", 2), "> •••••• <");
}

TEST(Masking, ShortValuesStay) {
  EXPECT_EQ(mask_in_chunks({"12345", ""}, "12345", 2), "12345");
  EXPECT_EQ(mask_in_chunks({}, "text", 2), "text");
}

TEST(Masking, HoldsBackNoMoreThanItMust) {
  SecretPatterns patterns;
  patterns.add("secret-value");
  patterns.compile();
  StreamMasker masker(patterns);
  std::string out;
  masker.feed("Password: ", out);
  EXPECT_EQ(out, "Password: ");
  masker.feed("a secre", out);
  EXPECT_EQ(out, "Password: a ");
  masker.feed("ts", out);
  EXPECT_EQ(out, "Password: a secret");
}

TEST(Dotenv, CommonForms) {
  const auto parsed = parse_dotenv(
      "# comment\n\nA=1\nexport B = two words # not this\r\nC='lit $x #'\nD=\"a\\n\\\"q\\\" \\$x\\q\"\nE=\nF=a#b\nG=\"multi\nline\" # c\nexport=x\n");
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Variables expected{{"A", "1"}, {"B", "two words"}, {"C", "lit $x #"}, {"D", "a\n\"q\" $x\\q"}, {"E", ""}, {"F", "a#b"}, {"G", "multi\nline"}, {"export", "x"}};
  EXPECT_EQ(*parsed, expected);
}

TEST(Dotenv, ErrorsNameTheLineOnly) {
  EXPECT_EQ(parse_dotenv("A=1\n1B=secret\n").error().message, "line 2: a name is needed: letters, digits and '_', not beginning with a digit");
  EXPECT_EQ(parse_dotenv("A=1\nB\n").error().message, "line 2: '=' is missing");
  EXPECT_EQ(parse_dotenv("A='x\n\ny").error().message, "line 1: the quote is not closed");
  EXPECT_EQ(parse_dotenv("A='x'y\n").error().message, "line 1: something stands behind the closing quote");
}

TEST(Dotenv, RoundTrips) {
  const Variables variables{{"A", ""}, {"B", " lead and trail "}, {"C", "a\nb\r\n\t\"'\\$#"}, {"D", "plain-1.2/x"}, {"E", "é☕"}, {"F", "#x"}};
  const auto back = parse_dotenv(print_dotenv(variables));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, variables);
  EXPECT_EQ(print_shell({{"A", "it's"}}), "export A='it'\\''s'\n");
}

}  // namespace
}  // namespace coffer::cli
