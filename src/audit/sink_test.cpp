#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <csignal>
#include <future>
#include <thread>

#include "audit/chain.h"
#include "audit/sinks/io.h"
#include "audit/test_support.h"

namespace coffer::audit {
namespace {
using namespace testing;
using ::testing::HasSubstr;

// While alive, files of this process cannot grow beyond `bytes`: writes end short and then fail, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(std::uint64_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

class SinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    broker = open_broker(folder, clock);
    unseal(*broker);
  }
  std::vector<std::string> types() {
    std::vector<std::string> out;
    for (const std::string& line : lines_of(log)) out.emplace_back(record_type(line));
    return out;
  }
  void expect_verified(const std::string& file) {
    broker.reset();
    const VerifyReport report = verified({file});
    EXPECT_TRUE(report.ok) << report.first_problem;
  }
  TemporaryFolder folder;
  ManualClock clock;
  std::string log = folder.file("audit.log");
  std::unique_ptr<Broker> broker;
};

TEST_F(SinkTest, FullDiskLeavesNoTornLineAndRecovers) {
  ASSERT_TRUE(broker->enable(file_device(log), false));
  ASSERT_TRUE(write_pair(*broker));
  const std::string before = read_file(log);
  {
    const FullDisk full(before.size() + 100);
    for (int i = 0; i < 3; ++i) {
      const auto refused = write_pair(*broker);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::internal);
      EXPECT_EQ(read_file(log), before);
    }
    broker->checkpoint();
    EXPECT_FALSE(broker->health()[0].ok);
  }
  ASSERT_TRUE(write_pair(*broker));
  broker->checkpoint();
  EXPECT_TRUE(broker->health()[0].ok);
  expect_verified(log);
}

TEST_F(SinkTest, FullDiskUnderASharedFileClosesTheTornLineLater) {
  ASSERT_TRUE(broker->enable(file_device(log), false));
  ASSERT_TRUE(write_pair(*broker));
  TemporaryFolder elsewhere;
  BrokerOptions options;
  options.audit_dirs = {folder.path()};
  options.node = "node-2";
  auto other = *Broker::open(options, clock);
  unseal(*other);
  ASSERT_TRUE(other->enable(file_device(log), false));
  {
    // The request record fits, the response record does not.
    const FullDisk full(std::filesystem::file_size(log) + 2000);
    EXPECT_FALSE(write_pair(*broker));
    EXPECT_NE(read_file(log).back(), '\n');
    EXPECT_FALSE(write_pair(*broker));
  }
  ASSERT_TRUE(write_pair(*broker));
  ASSERT_TRUE(write_pair(*other));
  EXPECT_THAT(types(), ::testing::Contains("recovery"));
  other.reset();
  expect_verified(log);
  EXPECT_THAT(verified({log}).notes, ::testing::Contains(HasSubstr("torn")));
}

TEST_F(SinkTest, OneOfTwoFailsAndComesBackWithAGapRecord) {
  const std::string second = folder.file("second.log");
  ASSERT_TRUE(broker->enable(file_device(log), false));
  ASSERT_TRUE(broker->enable(file_device(second, {}, "second/"), false));
  // Grow the first file so that the limit meets it alone.
  ASSERT_TRUE(broker->disable("second/"));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(write_pair(*broker));
  ASSERT_TRUE(broker->enable(file_device(second, {}, "second/"), false));
  {
    const FullDisk full(std::filesystem::file_size(log));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(write_pair(*broker));
    broker->checkpoint();
    EXPECT_FALSE(broker->health()[0].ok);
    EXPECT_EQ(broker->health()[0].missed, 7u);
    EXPECT_TRUE(broker->health()[1].ok);
  }
  ASSERT_TRUE(write_pair(*broker));  // within the pause: the first is left alone
  EXPECT_THAT(types(), ::testing::Contains("gap").Times(1));
  clock.advance(std::chrono::seconds(2));
  broker->checkpoint();
  EXPECT_TRUE(broker->health()[0].ok);
  EXPECT_EQ(broker->health()[0].missed, 0u);
  ASSERT_TRUE(write_pair(*broker));
  expect_verified(log);
  EXPECT_THAT(verified({log}).notes, ::testing::Contains(HasSubstr("9 records after record")));
  EXPECT_TRUE(verified({second}).ok) << verified({second}).first_problem;
}

TEST_F(SinkTest, KilledBetweenTwoFilesOfARotationTheChainGoesOn) {
  ASSERT_TRUE(broker->enable(file_device(log), false));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(write_pair(*broker));
  broker.reset();
  const std::string former = log + ".20270115T080000Z";
  std::filesystem::rename(log, former);
  write_file(log, "");
  SetUp();
  ASSERT_TRUE(broker->enable(file_device(log), false));
  ASSERT_TRUE(write_pair(*broker));
  broker.reset();
  const VerifyReport report = verified({former, log});
  EXPECT_TRUE(report.ok) << report.first_problem;
}

