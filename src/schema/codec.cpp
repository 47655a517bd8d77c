#include "schema/codec.h"

#include <charconv>

#include "base/json_names.h"

namespace coffer::schema {
namespace {

std::string_view go_type(json::Value v) {
  switch (v.kind()) {
    case json::Kind::null: return "nil";
    case json::Kind::boolean: return "bool";
    case json::Kind::number: return "json.Number";
    case json::Kind::string: return "string";
    case json::Kind::array: return "[]interface {}";
    case json::Kind::object: return "map[string]interface {}";
  }
  return "";
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

std::unexpected<Error> not_an_int() { return invalid("'' cannot parse value as 'int': strconv.ParseInt: invalid syntax"); }

}  // namespace

std::unexpected<Error> wrong_type(std::string_view expected, json::Value got) {
  return invalid("'' expected type '" + std::string(expected) + "', got unconvertible type '" + std::string(go_type(got)) + "'");
}

Result<std::string> decode_string(json::Value v) {
  switch (v.kind()) {
    case json::Kind::string:
    case json::Kind::number: return std::string(v.text());
    case json::Kind::boolean: return std::string(v.as_bool() ? "1" : "0");
    case json::Kind::null: return std::string();
    default: return wrong_type("string", v);
  }
}

Result<std::int64_t> decode_int(json::Value v) {
  if (v.is_null()) return 0;
  if (v.is_bool()) return v.as_bool() ? 1 : 0;
  if (v.is_number()) {
    if (const auto i = v.as_int()) return *i;
    return not_an_int();
  }
  if (!v.is_string()) return wrong_type("int", v);
  const std::string_view text = v.text();
  if (text.empty()) return 0;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data() + (text.front() == '+' ? 1 : 0), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return not_an_int();
  return out;
}

Result<bool> decode_bool(json::Value v) {
  if (v.is_null()) return false;
  if (v.is_bool()) return v.as_bool();
  if (v.is_number()) {
    const auto d = v.as_double();
    return d && *d != 0;
  }
  if (!v.is_string()) return wrong_type("bool", v);
  const std::string_view t = v.text();
  for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (t == yes) return true;
  for (std::string_view no : {"", "0", "f", "F", "FALSE", "false", "False"})
    if (t == no) return false;
  return invalid("'' cannot parse value as 'bool': strconv.ParseBool: invalid syntax");
}

Result<double> Codec<double>::decode(json::Value v) {
  if (v.is_null()) return 0;
  if (v.is_number())
    if (const auto d = v.as_double()) return *d;
  if (v.is_string()) {
    double out = 0;
    const std::string_view t = v.text();
    const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), out);
    if (error == std::errc() && end == t.data() + t.size()) return out;
    return invalid("'' cannot parse value as 'float': strconv.ParseFloat: invalid syntax");
  }
  return wrong_type("float64", v);
}

Result<Duration> decode_duration(json::Value v) {
  if (v.is_null()) return Duration(0);
  if (v.is_string()) return parse_duration(v.text());
  if (v.is_number()) {
    const auto whole = v.as_int();
    const auto real = v.as_double();
    if (!real || *real > 9.2e9 || *real < -9.2e9) return invalid("duration is out of range");
    return Seconds(whole ? *whole : static_cast<std::int64_t>(*real));
  }
  return invalid("could not parse duration from input");
}

Result<Seconds> Codec<Seconds>::decode(json::Value v) {
  const Duration d = TRY(decode_duration(v));
  if (d < Duration(0)) {
    const auto whole = std::chrono::duration_cast<Seconds>(d).count();
    return invalid("cannot provide negative value '" + std::to_string(whole) + "'");
  }
  return std::chrono::duration_cast<Seconds>(d);
}

Result<Time> Codec<Time>::decode(json::Value v) {
  if (v.is_string()) return parse_rfc3339(v.text());
  if (const auto seconds = v.as_int(); seconds && *seconds > -8'000'000'000 && *seconds < 9'000'000'000) return Time(Seconds(*seconds));
  return invalid("expected a time such as 2026-01-02T03:04:05Z");
}

void Codec<Time>::encode(json::Writer& w, Time t) {
  thread_local std::string text;  // times are in every answer, and too long for a small string
  text.clear();
  append_rfc3339(text, t);
  w.string(text);
}

