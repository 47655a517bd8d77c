#include <sys/socket.h>

#include "server/http/test_support.h"

namespace coffer::http::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Http1 : public ServerTest {
 protected:
  Client plain() { return Client(address(1), {.tls = false}); }
};

TEST_F(Http1, AnswersOverTlsAndPlainTcp) {
  start();
  for (const bool tls : {true, false}) {
    Client client(address(tls ? 0 : 1), {.tls = tls});
    for (int i = 0; i < 5; ++i) {
      const Reply reply = client.ask("PUT /echo/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz");
      ASSERT_EQ(reply.status, 200);
      EXPECT_EQ(reply.body, "PUT /echo/" + std::to_string(i) + " xyz");
      EXPECT_EQ(reply.header("Date").size(), 29u);
      EXPECT_EQ(reply.header("Connection"), "");
    }
  }
  EXPECT_EQ(handler.handled, 10);
}

TEST_F(Http1, AnswersPipelinedRequestsInOrder) {
  start();
  Client client(address());
  std::string requests;
  const char* targets[] = {"/late", "/echo/1", "/pass", "/echo/2", "/late", "/bytes/40000", "/echo/3"};
  for (const char* target : targets) requests += std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send(requests);
  const char* bodies[] = {"late ", "GET /echo/1 ", "at end", "GET /echo/2 ", "late ", nullptr, "GET /echo/3 "};
  for (const char* body : bodies) {
    const Reply reply = client.receive();
    ASSERT_EQ(reply.status, 200);
    if (body) {
      EXPECT_EQ(reply.body, body);
    } else {
      EXPECT_EQ(reply.body.size(), 40'000u);
    }
  }
}

TEST_F(Http1, AnswersAThousandPipelinedRequests) {
  start();
  Client client(address());
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += "GET /echo/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  std::thread sender([&] { client.send(requests); });
  sender.join();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(client.receive().body, "GET /echo/" + std::to_string(i) + " ");
}

TEST_F(Http1, TakesBodiesOfAllSizesAndFramings) {
  start();
  for (const std::size_t size : {0u, 1u, 4000u, 4096u, 70'000u, 3'000'000u}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; i += 97) body[i] = static_cast<char>('a' + i % 26);
    Client sized(address());
    const std::string head = "POST /body HTTP/1.1\r\nHost: a\r\n";
    ASSERT_TRUE(sized.send(head + "Content-Length: " + std::to_string(size) + "\r\n\r\n" + body));
    ASSERT_TRUE(sized.receive().body == body) << size;
    std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < size; at += 5000) {
      const std::string piece = body.substr(at, 5000);
      char line[16];
      std::snprintf(line, sizeof line, "%zX\r\n", piece.size());
      chunked += line + piece + "\r\n";
    }
    ASSERT_TRUE(sized.send(chunked + "0\r\n\r\n"));
    ASSERT_TRUE(sized.receive().body == body) << size;
  }
}

TEST_F(Http1, AnswersExpectContinueOnlyWhenTheBodyIsMissing) {
  start();
  Client client = plain();
  client.send("POST /body HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("abc");
  EXPECT_EQ(client.receive().body, "abc");
  const Reply reply = client.ask("POST /body HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(reply.status, 200);
}

TEST_F(Http1, HeadAndEmptyRepliesHaveNoBody) {
  start();
  Client client = plain();
  client.send("HEAD /bytes/100 HTTP/1.1\r\nHost: a\r\n\r\n");
  const Reply head = client.receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "100");
  const Reply empty = client.get("/empty");
  EXPECT_EQ(empty.status, 204);
  EXPECT_EQ(empty.header("Content-Length"), "");
  EXPECT_EQ(client.get("/echo").body, "GET /echo ");  // nothing stayed in between
}

TEST_F(Http1, RefusalsGoThroughTheDoorAndCloseTheConnection) {
  start();
  for (const bool tls : {true, false}) {
    Client client(address(tls ? 0 : 1), {.tls = tls});
    const Reply reply = client.ask("GET /echo HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.header("Connection"), "close");
    EXPECT_TRUE(reply.body.starts_with(R"({"errors":["malformed request)"));
    EXPECT_EQ(client.read_to_end(), "");
  }
  EXPECT_EQ(handler.refused, 2);
  EXPECT_EQ(handler.handled, 0);
  EXPECT_TRUE(handler.last_refusal.ends_with(" GET /echo")) << handler.last_refusal;
}

TEST_F(Http1, RefusesTooLargeABodyBeforeItComesAndIsHeard) {
  start([](Options& o) { o.limits.body_bytes = 100'000; });
  Client client(address());
  // The client sends megabytes on without looking; it can read the answer all the same.
  std::string upload = "PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n";
  upload.append(8'000'000, 'x');
  client.send(upload);
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 413);
  Client chunked = plain();
  chunked.send("PUT /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n");
  EXPECT_EQ(chunked.receive().status, 413);
}

TEST_F(Http1, ClosesWhenAskedTo) {
  start();
  Client client = plain();
  const Reply reply = client.ask("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(client.ended_within(seconds(5)));
  Client old = plain();
  EXPECT_EQ(old.ask("GET /echo HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(old.ended_within(seconds(5)));
}

TEST_F(Http1, AnswersAClientThatHasEndedItsSide) {
  start();
  Client client = plain();
  client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
  ::shutdown(client.descriptor(), SHUT_WR);
  EXPECT_EQ(client.receive().body, "late ");
  EXPECT_TRUE(client.ended_within(seconds(5)));
}

TEST_F(Http1, SendsNoHeaderThatHoldsALineEnd) {
  start();
  const Reply reply = plain().get("/bad-header");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.head.find("Set-Cookie"), std::string::npos);
}

TEST_F(Http1, AnswersForAHandlerThatForgets) {
  start();
  Client client = plain();
  EXPECT_EQ(client.get("/dropped").status, 500);
  EXPECT_EQ(client.get("/echo").status, 200);
}

TEST_F(Http1, StreamsPieces) {
  start();
  Client client(address());
  const Reply reply = client.get("/stream");
  EXPECT_EQ(reply.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(reply.header("Content-Length"), "");
  EXPECT_EQ(reply.body, "6\r\npiece0\r\n6\r\npiece1\r\n6\r\npiece2\r\n0\r\n\r\n");
  EXPECT_EQ(client.get("/echo").status, 200);
  Client old = plain();
  old.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.read_to_end().ends_with("\r\n\r\npiece0piece1piece2"));
}

TEST_F(Http1, EndsAStreamWhoseReaderLeft) {
  start();
  {
    Client client(address());
    client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive(true).status, 200);
    EXPECT_EQ(handler.streaming, 1);
  }
  for (int i = 0; i < 500 && handler.streaming > 0; ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(handler.streaming, 0);
}

TEST_F(Http1, TellsWhereARequestCameFrom) {
  start();
  EXPECT_EQ(Client(address(), {.server_name = "coffer.test"}).get("/facts").body, "tls coffer.test 127.0.0.1 port 0\n");
  EXPECT_EQ(plain().get("/facts").body, "plain  127.0.0.1 port 1\n");
}

TEST_F(Http1, RefusesPlainHttpOnATlsPort) {
  start();
  Client client(address(), {.tls = false});
  const Reply reply = client.ask("LIST /v1/secret HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("Client sent an HTTP request to an HTTPS server."), std::string::npos);
  EXPECT_EQ(handler.handled, 0);
}

TEST_F(Http1, EndOfPassComesAfterAllThatWasReady) {
  start([](Options& o) { o.io_threads = 1; });
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<Client>(address(1), Client::Options{.tls = false}));
  for (int round = 0; round < 50; ++round) {
    for (auto& client : clients) client->send("GET /pass HTTP/1.1\r\nHost: a\r\n\r\n");
    for (auto& client : clients) ASSERT_EQ(client->receive().body, "at end");
  }
}

}  // namespace
}  // namespace coffer::http::test
