#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/path.h"

// Request paths and names: what is taken has one spelling. Every way to escape a path leads to the same one, and nothing that it holds could
// be read as another.
namespace {

using coffer::CanonicalPath;
using coffer::NormalizedName;

// All but slashes escaped.
std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    if (c == '/') {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

void check_path(std::string_view input) {
  const auto path = CanonicalPath::from_encoded(input);
  if (!path) {
    if (path.error().code != coffer::Code::invalid_argument || path.error().message.empty()) std::abort();
    return;
  }
  const std::string_view text = path->view();
  if (text.size() > CanonicalPath::max_length || text.starts_with('/') || text.find("//") != text.npos || text.find('\\') != text.npos)
    std::abort();
  const std::string framed = "/" + path->str() + "/";
  if (framed.find("/./") != framed.npos || framed.find("/../") != framed.npos) std::abort();
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
  if (!coffer::valid_utf8(text)) std::abort();
  const auto again = CanonicalPath::from_decoded(text), all_escaped = CanonicalPath::from_encoded(escaped(text));
  if (!again || *again != *path || !all_escaped || *all_escaped != *path) std::abort();
  const CanonicalPath folder = path->as_folder();
  if (!folder.is_folder() || folder.as_folder() != folder) std::abort();
}

void check_name(std::string_view input) {
  const auto name = NormalizedName::from(input);
  if (!name) return;
  const auto again = NormalizedName::from(name->view());
  if (!again || *again != *name || name->view().empty()) std::abort();
  const auto lower = NormalizedName::from(coffer::ascii_lower(input));
  if (!lower || *lower != *name) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_path(input);
  check_name(input);
  return 0;
}
