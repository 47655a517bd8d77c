#include <gtest/gtest.h>

#include "backend/testing.h"
#include "engines/kv/kv.h"

namespace coffer {
namespace {

using schema::Verb;
using testing::Answered;
using testing::TestMount;

constexpr std::string_view first_time = "2027-01-15T08:00:00Z";  // of ManualClock

std::string meta(int version, std::string_view deleted = "", bool destroyed = false, std::string_view custom = "null") {
  return R"({"created_time":")" + std::string(first_time) + R"(","custom_metadata":)" + std::string(custom) + R"(,"deletion_time":")" +
         std::string(deleted) + R"(","destroyed":)" + (destroyed ? "true" : "false") + R"(,"version":)" + std::to_string(version) + "}";
}
std::string secret(std::string_view data, const std::string& metadata) {
  return R"({"data":)" + std::string(data) + R"(,"metadata":)" + metadata + "}";
}

class Kv2 : public ::testing::Test {
 protected:
  TestMount m{make_kv2};
  void fill(std::string_view name, int versions) {
    for (int i = 1; i <= versions; ++i)
      EXPECT_EQ(m.write("data/" + std::string(name), R"({"data":{"a":)" + std::to_string(i) + "}}").status, 200);
  }
};

TEST_F(Kv2, WritesAndReadsVersions) {
  const Answered put = m.write("data/a", R"({"data":{"a": 1.0, "b":{"c":[1,2]}}})");
  EXPECT_EQ(put.data, meta(1));
  EXPECT_TRUE(put.created);
  EXPECT_FALSE(m.write("data/a", R"({"data":{"a":2}})").created);
  EXPECT_EQ(m.read("data/a").data, secret(R"({"a":2})", meta(2)));
  EXPECT_EQ(m.read("data/a", R"({"version":"1"})").data, secret(R"({"a": 1.0, "b":{"c":[1,2]}})", meta(1)));
  EXPECT_EQ(m.read("data/a", R"({"version":0})").data, secret(R"({"a":2})", meta(2)));
  EXPECT_EQ(m.read("data/a", R"({"version":-1})").status, 200);
  EXPECT_EQ(m.read("data/a", R"({"version":99})").status, 404);
  EXPECT_EQ(m.read("data/a", R"({"version":"abc"})").error,
            "Field validation failed: error converting input for field \"version\": '' cannot parse value as 'int': strconv.ParseInt: "
            "invalid syntax");
  EXPECT_EQ(m.read("data/none").status, 404);
  EXPECT_EQ(m.read("data/none").data, "");
}

TEST_F(Kv2, ReadOfTheCurrentVersionIsOneGet) {
  fill("a", 3);
  m.store.gets = 0;
  EXPECT_EQ(m.read("data/a").status, 200);
  EXPECT_EQ(m.store.gets, 1);
}

TEST_F(Kv2, AuditHoldsMetadataInClearAndNoValue) {
  m.write("data/a", R"({"data":{"password":"hunter2"}})");
  m.write("metadata/a", R"({"custom_metadata":{"owner":"me"}})");
  EXPECT_EQ(m.read("data/a").audit, secret(R"({"*":"*"})", meta(1, "", false, R"({"*":"*"})")));
}

TEST_F(Kv2, ChecksAndSets) {
  fill("a", 1);
  EXPECT_EQ(m.write("data/a", R"({"data":{"a":2},"options":{"cas":1}})").status, 200);
  for (const char* cas : {"1", "0", "-1"})
    EXPECT_EQ(m.write("data/a", R"({"data":{"a":3},"options":{"cas":)" + std::string(cas) + "}}").error,
              "check-and-set parameter did not match the current version");
  for (const char* cas : {"\"x\"", "2.5", "true", "\"\"", "[]"})
    EXPECT_EQ(m.write("data/a", R"({"data":{"a":3},"options":{"cas":)" + std::string(cas) + "}}").error,
              "error parsing check-and-set parameter");
  EXPECT_EQ(m.write("data/a", R"({"data":{"a":3},"options":{"cas":"2"}})").data, meta(3));
  EXPECT_EQ(m.write("data/new", R"({"data":{"a":3},"options":{"cas":0}})").data, meta(1));
  m.write("config", R"({"cas_required":true})");
  EXPECT_EQ(m.write("data/a", R"({"data":{}})").error, "check-and-set parameter required for this call");
}

