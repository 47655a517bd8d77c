#include "doors/vault/json_syntax.h"

#include <gtest/gtest.h>

namespace coffer::doors::vault {
namespace {

TEST(JsonSyntax, SpeaksAsGoDoes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"a":1} trailing)", "invalid character 'a' in literal true (expecting 'u')"},
      {R"({"a":1} x)", "invalid character 'x' looking for beginning of value"},
      {"{", "unexpected EOF"},
      {R"({"a":"b)", "unexpected EOF"},
      {R"(["a",)", "unexpected EOF"},
      {"nonsense", "invalid character 'o' in literal null (expecting 'u')"},
      {"{a:1}", "invalid character 'a' looking for beginning of object key string"},
      {R"({"a":1,})", "invalid character '}' looking for beginning of object key string"},
      {R"({"a" 1})", "invalid character '1' after object key"},
      {R"({"a":1 "b":2})", "invalid character '\"' after object key:value pair"},
      {"[1 2]", "invalid character '2' after array element"},
      {"[1,]", "invalid character ']' looking for beginning of value"},
      {"{\"a\":\"\n\"}", R"(invalid character '\n' in string literal)"},
      {R"({"a":"\x"})", "invalid character 'x' in string escape code"},
      {R"({"a":"\u12g4"})", R"(invalid character 'g' in \u hexadecimal character escape)"},
      {R"({"a":01})", "invalid character '1' after object key:value pair"},
      {R"({"a":-})", "invalid character '}' in numeric literal"},
      {R"({"a":1.})", "invalid character '}' after decimal point in numeric literal"},
      {R"({"a":1e})", "invalid character '}' in exponent of numeric literal"},
      {"a'b", "invalid character 'a' looking for beginning of value"},
      {"'", R"(invalid character '\'' looking for beginning of value)"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(json_syntax_error(text), want) << text;
}

TEST(JsonSyntax, FindsNothingInGoodTexts) {
  for (std::string_view text : {"", "  ", "{}", "[]", R"({"a":[1,-2.5e+3,{"b":null}],"c":"\u00e9\\"})", "1 2 true", "[[[[]]],{}]"})
    EXPECT_EQ(json_syntax_error(text), "") << text;
}

TEST(JsonSyntax, DoesNotRecurse) { EXPECT_EQ(json_syntax_error(std::string(10'000'000, '[')), "unexpected EOF"); }

}  // namespace
}  // namespace coffer::doors::vault
