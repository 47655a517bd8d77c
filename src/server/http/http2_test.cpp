#include <nghttp2/nghttp2.h>

#include <map>

#include "server/http/test_support.h"

namespace coffer::http::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Answer {
  std::map<std::string, std::string> fields;
  std::string body, upload;
  std::size_t uploaded = 0;
  bool ended = false;
  std::uint32_t error = 0;
};

// A client of nghttp2's over one TLS connection.
class Http2Client {
 public:
  explicit Http2Client(const std::string& address, const Client::Options& options = {.alpn = "\x02h2"}) : connection_(address, options) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                                                                   const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
      auto& me = *static_cast<Http2Client*>(user);
      me.answers[frame->hd.stream_id].fields[std::string(reinterpret_cast<const char*>(name), name_size)].assign(reinterpret_cast<const char*>(value), value_size);
      return 0;
    });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size, void* user) {
      static_cast<Http2Client*>(user)->answers[id].body.append(reinterpret_cast<const char*>(data), size);
      return 0;
    });
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
      auto& me = *static_cast<Http2Client*>(user);
      me.answers[id].ended = true;
      me.answers[id].error = error;
      return 0;
    });
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
      auto& me = *static_cast<Http2Client*>(user);
      if (frame->hd.type == NGHTTP2_GOAWAY) me.goaway = static_cast<int>(frame->goaway.error_code);
      if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK)) me.settings_seen = true;
      if (frame->hd.type == NGHTTP2_RST_STREAM) me.resets[frame->hd.stream_id] = frame->rst_stream.error_code;
      return 0;
    });
    nghttp2_session_client_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;
  ~Http2Client() { nghttp2_session_del(session); }

  std::int32_t request(const std::string& method, const std::string& target, std::string body = {}, std::vector<std::pair<std::string, std::string>> more = {}) {
    std::vector<std::pair<std::string, std::string>> fields{{":method", method}, {":scheme", "https"}, {":authority", "test"}, {":path", target}};
    fields.insert(fields.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> raw;
    for (auto& [name, value] : fields) {
      raw.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_data_provider provider{};
    provider.source.ptr = this;
    provider.read_callback = [](nghttp2_session*, std::int32_t id, std::uint8_t* into, std::size_t size, std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
      Answer& answer = static_cast<Http2Client*>(source->ptr)->answers[id];
      const std::size_t count = std::min(size, answer.upload.size() - answer.uploaded);
      std::memcpy(into, answer.upload.data() + answer.uploaded, count);
      answer.uploaded += count;
      if (answer.uploaded == answer.upload.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(count);
    };
    const std::int32_t id = nghttp2_submit_request(session, nullptr, raw.data(), raw.size(), body.empty() ? nullptr : &provider, nullptr);
    answers[id].upload = std::move(body);
    return id;
  }
  // Sends what is queued. False when the connection is gone.
  bool flush() {
    const std::uint8_t* data = nullptr;
    std::string out;
    for (ssize_t size; (size = nghttp2_session_mem_send(session, &data)) > 0;) out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    return out.empty() || connection_.send(out);
  }
  // Sends and receives until that stream has ended, or the connection.
  Answer& finish(std::int32_t id) {
    run([&] { return answers[id].ended; });
    return answers[id];
  }
  template <class F>
  bool run(F until) {
    while (!until()) {
      if (!flush()) return read_rest(), until();
      char chunk[16384];
      const std::size_t got = connection_.read_some(chunk, sizeof chunk);
      if (got == 0) return closed = true, until();
      if (nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(chunk), got) < 0) return false;
    }
    return true;
  }
  void read_rest() {
    char chunk[16384];
    for (std::size_t got; (got = connection_.read_some(chunk, sizeof chunk)) > 0;) {
      if (nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(chunk), got) < 0) return;
    }
    closed = true;
  }
  Client& connection() { return connection_; }

  std::map<std::int32_t, Answer> answers;
  std::map<std::int32_t, std::uint32_t> resets;
  int goaway = -1;
  bool closed = false, settings_seen = false;
  nghttp2_session* session = nullptr;

 private:
  Client connection_;
};

// A raw frame.
std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t id, const std::string& payload) {
  std::string out;
  for (const int shift : {16, 8, 0}) out.push_back(static_cast<char>((payload.size() >> shift) & 0xff));
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>((id >> shift) & 0xff));
  return out + payload;
}
const std::string preface = std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + frame(4, 0, 0, "");

