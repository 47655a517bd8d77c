// A process that writes is killed again and again, and meets a disk that is really full: nothing acknowledged is lost, nothing is torn.
// The process is this program again, run with a folder in its environment.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <set>

#include "storage/conformance.h"
#include "storage/rocksdb/test_folder.h"

namespace coffer::storage::conformance {
namespace {

constexpr const char* folder_variable = "COFFER_CRASH_FOLDER";
constexpr const char* round_variable = "COFFER_CRASH_ROUND";

RocksdbOptions options_in(const std::string& folder) {
  RocksdbOptions out;
  out.path = folder;
  out.file_key = SecretBytes::copy_of(std::string(32, 'k'));
  out.reserve_bytes = 0;
  out.memtable_bytes = 256U << 10U;  // so that flushes and compactions are killed too
  return out;
}

std::string value_for(const std::string& name) { return name + std::string(500, '.'); }

// One transaction of the killed process: two records, a counter, and a record that all its writers change.
Result<void> write_one(RawTransaction& t, const std::string& name) {
  t.put("a/" + name, value_for(name));
  t.put("b/" + name, value_for(name));
  t.add("total", 1);
  std::string shared;
  const std::uint64_t before = TRY(t.get("shared", shared)) ? std::stoull(shared) : 0;
  t.put("shared", std::to_string(before + 1));
  return {};
}

// Not a test of its own: the process that CrashTest kills. Writes a line per acknowledged transaction.
TEST(CrashChild, WritesUntilKilled) {
  const char* const folder = std::getenv(folder_variable);
  const char* const round = std::getenv(round_variable);
  if (!folder || !round) GTEST_SKIP() << "run by CrashTest";
  auto state = open_rocksdb_state(options_in(folder));
  if (!state) {
    std::fprintf(stderr, "cannot open: %s\n", state.error().message.c_str());
    ::_exit(3);
  }
  auto store = *Store::open(*std::move(state));
  std::vector<std::thread> writers;
  for (int w = 0; w < 8; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0;; ++i) {
        const std::string name = std::string(round) + "-" + std::to_string(w) + "-" + std::to_string(i);
        if (!store->transact([&](RawTransaction& t) { return write_one(t, name); })) ::_exit(4);
        const std::string line = name + "\n";
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(5);
      }
    });
  }
  for (auto& writer : writers) writer.join();
}

struct Child {
  pid_t id = -1;
  int out = -1;
};

Child start(const std::string& filter, const std::string& folder, const std::string& round) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  const std::string filter_argument = "--gtest_filter=" + filter;
  std::string program = "/proc/self/exe";
  std::vector<std::string> environment{std::string(folder_variable) + "=" + folder, std::string(round_variable) + "=" + round};
  for (char** at = environ; *at; ++at) environment.emplace_back(*at);
  std::vector<char*> variables;
  for (auto& variable : environment) variables.push_back(variable.data());
  variables.push_back(nullptr);
  std::string argument = filter_argument;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  Child child;
  const int failed = ::posix_spawn(&child.id, program.c_str(), &actions, nullptr, arguments, variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed != 0) throw std::runtime_error("spawn");
  child.out = ends[0];
  return child;
}