TEST_F(Kv2, RefusesWhatIsNoData) {
  for (const char* body : {"", "{}", R"({"a":1})"}) EXPECT_EQ(m.write("data/a", body).error, "no data provided");
  EXPECT_EQ(m.write("data/a", R"({"data":"text"})").error,
            "error converting input for field \"data\": '' expected type 'map[string]interface {}', got unconvertible type 'string'");
  EXPECT_EQ(
      m.write("data/a", R"({"data":[1]})").error,
      "error converting input for field \"data\": '[0]' expected type 'map[string]interface {}', got unconvertible type 'json.Number'");
  EXPECT_EQ(m.write("data/a", R"({"data":null})").data, meta(1));
  EXPECT_EQ(m.read("data/a").data, secret("null", meta(1)));
  EXPECT_EQ(m.read("data/a").status, 200);
  EXPECT_EQ(m.write("data/a", R"({"data":{}})").data, meta(2));
  EXPECT_EQ(m.read("data/a").data, secret("{}", meta(2)));
}

TEST_F(Kv2, Patches) {
  m.write("data/a", R"({"data":{"a":1.0,"b":{"c":1,"d":2}}})");
  EXPECT_EQ(m.patch("data/a", R"({"data":{"b":{"c":null},"z":1}})").data, meta(2));
  EXPECT_EQ(m.read("data/a").data, secret(R"({"a":1.0,"b":{"d":2},"z":1})", meta(2)));
  EXPECT_EQ(m.patch("data/a", R"({"data":{"z":2},"options":{"cas":1}})").error,
            "check-and-set parameter did not match the current version");
  EXPECT_EQ(m.patch("data/a", "{}").error, "no data provided");
  EXPECT_EQ(m.patch("data/none", R"({"data":{"z":2}})").status, 404);
  m.remove("data/a");
  const Answered gone = m.patch("data/a", R"({"data":{"z":2}})");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.data, meta(2, first_time));
}

TEST_F(Kv2, DeletesUndeletesDestroys) {
  fill("a", 3);
  EXPECT_EQ(m.remove("data/a").status, 204);
  const Answered gone = m.read("data/a");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.data, secret("null", meta(3, first_time)));
  EXPECT_EQ(m.write("undelete/a", R"({"versions":"3"})").status, 204);
  EXPECT_EQ(m.read("data/a").status, 200);
  EXPECT_EQ(m.write("delete/a", R"({"versions":[1,2,77]})").status, 204);
  EXPECT_EQ(m.read("data/a", R"({"version":1})").status, 404);
  EXPECT_EQ(m.write("undelete/a", R"({"versions":["1"]})").status, 204);
  EXPECT_EQ(m.read("data/a", R"({"version":1})").data, secret(R"({"a":1})", meta(1)));
  EXPECT_EQ(m.write("destroy/a", R"({"versions":[1,3]})").status, 204);
  EXPECT_EQ(m.read("data/a", R"({"version":1})").data, secret("null", meta(1, "", true)));
  EXPECT_EQ(m.read("data/a").data, secret("null", meta(3, "", true)));
  EXPECT_EQ(m.write("undelete/a", R"({"versions":[1]})").status, 204);
  EXPECT_EQ(m.read("data/a", R"({"version":1})").status, 404);
  EXPECT_EQ(m.write("delete/a", "{}").error, "No version number provided");
  EXPECT_EQ(m.write("undelete/a", "{}").error, "No version number provided");
  EXPECT_EQ(m.write("destroy/a", "{}").error, "no version number provided");
  EXPECT_EQ(
      m.write("delete/a", R"({"versions":["x"]})").error,
      "Field validation failed: error converting input for field \"versions\": decoding failed due to the following error(s):\n\n'[0]' "
      "cannot parse value as 'int': strconv.ParseInt: invalid syntax");
  EXPECT_EQ(m.write("delete/none", R"({"versions":[1]})").status, 204);
  for (const auto& [key, value] : m.store.values) EXPECT_EQ(value.find("{\"a\":1}"), std::string::npos) << key;
}

