#include "cli/friendly/masking.h"

#include <deque>

#include "base/encoding.h"
#include "base/json.h"
#include "base/secret.h"
#include "cli/client/transport.h"

namespace coffer::cli {
namespace {
constexpr std::string_view mask = "••••••";

std::string lower_percent(std::string text) {
  for (std::size_t i = 0; i + 2 < text.size(); ++i)
    if (text[i] == '%') {
      text[i + 1] = ascii_lower(text.substr(i + 1, 1))[0];
      text[i + 2] = ascii_lower(text.substr(i + 2, 1))[0];
      i += 2;
    }
  return text;
}

std::string plus_for_space(std::string text) {
  for (std::size_t at = 0; (at = text.find("%20", at)) != std::string::npos;) text.replace(at, 3, "+");
  return text;
}

std::string upper_hex(std::string_view bytes) {
  std::string out = hex_encode(bytes);
  for (char& c : out)
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

}  // namespace

void SecretPatterns::add(std::string_view secret) {
  if (secret.size() < least_bytes) return;
  add_pattern(secret);
  std::string escaped;
  json::append_escaped(escaped, secret);
  add_pattern(escaped);
  std::string base64 = base64_encode(secret);
  while (base64.ends_with('=')) base64.pop_back();
  add_pattern(base64);
  add_pattern(base64url_encode(secret));
  const std::string percent = percent_encode(secret, false);
  add_pattern(percent);
  add_pattern(lower_percent(percent));
  add_pattern(plus_for_space(percent));
  add_pattern(hex_encode(secret));
  add_pattern(upper_hex(secret));
  if (secret.find('\n') == std::string_view::npos) return;
  for (std::size_t at = 0; at < secret.size();) {
    const std::size_t end = std::min(secret.find('\n', at), secret.size());
    std::string_view line = secret.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    add_pattern(line);
    at = end + 1;
  }
}

void SecretPatterns::add_pattern(std::string_view pattern) {
  if (pattern.size() < least_bytes) return;
  if (std::find(patterns_.begin(), patterns_.end(), pattern) == patterns_.end()) patterns_.emplace_back(pattern);
}

void SecretPatterns::compile() {
  nodes_.clear();
  const auto new_node = [this](std::uint32_t depth) {
    nodes_.emplace_back();
    nodes_.back().next.fill(-1);
    nodes_.back().depth = depth;
    return static_cast<std::int32_t>(nodes_.size() - 1);
  };
  (void)new_node(0);
  for (std::string& pattern : patterns_) {
    std::int32_t at = 0;
    for (const char c : pattern) {
      const auto byte = static_cast<unsigned char>(c);
      std::int32_t next = nodes_[static_cast<std::size_t>(at)].next[byte];
      if (next < 0) {
        next = new_node(nodes_[static_cast<std::size_t>(at)].depth + 1);
        nodes_[static_cast<std::size_t>(at)].next[byte] = next;
      }
      at = next;
    }
    nodes_[static_cast<std::size_t>(at)].longest = static_cast<std::uint32_t>(pattern.size());
    wipe(pattern);
  }
  // Breadth first: each node's fallback is known before its children's; missing edges are filled in, so that a step is one look-up.
  std::deque<std::int32_t> queue;
  for (std::int32_t& next : nodes_[0].next) {
    if (next < 0) next = 0;
    else queue.push_back(next);
  }
  while (!queue.empty()) {
    const auto at = static_cast<std::size_t>(queue.front());
    queue.pop_front();
    const Node& fallback = nodes_[static_cast<std::size_t>(nodes_[at].fallback)];
    nodes_[at].longest = std::max(nodes_[at].longest, fallback.longest);
    for (std::size_t byte = 0; byte < 256; ++byte) {
      std::int32_t& next = nodes_[at].next[byte];
      if (next < 0) {
        next = fallback.next[byte];
      } else {
        nodes_[static_cast<std::size_t>(next)].fallback = fallback.next[byte];
        queue.push_back(next);
      }
    }
  }
}

void StreamMasker::feed(std::string_view chunk, std::string& out) {
  if (patterns_.empty()) {
    out += chunk;
    return;
  }
  for (const char c : chunk) {
    held_.push_back(c);
    covered_.push_back(0);
    state_ = patterns_.nodes_[static_cast<std::size_t>(state_)].next[static_cast<unsigned char>(c)];
    // The longest match that ends here is no longer than the state is deep, and what is that deep is held.
    const std::size_t length = patterns_.nodes_[static_cast<std::size_t>(state_)].longest;
    std::fill(covered_.end() - static_cast<std::ptrdiff_t>(length), covered_.end(), 1);
  }
  emit(held_.size() - patterns_.nodes_[static_cast<std::size_t>(state_)].depth, out);
}

void StreamMasker::finish(std::string& out) {
  emit(held_.size(), out);
  state_ = 0;
}

void StreamMasker::emit(std::size_t until, std::string& out) {
  for (std::size_t i = 0; i < until; ++i) {
    const bool masked = covered_[i] != 0;
    if (!masked) out.push_back(held_[i]);
    else if (!mask_written_) out += mask;
    mask_written_ = masked;
  }
  wipe(held_.data(), until);
  held_.erase(0, until);
  covered_.erase(covered_.begin(), covered_.begin() + static_cast<std::ptrdiff_t>(until));
}

std::string masked_value(std::string_view value) {
  if (value.empty()) return "(empty)";
  const char* size = value.size() < 8 ? "under 8" : value.size() < 16 ? "8 to 15" : value.size() < 32 ? "16 to 31" : value.size() < 128 ? "32 to 127" : "128 or more";
  return "•••• (" + std::string(size) + " bytes)";
}

}  // namespace coffer::cli
