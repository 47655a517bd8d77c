#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <thread>

#include "audit/chain.h"
#include "audit/encode.h"
#include "audit/test_support.h"
#include "base/encoding.h"

namespace coffer::audit {
namespace {
using testing::SampleEvent;

Salt& test_salt() {
  static Salt salt(SecretBytes::copy_of(std::string(32, 'k')));
  return salt;
}

std::string openssl_hmac(std::string_view key, std::string_view data) {
  std::array<unsigned char, 32> out{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()), data.size(), out.data(), &size);
  return "hmac-sha256:" + hex_encode({reinterpret_cast<const char*>(out.data()), size});
}

TEST(Salt, IsHmacSha256ForEveryLengthOfKeyAndValue) {
  for (const std::size_t key_size : {0u, 1u, 32u, 63u, 64u, 65u, 200u})
    for (const std::size_t size : {0u, 1u, 55u, 56u, 63u, 64u, 65u, 119u, 1000u}) {
      const std::string key(key_size, 'q'), value(size, 'v');
      Salt salt(SecretBytes::copy_of(key));
      EXPECT_EQ(salt.redacted(value), openssl_hmac(key, value)) << key_size << " " << size;
    }
}

TEST(Salt, ChangesItsKeyWhileOthersRedact) {
  Salt salt(SecretBytes::copy_of("first"));
  const std::string first = openssl_hmac("first", "value"), second = openssl_hmac("second", "value");
  std::atomic<bool> stop{false};
  std::thread changer([&] {
    for (int i = 0; i < 2000; ++i) salt.rekey(SecretBytes::copy_of(i % 2 == 0 ? "second" : "first"));
    stop = true;
  });
  while (!stop) {
    const std::string now = salt.redacted("value");
    EXPECT_TRUE(now == first || now == second);
  }
  changer.join();
}

TEST(Encode, MakesAnyBytesOneLineOfJson) {
  for (const std::string_view text : {std::string_view("plain text, long enough for two words"), std::string_view("q\"b\\n\nt\t\x01 end"),
                                      std::string_view("h\xc3\xa9llo \xe2\x82\xac"), std::string_view("bad \xff\xc3 bytes"), std::string_view("\x7f\0x", 3)}) {
    std::string out = "\"";
    append_text(out, text);
    out.push_back('"');
    const auto document = json::Document::parse(out);
    ASSERT_TRUE(document.has_value()) << out;
    EXPECT_EQ(out.find('\n'), std::string::npos);
    if (valid_utf8(text)) {
      EXPECT_EQ(document->root().text(), text);
    } else {
      EXPECT_EQ(document->root().text(), "bad \xef\xbf\xbd\xef\xbf\xbd bytes");
    }
  }
}

TEST(Record, HasTheShapeOfVault) {
  SampleEvent sample;
  std::string out;
  append_request_record(out, sample.event, test_salt());
  const std::string token = test_salt().redacted("hvs.canarytoken"), accessor = test_salt().redacted("canaryaccessor");
  EXPECT_EQ(out, R"({"time":"2027-01-15T08:00:00Z","type":"request","auth":{"client_token":")" + token + R"(","accessor":")" + accessor +
                     R"(","display_name":"userpass-alice","policies":["default","dev"],"token_policies":["default","dev"],)"
                     R"("policy_results":{"allowed":true,"granting_policies":[{"name":"dev","namespace_id":"root","type":"acl"}]},)"
                     R"("metadata":{"username":")" + test_salt().redacted("alice") + R"(",")" + test_salt().redacted("chosen") + R"(":")" +
                     test_salt().redacted("by caller") + R"("},"entity_id":"e1","token_type":"service","token_ttl":3600,)"
                     R"("token_issue_time":"2023-11-14T22:13:20Z"},"request":{"id":"5f1c9b9e-0000-4000-8000-000000000001","client_id":"e1",)"
                     R"("operation":"read","mount_point":"secret/","mount_type":"kv","mount_accessor":"kv_1",)"
                     R"("mount_running_version":"v0.1.0+builtin","mount_class":"secret","client_token":")" + token +
                     R"(","client_token_accessor":")" + accessor + R"(","namespace":{"id":"root"},"path":"secret/data/app",)"
                     R"("data":{"password":"hmac-sha256:00"},"remote_address":"127.0.0.1","remote_port":4711}})");
}

