#include <thread>

#include "audit/chain.h"
#include "audit/test_support.h"
#include "base/encoding.h"

namespace coffer::audit {
namespace {
using namespace testing;

std::vector<std::string> types_in(const std::string& path) {
  std::vector<std::string> out;
  for (const std::string& line : lines_of(path)) out.emplace_back(record_type(line));
  return out;
}

class BrokerTest : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  ManualClock clock;
  std::string log = folder.file("audit.log");
  std::string sealed_log = folder.file("data/audit/sealed.log");
};

TEST_F(BrokerTest, WritesToSealedLogUntilADeviceIsEnabled) {
  auto broker = open_broker(folder, clock);
  EXPECT_TRUE(broker->enabled());
  ASSERT_TRUE(write_pair(*broker));
  unseal(*broker);
  EXPECT_FALSE(broker->enabled());
  ASSERT_TRUE(write_pair(*broker));  // traffic without a device: nowhere, as with Vault
  ASSERT_TRUE(write_pair(*broker, Kind::ceremony));
  EXPECT_EQ(types_in(sealed_log), (std::vector<std::string>{"start", "request", "response", "checkpoint", "request", "response"}));
  ASSERT_TRUE(broker->enable(file_device(log), false));
  EXPECT_TRUE(broker->enabled());
  ASSERT_TRUE(write_pair(*broker));
  ASSERT_TRUE(write_pair(*broker, Kind::ceremony));
  EXPECT_EQ(types_in(sealed_log).size(), 6u);
  broker->checkpoint();
  broker->checkpoint();  // nothing new: no second one
  EXPECT_EQ(types_in(log), (std::vector<std::string>{"enable", "request", "response", "request", "response", "checkpoint"}));
  broker.reset();
  EXPECT_TRUE(verified({sealed_log}).ok) << verified({sealed_log}).first_problem;
  const VerifyReport report = verified({log});
  EXPECT_TRUE(report.ok) << report.first_problem;
  EXPECT_EQ(report.unsigned_tail, 0u);
}

TEST_F(BrokerTest, ChainGoesOnAcrossRestartsAndSealing) {
  std::string key;
  for (int run = 0; run < 3; ++run) {
    auto broker = open_broker(folder, clock);
    ASSERT_TRUE(write_pair(*broker, Kind::ceremony));
    unseal(*broker);
    key = broker->public_key();
    ASSERT_TRUE(broker->enable(file_device(log), false));
    ASSERT_TRUE(write_pair(*broker));
    broker->sealed();
    EXPECT_TRUE(broker->devices().empty());
    ASSERT_TRUE(write_pair(*broker));
    unseal(*broker);
    ASSERT_TRUE(broker->enable(file_device(log), false));
    ASSERT_TRUE(write_pair(*broker));
  }
  for (const std::string& file : {log, sealed_log}) {
    const VerifyReport report = verified({file}, {key, "node-1", stored_head(folder.file("data"))});
    if (file == log) {
      EXPECT_TRUE(report.ok) << report.first_problem;
    }
    EXPECT_EQ(verified({file}, {key, "", {}}).first_problem, "");
    EXPECT_FALSE(verified({file}, {std::string(64, '0'), "", {}}).ok);
  }
}

TEST_F(BrokerTest, ChainContinuesFromTheFileWhenTheKeptHeadIsLost) {
  for (int run = 0; run < 3; ++run) {
    auto broker = open_broker(folder, clock);
    unseal(*broker);
    ASSERT_TRUE(broker->enable(file_device(log), false));
    ASSERT_TRUE(write_pair(*broker));
    broker.reset();
    std::filesystem::remove_all(folder.file("data"));
  }
  const VerifyReport report = verified({log});
  EXPECT_TRUE(report.ok) << report.first_problem;
  EXPECT_EQ(report.records, lines_of(log).size());
}

TEST_F(BrokerTest, RemembersTheHighestPosition) {
  {
    auto broker = open_broker(folder, clock);
    unseal(*broker);
    ASSERT_TRUE(broker->enable(file_device(log), false));
    ASSERT_TRUE(write_pair(*broker, Kind::traffic, 41));
    ASSERT_TRUE(write_pair(*broker, Kind::traffic, 42));
    for (int i = 0; i < 2000; ++i) ASSERT_TRUE(write_pair(*broker));
    EXPECT_EQ(broker->highest_position(), 42u);
  }
  EXPECT_EQ(open_broker(folder, clock)->highest_position(), 42u);
  std::filesystem::remove_all(folder.file("data"));
  auto broker = open_broker(folder, clock);
  EXPECT_EQ(broker->highest_position(), 0u);
  ASSERT_TRUE(broker->enable(file_device(log), false));
  EXPECT_EQ(broker->highest_position(), 42u);
  EXPECT_EQ(verified({log}).position, 42u);
}

TEST_F(BrokerTest, SignsACheckpointEachThousandRecords) {
  auto broker = open_broker(folder, clock);
  unseal(*broker);
  ASSERT_TRUE(broker->enable(file_device(log), false));
  for (int i = 0; i < 1600; ++i) ASSERT_TRUE(write_pair(*broker));
  const VerifyReport report = verified({log});
  EXPECT_TRUE(report.ok) << report.first_problem;
  EXPECT_GE(report.checkpoints, 3u);
  EXPECT_LE(report.unsigned_tail, 1000u);
}

TEST_F(BrokerTest, RawOfOneDeviceStaysThere) {
  auto broker = open_broker(folder, clock);
  unseal(*broker);
  const std::string raw = folder.file("raw.log"), accessor = folder.file("accessor.log");
  ASSERT_TRUE(broker->enable(file_device(log), false));
  EXPECT_FALSE(broker->wants_raw());
  ASSERT_TRUE(broker->enable(file_device(raw, {{"log_raw", "true"}}, "raw/"), false));
  ASSERT_TRUE(broker->enable(file_device(accessor, {{"hmac_accessor", "false"}}, "accessor/"), false));
  EXPECT_TRUE(broker->wants_raw());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(write_pair(*broker));
  EXPECT_EQ(read_file(log).find("canary"), std::string::npos);
  EXPECT_EQ(read_file(accessor).find("canarytoken"), std::string::npos);
  EXPECT_NE(read_file(accessor).find("canaryaccessor"), std::string::npos);
  for (const std::string_view canary : {"hvs.canarytoken", "canarydata", "canaryanswer"}) EXPECT_NE(read_file(raw).find(canary), std::string::npos);
  ASSERT_TRUE(broker->disable("raw/"));
  EXPECT_FALSE(broker->wants_raw());
  ASSERT_TRUE(write_pair(*broker));
  EXPECT_EQ(read_file(log).find("canary"), std::string::npos);
  broker.reset();
  for (const std::string& file : {log, raw, accessor}) EXPECT_TRUE(verified({file}).ok) << verified({file}).first_problem;
}

TEST_F(BrokerTest, FormThatCameIntoUseAfterTheRequestGetsTheDefaultOne) {
  auto broker = open_broker(folder, clock);
  unseal(*broker);
  ASSERT_TRUE(broker->enable(file_device(log), false));
  SampleEvent sample;
  Records records;
  records.request(*broker, sample.event);
  ASSERT_TRUE(broker->enable(file_device(folder.file("raw.log"), {{"log_raw", "true"}}, "raw/"), false));
  records.response(*broker, sample.response);
  ASSERT_TRUE(broker->write(records));
  EXPECT_EQ(types_in(folder.file("raw.log")), (std::vector<std::string>{"start", "enable", "request", "response"}));
  EXPECT_EQ(read_file(folder.file("raw.log")).find("canary"), std::string::npos);
}

TEST_F(BrokerTest, RecordsShareWhatRequestAndResponseHaveInCommon) {
  auto broker = open_broker(folder, clock);
  SampleEvent sample;
  Records records;
  records.request(*broker, sample.event);
  records.response(*broker, sample.response);
  std::string expected;
  append_response_record(expected, sample.response, broker->salt());
  EXPECT_EQ(std::string(records.get(1, Form{}).first) + "}", expected);
  records.clear();
  records.response(*broker, sample.response);
  EXPECT_EQ(std::string(records.get(0, Form{}).first) + "}", expected);
}

TEST_F(BrokerTest, TwoDevicesOfOneFileWriteItOnce) {
  auto broker = open_broker(folder, clock);
  unseal(*broker);
  ASSERT_TRUE(broker->enable(file_device(log), false));
  ASSERT_TRUE(broker->enable(file_device(log, {}, "second/"), false));
  ASSERT_TRUE(write_pair(*broker));
  ASSERT_TRUE(broker->disable("file/"));
  ASSERT_TRUE(write_pair(*broker));
  EXPECT_EQ(types_in(log), (std::vector<std::string>{"start", "enable", "enable", "request", "response", "disable", "checkpoint", "request", "response"}));
  EXPECT_TRUE(verified({log}).ok) << verified({log}).first_problem;
}

TEST_F(BrokerTest, ServersShareAFile) {
  auto one = open_broker(folder, clock, "node-1");
  BrokerOptions options;
  options.audit_dirs = {folder.path()};
  options.data_folder = folder.file("data2");
  options.node = "node-2";
  auto two = *Broker::open(options, clock);
  unseal(*one), unseal(*two);
  ASSERT_TRUE(one->enable(file_device(log), false));
  ASSERT_TRUE(two->enable(file_device(log), false));
  std::thread other([&] {
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(write_pair(*two));
  });
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(write_pair(*one));
  other.join();
  one.reset(), two.reset();
  const VerifyReport report = verified({log});
  EXPECT_TRUE(report.ok) << report.first_problem;
  EXPECT_EQ(report.records, lines_of(log).size());
}

TEST_F(BrokerTest, ManyThreadsWriteOneChain) {
  auto broker = open_broker(folder, clock);
  unseal(*broker);
  ASSERT_TRUE(broker->enable(file_device(log), false));
  constexpr int per_thread = 500;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < per_thread; ++i) EXPECT_TRUE(write_pair(*broker));
    });
  threads.emplace_back([&] {
    for (int i = 0; i < 50; ++i) {
      broker->checkpoint();
      EXPECT_EQ(broker->health().size(), 1u);
      broker->reopen();
    }
  });
  for (std::thread& thread : threads) thread.join();
  broker.reset();
  const VerifyReport report = verified({log});
  EXPECT_TRUE(report.ok) << report.first_problem;
  std::size_t responses = 0;
  for (const std::string& type : types_in(log)) responses += type == "response" ? 1U : 0U;
  EXPECT_EQ(responses, 4u * per_thread);
}

