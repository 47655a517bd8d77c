#include "server/http/proxy_header.h"

#include <gtest/gtest.h>

#include "server/http/test_support.h"

namespace coffer::http {
namespace {

using State = ProxyHeader::State;
using namespace std::string_literals;

struct Reading {
  State state;
  std::string source, rest;  // "address port"; what lies behind the header
};

// Read in pieces of that size.
Reading read(const std::string& text, std::size_t piece) {
  ProxyHeader header;
  std::size_t used = 0;
  while (header.state() == State::more && used < text.size()) used += header.feed(std::string_view(text).substr(used, piece));
  Reading out{header.state(), {}, text.substr(used)};
  if (header.source()) out.source = header.source()->text + " " + std::to_string(header.source()->port);
  if (out.state == State::none) out.rest = std::string(header.taken()) + out.rest;
  return out;
}

std::string binary(char command, char family, const std::string& rest) {
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  out.append({command, family, static_cast<char>(rest.size() >> 8), static_cast<char>(rest.size())});
  return out + rest;
}
const std::string v4_pair("\xc0\x00\x02\x01\xc0\x00\x02\x02\x9c\x40\x01\xbb", 12);

TEST(ProxyHeaderTest, SaysWhereAConnectionComesFrom) {
  const std::string v6_pair = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" + std::string(16, '\0') + std::string("\x9c\x40\x01\xbb", 4);
  const std::pair<std::string, std::string> cases[] = {
      {"PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n", "192.0.2.1 40000"},
      {"PROXY TCP6 2001:db8::1 ::1 40000 443\r\n", "2001:db8::1 40000"},
      {"PROXY UNKNOWN\r\n", ""},
      {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", ""},
      {binary(0x21, 0x11, v4_pair), "192.0.2.1 40000"},
      {binary(0x21, 0x11, v4_pair + "\x03\0\x04"s + "crc!"), "192.0.2.1 40000"},
      {binary(0x21, 0x21, v6_pair), "2001:db8::1 40000"},
      {binary(0x20, 0x00, ""), ""},
      {binary(0x21, 0x31, std::string(216, 'u')), ""},
  };
  for (const auto& [text, source] : cases) {
    for (const std::size_t piece : {1u, 5u, 1000u}) {
      const Reading got = read(text + "\x16\x03", piece);
      EXPECT_EQ(got.state, State::complete) << text;
      EXPECT_EQ(got.source, source) << text;
      EXPECT_EQ(got.rest, "\x16\x03") << text;
    }
  }
}

TEST(ProxyHeaderTest, RefusesWhatIsMalformed) {
  const std::string cases[] = {
      "PROXY TCP4 192.0.2.1 192.0.2.2 40000\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 70000 443\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 -1 443\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 040 443\r\n",
      "PROXY TCP4 ::1 ::2 1 2\r\n",
      "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
      "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY " + std::string(200, 'x'),
      binary(0x22, 0x11, v4_pair),
      binary(0x31, 0x11, v4_pair),
      binary(0x21, 0x11, v4_pair.substr(0, 11)),
      binary(0x21, 0x11, std::string(3000, 'x')),
  };
  for (const auto& text : cases)
    for (const std::size_t piece : {1u, 5u, 5000u}) EXPECT_EQ(read(text, piece).state, State::malformed) << text;
}

TEST(ProxyHeaderTest, LeavesWhatIsNoHeader) {
  for (const std::string text : {"POST / HTTP/1.1\r\n", "PROXIMA", "GET / HTTP/1.1\r\n", "\r\n\r\nGET", "\x16\x03\x01"}) {
    for (const std::size_t piece : {1u, 5u, 1000u}) {
      const Reading got = read(text, piece);
      EXPECT_EQ(got.state, State::none) << text;
      EXPECT_EQ(got.rest, text);
    }
  }
}

namespace test_of_server {

using test::Client;
using test::Reply;
using test::ServerTest;

class HttpProxy : public ServerTest {
 protected:
  // Listener 0 has TLS, listener 1 has not.
  void start_with(Listener::ProxyHeaders whose, std::vector<std::string> proxies = {}) {
    start([&](Options& o) {
      for (Listener& listener : o.listeners) {
        listener.proxy_headers = whose;
        listener.proxies = proxies;
      }
    });
  }
  std::string facts(const std::string& before) {
    Client client(address(1), {.tls = false});
    client.send(before);
    return client.get("/facts").body;
  }
};

const std::string header = "PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n";

TEST_F(HttpProxy, AnyonesHeaderIsTaken) {
  start_with(Listener::ProxyHeaders::anyone);
  EXPECT_NE(facts(header).find("192.0.2.1"), std::string::npos);
  EXPECT_NE(facts("").find("127.0.0.1"), std::string::npos);
  EXPECT_NE(facts(binary(0x21, 0x11, v4_pair)).find("192.0.2.1"), std::string::npos);
}

TEST_F(HttpProxy, AStrangersHeaderMeansNothing) {
  start_with(Listener::ProxyHeaders::listed, {"10.0.0.0/8"});
  EXPECT_NE(facts(header).find("127.0.0.1"), std::string::npos);
}

TEST_F(HttpProxy, AListedProxysHeaderIsTaken) {
  start_with(Listener::ProxyHeaders::only_listed, {"127.0.0.0/8"});
  EXPECT_NE(facts(header).find("192.0.2.1"), std::string::npos);
}

TEST_F(HttpProxy, StrangersAreClosedAndOthersGoOn) {
  start_with(Listener::ProxyHeaders::only_listed, {"127.0.0.2"});
  for (int i = 0; i < 100; ++i) {
    Client stranger(address(1), {.tls = false});
    stranger.send(header + "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(stranger.read_to_end(), "");
  }
  Client proxy(address(1), {.tls = false, .from = "127.0.0.2"});
  proxy.send(header);
  EXPECT_NE(proxy.get("/facts").body.find("192.0.2.1"), std::string::npos);
}

TEST_F(HttpProxy, AMalformedHeaderEndsTheConnection) {
  start_with(Listener::ProxyHeaders::anyone);
  for (const std::string& text : {"PROXY TCP4 nonsense\r\n"s, "PROXY "s + std::string(300, 'x'), binary(0x21, 0x11, "short")}) {
    Client client(address(1), {.tls = false});
    client.send(text + "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "") << text;
  }
  EXPECT_EQ(handler.handled, 0);
}

}  // namespace test_of_server
}  // namespace
}  // namespace coffer::http