TEST_F(Kv2, DropsTheOldest) {
  fill("a", 10);
  EXPECT_NE(m.read("metadata/a").data.find("\"oldest_version\":1,"), std::string::npos);
  fill("a", 2);
  EXPECT_EQ(m.read("data/a", R"({"version":2})").status, 404);
  EXPECT_EQ(m.read("data/a", R"({"version":3})").status, 200);
  m.write("metadata/a", R"({"max_versions":2})");
  fill("a", 1);
  EXPECT_EQ(m.read("data/a", R"({"version":11})").status, 404);
  EXPECT_EQ(m.read("data/a", R"({"version":12})").status, 200);
  EXPECT_EQ(m.store.values.size(), 2u);
}

TEST_F(Kv2, KeepsLongValuesApart) {
  const std::string big(5000, 'x'), small = "s";
  m.write("data/a", R"({"data":{"v":")" + big + "\"}}");
  m.write("data/a", R"({"data":{"v":")" + small + "\"}}");
  EXPECT_EQ(m.read("data/a", R"({"version":1})").data, secret("{\"v\":\"" + big + "\"}", meta(1)));
  m.write("data/a", R"({"data":{"v":")" + big + "\"}}");
  m.remove("data/a");
  m.write("undelete/a", R"({"versions":[3]})");
  EXPECT_EQ(m.patch("data/a", R"({"data":{"w":1}})").data, meta(4));
  EXPECT_EQ(m.read("data/a").data, secret("{\"v\":\"" + big + "\",\"w\":1}", meta(4)));
  m.write("destroy/a", R"({"versions":[1,3,4]})");
  for (const auto& [key, value] : m.store.values) EXPECT_LT(value.size(), 1000u) << key;
  m.remove("metadata/a");
  EXPECT_TRUE(m.store.values.empty());
}

TEST_F(Kv2, DeletesByItself) {
  m.write("config", R"({"delete_version_after":"1h"})");
  fill("a", 1);
  EXPECT_EQ(m.read("data/a").data, secret(R"({"a":1})", meta(1, "2027-01-15T09:00:00Z")));
  m.clock.advance(Seconds(3599));
  EXPECT_EQ(m.read("data/a").status, 200);
  m.clock.advance(Seconds(1));
  EXPECT_EQ(m.read("data/a").status, 404);
  m.write("undelete/a", R"({"versions":[1]})");
  EXPECT_EQ(m.read("data/a").status, 200);
  m.write("metadata/b", R"({"delete_version_after":"2h"})");
  fill("b", 1);
  EXPECT_NE(m.read("data/b").data.find("10:00:00Z"), std::string::npos);  // the mount's is shorter
  m.write("config", R"({"delete_version_after":"-1s"})");
  fill("b", 1);
  EXPECT_NE(m.read("data/b").data.find("\"deletion_time\":\"\""), std::string::npos);
}

TEST_F(Kv2, ConfiguresTheMount) {
  EXPECT_EQ(m.read("config").data, R"({"cas_required":false,"delete_version_after":"0s","max_versions":0,"metadata_cas_required":false})");
  EXPECT_EQ(m.write("config", R"({"max_versions":5,"delete_version_after":"3h25m19s"})").status, 204);
  EXPECT_EQ(m.read("config").data,
            R"({"cas_required":false,"delete_version_after":"3h25m19s","max_versions":5,"metadata_cas_required":false})");
  EXPECT_EQ(m.write("config", R"({"delete_version_after":"tomorrow"})").error,
            "Field validation failed: error converting input for field \"delete_version_after\": time: invalid duration \"tomorrow\"");
}

