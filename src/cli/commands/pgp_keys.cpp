#include "cli/commands/pgp_keys.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/commands/common.h"

namespace coffer::cli {
namespace {

// The base64 lines of an armored block (RFC 4880 §6.2), without its headers and checksum.
std::string armored_body(std::string_view text) {
  std::string out;
  bool in_block = false, in_body = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string line = trim_space(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("-----BEGIN ")) in_block = true;
    else if (line.starts_with("-----END ")) break;
    else if (in_block && !in_body) in_body = line.empty() || line.find(": ") == std::string::npos;
    if (in_body && !line.empty() && line[0] != '=') out += line;
  }
  return out;
}

std::string without_space(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') out.push_back(c);
  return out;
}

}  // namespace

Expected<std::string> pgp_key_base64(const std::string& path) {
  if (path.starts_with("keybase:"))
    return usage_error(fmt::format("\"{}\": keys are not fetched from keybase", path), "save the public key in a file and name that");
  const std::string content = TRY(read_file(path.starts_with('@') ? path.substr(1) : path));
  if (content.find("-----BEGIN PGP PUBLIC KEY BLOCK-----") != std::string::npos) {
    const std::string body = armored_body(content);
    if (!base64_decode(body)) return usage_error(fmt::format("\"{}\" holds a damaged OpenPGP key", path));
    return body;
  }
  if (std::string text = without_space(content); !text.empty() && base64_decode(text)) return text;
  if (content.empty()) return usage_error(fmt::format("\"{}\" is empty", path));
  return base64_encode(content);
}

Expected<std::string> pgp_keys_json(const std::string& paths) {
  std::vector<std::string> keys;
  for (std::size_t at = 0; at <= paths.size();) {
    const std::size_t end = std::min(paths.find(',', at), paths.size());
    if (const std::string path = trim_space(std::string_view(paths).substr(at, end - at)); !path.empty()) keys.push_back(TRY(pgp_key_base64(path)));
    at = end + 1;
  }
  return json_list(keys);
}

}  // namespace coffer::cli
