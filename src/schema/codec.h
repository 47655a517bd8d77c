#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

// How one C++ type travels in JSON: its schema and both directions, with the leniency of Vault's field framework (vault-api.md §2.4)
// in this one place. One specialisation of Codec per wire type.
namespace coffer::schema {

struct FieldInfo;
struct WireType {
  std::string_view type;         // OpenAPI's: string, integer, boolean, array, object, number
  std::string_view format = "";  // OpenAPI's: int64, seconds, date-time, password, ...
  bool secret = false;           // never shown, not even to the audit log's HMAC-free fields
  std::vector<FieldInfo> (*members)() = nullptr;  // of a described type, or of the elements of a list of one
};

template <class T>
struct Codec;

// Texts of errors follow Go's mapstructure, which clients' suites know.
[[nodiscard]] std::unexpected<Error> wrong_type(std::string_view expected, json::Value got);
[[nodiscard]] Result<std::string> decode_string(json::Value value);
[[nodiscard]] Result<std::int64_t> decode_int(json::Value value);
[[nodiscard]] Result<bool> decode_bool(json::Value value);
[[nodiscard]] Result<Duration> decode_duration(json::Value value);  // negative ones pass
[[nodiscard]] Result<std::vector<std::string>> decode_string_list(json::Value value, bool split_commas);

template <>
struct Codec<std::string> {
  static constexpr WireType wire{"string"};
  static Result<std::string> decode(json::Value v) { return decode_string(v); }
  static void encode(json::Writer& w, const std::string& s) { w.string(s); }
};
// A capture of the path, as a view that lives as long as the call: only for path<>() fields, on hot paths.
template <>
struct Codec<std::string_view> {
  static constexpr WireType wire{"string"};
  static void encode(json::Writer& w, std::string_view s) { w.string(s); }
};
template <>
struct Codec<std::int64_t> {
  static constexpr WireType wire{"integer", "int64"};
  static Result<std::int64_t> decode(json::Value v) { return decode_int(v); }
  static void encode(json::Writer& w, std::int64_t i) { w.integer(i); }
};
template <>
struct Codec<bool> {
  static constexpr WireType wire{"boolean"};
  static Result<bool> decode(json::Value v) { return decode_bool(v); }
  static void encode(json::Writer& w, bool b) { w.boolean(b); }
};
template <>
struct Codec<double> {
  static constexpr WireType wire{"number"};
  static Result<double> decode(json::Value v);
  static void encode(json::Writer& w, double d) { w.number(d); }
};
// TTLs: 90, "90s", "1h" in; whole seconds out. Negative ones are refused.
template <>
struct Codec<Seconds> {
  static constexpr WireType wire{"integer", "seconds"};
  static Result<Seconds> decode(json::Value v);
  static void encode(json::Writer& w, Seconds s) { w.integer(s.count()); }
};
// Durations that come back in Go's form: "3h25m19s".
template <>
struct Codec<Duration> {
  static constexpr WireType wire{"string", "duration"};
  static Result<Duration> decode(json::Value v) { return decode_duration(v); }
  static void encode(json::Writer& w, Duration d) { w.string(go_duration(d)); }
};
template <>
struct Codec<Time> {
  static constexpr WireType wire{"string", "date-time"};
  static Result<Time> decode(json::Value v);
  static void encode(json::Writer& w, Time t);
};
template <>
struct Codec<SecretBytes> {
  static constexpr WireType wire{"string", "password", true};
  static Result<SecretBytes> decode(json::Value v);
  static void encode(json::Writer& w, const SecretBytes& s) { w.string(s.reveal_text()); }
};
// A list whose elements are kept as they are; a single string counts as a list of one.
template <>
struct Codec<std::vector<std::string>> {
  static constexpr WireType wire{"array", "string"};
  static Result<std::vector<std::string>> decode(json::Value v) { return decode_string_list(v, false); }
  static void encode(json::Writer& w, const std::vector<std::string>& list) {
    w.begin_array();
    for (const auto& s : list) w.string(s);
    w.end_array();
  }
};
// A list that may also come as "a,b": elements trimmed, empty ones dropped (Vault's TypeCommaStringSlice).
struct CommaList {
  std::vector<std::string> items;
  bool operator==(const CommaList&) const = default;
};
template <>
struct Codec<CommaList> {
  static constexpr WireType wire{"array", "string"};
  static Result<CommaList> decode(json::Value v);
  static void encode(json::Writer& w, const CommaList& list) { Codec<std::vector<std::string>>::encode(w, list.items); }
};
template <>
struct Codec<std::vector<std::int64_t>> {
  static constexpr WireType wire{"array", "int64"};
  static Result<std::vector<std::int64_t>> decode(json::Value v);
  static void encode(json::Writer& w, const std::vector<std::int64_t>& list);
};
// A map of strings: an object, or a list of "k=v" (Vault's TypeKVPairs). Ordered by key. Keys are the caller's and are redacted.
using StringMap = std::map<std::string, std::string, std::less<>>;
template <>
struct Codec<StringMap> {
  static constexpr WireType wire{"object", "string"};
  static Result<StringMap> decode(json::Value v);
  static void encode(json::Writer& w, const StringMap& map);
};
// Any JSON value, kept to the byte; "" stands for absent and is written as null.
struct RawJson {
  std::string text;
  bool operator==(const RawJson&) const = default;
};
template <>
struct Codec<RawJson> {
  static constexpr WireType wire{"object", "json"};
  static Result<RawJson> decode(json::Value v) { return RawJson{std::string(v.raw())}; }
  static void encode(json::Writer& w, const RawJson& j) {
    if (j.text.empty()) w.null();
    else w.raw(j.text);
  }
};
// A JSON object, kept to the byte; anything else is refused.
struct RawObject {
  std::string text;
  bool operator==(const RawObject&) const = default;
};
template <>
struct Codec<RawObject> {
  static constexpr WireType wire{"object"};
  static Result<RawObject> decode(json::Value v);
  static void encode(json::Writer& w, const RawObject& j) {
    if (j.text.empty()) w.null();
    else w.raw(j.text);
  }
};
// A JSON object or null, kept to the byte: null is a value of its own ("null"), absent is "".
struct RawObjectOrNull {
  std::string text;
  bool operator==(const RawObjectOrNull&) const = default;
};
template <>
struct Codec<RawObjectOrNull> {
  static constexpr WireType wire{"object"};
  static constexpr bool takes_null = true;
  static Result<RawObjectOrNull> decode(json::Value v) {
    if (v.is_null()) return RawObjectOrNull{"null"};
    return RawObjectOrNull{TRY(Codec<RawObject>::decode(v)).text};
  }
  static void encode(json::Writer& w, const RawObjectOrNull& j) { Codec<RawObject>::encode(w, {j.text}); }
};
// Absent or null: nothing. Written as null.
template <class T>
struct Codec<std::optional<T>> {
  static constexpr WireType wire = Codec<T>::wire;
  static Result<std::optional<T>> decode(json::Value v) {
    if (v.is_null()) return std::optional<T>{};
    return std::optional<T>(TRY(Codec<T>::decode(v)));
  }
  static void encode(json::Writer& w, const std::optional<T>& t) {
    if (t) Codec<T>::encode(w, *t);
    else w.null();
  }
};
// Left out of a reply when absent (Go's omitempty).
template <class T>
struct Omit {
  std::optional<T> value;
};
template <class T>
struct Codec<Omit<T>> {
  static constexpr WireType wire = Codec<T>::wire;
  static Result<Omit<T>> decode(json::Value v) { return Omit<T>{TRY(Codec<std::optional<T>>::decode(v))}; }
  static void encode(json::Writer& w, const Omit<T>& t) { Codec<std::optional<T>>::encode(w, t.value); }
};

}  // namespace coffer::schema