TEST_F(Kv2, ShowsKeysOfAValue) {
  m.write("data/deep", R"({"data":{"a":{"b":{"c":1}},"l":[1],"n":null,"e":{}}})");
  EXPECT_EQ(m.read("subkeys/deep").data, R"({"subkeys":{"a":{"b":{"c":null}},"l":null,"n":null,"e":null},"metadata":)" + meta(1) + "}");
  EXPECT_EQ(m.read("subkeys/deep", R"({"depth":1})").data,
            R"({"subkeys":{"a":null,"l":null,"n":null,"e":null},"metadata":)" + meta(1) + "}");
  EXPECT_EQ(m.read("subkeys/deep", R"({"depth":"2"})").data,
            R"({"subkeys":{"a":{"b":null},"l":null,"n":null,"e":null},"metadata":)" + meta(1) + "}");
  EXPECT_EQ(m.read("subkeys/none").status, 404);
  m.remove("data/deep");
  EXPECT_EQ(m.read("subkeys/deep").data, R"({"subkeys":null,"metadata":)" + meta(1, first_time) + "}");
}

TEST_F(Kv2, KeepsMetadata) {
  fill("a", 1);
  EXPECT_EQ(
      m.write("metadata/a", R"({"max_versions":2,"cas_required":true,"custom_metadata":{"k":"v"},"delete_version_after":"1h"})").status,
      204);
  EXPECT_EQ(
      m.read("metadata/a").data,
      R"({"cas_required":true,"created_time":"2027-01-15T08:00:00Z","current_metadata_version":1,"current_version":1,"custom_metadata":{"k":"v"},)"
      R"("delete_version_after":"1h0m0s","max_versions":2,"metadata_cas_required":false,"oldest_version":0,"updated_time":"2027-01-15T08:00:00Z",)"
      R"("versions":{"1":{"created_time":"2027-01-15T08:00:00Z","deletion_time":"","destroyed":false}}})");
  EXPECT_EQ(m.write("metadata/a", R"({"custom_metadata":{"k":5}})").status, 204);
  EXPECT_EQ(m.write("metadata/a", R"({"custom_metadata":{"k":{"x":1}}})").error,
            "custom_metadata validation failed: '' expected type 'string', got unconvertible type 'map[string]interface {}'");
  EXPECT_EQ(
      m.write("metadata/a", R"({"custom_metadata":"text"})").error,
      "error converting input for field \"custom_metadata\": '' expected type 'map[string]interface {}', got unconvertible type 'string'");
  // 2^32 is no 0, which would keep ten.
  for (const char* many : {R"({"max_versions":-1})", R"({"max_versions":4294967296})"}) {
    EXPECT_EQ(m.write("metadata/a", many).status, 204);
    EXPECT_NE(m.read("metadata/a").data.find(R"("max_versions":4294967295)"), std::string::npos) << many;
  }
  EXPECT_EQ(m.patch("metadata/a", R"({"custom_metadata":{"k":null,"k2":"v2"}})").status, 204);
  const Answered got = m.read("metadata/a");
  EXPECT_NE(got.data.find(R"("current_metadata_version":5)"), std::string::npos);
  EXPECT_NE(got.data.find(R"("custom_metadata":{"k2":"v2"})"), std::string::npos);
  EXPECT_NE(got.data.find(R"("max_versions":4294967295)"), std::string::npos);
  EXPECT_EQ(m.patch("metadata/a", R"({"max_versions":null,"custom_metadata":null})").status, 204);
  EXPECT_NE(m.read("metadata/a").data.find(R"("custom_metadata":null)"), std::string::npos);
  EXPECT_NE(m.read("metadata/a").data.find(R"("max_versions":0)"), std::string::npos);
  EXPECT_EQ(m.patch("metadata/none", R"({"max_versions":3})").status, 404);
  EXPECT_EQ(m.remove("metadata/a").status, 204);
  EXPECT_EQ(m.read("metadata/a").status, 404);
  EXPECT_EQ(m.read("data/a").status, 404);
  EXPECT_EQ(m.remove("metadata/none").status, 204);
}