// Names that the child acknowledged, one per whole line; kills it some time after the first.
std::set<std::string> acknowledged_until_killed(const Child& child, std::chrono::milliseconds after) {
  std::string text;
  std::array<char, 65536> buffer{};
  std::thread killer;
  while (true) {
    const auto size = ::read(child.out, buffer.data(), buffer.size());
    if (size <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (!killer.joinable() && text.find("-0\n") != std::string::npos) {
      killer = std::thread([&] {
        std::this_thread::sleep_for(after);
        ::kill(child.id, SIGKILL);
      });
    }
  }
  if (killer.joinable()) killer.join();
  ::close(child.out);
  std::set<std::string> names;
  std::size_t from = 0;
  for (auto end = text.find('\n'); end != std::string::npos; from = end + 1, end = text.find('\n', from)) {
    std::string line = text.substr(from, end - from);
    if (!line.empty() && std::isdigit(static_cast<unsigned char>(line[0]))) names.insert(std::move(line));
  }
  return names;
}

TEST(CrashTest, NothingAcknowledgedIsLostWhenKilled) {
  TestFolder folder;
  const char* const wanted = std::getenv("COFFER_CRASH_ROUNDS");
  const int rounds = wanted ? std::atoi(wanted) : 20;
  std::mt19937 random(1);
  std::set<std::string> acknowledged;
  for (int round = 0; round < rounds; ++round) {
    const Child child = start("CrashChild.WritesUntilKilled", folder.path(), std::to_string(round));
    acknowledged.merge(acknowledged_until_killed(child, std::chrono::milliseconds(1 + random() % 150)));
    int status = 0;
    ASSERT_EQ(::waitpid(child.id, &status, 0), child.id);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it ended by itself: " << status;
    if (round % 4 != 3 && round + 1 != rounds) continue;  // mostly the next child recovers
    auto state = open_rocksdb_state(options_in(folder.path()));
    ASSERT_TRUE(state) << state.error().message;
    const auto view = (*state)->snapshot();
    for (const auto& name : acknowledged) {
      ASSERT_EQ(value_of(*view, "a/" + name), value_for(name)) << "lost in round " << round;
      ASSERT_EQ(value_of(*view, "b/" + name), value_for(name)) << "torn in round " << round;
    }
    const auto all_a = view->children("a/", '\0', "", 10'000'000);
    const auto all_b = view->children("b/", '\0', "", 10'000'000);
    ASSERT_TRUE(all_a && all_b);
    ASSERT_EQ(*all_a, *all_b);
    ASSERT_GE(all_a->size(), acknowledged.size());
    ASSERT_EQ(static_cast<std::size_t>(*decode_counter(value_of(*view, "total"))), all_a->size());
    ASSERT_EQ(std::stoull(value_of(*view, "shared")), all_a->size());
  }
  std::printf("%d kills, %zu acknowledged transactions, none lost\n", rounds, acknowledged.size());
  EXPECT_GT(acknowledged.size(), static_cast<std::size_t>(rounds));
}

// Not a test of its own: runs where it may mount a small disk that nobody else sees.
TEST(CrashChild, MeetsAFullDisk) {
  const char* const folder = std::getenv(folder_variable);
  if (!folder) GTEST_SKIP() << "run by CrashTest";
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", folder, "tmpfs", 0, "size=24m") != 0) {
    ::_exit(77);
  }
  auto options = options_in(std::string(folder) + "/data");
  StoreOptions store_options;
  store_options.retry_interval = std::chrono::milliseconds(50);
  auto store = *Store::open(*open_rocksdb_state(std::move(options)), store_options);
  std::map<std::string, std::string> acknowledged;
  const auto write = [&](const std::string& name) {
    const auto done = store->transact([&](RawTransaction& t) { return write_one(t, name); });
    if (done) acknowledged[name] = value_for(name);
    return done.has_value();
  };
  for (int cycle = 0; cycle < 3; ++cycle) {
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(write(std::to_string(cycle) + "-early-" + std::to_string(i)));
    const std::string ballast = std::string(folder) + "/ballast";
    {
      std::ofstream file(ballast, std::ios::binary);
      const std::string block(65'536, 'x');
      while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
      }
    }
    int i = 0;
    while (i < 20'000 && write(std::to_string(cycle) + "-full-" + std::to_string(i))) ++i;
    ASSERT_LT(i, 20'000);
    // It may have made itself room again by now, out of its own logs.
    if (const auto health = store->health(); !health) {
      ASSERT_EQ(health.error().code, Code::storage_full);
    }
    ASSERT_EQ(value_of(*store->snapshot(), "a/0-early-0"), value_for("0-early-0"));
    std::filesystem::remove(ballast);
    bool resumed = false;
    for (int n = 0; n < 200 && !resumed; ++n) {
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
      resumed = write(std::to_string(cycle) + "-again");
    }
    ASSERT_TRUE(resumed) << store->health().error().message;
  }
  store.reset();
  auto state = open_rocksdb_state(options_in(std::string(folder) + "/data"));
  ASSERT_TRUE(state) << state.error().message;
  for (const auto& [name, value] : acknowledged) ASSERT_EQ(value_of(*(*state)->snapshot(), "a/" + name), value);
}

TEST(CrashTest, WritesResumeByThemselvesOnARealDisk) {
  TestFolder folder;
  std::filesystem::create_directories(folder.path());
  const Child child = start("CrashChild.MeetsAFullDisk", folder.path(), "0");
  std::string text;
  std::array<char, 4096> buffer{};
  for (auto size = ::read(child.out, buffer.data(), buffer.size()); size > 0; size = ::read(child.out, buffer.data(), buffer.size())) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  ::close(child.out);
  int status = 0;
  ASSERT_EQ(::waitpid(child.id, &status, 0), child.id);
  ASSERT_TRUE(WIFEXITED(status)) << text;
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "may not mount a small disk here";
  EXPECT_EQ(WEXITSTATUS(status), 0) << text;
}

}  // namespace
}  // namespace coffer::storage::conformance