Result<SecretBytes> Codec<SecretBytes>::decode(json::Value v) {
  if (v.is_string() || v.is_number()) return SecretBytes::copy_of(v.text());
  if (v.is_null()) return SecretBytes();
  return wrong_type("string", v);
}

Result<std::vector<std::string>> decode_string_list(json::Value v, bool split_commas) {
  std::vector<std::string> out;
  const auto take = [&](std::string_view text) {
    if (!split_commas) {
      out.emplace_back(text);
      return;
    }
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      if (const auto item = trimmed(text.substr(0, comma)); !item.empty()) out.emplace_back(item);
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
  };
  if (v.is_null()) return out;
  if (v.is_array()) {
    for (const json::Value& e : v.elements()) {
      auto text = decode_string(e);
      if (!text) return invalid("'[" + std::to_string(out.size()) + "]'" + text.error().message.substr(2));
      if (split_commas) {
        if (const auto item = trimmed(*text); !item.empty()) out.emplace_back(item);
      } else {
        out.push_back(*std::move(text));
      }
    }
    return out;
  }
  if (v.is_object()) return wrong_type("[]string", v);
  const std::string text = TRY(decode_string(v));
  if (!text.empty()) take(text);
  return out;
}

Result<CommaList> Codec<CommaList>::decode(json::Value v) { return CommaList{TRY(decode_string_list(v, true))}; }

Result<std::vector<std::int64_t>> Codec<std::vector<std::int64_t>>::decode(json::Value v) {
  std::vector<std::int64_t> out;
  if (v.is_null()) return out;
  if (v.is_array()) {
    std::size_t index = 0;
    for (const json::Value& e : v.elements()) {
      auto number = decode_int(e);
      if (!number)
        return invalid("decoding failed due to the following error(s):\n\n'[" + std::to_string(index) + "]'" + number.error().message.substr(2));
      out.push_back(*number);
      ++index;
    }
    return out;
  }
  if (v.is_string()) {
    for (const std::string& part : TRY(decode_string_list(v, true))) {
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
      if (error != std::errc() || end != part.data() + part.size()) return not_an_int();
      out.push_back(number);
    }
    return out;
  }
  out.push_back(TRY(decode_int(v)));
  return out;
}

void Codec<std::vector<std::int64_t>>::encode(json::Writer& w, const std::vector<std::int64_t>& list) {
  w.begin_array();
  for (const auto i : list) w.integer(i);
  w.end_array();
}

Result<StringMap> Codec<StringMap>::decode(json::Value v) {
  StringMap out;
  if (v.is_null()) return out;
  const auto take_pair = [&](std::string_view pair) -> Result<void> {
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos) return invalid("failed to parse the input: invalid <key,value> format");
    out.insert_or_assign(std::string(trimmed(pair.substr(0, equals))), std::string(trimmed(pair.substr(equals + 1))));
    return {};
  };
  if (v.is_object()) {
    for (const auto& [key, member] : v.members()) out.insert_or_assign(std::string(key), TRY(decode_string(member)));
    return out;
  }
  if (v.is_array()) {
    for (const json::Value& e : v.elements()) CHECK_OK(take_pair(TRY(decode_string(e))));
    return out;
  }
  if (v.is_string()) {
    // A string may hold a JSON object, or k=v pairs with commas between them.
    if (auto inner = json::Document::parse(v.text()); inner && inner->root().is_object()) return decode(inner->root());
    for (const std::string& pair : TRY(decode_string_list(v, true))) CHECK_OK(take_pair(pair));
    return out;
  }
  return wrong_type("map[string]string", v);
}

void Codec<StringMap>::encode(json::Writer& w, const StringMap& map) {
  w.begin_object();
  for (const auto& [key, value] : map) w.foreign_key(key).string(value);
  w.end_object();
}

Result<RawObject> Codec<RawObject>::decode(json::Value v) {
  if (std::string once; v.is_object()) return RawObject{std::string(json::with_names_once(v, v.raw(), once))};
  if (v.is_array()) {
    std::size_t index = 0;
    for (const json::Value& e : v.elements()) {
      if (!e.is_object()) {
        auto error = wrong_type("map[string]interface {}", e).error();
        return invalid("'[" + std::to_string(index) + "]'" + error.message.substr(2));
      }
      ++index;
    }
  }
  return wrong_type("map[string]interface {}", v);
}

}  // namespace coffer::schema
