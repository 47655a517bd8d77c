#include "audit/tail.h"

#include "audit/test_support.h"

namespace coffer::audit {
namespace {
using testing::SampleEvent;

std::string response_line(SampleEvent& sample) {
  Salt salt(SecretBytes::copy_of("k"));
  std::string out;
  append_response_record(out, sample.response, salt);
  return out;
}
std::optional<std::string> shown(std::string_view line, const Filter& filter = {}) {
  auto result = render(line, filter, false);
  EXPECT_TRUE(result.has_value());
  return result ? *result : std::nullopt;
}

TEST(Render, IsOneReadableLine) {
  SampleEvent sample;
  EXPECT_EQ(shown(response_line(sample)), "2027-01-15 08:00:00  ok      read    secret/data/app  by userpass-alice from 127.0.0.1  "
                                          "5f1c9b9e-0000-4000-8000-000000000001");
  sample.auth.allowed = false;
  sample.event.error = "permission denied";
  EXPECT_THAT(*shown(response_line(sample)), ::testing::HasSubstr("  denied  read "));
  EXPECT_EQ(shown(R"({"time":"2027-01-15T08:00:00Z","type":"enable","device":{"path":"file/"},"chain":{}})"),
            R"(2027-01-15 08:00:00  enable  {"path":"file/"})");
}

TEST(Render, LeavesOutWhatTheFilterDoesNotName) {
  SampleEvent sample;
  const std::string line = response_line(sample);
  const auto passes = [&](auto&& set) {
    Filter filter;
    set(filter);
    return shown(line, filter).has_value();
  };
  EXPECT_TRUE(passes([](Filter& f) { f.entity = "e1"; }));
  EXPECT_TRUE(passes([](Filter& f) { f.entity = "userpass-alice"; }));
  EXPECT_FALSE(passes([](Filter& f) { f.entity = "e2"; }));
  EXPECT_TRUE(passes([](Filter& f) { f.path = "secret/"; }));
  EXPECT_FALSE(passes([](Filter& f) { f.path = "sys/"; }));
  EXPECT_TRUE(passes([](Filter& f) { f.operation = "read"; }));
  EXPECT_FALSE(passes([](Filter& f) { f.operation = "list"; }));
  EXPECT_FALSE(passes([](Filter& f) { f.type = "request"; }));
  EXPECT_TRUE(passes([](Filter& f) { f.outcome = "ok"; }));
  EXPECT_FALSE(passes([](Filter& f) { f.outcome = "denied"; }));
  EXPECT_TRUE(passes([](Filter& f) { f.request_id = "5f1c9b9e-0000-4000-8000-000000000001"; }));
  EXPECT_FALSE(passes([](Filter& f) { f.since = Time(std::chrono::seconds(1'900'000'000)); }));
  Filter unknown;
  unknown.outcome = "good";
  EXPECT_FALSE(check_filter(unknown));
}

TEST(Render, KeepsControlCharactersFromTheTerminal) {
  SampleEvent sample;
  sample.event.path = "secret/\x1b[2J\xc2\x9b" "31m";
  const std::string text = *shown(response_line(sample));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\x9b'), std::string::npos);
  EXPECT_FALSE(render("not json", {}, false));
  EXPECT_FALSE(render("{}", {}, false));
}

}  // namespace
}  // namespace coffer::audit