TEST_F(SinkTest, TornLastLineIsClosedAtOpen) {
  ASSERT_TRUE(broker->enable(file_device(log), false));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(write_pair(*broker));
  broker.reset();
  const std::string whole = read_file(log);
  for (const std::size_t cut : {std::size_t{1}, std::size_t{2}, std::size_t{100}, std::size_t{900}}) {
    write_file(log, whole.substr(0, whole.size() - cut));
    std::filesystem::remove_all(folder.file("data"));
    SetUp();
    ASSERT_TRUE(broker->enable(file_device(log), false));
    ASSERT_TRUE(write_pair(*broker));
    EXPECT_THAT(types(), ::testing::Contains("recovery"));
    expect_verified(log);
  }
  // Even the very first line.
  write_file(log, whole.substr(0, 60));
  SetUp();
  ASSERT_TRUE(broker->enable(file_device(log), false));
  ASSERT_TRUE(write_pair(*broker));
  expect_verified(log);
}

TEST_F(SinkTest, ReopensWhatLogrotateMoved) {
  ASSERT_TRUE(broker->enable(file_device(log, {{"mode", "0640"}}), false));
  ASSERT_TRUE(write_pair(*broker));
  std::filesystem::rename(log, log + ".1");
  ASSERT_TRUE(write_pair(*broker));
  EXPECT_FALSE(std::filesystem::exists(log));
  broker->reopen();
  ASSERT_TRUE(write_pair(*broker));
  struct stat made{};
  ASSERT_EQ(::stat(log.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777, 0640u);
  EXPECT_EQ(types(), (std::vector<std::string>{"reopen", "request", "response"}));
  broker.reset();
  EXPECT_TRUE(verified({log + ".1", log}).ok) << verified({log + ".1", log}).first_problem;
  EXPECT_TRUE(verified({log}).ok);
  EXPECT_FALSE(verified({log, log + ".1"}).ok);
}

TEST_F(SinkTest, NoticesARemovedFile) {
  ASSERT_TRUE(broker->enable(file_device(log), false));
  ASSERT_TRUE(write_pair(*broker));
  std::filesystem::remove(log);
  broker->checkpoint();
  ASSERT_TRUE(write_pair(*broker));
  EXPECT_EQ(types(), (std::vector<std::string>{"reopen", "checkpoint", "request", "response"}));
  // Something else in its place: refused until it is gone, as what is written now could not be read by anybody.
  std::filesystem::remove(log);
  std::filesystem::create_directory(log);
  broker->checkpoint();
  EXPECT_FALSE(write_pair(*broker));
  std::filesystem::remove(log);
  EXPECT_TRUE(write_pair(*broker));
  expect_verified(log);
}

TEST_F(SinkTest, RotatesBySizeAndKeepsTheChain) {
  ASSERT_TRUE(broker->enable(file_device(log, {{"rotate_bytes", "8000"}, {"rotate_max_files", "3"}}), false));
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(write_pair(*broker));
    if (i % 7 == 6) clock.advance(std::chrono::seconds(1));
  }
  broker.reset();
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    if (entry.path().filename().string().starts_with("audit.log.")) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  EXPECT_EQ(files.size(), 3u);
  for (const std::string& file : files) EXPECT_EQ(record_type(lines_of(file).back()), "checkpoint");
  files.push_back(log);
  const VerifyReport report = verified(files);
  EXPECT_TRUE(report.ok) << report.first_problem;
}

TEST_F(SinkTest, RotatesByAge) {
  ASSERT_TRUE(broker->enable(file_device(log, {{"rotate_duration", "24h"}, {"reserve_bytes", "65536"}}), false));
  ASSERT_TRUE(write_pair(*broker));
  broker->checkpoint();
  clock.advance(std::chrono::hours(25));
  broker->checkpoint();
  ASSERT_TRUE(write_pair(*broker));
  EXPECT_EQ(types().front(), "rotate");
  expect_verified(log);
}

