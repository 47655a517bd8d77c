#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request_reader.h"

// HTTP/1.1 requests on one connection: they are read alike whole and in pieces of any size, and each, written out plainly, is read again as
// the same.
namespace {

using namespace coffer::http;
using State = RequestReader::State;

struct Reading {
  State state = State::head;
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> headers;
  Refusal refusal;
  bool keep_alive = true;
  bool operator==(const Reading& o) const {
    return state == o.state && method == o.method && target == o.target && body == o.body && headers == o.headers &&
           refusal.status == o.refusal.status && refusal.reason == o.refusal.reason && keep_alive == o.keep_alive;
  }
};

const Limits& limits() {
  static const Limits made = [] {
    Limits l;
    l.body_bytes = 64 << 10;
    l.header_bytes = 8 << 10;
    l.target_bytes = 1 << 10;
    l.header_count = 20;
    return l;
  }();
  return made;
}

Reading take(const RequestReader& reader, State state, const Request& request) {
  Reading out;
  out.state = state;
  if (state == State::refused) out.refusal = reader.refusal();
  if (state != State::complete) return out;
  out.method = request.method;
  out.target = request.target;
  out.body = request.body;
  out.keep_alive = reader.keep_alive();
  for (const Header& h : request.headers) out.headers.emplace_back(h.name, h.value);
  return out;
}

// All requests of the input, the last one perhaps unfinished or refused. `piece`: how many bytes come at once; 0: all.
std::vector<Reading> read_all(std::string_view input, std::size_t piece) {
  std::vector<Reading> out;
  Buffer buffer;
  Request request;
  RequestReader reader(limits());
  std::size_t fed = 0;
  for (;;) {
    State state = reader.advance(buffer, request);
    while (state != State::complete && state != State::refused && fed < input.size()) {
      const std::size_t count = std::min(piece == 0 ? input.size() : piece, input.size() - fed);
      buffer.append(input.substr(fed, count));
      fed += count;
      state = reader.advance(buffer, request);
    }
    out.push_back(take(reader, state, request));
    if (state != State::complete) return out;
    if (reader.consumed() > buffer.size()) std::abort();
    buffer.consume(reader.consumed());
    reader.reset();
    if (out.size() > 50) return out;
  }
}

void check_round_trip(const Reading& reading) {
  std::string text = reading.method + " " + reading.target + " HTTP/1.1\r\n";
  bool has_host = false;
  for (const auto& [name, value] : reading.headers) {
    const auto same = [&](std::string_view other) {
      return name.size() == other.size() &&
             std::equal(name.begin(), name.end(), other.begin(), [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    };
    if (same("transfer-encoding") || same("content-length") || same("connection") || same("expect"))
      continue;  // of the transfer, not of the message
    has_host = has_host || same("host");
    text += name + ": " + value + "\r\n";
  }
  if (!has_host) text += "Host: h\r\n";
  text += "Content-Length: " + std::to_string(reading.body.size()) + "\r\n\r\n" + reading.body;
  if (text.size() - reading.body.size() > limits().header_bytes || reading.headers.size() + 2 > limits().header_count) return;
  const auto again = read_all(text, 0);
  if (again.size() != 2 || again[0].state != State::complete || again[1].state != State::head) std::abort();
  if (again[0].method != reading.method || again[0].target != reading.target || again[0].body != reading.body) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto whole = read_all(input, 0);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    const auto pieces = read_all(input, piece);
    // A request that is too large is refused as soon as that is seen, which may be for another reason when less has come; never accepted.
    if (pieces.size() != whole.size()) std::abort();
    for (std::size_t i = 0; i < whole.size(); ++i) {
      if (whole[i].state == State::refused && pieces[i].state == State::refused) continue;
      if (!(whole[i] == pieces[i])) std::abort();
    }
  }
  for (const Reading& reading : whole) {
    if (reading.state == State::refused &&
        (reading.refusal.status < 400 || reading.refusal.status >= 500 || reading.refusal.reason.empty()))
      std::abort();
    if (reading.state == State::complete) check_round_trip(reading);
  }
  return 0;
}
