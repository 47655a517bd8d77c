#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "server/http/test_support.h"

namespace coffer::http::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Listening : public ServerTest {
 protected:
  void use_unix(unsigned mode = 0600) {
    options.listeners.resize(1);
    options.listeners[0].address = "unix:" + socket();
    options.listeners[0].tls = false;
    options.listeners[0].unix_mode = mode;
  }
  std::string socket() { return folder.path("coffer.sock"); }
  std::string refusal() {
    auto started = Server::start(options, handler);
    return started ? "" : started.error().message;
  }
};

TEST_F(Listening, ServesAUnixSocketWithItsMode) {
  use_unix(0660);
  start();
  struct stat status {};
  ASSERT_EQ(::stat(socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660u);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Client(address(), {.tls = false}).get("/facts").body, "plain   none 0\n");
  EXPECT_NE(refusal().find("another program listens there"), std::string::npos);
  EXPECT_EQ(Client(address(), {.tls = false}).get("/echo").status, 200);  // and was not disturbed
  server.reset();
  EXPECT_NE(::stat(socket().c_str(), &status), 0);  // its file is gone with it
}

TEST_F(Listening, ReplacesAStaleSocketButNothingElse) {
  use_unix();
  start();
  const std::string path = socket();
  ASSERT_EQ(::rename(path.c_str(), (path + ".kept").c_str()), 0);
  server.reset();
  ASSERT_EQ(::rename((path + ".kept").c_str(), path.c_str()), 0);  // nobody listens on it now
  start();
  EXPECT_EQ(Client(address(), {.tls = false}).get("/echo").status, 200);
  server.reset();
  std::ofstream(path) << "a file of somebody";
  EXPECT_NE(refusal().find("a file of another kind"), std::string::npos);
  std::string text;
  std::getline(std::ifstream(path), text);
  EXPECT_EQ(text, "a file of somebody");
}

TEST_F(Listening, SaysWhyItCannotListen) {
  start();
  options.listeners.resize(1);
  options.listeners[0].address = address();
  EXPECT_NE(refusal().find("another program listens there"), std::string::npos) << refusal();
  options.listeners[0].address = "127.0.0.1";
  EXPECT_NE(refusal().find("not an address"), std::string::npos);
  options.listeners[0].address = "::1:8200";
  EXPECT_NE(refusal().find("not an address"), std::string::npos);
  options.listeners[0].address = "203.0.113.77:0";
  EXPECT_NE(refusal().find("cannot bind"), std::string::npos);
  options.listeners.clear();
  EXPECT_NE(refusal().find("no listener"), std::string::npos);
}

TEST_F(Listening, AllIoThreadsServe) {
  start([](Options& o) { o.io_threads = 4; });
  for (int i = 0; i < 64; ++i) EXPECT_EQ(Client(address(1), {.tls = false}).get("/echo").status, 200);
}

TEST_F(Listening, DrainLetsRunningRequestsEndAndClosesTheRest) {
  start();
  Client idle(address()), busy(address()), fresh(address(1), {.tls = false});
  EXPECT_EQ(idle.get("/echo").status, 200);
  busy.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  handler.wait_for_held(1);
  const std::string tls_address = address();
  std::thread drainer([this] { server->drain(Seconds(10)); });
  EXPECT_TRUE(idle.ended_within(seconds(3)));
  EXPECT_FALSE(Client(tls_address).connected());
  handler.release();
  const Reply reply = busy.receive();
  EXPECT_EQ(reply.body, "released ");
  EXPECT_EQ(reply.header("Connection"), "close");
  drainer.join();
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Listening, DrainEndsAfterItsGrace) {
  start();
  Client slow(address(1), {.tls = false}), busy(address(1), {.tls = false});
  slow.send("GET /");
  busy.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  handler.wait_for_held(1);
  const auto before = std::chrono::steady_clock::now();
  server->drain(Seconds(1));
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(4));
  EXPECT_TRUE(slow.ended_within(seconds(1)));
  EXPECT_EQ(server->connections(), 1u);
  handler.release();
  server.reset();
}

TEST_F(Listening, StopsUnderLoad) {
  start();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  const std::string addresses[] = {address(0), address(1)};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      while (!stop) {
        Client client(addresses[t % 2], {.tls = t % 2 == 0});
        for (int i = 0; i < 5; ++i) {
          const Reply reply = client.get(i % 2 ? "/late" : "/pass");
          if (reply.status != 0) {
            EXPECT_EQ(reply.status, 200);
          }
        }
      }
    });
  }
  std::this_thread::sleep_for(milliseconds(200));
  server->drain(Seconds(5));
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Listening, RunsOutOfDescriptorsWithoutSpinning) {
  start();
  Client before(address(1), {.tls = false});
  EXPECT_EQ(before.get("/echo").status, 200);
  std::vector<int> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const int highest = clients.back();
  rlimit tight = old;
  tight.rlim_cur = static_cast<rlim_t>(highest) + 1;
  std::vector<int> fillers;  // holes below
  for (int filler = 0; (filler = ::dup(highest)) >= 0 && filler < highest;) fillers.push_back(filler);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address(1).substr(address(1).rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  rusage start_usage{}, end_usage{};
  ::getrusage(RUSAGE_SELF, &start_usage);
  for (const int client : clients) ::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to);
  std::this_thread::sleep_for(milliseconds(600));
  ::getrusage(RUSAGE_SELF, &end_usage);
  EXPECT_EQ(before.get("/echo").status, 200);  // who is in goes on
  ::setrlimit(RLIMIT_NOFILE, &old);
  for (const int descriptor : clients) ::close(descriptor);
  for (const int descriptor : fillers) ::close(descriptor);
  const auto used = (end_usage.ru_utime.tv_sec - start_usage.ru_utime.tv_sec) * 1'000'000 + end_usage.ru_utime.tv_usec - start_usage.ru_utime.tv_usec +
                    (end_usage.ru_stime.tv_sec - start_usage.ru_stime.tv_sec) * 1'000'000 + end_usage.ru_stime.tv_usec - start_usage.ru_stime.tv_usec;
  EXPECT_LT(used, 200'000);
  std::this_thread::sleep_for(milliseconds(400));
  EXPECT_EQ(Client(address(1), {.tls = false}).get("/echo").status, 200);
}

}  // namespace
}  // namespace coffer::http::test
