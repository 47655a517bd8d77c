#include "base/encoding.h"

#include <array>
#include <cstdint>

namespace coffer {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string encode64(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j <= n; ++j) out.push_back(alphabet[group >> (18 - 6 * j) & 63]);
    if (pad) out.append(3 - n, '=');
  }
  return out;
}

constexpr std::array<std::int8_t, 256> inverse(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}

Result<std::string> decode64(std::string_view text, std::string_view alphabet, bool padded) {
  static constexpr auto standard_table = inverse(standard), url_table = inverse(url_safe);
  const auto& table = alphabet.data() == standard.data() ? standard_table : url_table;
  if (padded) {
    if (text.size() % 4 != 0) return invalid("illegal base64 data: wrong length");
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return invalid("illegal base64 data: wrong length");
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t group = 0;
  int bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int v = table[static_cast<unsigned char>(text[i])];
    if (v < 0) return invalid("illegal base64 data at input byte " + std::to_string(i));
    group = group << 6 | static_cast<std::uint32_t>(v);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(group >> bits & 0xff));
    }
  }
  if (bits && (group & ((1u << bits) - 1)) != 0) return invalid("illegal base64 data: stray bits at the end");
  return out;
}

}  // namespace

void append_hex(std::string& out, std::string_view bytes) {
  std::size_t at = out.size();
  out.resize(at + bytes.size() * 2);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out[at++] = hex_digits[b >> 4];
    out[at++] = hex_digits[b & 15];
  }
}

std::string hex_encode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  append_hex(out, bytes);
  return out;
}

Result<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return invalid("hexadecimal text has an odd length");
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return invalid("not a hexadecimal digit at byte " + std::to_string(i));
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

std::string base64_encode(std::string_view bytes) { return encode64(bytes, standard, true); }
Result<std::string> base64_decode(std::string_view text) { return decode64(text, standard, true); }
std::string base64_raw_encode(std::string_view bytes) { return encode64(bytes, standard, false); }
Result<std::string> base64_raw_decode(std::string_view text) { return decode64(text, standard, false); }
std::string base64url_encode(std::string_view bytes) { return encode64(bytes, url_safe, false); }
Result<std::string> base64url_decode(std::string_view text) { return decode64(text, url_safe, false); }

bool valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p < end) {
    if (*p < 0x80) {
      ++p;
      continue;
    }
    int n = 0;
    std::uint32_t value = 0, least = 0;
    if (*p >= 0xc2 && *p <= 0xdf) n = 1, value = *p & 0x1f, least = 0x80;
    else if (*p >= 0xe0 && *p <= 0xef) n = 2, value = *p & 0x0f, least = 0x800;
    else if (*p >= 0xf0 && *p <= 0xf4) n = 3, value = *p & 0x07, least = 0x10000;
    else return false;
    if (end - p <= n) return false;
    for (int i = 1; i <= n; ++i) {
      if ((p[i] & 0xc0) != 0x80) return false;
      value = value << 6 | (p[i] & 0x3fu);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return false;
    p += n + 1;
  }
  return true;
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool ascii_iequal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<unsigned char>(a[i]), y = static_cast<unsigned char>(b[i]);
    if (x == y) continue;
    const unsigned lower = x | 0x20u;  // the cases of a letter differ in this bit alone
    if ((x ^ y) != 0x20u || lower < 'a' || lower > 'z') return false;
  }
  return true;
}

}  // namespace coffer
