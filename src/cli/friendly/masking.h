#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::cli {

// Replaces secrets in a stream of bytes, wherever the stream is cut (Aho–Corasick). Masks each value as it is and in its base64,
// percent-encoded, JSON and hexadecimal forms, and the lines of a value with several. Values under six bytes are left: masking them would
// tear up ordinary text. A guard rail against accidents, not a boundary against a program that wants to tell.
class SecretPatterns {
 public:
  static constexpr std::size_t least_bytes = 6;
  void add(std::string_view secret);
  // After the last add, before the first masker.
  void compile();
  [[nodiscard]] bool empty() const { return patterns_.empty(); }

 private:
  friend class StreamMasker;
  struct Node {
    std::array<std::int32_t, 256> next;
    std::int32_t fallback = 0;
    std::uint32_t depth = 0;
    std::uint32_t longest = 0;  // of the patterns that end here
  };
  void add_pattern(std::string_view pattern);
  std::vector<std::string> patterns_;
  std::vector<Node> nodes_;
};

// One stream through the patterns, which must outlive it.
class StreamMasker {
 public:
  explicit StreamMasker(const SecretPatterns& patterns) : patterns_(patterns) {}
  // Takes a chunk and appends to `out` what is certain by now; the rest may yet turn out to be the beginning of a secret.
  void feed(std::string_view chunk, std::string& out);
  void finish(std::string& out);

 private:
  void emit(std::size_t until, std::string& out);
  const SecretPatterns& patterns_;
  std::int32_t state_ = 0;
  std::string held_;              // bytes not yet emitted; all that a match ending later can cover is among them
  std::vector<char> covered_;     // whether a match covers the byte
  bool mask_written_ = false;     // for the run of covered bytes that is being emitted
};

// How a value looks to somebody who may not see it: dots, and how long it is, roughly.
[[nodiscard]] std::string masked_value(std::string_view value);

}  // namespace coffer::cli
