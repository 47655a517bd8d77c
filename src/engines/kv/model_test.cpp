#include "engines/kv/model.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace coffer::kv {
namespace {

TEST(KvModel, ObjectRoundTrip) {
  const std::string tags = PackedMap::pack({{"env", "prod"}}), marks = PackedMap::pack({{"a", ""}, {"b", "2"}});
  Object o;
  o.state = State::deleted;
  o.deleted_at = Time(Seconds(5));
  o.purge_at = Time(Seconds(9));
  o.retention = Seconds(-1);
  o.tags = PackedMap(tags);
  o.description = "what";
  o.custom_metadata = PackedMap(marks);
  o.max_versions = 0xffffffff;
  o.cas_required = true;
  o.delete_version_after = Seconds(3600);
  o.metadata_seq = 300;
  o.created = Time(Seconds(1));
  o.updated = Time(Duration(1'700'000'000'123'456'789));
  o.oldest = 2;
  o.current.seq = 7;
  o.current.uuid = "u";
  o.current.client_token = "t";
  o.current.bytes = R"({"a":1.0})";
  o.current.media = Media::text;
  o.current.content_type = "text/plain";
  o.current.enabled = false;
  o.current.not_before = 0;
  o.current.expires = 253'402'300'799;  // the end of the year 9999
  o.current.kms_key = "alias/k";
  o.newest = 9;
  o.aws = "packed";
  o.current.deleted_at = Time(Seconds(6));
  const std::string record = encode(o);
  const auto back = decode_object(record);
  ASSERT_TRUE(back);
  EXPECT_EQ(encode(*back), record);
  EXPECT_EQ(back->current.bytes, R"({"a":1.0})");
  EXPECT_EQ(back->custom_metadata.unpack().at("b"), "2");
  EXPECT_EQ(back->updated, o.updated);
  EXPECT_EQ(back->current.content_type, "text/plain");
  EXPECT_FALSE(back->current.enabled);
  EXPECT_EQ(back->current.not_before, 0);
  EXPECT_EQ(back->current.expires, 253'402'300'799);
  EXPECT_EQ(back->current.kms_key, "alias/k");
  EXPECT_EQ(back->last(), 9u);
  EXPECT_EQ(back->aws, "packed");
}

// Records as they were written before AWS's door knew of objects.
TEST(KvModel, OldRecordsAreRead) {
  const auto object = *hex_decode(
      "012000002a36fe9c97170000000000000000070161000162013200000000020100000000000000002430663065306430632d306230612d343930382d383730362d3035"
      "30343033303230313030077b2261223a317d");
  const auto back = decode_object(object);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->current.bytes, R"({"a":1})");
  EXPECT_EQ(back->last(), back->current.seq);
  EXPECT_TRUE(back->aws.empty());
  EXPECT_EQ(encode(*back), object);
  const auto version =
      *hex_decode("01020100000000000000002430663065306430632d306230612d343930382d383730362d303530343033303230313030077b2261223a317d");
  EXPECT_EQ(encode(*decode_version(version)), version);
}

// Versions once held the times of Azure's attributes in nanoseconds.
TEST(KvModel, OldAttributesAreRead) {
  const auto record = [](std::uint64_t flags, std::initializer_list<std::int64_t> seconds) {
    RecordWriter out(1);
    out.number(1).number(flags).fixed_time(Time(Seconds(7)));
    for (const std::int64_t s : seconds) out.fixed_time(Time(Seconds(s)));
    out.text("u").text("{}");
    return std::move(out.bytes());
  };
  const std::string both = record(1 | 16 | 32, {3, 2'000'000'000}), one = record(1 | 32, {4});
  const auto version = decode_version(both);
  ASSERT_TRUE(version);
  EXPECT_EQ(version->not_before, 3);
  EXPECT_EQ(version->expires, 2'000'000'000);
  const std::string again = encode(*version);
  const auto back = decode_version(again);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->not_before, 3);
  EXPECT_EQ(back->expires, 2'000'000'000);
  EXPECT_EQ(encode(*back), again);
  const auto other = decode_version(one);
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->not_before);
  EXPECT_EQ(other->expires, 4);
}

TEST(KvModel, RefusesDamage) {
  Object o;
  o.current.seq = 1;
  o.current.bytes = "{}";
  const std::string record = encode(o);
  for (std::size_t n = 0; n < record.size(); ++n) EXPECT_FALSE(decode_object(std::string_view(record).substr(0, n))) << n;
  EXPECT_FALSE(decode_object(record + "x"));
  EXPECT_FALSE(decode_object("\x02"));
  EXPECT_FALSE(decode_version(""));
  EXPECT_FALSE(decode_config(std::string_view("\x01\xff", 2)));
  EXPECT_FALSE(decode_plain("\x01\x05"));
}

TEST(KvModel, BytesApartAreNotInTheRecord) {
  Version v;
  v.seq = 1;
  v.apart = true;
  v.bytes = "long";
  const std::string record = encode(v);
  const auto back = decode_version(record);
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->apart);
  EXPECT_TRUE(back->bytes.empty());
}

}  // namespace
}  // namespace coffer::kv
