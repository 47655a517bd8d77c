#include "server/http/request_reader.h"

#include <gtest/gtest.h>

namespace coffer::http {
namespace {

using State = RequestReader::State;
using namespace std::string_literals;

struct Reading {
  Limits limits;
  Buffer input;
  Request request;
  RequestReader reader{limits};

  State feed(std::string_view bytes) {
    input.append(bytes);
    return reader.advance(input, request);
  }
};

struct Case {
  const char* name;
  std::string text;
  int status;
};

// Every one of these is read differently by some pair of real servers and proxies, or is an attack of its own.
const Case refused[] = {
    {"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
    {"two equal lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
    {"list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400},
    {"length with sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400},
    {"negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc", 400},
    {"hex length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", 400},
    {"empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
    {"huge length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
    {"length beside chunked", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunked beside length", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
    {"unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
    {"coding twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"coding with trick", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
    {"coding with vertical tab", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", 400},
    {"identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400},
    {"chunked in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"space before colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc", 400},
    {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n", 400},
    {"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400},
    {"folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400},
    {"folded first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
    {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"bare LF after field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
    {"bare CR in value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", 400},
    {"NUL in value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"s, 400},
    {"DEL in value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\x7f\r\n\r\n", 400},
    {"control in name", "GET / HTTP/1.1\r\nHost: a\r\nX\x01: b\r\n\r\n", 400},
    {"non-ASCII name", "GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: b\r\n\r\n", 400},
    {"control in target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"tab in target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"space in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"trailing space", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
    {"no version", "GET /\r\n\r\n", 400},
    {"version 2", "PRI * HTTP/2.0\r\n\r\n", 400},
    {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400},
    {"lower version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
    {"bad method", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
    {"relative target", "GET v1/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"star", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"other scheme", "GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"absolute, other host", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"absolute, no path", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
    {"userinfo host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
    {"expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: coffee\r\n\r\n", 417},
    {"two empty lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"chunk size with space", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", 400},
    {"chunk size with 0x", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400},
    {"negative chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", 400},
    {"empty chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", 400},
    {"chunk size overflow", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", 400},
    {"chunk ended by LF", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400},
    {"chunk data ended by LF", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", 400},
    {"chunk longer than its size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400},
    {"chunk extension with CR", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\rb\r\nabc\r\n0\r\n\r\n", 400},
    {"bad trailer", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n", 400},
};

TEST(RequestReader, RefusesWhatCanBeReadInTwoWays) {
  for (const Case& c : refused) {
    Reading whole;
    EXPECT_EQ(whole.feed(c.text), State::refused) << c.name;
    EXPECT_EQ(whole.reader.refusal().status, c.status) << c.name;
    EXPECT_FALSE(whole.reader.refusal().reason.empty()) << c.name;
    Reading slow;  // the same, a byte at a time
    State state = State::head;
    for (std::size_t i = 0; i < c.text.size() && state != State::refused && state != State::complete; ++i) state = slow.feed(c.text.substr(i, 1));
    EXPECT_EQ(state, State::refused) << c.name;
  }
}

TEST(RequestReader, ReadsASimpleRequest) {
  Reading r;
  ASSERT_EQ(r.feed("GET /v1/secret/data/x?version=2 HTTP/1.1\r\nHost: a:8200\r\nX-Vault-Token:\t s.1 \r\nX-Vault-Token: s.2\r\n\r\nGET"), State::complete);
  EXPECT_EQ(r.request.method, "GET");
  EXPECT_EQ(r.request.target, "/v1/secret/data/x?version=2");
  EXPECT_EQ(r.request.header("x-vault-token"), "s.1");
  EXPECT_EQ(r.request.count("X-VAULT-TOKEN"), 2u);
  EXPECT_EQ(r.request.body, "");
  EXPECT_TRUE(r.reader.keep_alive());
  EXPECT_EQ(r.input.view().substr(r.reader.consumed()), "GET");
}

TEST(RequestReader, ReadsAbsoluteFormAndOneEmptyLine) {
  Reading r;
  ASSERT_EQ(r.feed("\r\nGET http://a/v1/x HTTP/1.1\r\nHost: a\r\nConnection: TE, Close\r\n\r\n"), State::complete);
  EXPECT_EQ(r.request.target, "/v1/x");
  EXPECT_FALSE(r.reader.keep_alive());
}

TEST(RequestReader, KeepsHttp10OnlyOnRequest) {
  Reading r, kept;
  ASSERT_EQ(r.feed("GET / HTTP/1.0\r\n\r\n"), State::complete);
  EXPECT_FALSE(r.reader.keep_alive());
  ASSERT_EQ(kept.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), State::complete);
  EXPECT_TRUE(kept.reader.keep_alive());
}

TEST(RequestReader, ReadsASizedBodyThatMovesTheBuffer) {
  Reading r;
  ASSERT_EQ(r.feed("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"), State::body);
  EXPECT_TRUE(r.reader.wants_continue());
  EXPECT_GT(r.reader.expected_size(), 1'000'000u);
  State state = State::body;
  for (int i = 0; i < 1000; ++i) state = r.feed(std::string(1000, static_cast<char>('a' + i % 26)));
  ASSERT_EQ(state, State::complete);
  EXPECT_EQ(r.request.body.size(), 1'000'000u);
  EXPECT_EQ(r.request.body[1000], 'b');
  EXPECT_EQ(r.request.header("host"), "a");
  EXPECT_EQ(r.reader.consumed(), r.input.size());
}

TEST(RequestReader, UnchunksInPlaceHoweverItArrives) {
  const std::string text =
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3;name=value\r\nabc\r\n00A\r\n0123456789\r\n1\r\nz\r\n000\r\nTrailer: x\r\n\r\nPOST";
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    Reading r;
    State state = State::head;
    std::size_t at = 0;
    for (; at < text.size() && state != State::complete; at += piece) state = r.feed(text.substr(at, piece));
    ASSERT_EQ(state, State::complete) << piece;
    EXPECT_EQ(r.request.body, "abc0123456789z") << piece;
    EXPECT_EQ(r.request.target, "/x");
    EXPECT_EQ(std::string(r.input.view().substr(r.reader.consumed())), text.substr(text.size() - 4, r.input.size() - r.reader.consumed())) << piece;
  }
}

TEST(RequestReader, HoldsTheLimits) {
  const auto status = [](std::string_view text, auto change) {
    Reading r;
    change(r.limits);
    return r.feed(text) == State::refused ? r.reader.refusal().status : 0;
  };
  const std::string many = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n";
  EXPECT_EQ(status(many, [](Limits& l) { l.header_count = 3; }), 0);
  EXPECT_EQ(status(many, [](Limits& l) { l.header_count = 2; }), 431);
  EXPECT_EQ(status(many, [](Limits& l) { l.header_bytes = 20; }), 431);
  EXPECT_EQ(status("GET /" + std::string(200, 'a'), [](Limits& l) { l.target_bytes = 100; }), 414);
  EXPECT_EQ(status("GET /" + std::string(101, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", [](Limits& l) { l.target_bytes = 100; }), 414);
  EXPECT_EQ(status("GET /" + std::string(99, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", [](Limits& l) { l.target_bytes = 100; }), 0);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'b'), [](Limits&) {}), 431);
  EXPECT_EQ(status("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", [](Limits& l) { l.body_bytes = 10; }), 413);
  const std::string chunked = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status(chunked + "6\r\nabcdef\r\n5\r\n", [](Limits& l) { l.body_bytes = 10; }), 413);
  EXPECT_EQ(status(chunked + "3;" + std::string(300, 'x'), [](Limits&) {}), 400);
  std::string wasteful = chunked;
  for (int i = 0; i < 1000; ++i) wasteful += "1;" + std::string(200, 'x') + "\r\na\r\n";
  EXPECT_EQ(status(wasteful, [](Limits&) {}), 400);
  EXPECT_EQ(status(chunked + "0\r\n" + std::string(9000, 'x'), [](Limits&) {}), 400);
}

TEST(RequestReader, DescribesWhatItRefuses) {
  Reading r;
  r.limits.header_count = 1;
  ASSERT_EQ(r.feed("GET /v1/x HTTP/1.1\r\nHost: a\r\nB: c\r\n"), State::refused);
  EXPECT_EQ(r.reader.refusal().status, 431);
  EXPECT_EQ(r.request.method, "GET");
  EXPECT_EQ(r.request.target, "/v1/x");
}

}  // namespace
}  // namespace coffer::http
