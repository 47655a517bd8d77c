#include "core/error_text.h"

#include <gtest/gtest.h>

namespace coffer::core {
namespace {

class Stars final : public json::Redactor {
 public:
  void append_redacted(std::string_view, std::string& out) override { out.append("***"); }
};

// The message as the log shows it, of a request with that body; without one, of a request that its door refused.
std::string shown(std::string_view message, std::string_view body = {}, const schema::Operation* operation = nullptr) {
  Exchange x;
  x.outcome.error = Error{Code::invalid_argument, std::string(message)};
  if (!body.empty()) x.document = *json::Document::parse(body);
  x.operation = operation;
  std::string out;
  Stars stars;
  append_error_text(out, x, stars);
  return out;
}

TEST(ErrorText, HidesWhatTheRequestHeld) {
  EXPECT_EQ(shown("time: invalid duration \"hunter2\"", R"({"ttl":"hunter2"})"), "time: invalid duration \"***\"");
  EXPECT_EQ(shown("unsupported algorithm hunter2", R"({"a":{"b":["hunter2"]}})"), "unsupported algorithm ***");
  EXPECT_EQ(shown("key 'Hunter2' is unknown", R"({"a":{"hunter2":1}})"), "key '***' is unknown");
  EXPECT_EQ(shown("cannot provide negative value '-1'", R"({"a":-1})"), "cannot provide negative value '***'");
  EXPECT_EQ(shown("twice: hunter2, hunter2!", R"({"a":"hunter2"})"), "twice: ***, ***!");
  EXPECT_EQ(shown("abcdef", R"({"a":"abcde","b":"bcdef"})"), "***");
}

TEST(ErrorText, KeepsOurOwnWords) {
  EXPECT_EQ(shown("permission denied", R"({"a":"x","b":"1"})"), "permission denied");
  EXPECT_EQ(shown("a duration such as \"1h\"", R"({"ttl":"h"})"), "a duration such as \"1h\"");
  EXPECT_EQ(shown("nothing", R"({"a":null,"b":true,"c":""})"), "nothing");
}

TEST(ErrorText, KeepsNamesOfDeclaredFieldsAlone) {
  schema::Operation operation;
  schema::FieldInfo field{};
  field.name = "token_ttl";
  field.show = schema::Show::open;
  operation.request = {field};
  EXPECT_EQ(shown("field \"token_ttl\": invalid \"soon\"", R"({"token_ttl":"soon"})", &operation), "field \"token_ttl\": invalid \"***\"");
  EXPECT_EQ(shown("field \"other\": invalid", R"({"other":1})", &operation), "field \"***\": invalid");
}

TEST(ErrorText, HidesQuotedTextOfWhatWasNeverRead) {
  EXPECT_EQ(shown("error parsing header: time: invalid duration \"soon\""), "error parsing header: time: invalid duration \"***\"");
  EXPECT_EQ(shown("no handler for route"), "no handler for route");
}

TEST(ErrorText, HidesAllWhenThereIsTooMuchToLookFor) {
  std::string body = "{\"a\":[";
  for (int i = 0; i < 3000; ++i) body += (i ? "," : "") + std::string("\"v") + std::to_string(i) + "\"";
  EXPECT_EQ(shown("something v2999", body + "]}"), "***");
}

}  // namespace
}  // namespace coffer::core