TEST_F(SinkTest, FifoWithoutReaderIsRefusedAndAStoppedReaderDoesNotHang) {
  ASSERT_EQ(::mkfifo(log.c_str(), 0600), 0);
  const auto refused = broker->enable(file_device(log), false);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("reader"));
  const Fd reader(::open(log.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(broker->enable(file_device(log), false));
  const auto started = std::chrono::steady_clock::now();
  bool failed = false;
  for (int i = 0; i < 1000 && !failed; ++i) failed = !write_pair(*broker);
  EXPECT_TRUE(failed);
  EXPECT_FALSE(write_pair(*broker));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(4));
  broker->checkpoint();
  EXPECT_FALSE(broker->health()[0].ok);
  std::string received(1 << 20, '\0');
  std::thread drain([&] {
    std::size_t size = 0;
    for (int i = 0; i < 300; ++i) {
      const auto n = ::read(reader.get(), received.data() + size, received.size() - size);
      if (n > 0)
        size += static_cast<std::size_t>(n);
      else
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    received.resize(size);
  });
  bool recovered = false;
  for (int i = 0; i < 20 && !recovered; ++i) {
    clock.advance(std::chrono::seconds(2));
    recovered = write_pair(*broker).has_value();
  }
  EXPECT_TRUE(recovered);
  broker.reset();
  drain.join();
  write_file(folder.file("received.log"), received);
  const VerifyReport report = verified({folder.file("received.log")});
  EXPECT_TRUE(report.ok || report.first_problem.find("no record of this log") != std::string::npos) << report.first_problem;
}

TEST_F(SinkTest, ConfiguredFileCountsWhenTheFifoIsStuck) {
  const std::string fifo = folder.file("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(broker->enable(file_device(log), true));
  ASSERT_TRUE(broker->enable(file_device(fifo, {}, "fifo/"), false));
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(write_pair(*broker));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(3));
  for (int i = 0; i < 100 && broker->health()[1].ok; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    broker->checkpoint();
  }
  EXPECT_FALSE(broker->health()[1].ok);
  EXPECT_TRUE(broker->health()[0].ok);
  expect_verified(log);
}

// A listener of this test on a Unix or TCP socket, which collects what comes.
class Listener {
 public:
  Listener(int family, int type, const sockaddr* address, socklen_t size) : fd_(::socket(family, type | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(::bind(fd_.get(), address, size), 0);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(fd_.get(), 4), 0);
    }
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Lines of one connection (or datagrams) until nothing comes for a while.
  std::string receive(bool stream, int count) {
    const Fd peer = stream ? Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)) : Fd(::dup(fd_.get()));
    std::string out;
    char buffer[16384];
    pollfd ready{peer.get(), POLLIN, 0};
    while (std::count(out.begin(), out.end(), '\n') < count && ::poll(&ready, 1, 2000) == 1) {
      const auto n = ::recv(peer.get(), buffer, sizeof buffer, 0);
      if (n <= 0) break;
      out.append(buffer, static_cast<std::size_t>(n));
    }
    return out;
  }

 private:
  Fd fd_;
};

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

TEST_F(SinkTest, SocketGetsLinesAndReconnects) {
  const std::string path = folder.file("socket");
  const sockaddr_un address = unix_address(path);
  Listener listener(AF_UNIX, SOCK_STREAM, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  std::string first, second;
  std::promise<void> closed;
  std::thread peer([&] {
    first = listener.receive(true, 4);
    closed.set_value();
    second = listener.receive(true, 2);
  });
  ASSERT_TRUE(broker->enable({"s/", "socket", "", false, {{"address", path}, {"socket_type", "unix"}}}, false));
  ASSERT_TRUE(write_pair(*broker));
  closed.get_future().wait();  // the peer has what it wants and hung up
  ASSERT_TRUE(write_pair(*broker));
  broker.reset();
  peer.join();
  write_file(folder.file("received.log"), first + second);
  const VerifyReport report = verified({folder.file("received.log")});
  EXPECT_TRUE(report.ok) << report.first_problem;
  EXPECT_GE(report.records, 6u);
}

TEST_F(SinkTest, SocketThatNobodyListensOnIsRefusedUnlessTestIsSkipped) {
  const DeviceOptions device{"s/", "socket", "", false, {{"address", "127.0.0.1:1"}}};
  EXPECT_FALSE(broker->enable(device, false));
  EXPECT_TRUE(broker->devices().empty());
  DeviceOptions skipped = device;
  skipped.options.emplace_back("skip_test", "true");
  EXPECT_TRUE(broker->enable(skipped, false));
  EXPECT_FALSE(write_pair(*broker));
  ASSERT_TRUE(broker->enable(file_device(log), false));
  EXPECT_TRUE(write_pair(*broker));
}

TEST_F(SinkTest, UnixSocketByApiMustLieBeneathAnAllowedFolder) {
  TemporaryFolder elsewhere;
  const std::string path = elsewhere.file("socket");
  const sockaddr_un address = unix_address(path);
  const Listener listener(AF_UNIX, SOCK_STREAM, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  EXPECT_FALSE(broker->enable({"s/", "socket", "", false, {{"address", path}, {"socket_type", "unix"}}}, false));
}

TEST_F(SinkTest, StdoutPipeCarriesRecords) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reader(ends[0]), writer(ends[1]), kept(::dup(STDOUT_FILENO));
  std::fflush(stdout);
  ASSERT_GE(::dup2(writer.get(), STDOUT_FILENO), 0);
  const auto enabled = broker->enable(file_device("stdout"), false);
  const auto written = write_pair(*broker);
  broker.reset();
  ::dup2(kept.get(), STDOUT_FILENO);
  EXPECT_TRUE(enabled && written);
  std::string text(65536, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(reader.get(), text.data(), text.size()))));
  write_file(folder.file("received.log"), text);
  EXPECT_TRUE(verified({folder.file("received.log")}).ok);
}

}  // namespace
}  // namespace coffer::audit
