#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <thread>

#include "audit/sinks/blocking.h"
#include "audit/sinks/queue.h"
#include "audit/test_support.h"

namespace coffer::audit {
namespace {
using namespace testing;

// Writes from three threads until it is killed, and counts what was acknowledged where the parent sees it.
[[noreturn]] void write_until_killed(const TemporaryFolder& folder, std::atomic<std::uint64_t>* acknowledged) {
  auto broker = open_broker(folder, system_clock());
  unseal(*broker);
  if (!broker->enable(file_device(folder.file("audit.log"), {{"rotate_bytes", "2000000"}}), false)) ::_exit(1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      for (;;) {
        SampleEvent sample;
        sample.response.position = 1;
        Records records;
        records.request(*broker, sample.event);
        records.response(*broker, sample.response);
        if (broker->write(records)) acknowledged->fetch_add(2);
      }
    });
  for (;;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    broker->checkpoint();
  }
}

TEST(Crash, KillLosesNoAcknowledgedRecordAndKeepsTheChain) {
  const TemporaryFolder folder;
  void* const shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto* const acknowledged = new (shared) std::atomic<std::uint64_t>(0);
  for (int run = 0; run < 20; ++run) {
    const pid_t child = ::fork();
    if (child == 0) write_until_killed(folder, acknowledged);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 3 * run));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    if (entry.path().filename().string().starts_with("audit.log.")) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end(), [](const std::string& a, const std::string& b) {
    const auto time = [](const std::string& name) { return name.substr(0, name.rfind('Z')); };
    return time(a) != time(b) ? a < b : a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  files.push_back(folder.file("audit.log"));
  const VerifyReport report = verified(files, {"", "", stored_head(folder.file("data"))});
  EXPECT_TRUE(report.ok) << report.first_problem;
  std::uint64_t pairs = 0;
  for (const std::string& file : files)
    for (const std::string& line : lines_of(file)) pairs += line.find("\"type\":\"re") != std::string::npos && line.find("canary") == std::string::npos &&
                                                              (line.find("\"type\":\"request\"") != std::string::npos || line.find("\"type\":\"response\"") != std::string::npos);
  EXPECT_GE(pairs, acknowledged->load());
  EXPECT_GT(acknowledged->load(), 0u);
  ::munmap(shared, 4096);
}

TEST(Syslog, SendsOneDatagramPerRecordAndFindsARestartedDaemon) {
  const TemporaryFolder folder;
  const std::string path = folder.file("log");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const auto sink = make_syslog_sink({*parse_facility("LOCAL3"), "tag", path});
  Batch batch;
  Chain chain(Form{}, "n", "s");
  chain.begin(batch);
  chain.add(batch, R"({"time":"2027-01-15T08:00:00Z","type":"request")");
  chain.add(batch, R"({"time":"2027-01-15T08:00:00Z","type":"response")");
  const auto deadline = [] { return std::chrono::steady_clock::now() + std::chrono::milliseconds(300); };
  EXPECT_FALSE(sink->append(batch, deadline(), -1).ok());
  for (int daemon = 0; daemon < 2; ++daemon) {
    std::filesystem::remove(path);
    const Fd listener(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const Outcome outcome = sink->append(batch, deadline(), -1);
    EXPECT_TRUE(outcome.ok()) << outcome.problem.value_or("");
    EXPECT_EQ(outcome.kept, 2u);
    char text[4096];
    const auto n = ::recv(listener.get(), text, sizeof text, 0);
    ASSERT_GT(n, 0);
    const std::string received(text, static_cast<std::size_t>(n));
    EXPECT_TRUE(received.starts_with("<158>tag[")) << received;
    EXPECT_THAT(received, ::testing::HasSubstr(R"(]: {"time":"2027-01-15T08:00:00Z","type":"request","chain":{"seq":1,)"));
    EXPECT_TRUE(received.ends_with("}}"));
  }
}

}  // namespace
}  // namespace coffer::audit