TEST_F(BrokerTest, RefusesWhatCannotBe) {
  auto broker = open_broker(folder, clock);
  unseal(*broker);
  const auto refused = [&](DeviceOptions device) {
    const auto result = broker->enable(device, false);
    return result ? std::string("accepted") : result.error().message;
  };
  EXPECT_EQ(refused({"bad/", "nope", "", false, {}}), "unknown backend type: \"nope\"");
  EXPECT_EQ(refused({"bad/", "file", "", false, {}}), "file_path is required");
  EXPECT_THAT(refused(file_device(log, {{"format", "jsonx"}})), ::testing::HasSubstr("jsonx"));
  EXPECT_THAT(refused(file_device(log, {{"prefix", "#!/bin/sh"}})), ::testing::HasSubstr("prefix"));
  EXPECT_THAT(refused(file_device(log, {{"mode", "0755"}})), ::testing::HasSubstr("execute"));
  EXPECT_THAT(refused(file_device(log, {{"mode", "rw"}})), ::testing::HasSubstr("octal"));
  EXPECT_THAT(refused(file_device(log, {{"log_raw", "maybe"}})), ::testing::HasSubstr("log_raw"));
  EXPECT_THAT(refused(file_device(log, {{"hmac_acessor", "false"}})), ::testing::HasSubstr("hmac_acessor"));
  EXPECT_THAT(refused({"s/", "socket", "", false, {{"address", "nowhere"}}}), ::testing::HasSubstr("host:port"));
  EXPECT_THAT(refused({"s/", "syslog", "", false, {{"facility", "NOPE"}}}), ::testing::HasSubstr("facility"));
  EXPECT_FALSE(std::filesystem::exists(log));
  EXPECT_TRUE(broker->devices().empty());
  ASSERT_TRUE(broker->enable(file_device(log), false));
  EXPECT_EQ(refused(file_device(log)), "path already in use");
  EXPECT_TRUE(broker->disable("unknown/"));
  ASSERT_TRUE(broker->enable(file_device(folder.file("config.log"), {}, "config/"), true));
  EXPECT_FALSE(broker->disable("config/"));
  EXPECT_EQ(refused(file_device("discard", {}, "none/")), "accepted");
}

}  // namespace
}  // namespace coffer::audit