TEST_F(Kv2, MetadataStandsWithoutVersions) {
  EXPECT_TRUE(m.write("metadata/only", R"({"custom_metadata":{"a":"b"}})").created);
  EXPECT_NE(m.read("metadata/only").data.find(R"("versions":{})"), std::string::npos);
  EXPECT_EQ(m.read("data/only").status, 404);
  EXPECT_EQ(m.remove("data/only").status, 204);
  EXPECT_EQ(m.write("data/only", R"({"data":{},"options":{"cas":0}})").data, meta(1, "", false, R"({"a":"b"})"));
}

TEST_F(Kv2, LimitsCustomMetadata) {
  const std::string name(129, 'n'), value(513, 'v');
  EXPECT_EQ(m.write("metadata/a", R"({"custom_metadata":{")" + name + R"(":"v"}})").error,
            "1 error occurred:\n\t* custom_metadata validation failed: length of key \"" + name +
                "\" is 129 but must be 0 < len(key) <= 128\n\n");
  EXPECT_EQ(m.write("metadata/a", R"({"custom_metadata":{"k":")" + value + "\"}}").error,
            "1 error occurred:\n\t* custom_metadata validation failed: length of value for key \"k\" is 513 but must be 0 < len(value) <= "
            "512\n\n");
  EXPECT_NE(m.write("metadata/a", R"({"custom_metadata":{"k":"a\u0007"}})").error.find("value for key \"k\" contains unprintable"),
            std::string::npos);
  std::string many;
  for (int i = 0; i < 65; ++i) many += (i ? ",\"" : "\"") + std::to_string(i) + "\":\"x\"";
  EXPECT_NE(m.write("metadata/a", R"({"custom_metadata":{)" + many + "}}").error.find("payload must contain at most 64 keys, provided 65"),
            std::string::npos);
  EXPECT_EQ(m.read("metadata/a").status, 404);
}

TEST_F(Kv2, ChecksAndSetsMetadata) {
  EXPECT_EQ(m.write("metadata/a", R"({"metadata_cas":1})").error, "metadata_cas must be 0 when creating new metadata");
  EXPECT_EQ(m.write("metadata/a", R"({"metadata_cas":0,"metadata_cas_required":true})").status, 204);
  EXPECT_EQ(m.write("metadata/a", R"({"max_versions":1})").error, "metadata check-and-set parameter required for this call");
  EXPECT_EQ(m.write("metadata/a", R"({"metadata_cas":7})").error, "metadata check-and-set parameter does not match the current version");
  EXPECT_EQ(m.patch("metadata/a", R"({"metadata_cas":1})").status, 204);
}

TEST_F(Kv2, Lists) {
  for (const char* name : {"a", "deep", "private/x", "pub/x", "pub/y/z"}) fill(name, 1);
  EXPECT_EQ(m.list("metadata").data, R"({"keys":["a","deep","private/","pub/"]})");
  EXPECT_EQ(m.list("metadata/").data, R"({"keys":["a","deep","private/","pub/"]})");
  EXPECT_EQ(m.list("metadata/pub").data, R"({"keys":["x","y/"]})");
  EXPECT_EQ(m.list("metadata", R"({"limit":"2"})").data, R"({"keys":["a","deep"]})");
  EXPECT_EQ(m.list("metadata", R"({"after":"deep","limit":1})").data, R"({"keys":["private/"]})");
  EXPECT_EQ(m.list("metadata/none").status, 404);
  EXPECT_EQ(m.call(Verb::scan, "metadata/").data, R"({"keys":["a","deep","private/x","pub/x","pub/y/z"]})");
  const Answered detailed = m.list("detailed-metadata/pub");
  EXPECT_EQ(detailed.data.find(R"({"keys":["x","y/"],"key_info":{"x":{"cas_required":false)"), 0u);
  EXPECT_EQ(m.list("data").status, 405);
}

