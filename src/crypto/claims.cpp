#include "crypto/claims.h"

#include <algorithm>

#include "base/encoding.h"

namespace coffer::crypto {
namespace {

constexpr json::Limits limits{.depth = 16, .values = 5000, .members = 500, .string_bytes = 64 << 10};

}  // namespace

bool has_twice(json::Value object) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : object.members()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

Result<Claims> Claims::parse(std::string_view payload) {
  auto document = json::Document::parse(payload, limits);
  if (!document || !document->root().is_object()) return invalid("it holds no claims");
  if (has_twice(document->root())) return invalid("it has a claim twice");
  return Claims(*std::move(document));
}

Result<Claims> Claims::unverified(std::string_view token) {
  const std::size_t first = token.find('.'), second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos) return invalid("it is no JSON Web Token");
  const auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  if (!payload) return invalid("it is no JSON Web Token");
  return parse(*payload);
}

std::string_view Claims::text(std::string_view name) const {
  const auto value = document_.root().find(name);
  return value && value->is_string() ? value->text() : std::string_view();
}

std::vector<std::string_view> Claims::texts(std::string_view name) const {
  std::vector<std::string_view> out;
  const auto value = document_.root().find(name);
  if (!value) return out;
  if (value->is_string()) out.push_back(value->text());
  for (const json::Value& element : value->elements())
    if (element.is_string()) out.push_back(element.text());
  return out;
}

std::optional<Time> Claims::time(std::string_view name) const {
  const auto value = document_.root().find(name);
  const auto seconds = value && value->is_number() ? value->as_double() : std::nullopt;
  if (!seconds || *seconds < 0 || *seconds > 8e9) return std::nullopt;
  return Time(Seconds(static_cast<std::int64_t>(*seconds)));
}

Claims::Span Claims::at(Time now, Seconds leeway) const {
  const auto end = time("exp");
  if (!end) return Span::none;
  if (*end + leeway <= now) return Span::after;
  for (const std::string_view name : {"nbf", "iat"})
    if (has(name)) {
      const auto from = time(name);
      if (!from) return Span::none;
      if (*from > now + leeway) return Span::before;
    }
  return Span::within;
}

}  // namespace coffer::crypto
