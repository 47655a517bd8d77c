#include <sys/socket.h>

#include "server/http/test_support.h"

namespace coffer::http::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class HttpLimits : public ServerTest {
 protected:
  Client plain() { return Client(address(1), {.tls = false}); }
  bool connections_reach(std::size_t count, milliseconds within) {
    const auto until = steady_clock::now() + within;
    while (server->connections() != count && steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(20));
    return server->connections() == count;
  }
};

TEST_F(HttpLimits, AHandshakeHasADeadline) {
  start([](Options& o) { o.limits.handshake_timeout = Seconds(1); });
  Client silent(address(), {.tls = false}), slow(address(), {.tls = false});
  slow.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));  // the beginning of a ClientHello
  EXPECT_FALSE(silent.ended_within(milliseconds(600)));
  EXPECT_TRUE(silent.ended_within(seconds(2)));
  EXPECT_TRUE(slow.ended_within(seconds(2)));
  EXPECT_EQ(handler.refused, 0);
}

TEST_F(HttpLimits, AHeaderHasADeadline) {
  start([](Options& o) { o.limits.header_timeout = Seconds(1); });
  Client silent = plain(), slow = plain();
  slow.send("GET /echo HTTP/1.1\r\nHost");
  EXPECT_TRUE(silent.ended_within(seconds(3)));  // nothing came: nothing to answer
  const Reply reply = slow.receive();
  EXPECT_EQ(reply.status, 408);
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_EQ(handler.refused, 1);
  EXPECT_EQ(handler.last_refusal, "408 the request header came too slowly GET /echo");
}

TEST_F(HttpLimits, AnIdleConnectionEnds) {
  start([](Options& o) { o.limits.idle_timeout = Seconds(2), o.limits.header_timeout = Seconds(1); });
  Client client(address());
  EXPECT_EQ(client.get("/echo").status, 200);
  EXPECT_FALSE(client.ended_within(milliseconds(1500)));
  EXPECT_TRUE(client.ended_within(seconds(3)));
}

TEST_F(HttpLimits, AnIdleConnectionIsStillGoodAfterItsMemoryWentBack) {
  start();
  Client client(address());
  EXPECT_EQ(client.get("/echo").status, 200);
  std::this_thread::sleep_for(milliseconds(5500));
  EXPECT_EQ(client.get("/bytes/50000").body.size(), 50'000u);
}

TEST_F(HttpLimits, SlowLorisDoesNotHinderOthers) {
  start([](Options& o) { o.limits.header_timeout = Seconds(2), o.limits.handshake_timeout = Seconds(2); });
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 200; ++i) slow.push_back(std::make_unique<Client>(address(1), Client::Options{.tls = false}));
  const auto until = steady_clock::now() + seconds(1);
  while (steady_clock::now() < until) {
    for (auto& client : slow) client->send("G");
    const auto before = steady_clock::now();
    EXPECT_EQ(Client(address()).get("/echo").status, 200);
    EXPECT_LT(steady_clock::now() - before, seconds(1));
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_TRUE(connections_reach(0, seconds(12)));  // the refused linger until their clients have had the time to read
}

TEST_F(HttpLimits, ABodyMustKeepUpTheMinimumRate) {
  start([](Options& o) { o.limits.read_timeout = Seconds(1), o.limits.minimum_rate = 100'000; });
  Client client = plain();
  client.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  for (int i = 0; i < 30; ++i) {
    if (!client.send("xxxx")) break;
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_EQ(client.receive().status, 408);
  Client good = plain();  // longer than the time-out, but fast enough
  good.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n");
  for (int i = 0; i < 6; ++i) {
    good.send(std::string(100'000, 'x'));
    std::this_thread::sleep_for(milliseconds(250));
  }
  EXPECT_EQ(good.receive().status, 200);
}

TEST_F(HttpLimits, AReaderMustTakeItsReply) {
  start([](Options& o) { o.limits.write_timeout = Seconds(1), o.limits.minimum_rate = 1 << 20; });
  for (const bool tls : {true, false}) {
    Client client(address(tls ? 0 : 1), {.tls = tls});
    client.send("GET /bytes/50000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(connections_reach(1, seconds(2)));
    EXPECT_TRUE(connections_reach(0, seconds(5)));
  }
}

TEST_F(HttpLimits, AHandlerThatTakesTooLongIsAnsweredFor) {
  start([](Options& o) { o.limits.request_timeout = Seconds(1); });
  Client client(address());
  client.send("PUT /held HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nkept");
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(client.ended_within(seconds(2)));
  EXPECT_EQ(server->connections(), 1u);  // the handler may still read its request
  handler.release();
  EXPECT_TRUE(connections_reach(0, seconds(5)));
}

TEST_F(HttpLimits, BodiesShareABudget) {
  start([](Options& o) { o.limits.bodies_in_flight_bytes = 1 << 20; });
  const auto upload = [](const std::string& target, std::size_t size) {
    return "PUT " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
  };
  Client holder(address());
  holder.send(upload("/held", 700'000));
  handler.wait_for_held(1);
  {
    Client second(address());
    second.send(upload("/body", 700'000));
    const Reply reply = second.receive();
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.header("Retry-After"), "1");
  }
  EXPECT_EQ(plain().ask(upload("/body", 2000)).status, 200);
  handler.release();
  EXPECT_EQ(holder.receive().status, 200);
  EXPECT_EQ(Client(address()).ask(upload("/body", 700'000)).status, 200);
}

TEST_F(HttpLimits, ManyUploadsAtOnceEachGetAnAnswer) {
  start([](Options& o) { o.limits.bodies_in_flight_bytes = 4 << 20; });
  std::atomic<int> taken{0}, turned_away{0}, other{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 24; ++i) {
    threads.emplace_back([&] {
      Client client(address());
      client.send("PUT /body HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1500000\r\n\r\n");
      for (int n = 0; n < 15 && client.send(std::string(100'000, 'x')); ++n) std::this_thread::sleep_for(milliseconds(1));
      const int status = client.receive().status;
      ++(status == 200 ? taken : status == 503 ? turned_away : other);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GT(taken, 0);
  EXPECT_EQ(other, 0);
  EXPECT_EQ(taken + turned_away, 24);
}

TEST_F(HttpLimits, ConnectionsAreCountedInAllAndPerAddress) {
  start([](Options& o) { o.limits.connections = 6, o.limits.connections_per_address = 4; });
  std::vector<std::unique_ptr<Client>> clients;
  const auto connect = [&](const std::string& from) {
    clients.push_back(std::make_unique<Client>(address(1), Client::Options{.tls = false, .from = from}));
    return clients.back()->get("/echo").status == 200;
  };
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(connect("127.0.0.1"));
  EXPECT_FALSE(connect("127.0.0.1"));
  EXPECT_TRUE(connect("127.0.0.2"));
  EXPECT_TRUE(connect("127.0.0.2"));
  EXPECT_FALSE(connect("127.0.0.3"));
  clients.clear();
  EXPECT_TRUE(connections_reach(0, seconds(5)));
  EXPECT_TRUE(connect("127.0.0.1"));
}

}  // namespace
}  // namespace coffer::http::test