TEST_F(Kv2, SaysWhichPathToUse) {
  const auto warning = [](const Answered& a) { return a.status == 404 && a.warnings.size() == 1 ? a.warnings[0] : "?"; };
  EXPECT_EQ(
      warning(m.read("a")),
      "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault "
      "CLI, use 'vault kv get' for this operation.");
  EXPECT_NE(warning(m.write("a", R"({"a":1})")).find("vault kv put"), std::string::npos);
  EXPECT_NE(warning(m.list("")).find("vault kv list"), std::string::npos);
  EXPECT_NE(warning(m.remove("a")).find("vault kv delete"), std::string::npos);
  EXPECT_EQ(warning(m.read("data")), "Non-listing operations on the root of a K/V v2 mount are not supported.");
  EXPECT_EQ(m.read("data/").status, 404);
  EXPECT_TRUE(m.read("data/").warnings.empty());
  EXPECT_EQ(m.write("subkeys/a").status, 405);
  EXPECT_EQ(m.remove("config").status, 405);
  fill("a", 1);
  EXPECT_EQ(m.read("data/a/").status, 404);
  EXPECT_EQ(m.remove("data/a/").status, 204);
  EXPECT_EQ(m.read("data/a").status, 200);
}

TEST(Kv2Upgrade, MovesFewKeysAtOnce) {
  TestMount m(make_kv1);
  m.write("k", R"({"a":1.0})");
  m.write("d/k", R"({"big":")" + std::string(5000, 'x') + "\"}");
  TestMount n(make_kv2);
  n.store = m.store;
  ASSERT_TRUE(n.configure({}, {{"version", "2"}}));
  EXPECT_EQ(n.read("data/k").data, secret(R"({"a":1.0})", meta(1)));
  EXPECT_EQ(n.read("data/d/k").status, 200);
  EXPECT_EQ(n.list("metadata").data, R"({"keys":["d/","k"]})");
  EXPECT_EQ(n.configure({{"version", "2"}}, {{"version", "1"}}).error().message, "cannot downgrade mount from version 2");
  EXPECT_FALSE(n.configure({{"version", "2"}}, {{"version", "3"}}));
}

TEST(Kv2Upgrade, MovesManyKeysByNeed) {
  TestMount m(make_kv1);
  for (int i = 0; i < 1200; ++i) m.write("k" + std::to_string(i), R"({"a":)" + std::to_string(i) + "}");
  TestMount n(make_kv2);
  n.store = m.store;
  ASSERT_TRUE(n.configure({{"version", "1"}}, {{"version", "2"}}));
  EXPECT_EQ(n.read("data/k7").data, secret(R"({"a":7})", meta(1)));
  EXPECT_EQ(n.write("data/k7", R"({"data":{"b":1},"options":{"cas":1}})").data, meta(2));
  EXPECT_EQ(n.read("data/k7", R"({"version":1})").data, secret(R"({"a":7})", meta(1)));
  EXPECT_EQ(n.write("data/new", R"({"data":{}})").data, meta(1));
  EXPECT_EQ(n.list("metadata", R"({"limit":2,"after":"k6999"})").data, R"({"keys":["k7","k70"]})");
  EXPECT_EQ(n.remove("metadata/k8").status, 204);
  EXPECT_EQ(n.read("data/k8").status, 404);
  EXPECT_EQ(n.remove("data/k9").status, 204);
  EXPECT_EQ(n.read("data/k9").data, secret("null", meta(1, first_time)));
}

}  // namespace
}  // namespace coffer
