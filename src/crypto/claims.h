#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace coffer::crypto {

// Whether a name stands twice in an object: two values under one name could be read as one by this program and as the other by the next.
[[nodiscard]] bool has_twice(json::Value object);

// What a signed token says (RFC 7519): claims, each of which stands once.
class Claims {
 public:
  // Of the payload of a token whose signature fits. The error holds nothing of it.
  static Result<Claims> parse(std::string_view payload);
  // Of a token whose signature nobody has looked at: to find out which keys it is to be checked with, and for nothing else.
  static Result<Claims> unverified(std::string_view token);

  // A claim that is a string; "" where it is none. Valid as long as this object.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  // A claim that is a string or a list of them (aud, groups).
  [[nodiscard]] std::vector<std::string_view> texts(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return document_.root().find(name).has_value(); }
  // A claim that is a time (exp), to the second; nothing where it is none.
  [[nodiscard]] std::optional<Time> time(std::string_view name) const;

  // Where a time lies in the token's own: exp, nbf and iat (sections 4.1.4 to 4.1.6). `leeway` is for clocks that differ. A token without an end, or with times that
  // are none, has no span.
  enum class Span : std::uint8_t { within, before, after, none };
  [[nodiscard]] Span at(Time now, Seconds leeway) const;

 private:
  explicit Claims(json::Document document) : document_(std::move(document)) {}
  json::Document document_;
};

}  // namespace coffer::crypto