class Http2 : public ServerTest {
 protected:
  // Sends the same frames until the server has had enough, and returns the error code of its GOAWAY.
  int flood(const std::string& frames, int times) {
    Http2Client client(address());
    client.flush();
    client.run([&] { return client.settings_seen; });
    client.flush();
    std::string many;
    for (int i = 0; i < times; ++i) many += frames;
    client.connection().send(many);
    client.read_rest();
    EXPECT_TRUE(client.closed);
    return client.goaway;
  }
};

TEST_F(Http2, AnswersRequests) {
  start();
  Http2Client client(address(), {.server_name = "coffer.test", .alpn = "\x02h2"});
  Answer& get = client.finish(client.request("GET", "/echo/1?x=y"));
  EXPECT_EQ(get.fields[":status"], "200");
  EXPECT_EQ(get.body, "GET /echo/1?x=y ");
  EXPECT_EQ(get.fields["content-length"], "16");
  EXPECT_EQ(get.fields["content-type"], "text/plain");
  EXPECT_EQ(get.fields["date"].size(), 29u);
  EXPECT_EQ(client.finish(client.request("PUT", "/echo", "body")).body, "PUT /echo body");
  EXPECT_EQ(client.finish(client.request("LIST", "/echo")).body, "LIST /echo ");
  EXPECT_EQ(client.finish(client.request("GET", "/late")).body, "late ");
  EXPECT_EQ(client.finish(client.request("GET", "/pass")).body, "at end");
  EXPECT_EQ(client.finish(client.request("GET", "/stream")).body, "piece0piece1piece2");
  EXPECT_TRUE(client.finish(client.request("GET", "/facts")).body.starts_with("tls coffer.test 127.0.0.1 port 0"));
  Answer& empty = client.finish(client.request("GET", "/empty"));
  EXPECT_EQ(empty.fields[":status"], "204");
  EXPECT_EQ(empty.fields.count("content-length"), 0u);
  Answer& head = client.finish(client.request("HEAD", "/bytes/100"));
  EXPECT_EQ(head.fields["content-length"], "100");
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(client.finish(client.request("GET", "/dropped")).fields[":status"], "500");
  EXPECT_EQ(client.finish(client.request("GET", "/bad-header")).fields.count("x-bad"), 0u);
}