TEST(Record, OfAResponseRepeatsTheRequest) {
  SampleEvent sample;
  sample.warnings = {"you sent canary"};
  sample.response.warnings = sample.warnings;
  sample.response.position = 77;
  sample.event.error = "permission denied";
  std::string out;
  append_response_record(out, sample.response, test_salt());
  const auto document = json::Document::parse(out);
  ASSERT_TRUE(document.has_value()) << out;
  const auto root = document->root();
  EXPECT_EQ(root.find("type")->text(), "response");
  EXPECT_EQ(root.find("request")->find("path")->text(), "secret/data/app");
  EXPECT_EQ(root.find("response")->find("position")->as_int(), 77);
  EXPECT_EQ(root.find("response")->find("mount_point")->text(), "secret/");
  EXPECT_EQ(root.find("error")->text(), "permission denied");
  EXPECT_EQ(out.find("canary"), std::string::npos);
}

TEST(Record, FormsShowOnlyWhatTheyName) {
  SampleEvent sample;
  for (std::size_t i = 0; i < Form::count; ++i) {
    const Form form = Form::at(i);
    std::string out;
    append_request_record(out, sample.event, test_salt(), form);
    append_response_record(out, sample.response, test_salt(), form);
    EXPECT_EQ(out.find("hvs.canarytoken") != std::string::npos, form.raw);
    EXPECT_EQ(out.find("canaryaccessor") != std::string::npos, form.raw || form.plain_accessor);
    EXPECT_EQ(out.find("canarydata") != std::string::npos, form.raw);
    EXPECT_EQ(out.find("canaryanswer") != std::string::npos, form.raw);
    EXPECT_EQ(out.find("alice\"") != std::string::npos && out.find("\"username\":\"alice\"") != std::string::npos, form.raw);
  }
}

TEST(Record, TakesWhatTheTokenCacheRedactedAlready) {
  SampleEvent sample;
  sample.auth.client_token_hmac = "hmac-sha256:tt";
  sample.auth.accessor_hmac = "hmac-sha256:aa";
  sample.auth.metadata_json = R"({"username":"hmac-sha256:mm"})";
  std::string out;
  append_request_record(out, sample.event, test_salt());
  EXPECT_NE(out.find(R"("client_token":"hmac-sha256:tt","accessor":"hmac-sha256:aa")"), std::string::npos);
  EXPECT_NE(out.find(R"("metadata":{"username":"hmac-sha256:mm"})"), std::string::npos);
  EXPECT_EQ(out.find("canarytoken"), std::string::npos);
}

TEST(Record, ElidesLists) {
  SampleEvent sample;
  sample.event.operation = "list";
  sample.response.data = R"({"keys":["hmac-sha256:1","hmac-sha256:2"],"key_info":{"a":{},"b":{}},"other":"x"})";
  std::string out;
  append_response_record(out, sample.response, test_salt(), Form{false, false, true});
  EXPECT_NE(out.find(R"("data":{"keys":2,"key_info":2,"other":"x"})"), std::string::npos) << out;
  sample.event.operation = "read";
  out.clear();
  append_response_record(out, sample.response, test_salt(), Form{false, false, true});
  EXPECT_NE(out.find(R"("keys":["hmac-sha256:1")"), std::string::npos);
}

TEST(Record, StaysOnOneLineWhenRawDataDoesNot) {
  SampleEvent sample;
  sample.event.request_data_raw = "{\n  \"a\": \"b\\n\"\r\n}";
  std::string out;
  append_request_record(out, sample.event, test_salt(), Form{true, false, false});
  EXPECT_EQ(out.find_first_of("\r\n"), std::string::npos);
  EXPECT_NE(out.find(R"({   "a": "b\n"  })"), std::string::npos) << out;
}

TEST(ChainFields, AreReadBackToTheLetter) {
  Chain chain(Form{true, false, false}, "node-1", "abc");
  Batch batch;
  chain.begin(batch);
  chain.add(batch, R"({"time":"2027-01-15T08:00:00Z","type":"request","x":",\"chain\":{\"seq\":9")");
  chain.add(batch, R"({"time":"2027-01-15T08:00:00Z","type":"response")");
  const std::string first = batch.text.substr(0, batch.lines[0].end - 1);
  const auto fields = parse_chain(first);
  ASSERT_TRUE(fields.has_value()) << first;
  EXPECT_EQ(fields->seq, 1u);
  EXPECT_EQ(fields->node, "node-1");
  EXPECT_EQ(fields->start, "abc");
  EXPECT_TRUE(fields->form.raw);
  EXPECT_EQ(line_hash(first, fields->body_size), batch.lines[0].head.hash);
  EXPECT_EQ(record_type(first), "request");
  EXPECT_TRUE(is_audit_record(first));
  const auto second = parse_chain(std::string_view(batch.text).substr(batch.lines[0].end, batch.lines[1].end - batch.lines[0].end - 1));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->prev, batch.lines[0].head.hash);
  for (std::size_t i = fields->body_size + 2; i < first.size(); ++i)
    EXPECT_FALSE(parse_chain(first.substr(0, i))) << i;
}

}  // namespace
}  // namespace coffer::audit
