#include "engines/kv/aws/facet.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "engines/kv/aws/filters.h"

namespace coffer::kv::aws {
namespace {

TEST(Facet, RoundTrip) {
  Facet f;
  f.suffix = "AbCdEf";
  f.kms_key = "alias/k";
  f.policy = "{}";
  f.tagged = true;
  f.attach("mine", 3, "id-3");
  f.attach(previous_label, 2, "id-2");
  f.rotation.known = f.rotation.enabled = true;
  f.rotation.function = "arn";
  f.rotation.rules = {30, "2h", "rate(1 day)"};
  f.rotation.last_rotated = Time(Seconds(5));
  f.rotation.planned = Time(Seconds(6));
  f.rotation.external_metadata = {{"a", "b"}};
  f.replicas.push_back({"eu-west-1", "", "InSync", ""});
  f.primary_region = "us-east-1";
  const std::string packed = encode(f);
  const auto back = decode_facet(packed);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, f);
  for (std::size_t n = 1; n < packed.size(); ++n) EXPECT_FALSE(decode_facet(std::string_view(packed).substr(0, n))) << n;
  EXPECT_FALSE(decode_facet(packed + "x"));
  EXPECT_EQ(*decode_facet(""), Facet{});
}

TEST(Facet, ReadsWhatAnEarlierVersionWrote) {
  Facet f;
  f.suffix = "AbCdEf";
  f.rotation.function = "arn";
  f.rotation.next = Time(Seconds(7));
  std::string packed = encode(f);
  ASSERT_EQ(packed.front(), 2);
  packed.front() = 1;
  packed.resize(packed.size() - 2);  // an absent time is one byte
  const auto back = decode_facet(packed);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, f);
}

TEST(Facet, AwsCurrentLeavesAwsPreviousBehindAndTakesAwsPendingAlong) {
  Facet f;
  f.attach(pending_label, 2, "two");
  f.attach("mine", 2, "two");
  f.attach(previous_label, 1, "one");
  f.current_leaves(2, "two");
  EXPECT_EQ(f.labels_of(2), (std::vector<std::string>{"mine", "AWSPREVIOUS"}));
  EXPECT_FALSE(f.holds(1));
  f.attach(pending_label, 3, "three");
  f.current_leaves(2, "two");
  EXPECT_EQ(f.labels_of(3), std::vector<std::string>{"AWSPENDING"});
  f.current_leaves(0, "");
  EXPECT_EQ(f.find(previous_label), nullptr);
}

TEST(Facet, AnIdTellsItsNumber) {
  for (const std::uint64_t seq : {1ULL, 255ULL, 70'000ULL, (1ULL << 48) - 1})
    EXPECT_EQ(seq_of_uuid(make_version_uuid(system_random(), seq)), seq);
  EXPECT_EQ(seq_of_uuid(make_uuid()), 0u);
  EXPECT_EQ(seq_of_uuid("00000000-0000-8000-8000-00000000000g"), 0u);
  EXPECT_EQ(seq_of_uuid(""), 0u);
  Version old;
  old.seq = 7;
  old.created = Time(Seconds(1'800'000'000));
  EXPECT_EQ(seq_of_uuid(version_id(old)), 7u);
}

TEST(Facet, SuffixesOfObjectsThatVaultMade) {
  const Time now(Seconds(1'800'000'000));
  EXPECT_EQ(derived_suffix("a", now).size(), 6u);
  EXPECT_EQ(derived_suffix("a", now), derived_suffix("a", now));
  EXPECT_NE(derived_suffix("a", now), derived_suffix("b", now));
  EXPECT_NE(derived_suffix("a", now), derived_suffix("a", now + Duration(1)));
}

TEST(Words, SplitAsAwsSplitsThem) {
  const auto words = [](std::string_view text) {
    std::string out;
    for (const auto& word : words_of(text)) out += (out.empty() ? "" : " ") + word;
    return out;
  };
  EXPECT_EQ(words("one two"), "one two");
  EXPECT_EQ(words("one-two-Three"), "one two three");
  EXPECT_EQ(words("one-two/three"), "one-two/three");  // signs of two kinds
  EXPECT_EQ(words("camelCase"), "camel case");
  EXPECT_EQ(words("COMPANYthings"), "compan ythings");
  EXPECT_EQ(words("COMPANY"), "company");
  EXPECT_EQ(words("///"), "");
  EXPECT_EQ(words(""), "");
}

}  // namespace
}  // namespace coffer::kv::aws