TEST_F(Http2, CarriesLargeBodiesBothWays) {
  start();
  Http2Client client(address());
  std::string body(3'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 101) body[i] = static_cast<char>('a' + i % 26);
  EXPECT_TRUE(client.finish(client.request("POST", "/body", body)).body == body);
  EXPECT_EQ(client.finish(client.request("GET", "/bytes/5000000")).body.size(), 5'000'000u);
}

TEST_F(Http2, AnswersManyAtOnceInAnyOrder) {
  start();
  Http2Client client(address());
  std::vector<std::int32_t> ids;
  const char* targets[] = {"/late", "/pass", "/echo", "/bytes/30000"};
  for (int i = 0; i < 200; ++i) ids.push_back(client.request("GET", targets[i % 4]));
  for (const auto id : ids) EXPECT_EQ(client.finish(id).fields[":status"], "200");
  EXPECT_EQ(handler.handled, 200);
}

TEST_F(Http2, HoldsTheLimits) {
  start([](Options& o) { o.limits.body_bytes = 100'000, o.limits.target_bytes = 1000, o.limits.header_bytes = 10'000, o.limits.header_count = 20; });
  Http2Client client(address());
  Answer& large = client.finish(client.request("PUT", "/body", std::string(2'000'000, 'x')));
  EXPECT_EQ(large.fields[":status"], "413");
  EXPECT_LT(large.uploaded, 1'000'000u);  // it was told to stop
  EXPECT_EQ(client.finish(client.request("GET", "/" + std::string(1000, 'a'))).fields[":status"], "414");
  EXPECT_EQ(client.finish(client.request("GET", "/", "", {{"x-large", std::string(12'000, 'a')}})).fields[":status"], "431");
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 21; ++i) many.emplace_back("x" + std::to_string(i), "y");
  EXPECT_EQ(client.finish(client.request("GET", "/", "", many)).fields[":status"], "431");
  EXPECT_EQ(client.finish(client.request("GET", "/", "", {{"host", "other"}})).fields[":status"], "400");
  EXPECT_EQ(client.finish(client.request("GET", "/echo")).fields[":status"], "200");  // the connection is as good as before
  EXPECT_EQ(handler.handled, 1);
  EXPECT_EQ(handler.refused, 5);
}

TEST_F(Http2, BodiesShareTheBudget) {
  start([](Options& o) { o.limits.bodies_in_flight_bytes = 1 << 20; });
  Http2Client client(address());
  const auto held = client.request("PUT", "/held", std::string(600'000, 'x'), {{"content-length", "600000"}});
  client.run([&] { return client.answers[held].uploaded == 600'000; });
  client.flush();
  handler.wait_for_held(1);
  const auto second = client.request("PUT", "/body", std::string(600'000, 'y'));
  Answer& refused = client.finish(second);
  EXPECT_EQ(refused.fields[":status"], "503");
  EXPECT_EQ(refused.fields["retry-after"], "1");
  handler.release();
  EXPECT_EQ(client.finish(held).fields[":status"], "200");
  EXPECT_EQ(client.finish(client.request("PUT", "/body", std::string(600'000, 'y'), {{"content-length", "600000"}})).body.size(), 600'000u);
}

TEST_F(Http2, MalformedRequestsEndTheirStreamOnly) {
  start();
  Http2Client client(address());
  for (const auto& bad : std::vector<std::pair<std::string, std::string>>{{"connection", "close"}, {"transfer-encoding", "chunked"}, {"x", "a\nb"}, {"content-length", "5"}}) {
    const auto id = client.request("POST", "/echo", "abc", {bad});
    client.run([&] { return client.answers[id].ended; });
    EXPECT_NE(client.answers[id].fields[":status"], "200") << bad.first;
  }
  EXPECT_EQ(client.finish(client.request("GET", "/echo")).fields[":status"], "200");
  EXPECT_EQ(handler.handled, 1);
}

TEST_F(Http2, RapidResetEndsTheConnection) {
  start();
  Http2Client client(address());
  for (int i = 0; i < 3000 && client.goaway < 0; ++i) {
    const auto id = client.request("GET", "/echo");
    if (id < 0 || !client.flush()) break;
    nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    if (!client.flush()) break;
  }
  client.read_rest();
  EXPECT_EQ(client.goaway, static_cast<int>(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_LT(handler.handled, 1500);
  Http2Client other(address());
  EXPECT_EQ(other.finish(other.request("GET", "/echo")).fields[":status"], "200");
}

TEST_F(Http2, RequestsThatWereResetStayBounded) {
  start();
  {
    Http2Client client(address());
    for (int i = 0; i < 400; ++i) {  // below the allowance of resets
      const auto id = client.request("PUT", "/held", "kept");
      if (!client.flush()) break;
      nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
      if (!client.flush()) break;
    }
    handler.wait_for_held(400);
  }
  std::this_thread::sleep_for(milliseconds(100));  // the connection is gone, the handler still reads the requests
  handler.release();
  EXPECT_LE(handler.handled, 500);
  for (int i = 0; i < 100 && server->connections() > 0; ++i) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Http2, FloodsEndTheConnection) {
  start();
  const int calm = NGHTTP2_ENHANCE_YOUR_CALM;
  EXPECT_EQ(flood(frame(6, 0, 0, "12345678"), 20'000), calm);                    // PING
  EXPECT_EQ(flood(frame(4, 0, 0, ""), 5'000), calm);                            // SETTINGS
  EXPECT_EQ(flood(frame(2, 0, 1, std::string(5, '\0')), 20'000), calm);         // PRIORITY
  EXPECT_EQ(flood(frame(8, 0, 0, std::string("\0\0\0\1", 4)), 50'000), calm);   // WINDOW_UPDATE
}

TEST_F(Http2, EmptyDataFramesEndTheConnection) {
  start();
  Client client(address(), {.alpn = "\x02h2"});
  // POST / to "test", without END_STREAM: indexed :method POST, :scheme https, :path /, and a literal :authority.
  const std::string head = frame(1, 4, 1, std::string("\x83\x87\x84\x41\x04test", 9));
  std::string out = preface + head;
  for (int i = 0; i < 20'000; ++i) out += frame(0, 0, 1, "");
  client.send(out);
  EXPECT_EQ(client.read_to_end().back(), static_cast<char>(NGHTTP2_ENHANCE_YOUR_CALM));  // the end of GOAWAY
  EXPECT_EQ(handler.handled, 0);
}

TEST_F(Http2, EndlessContinuationEndsTheConnection) {
  start();
  Client client(address(), {.alpn = "\x02h2"});
  std::string out = preface + frame(1, 0, 1, std::string("\x82\x87\x84\x41\x04test", 9));
  for (int i = 0; i < 2'000; ++i) out += frame(9, 0, 1, std::string("\x00\x01x\x01y", 5));
  client.send(out);
  client.read_to_end();
  EXPECT_EQ(handler.handled, 0);
}

TEST_F(Http2, SlowHeadersAndSilenceHaveDeadlines) {
  start([](Options& o) { o.limits.header_timeout = Seconds(1); });
  Client silent(address(), {.alpn = "\x02h2"}), half(address(), {.alpn = "\x02h2"});
  half.send(preface + frame(1, 0, 1, std::string("\x82\x87\x84\x41\x04test", 9)));  // no END_HEADERS
  const auto before = std::chrono::steady_clock::now();
  silent.read_to_end();
  half.read_to_end();
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(6));
  EXPECT_EQ(handler.handled, 0);
}

TEST_F(Http2, SlowBodiesAndHandlersHaveDeadlines) {
  start([](Options& o) { o.limits.read_timeout = Seconds(1), o.limits.request_timeout = Seconds(1); });
  Http2Client client(address());
  const auto held = client.request("GET", "/held");
  EXPECT_EQ(client.finish(held).fields[":status"], "503");
  handler.release();
  EXPECT_EQ(client.finish(client.request("GET", "/echo")).fields[":status"], "200");
  Client slow(address(), {.alpn = "\x02h2"});
  slow.send(preface + frame(1, 4, 1, std::string("\x83\x87\x84\x41\x04test", 9)) + frame(0, 0, 1, "a"));
  char chunk[512];
  std::string got;
  while (got.find("too slowly") == std::string::npos) {
    const std::size_t size = slow.read_some(chunk, sizeof chunk);
    if (size == 0) break;
    got.append(chunk, size);
  }
  EXPECT_NE(got.find("too slowly"), std::string::npos);
}

TEST_F(Http2, AReaderThatClosesItsWindowIsEnded) {
  start([](Options& o) { o.limits.write_timeout = Seconds(1), o.limits.minimum_rate = 1 << 20; });
  Client client(address(), {.alpn = "\x02h2"});
  const std::string no_window = frame(4, 0, 0, std::string("\x00\x04\x00\x00\x00\x00", 6));
  // GET /bytes/5000 with a literal path.
  client.send(std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + no_window + frame(1, 5, 1, std::string("\x82\x87\x04\x0b/bytes/5000\x41\x04test", 21)));
  char chunk[512];
  std::string got;
  while (got.find(std::string("\x00\x00\x04\x03\x00\x00\x00\x00\x01", 9)) == std::string::npos) {  // RST_STREAM of 1
    const std::size_t size = client.read_some(chunk, sizeof chunk);
    if (size == 0) break;
    got.append(chunk, size);
  }
  EXPECT_NE(got.find(std::string("\x00\x00\x04\x03\x00\x00\x00\x00\x01", 9)), std::string::npos);
}

TEST_F(Http2, DrainSaysGoAwayAndFinishes) {
  start();
  Http2Client client(address());
  const auto held = client.request("GET", "/held");
  client.flush();
  handler.wait_for_held(1);
  std::thread drainer([this] { server->drain(Seconds(10)); });
  client.run([&] { return client.goaway >= 0; });
  EXPECT_EQ(client.goaway, static_cast<int>(NGHTTP2_NO_ERROR));
  handler.release();
  EXPECT_EQ(client.finish(held).body, "released ");
  drainer.join();
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Http2, DrainEndsIdleConnections) {
  start();
  Http2Client client(address());
  EXPECT_EQ(client.finish(client.request("GET", "/echo")).fields[":status"], "200");
  server->drain(Seconds(5));
  client.read_rest();
  EXPECT_EQ(client.goaway, static_cast<int>(NGHTTP2_NO_ERROR));
  EXPECT_TRUE(client.closed);
}

TEST_F(Http2, StopsUnderLoad) {
  start();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  const std::string to = address();
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        Http2Client client(to);
        if (!client.connection().connected()) continue;
        std::vector<std::int32_t> ids;
        for (int i = 0; i < 20; ++i) ids.push_back(client.request("GET", i % 2 ? "/late" : "/pass"));
        for (const auto id : ids) {
          if (id > 0 && client.run([&] { return client.answers[id].ended; }) && !client.answers[id].fields[":status"].empty()) {
            EXPECT_EQ(client.answers[id].fields[":status"], "200");
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

}  // namespace
}  // namespace coffer::http::test
