#pragma once
#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer {

// A request path in its one spelling (design.md §1.7, security.md S1): percent-decoded once; no leading slash, no empty segment,
// no `.` or `..`, no control character, no backslash, valid UTF-8. May end in one `/`, which lists have. Below the doors only
// this type names a path.
class CanonicalPath {
 public:
  static constexpr std::size_t max_length = 4096;   // bytes of the whole path
  static constexpr std::size_t max_segment = 512;   // bytes of one name
  CanonicalPath() = default;
  // From the raw, still encoded path of a request target (without the query), after the door's prefix such as "/v1/".
  static Result<CanonicalPath> from_encoded(std::string_view encoded);
  // From a path that is already decoded: out of a JSON body, or from our own code.
  static Result<CanonicalPath> from_decoded(std::string_view decoded);

  [[nodiscard]] std::string_view view() const { return text_; }
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] bool is_folder() const { return text_.empty() || text_.back() == '/'; }
  // The same path with one trailing slash, as a list has it.
  [[nodiscard]] CanonicalPath as_folder() const;
  auto operator<=>(const CanonicalPath&) const = default;

 private:
  explicit CanonicalPath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// Decodes %XX once; refuses broken escapes. `plus_is_space` for query strings and forms.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// The name of a policy, user, role, group or mount in its one spelling (S2): lower case, no control or bidirectional character, no
// space at either end (refused, never trimmed), at most 512 bytes, valid UTF-8. Made once, before the policy check and before storage.
class NormalizedName {
 public:
  NormalizedName() = default;
  static Result<NormalizedName> from(std::string_view raw);
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] std::string_view view() const { return text_; }
  auto operator<=>(const NormalizedName&) const = default;

 private:
  explicit NormalizedName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace coffer
