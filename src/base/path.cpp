#include "base/path.h"

#include "base/encoding.h"

namespace coffer {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// U+200E, U+200F, U+202A..U+202E, U+2066..U+2069 and U+061C reorder what a person reads.
bool has_bidirectional_control(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto a = static_cast<unsigned char>(text[i]), b = static_cast<unsigned char>(text[i + 1]);
    if (a == 0xd8 && b == 0x9c) return true;
    if (a != 0xe2 || i + 2 >= text.size()) continue;
    const auto c = static_cast<unsigned char>(text[i + 2]);
    if (b == 0x80 && (c == 0x8e || c == 0x8f || (c >= 0xaa && c <= 0xae))) return true;
    if (b == 0x81 && c >= 0xa6 && c <= 0xa9) return true;
  }
  return false;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// C1 controls, U+0080..U+009F, in UTF-8.
bool has_c1_control(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    if (static_cast<unsigned char>(text[i]) == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  return false;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return invalid("invalid URL escape");
      out.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    }
  }
  return out;
}

Result<CanonicalPath> CanonicalPath::from_encoded(std::string_view encoded) {
  if (encoded.size() > max_length * 3) return invalid("path is longer than 4096 bytes");
  // An encoded slash would make one name of two spellings; it is refused before it is decoded.
  for (std::size_t i = 0; i + 2 < encoded.size(); ++i)
    if (encoded[i] == '%' && encoded[i + 1] == '2' && (encoded[i + 2] == 'f' || encoded[i + 2] == 'F'))
      return invalid("path must not contain an encoded slash (%2F)");
  return from_decoded(TRY(percent_decode(encoded)));
}

Result<CanonicalPath> CanonicalPath::from_decoded(std::string_view text) {
  if (text.size() > max_length) return invalid("path is longer than 4096 bytes");
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t slash = std::min(text.find('/', start), text.size());
    const std::string_view segment = text.substr(start, slash - start);
    if (segment.empty()) return invalid("path must not contain an empty segment (//) or begin with a slash");
    if (segment == "." || segment == "..") return invalid("relative paths not supported");
    if (segment.size() > max_segment) return invalid("path has a name longer than 512 bytes");
    start = slash + 1;
  }
  if (text.find('\\') != text.npos) return invalid("path must not contain a backslash");
  if (has_control(text) || !valid_utf8(text) || has_c1_control(text)) return invalid("path contains characters that cannot be printed");
  return CanonicalPath(std::string(text));
}

CanonicalPath CanonicalPath::as_folder() const { return is_folder() ? *this : CanonicalPath(text_ + "/"); }

Result<NormalizedName> NormalizedName::from(std::string_view raw) {
  if (raw.empty()) return invalid("name must not be empty");
  if (raw.size() > 512) return invalid("name is longer than 512 bytes");
  if (raw.front() == ' ' || raw.back() == ' ') return invalid("name must not begin or end with a space");
  if (!valid_utf8(raw) || has_control(raw) || has_c1_control(raw) || has_bidirectional_control(raw))
    return invalid("name contains characters that cannot be printed");
  return NormalizedName(ascii_lower(raw));
}

}  // namespace coffer
