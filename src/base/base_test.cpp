#include <gtest/gtest.h>

#include "base/aws_name.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/path.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/utf8.h"

namespace coffer {
namespace {

TEST(Duration, ReadsVaultsForms) {
  EXPECT_EQ(*parse_duration(""), Seconds(0));
  EXPECT_EQ(*parse_duration("90"), Seconds(90));
  EXPECT_EQ(*parse_duration("1h30m"), std::chrono::minutes(90));
  EXPECT_EQ(*parse_duration("1.5h"), std::chrono::minutes(90));
  EXPECT_EQ(*parse_duration("2d"), std::chrono::hours(48));
  EXPECT_EQ(*parse_duration("-1s"), Seconds(-1));
  EXPECT_EQ(*parse_duration("100ms"), std::chrono::milliseconds(100));
  EXPECT_EQ(parse_duration("soon").error().message, "time: invalid duration \"soon\"");
  EXPECT_EQ(parse_duration("1.5").error().message, "time: missing unit in duration \"1.5\"");
  EXPECT_EQ(parse_duration("5x").error().message, "time: unknown unit \"x\" in duration \"5x\"");
  for (std::string_view s : {"-", ".", "1d2h", "99999999999h", "9999999999999999999", "s", "1h ", " 1h"}) EXPECT_FALSE(parse_duration(s)) << s;
}

TEST(Duration, PrintsAsGoDoes) {
  EXPECT_EQ(go_duration(Seconds(0)), "0s");
  EXPECT_EQ(go_duration(std::chrono::hours(3) + std::chrono::minutes(25) + Seconds(19)), "3h25m19s");
  EXPECT_EQ(go_duration(std::chrono::milliseconds(1500)), "1.5s");
  EXPECT_EQ(go_duration(std::chrono::hours(768)), "768h0m0s");
  EXPECT_EQ(short_duration(std::chrono::hours(768)), "768h");
  EXPECT_EQ(short_duration(std::chrono::minutes(90)), "1h30m");
  EXPECT_EQ(short_duration(Seconds(3610)), "1h0m10s");
  EXPECT_EQ(short_duration(Seconds(20)), "20s");
  EXPECT_EQ(short_duration(Seconds(0)), "0s");
  EXPECT_EQ(go_duration(std::chrono::milliseconds(2)), "2ms");
}

TEST(Time, RoundTrips) {
  for (std::string_view s : {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000006Z", "1969-12-31T23:59:59.5Z", "2026-02-28T23:59:59.12Z"}) {
    auto t = parse_rfc3339(s);
    ASSERT_TRUE(t) << s;
    EXPECT_EQ(rfc3339(*t), s);
  }
  EXPECT_EQ(rfc3339(*parse_rfc3339("2026-01-02T03:04:05+02:00")), "2026-01-02T01:04:05Z");
  for (std::string_view s : {"", "2026", "2026-02-30T00:00:00Z", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx"})
    EXPECT_FALSE(parse_rfc3339(s)) << s;
}

TEST(Encoding, RoundTrips) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all.push_back(static_cast<char>(i));
    EXPECT_EQ(*base64_decode(base64_encode(all)), all);
    EXPECT_EQ(*base64url_decode(base64url_encode(all)), all);
    EXPECT_EQ(*base64_raw_decode(base64_raw_encode(all)), all);
    EXPECT_EQ(*hex_decode(hex_encode(all)), all);
  }
  EXPECT_EQ(base64_encode("hello"), "aGVsbG8=");
  for (std::string_view s : {"a", "ab", "abc", "a===", "ab=c", "aGVsbG9=", "aGVs bG8=", "===="}) EXPECT_FALSE(base64_decode(s)) << s;
  EXPECT_FALSE(valid_utf8("\xc0\x80"));
  EXPECT_FALSE(valid_utf8("\xed\xa0\x80"));
  EXPECT_TRUE(valid_utf8("h\xc3\xa9"));
}

TEST(Utf8, CountsAndCutsCharacters) {
  const std::string_view text = "a\xc3\xa9\xf0\x9f\x98\x80z";  // 1, 2, 4 and 1 bytes
  EXPECT_EQ(utf8_length(text), 4u);
  EXPECT_EQ(utf8_length(""), 0u);
  EXPECT_EQ(utf8_prefix(text, 100), text);
  EXPECT_EQ(utf8_prefix(text, 8), text);
  EXPECT_EQ(utf8_prefix(text, 7), text.substr(0, 7));
  for (const std::size_t bytes : {3u, 4u, 5u, 6u}) EXPECT_EQ(utf8_prefix(text, bytes), text.substr(0, 3)) << bytes;
  EXPECT_EQ(utf8_prefix(text, 2), "a");
  EXPECT_EQ(utf8_prefix(text, 0), "");
  EXPECT_EQ(utf8_prefix("\x80\x80\x80", 2), "");
}

TEST(CanonicalPath, HasOneSpelling) {
  EXPECT_EQ(CanonicalPath::from_encoded("secret/data/a%20b")->view(), "secret/data/a b");
  EXPECT_EQ(CanonicalPath::from_encoded("secret/")->view(), "secret/");
  for (std::string_view s : {"a//b", "/a", "a/./b", "a/../b", "..", ".", "a/%2e%2e/b", "a%2fb", "a%2Fb", "a\\b", "a%5cb", "a%00b", "a%0ab", "a%", "a%zz", "a%ff", "a%c2%80"})
    EXPECT_FALSE(CanonicalPath::from_encoded(s)) << s;
  EXPECT_FALSE(CanonicalPath::from_encoded(std::string(513, 'a')));
  EXPECT_TRUE(CanonicalPath::from_encoded(std::string(512, 'a')));
}

TEST(NormalizedName, NeverTrims) {
  EXPECT_EQ(NormalizedName::from("AdMiN")->view(), "admin");
  for (std::string_view s : {"", " a", "a ", "a\n", "a\xe2\x80\xae", "\x7f"}) EXPECT_FALSE(NormalizedName::from(s)) << s;
}

TEST(Random, MakesIds) {
  EXPECT_EQ(make_base62(24).size(), 24u);
  EXPECT_NE(make_uuid(), make_uuid());
  std::string id;
  append_request_id(id);
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '4');
}

TEST(Secret, ComparesAndMoves) {
  SecretBytes a = SecretBytes::copy_of("abc"), b = a.clone();
  EXPECT_TRUE(a == b);
  SecretBytes c = std::move(a);
  EXPECT_EQ(c.reveal_text(), "abc");
  EXPECT_FALSE(c == SecretBytes::copy_of("abd"));
}

TEST(AwsName, EveryNameIsAPathAndBack) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"app/db", "app/db"}, {"/prod/db", "~/prod/db"}, {"a//b", "a/~/b"}, {"a/", "a/~"}, {"/", "~/~"}, {".", "~."}, {"a/../b", "a/~../b"}, {"~", "~~"}, {"~.", "~~."}, {"~x", "~x"}, {"...", "..."}};
  for (const auto& [name, path] : cases) {
    EXPECT_EQ(aws_path(name), path);
    EXPECT_EQ(aws_name(path), name);
    EXPECT_TRUE(CanonicalPath::from_decoded(aws_path(name))) << name;
  }
}

TEST(AwsName, OtherRegionsAreFolders) {
  EXPECT_EQ(aws_path("eu-west-1", "eu-west-1", "/a"), "~/a");
  EXPECT_EQ(aws_path("us-gov-east-1", "eu-west-1", "a/b"), "~us-gov-east-1/a/b");
  std::string_view rest;
  EXPECT_EQ(aws_region_of("~us-gov-east-1/a/b", rest), "us-gov-east-1");
  EXPECT_EQ(rest, "a/b");
  for (const std::string_view path : {"a/b", "~/a", "~x/a", "~eu-/a", "~-1/a", "~eu--1/a", "~eu-1", "~eu-west-a/b"}) {
    EXPECT_EQ(aws_region_of(path, rest), "") << path;
    EXPECT_EQ(rest, path);
  }
}

}  // namespace
}  // namespace coffer
