#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "audit/audit.h"

// What the tests of this layer share: a folder that goes with the test, a broker in it, and events to record.
namespace coffer::audit::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "coffer-audit-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
inline void write_file(const std::string& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }
inline std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> out;
  std::istringstream in(read_file(path));
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// An event with something in every field; members point into this object.
struct SampleEvent {
  std::vector<std::string> policies{"default", "dev"};
  std::vector<std::pair<std::string, std::string>> metadata{{"username", "alice"}, {"chosen", "by caller"}};
  std::vector<std::string_view> granting{"dev"};
  std::vector<std::string> warnings;
  Auth auth;
  Event event;
  ResponseEvent response;

  explicit SampleEvent(std::string_view id = "5f1c9b9e-0000-4000-8000-000000000001") {
    auth.client_token = "hvs.canarytoken";
    auth.accessor = "canaryaccessor";
    auth.display_name = "userpass-alice";
    auth.entity_id = "e1";
    auth.token_type = "service";
    auth.policies = policies;
    auth.token_policies = policies;
    auth.metadata = metadata;
    auth.token_ttl = 3600;
    auth.token_issue_time = Time(std::chrono::seconds(1'700'000'000));
    auth.allowed = true;
    auth.granting_policies = granting;
    event.time = Time(std::chrono::seconds(1'800'000'000));
    event.id = id;
    event.operation = "read";
    event.path = "secret/data/app";
    event.mount_point = "secret/";
    event.mount_type = "kv";
    event.mount_accessor = "kv_1";
    event.mount_class = "secret";
    event.mount_running_version = "v0.1.0+builtin";
    event.remote_address = "127.0.0.1";
    event.remote_port = 4711;
    event.request_data = R"({"password":"hmac-sha256:00"})";
    event.request_data_raw = R"({"password":"canarydata"})";
    event.auth = &auth;
    response.request = &event;
    response.data = R"({"data":{"k":"hmac-sha256:11"}})";
    response.data_raw = R"({"data":{"k":"canaryanswer"}})";
    response.status = 200;
  }
  SampleEvent(const SampleEvent&) = delete;
  SampleEvent& operator=(const SampleEvent&) = delete;
};

// Writes a request's two records.
inline Result<void> write_pair(Broker& broker, Kind kind = Kind::traffic, std::uint64_t position = 0) {
  SampleEvent sample;
  sample.response.position = position;
  Records records;
  records.request(broker, sample.event);
  records.response(broker, sample.response);
  return broker.write(records, kind);
}

inline std::unique_ptr<Broker> open_broker(const TemporaryFolder& folder, Clock& clock, std::string_view node = "node-1") {
  BrokerOptions options;
  options.audit_dirs = {folder.path()};
  options.data_folder = folder.file("data");
  options.node = node;
  options.deadline = std::chrono::milliseconds(300);
  return *Broker::open(options, clock);
}
inline void unseal(Broker& broker, char key = 1) {
  broker.unsealed(SecretBytes::copy_of(std::string(32, 's')), SecretBytes::copy_of(std::string(32, key)));
}
inline DeviceOptions file_device(std::string path, std::vector<std::pair<std::string, std::string>> more = {}, std::string name = "file/") {
  DeviceOptions device{std::move(name), "file", "", false, {{"file_path", std::move(path)}}};
  for (auto& option : more) device.options.push_back(std::move(option));
  return device;
}
inline VerifyReport verified(const std::vector<std::string>& files, const VerifyOptions& options = {}) {
  auto report = verify(files, options);
  EXPECT_TRUE(report.has_value());
  return report ? *report : VerifyReport{};
}

}  // namespace coffer::audit::testing
