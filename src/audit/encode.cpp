#include "audit/encode.h"

#include <cstring>

#include "base/encoding.h"
#include "base/json.h"

namespace coffer::audit {
namespace {

// Whether all eight bytes pass as they are: printable ASCII but the quote and the backslash. Zero-byte tests of Mycroft's form; a false
// alarm only costs the slow way.
bool plain8(const char* data) {
  constexpr std::uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
  std::uint64_t word;
  std::memcpy(&word, data, 8);
  const std::uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
  return ((word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & highs) == 0;
}

bool plain(std::string_view value) {
  std::size_t i = 0;
  for (; i + 8 <= value.size(); i += 8)
    if (!plain8(value.data() + i)) return false;
  for (; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') return false;
  }
  return true;
}

// Length of the well-formed UTF-8 sequence that `text` begins with; 0 when there is none.
std::size_t sequence(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return length <= text.size() && valid_utf8(text.substr(0, length)) ? length : 0;
}

}  // namespace

void append_text(std::string& out, std::string_view value) {
  if (plain(value)) {
    out.append(value);
  } else if (valid_utf8(value)) {
    json::append_escaped(out, value);
  } else {
    while (!value.empty()) {
      const std::size_t length = sequence(value);
      if (length == 0) out.append("\\ufffd");
      else json::append_escaped(out, value.substr(0, length));
      value.remove_prefix(length == 0 ? 1 : length);
    }
  }
}

void append_json(std::string& out, std::string_view json) {
  const std::size_t begin = out.size();
  out.append(json);
  for (const char end : {'\n', '\r'})
    for (std::size_t i = json.find(end); i != std::string_view::npos; i = json.find(end, i + 1)) out[begin + i] = ' ';
}

}  // namespace coffer::audit
