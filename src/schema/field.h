#pragma once
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "schema/codec.h"

// A request or reply type lists its members once, in fields(); decoding, encoding, help, OpenAPI and audit redaction read that list.
namespace coffer::schema {

enum class From : std::uint8_t {
  path,     // captured from the path
  body,     // a member of the body, or a query parameter
  whole,    // the whole body as it came (free-form data)
  inlined,  // a described type whose own fields stand beside these
};
enum class Show : std::uint8_t {
  hashed,  // the audit log holds its HMAC
  open,    // declared public: in clear
};

// What every generator needs to know of a field.
struct FieldInfo {
  std::string_view name, help;
  From from = From::body;
  WireType wire;
  Show show = Show::hashed;
  bool required = false;
  std::string initial;  // the default as JSON; "" when there is none
};

// A value captured from the path, and where all fields of a request come from.
struct Capture {
  std::string_view name, value;
};
struct Input {
  json::Value body;  // an object, or null when there is no body
  std::span<const Capture> captures;
};

template <class S>
concept Described = requires { S::fields(); };
template <Described S>
Result<void> read_members(S& into, const Input& input);
template <Described S>
void encode_members(json::Writer& w, const S& object);
template <Described S>
void describe_to(std::vector<FieldInfo>& out);

// A partial update of a T: only the members that the caller sent are applied. Checked (all types decode) when it is read.
template <class T>
struct Patch {
  std::string body;  // the caller's object, or ""
  Result<void> apply(T& to) const {
    if (body.empty()) return {};
    const json::Document document = TRY(json::Document::parse(body));
    return read_members(to, Input{document.root(), {}});
  }
  // True when the caller sent that member (null counts as absent).
  [[nodiscard]] bool has(std::string_view name) const {
    if (body.empty()) return false;
    const auto document = json::Document::parse(body);
    if (!document) return false;
    const auto member = document->root().find(name);
    return member && !member->is_null();
  }
};
template <class T>
struct PatchTarget {
  using type = T;
  static constexpr bool patch = false;
};
template <class T>
struct PatchTarget<Patch<T>> {
  using type = T;
  static constexpr bool patch = true;
};

template <class U>
struct IsOmit : std::false_type {};
template <class U>
struct IsOmit<Omit<U>> : std::true_type {};

template <auto Member>
struct Field;
template <class S, class T, T S::*Member>
struct Field<Member> {
  std::string_view name, help;
  From from = From::body;
  Show show = Show::hashed;
  bool must = false;

  // Shows the field in clear in the audit log: for what is no secret and helps a reader (names, versions, times).
  [[nodiscard]] constexpr Field open() const { return {name, help, from, Show::open, must}; }
  [[nodiscard]] constexpr Field required() const { return {name, help, from, show, true}; }

  void describe_to(std::vector<FieldInfo>& out) const {
    using Target = typename PatchTarget<T>::type;
    if constexpr (Described<Target>) {
      if (from == From::inlined) {
        schema::describe_to<Target>(out);
        return;
      }
    }
    if constexpr (!PatchTarget<T>::patch) {
      FieldInfo info{name, help, from, Codec<T>::wire, show, must, {}};
      if (from == From::body && !must) {
        json::Writer w(info.initial);
        Codec<T>::encode(w, S{}.*Member);
      }
      out.push_back(std::move(info));
    }
  }
  Result<void> read(S& into, const Input& input) const {
    if constexpr (PatchTarget<T>::patch) {
      typename PatchTarget<T>::type trial;
      CHECK_OK(read_members(trial, input));
      (into.*Member).body = input.body.is_null() ? std::string() : std::string(input.body.raw());
      return {};
    } else {
      return read_value(into, input);
    }
  }
  Result<void> read_value(S& into, const Input& input) const {
    if constexpr (Described<T>) {
      if (from == From::inlined) return read_members(into.*Member, input);
    }
    if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
      if (from == From::path) {
        for (const Capture& c : input.captures)
          if (c.name == name) into.*Member = T(c.value);
        return {};
      }
    }
    if constexpr (std::is_same_v<T, std::string_view>) return fail(Code::internal, "a view can only hold a capture");
    else return read_body(into, input);
  }
  Result<void> read_body(S& into, const Input& input) const {
    if constexpr (std::is_same_v<T, RawObject> || std::is_same_v<T, RawJson>) {
      if (from == From::whole) {
        (into.*Member).text = input.body.is_null() ? std::string() : std::string(input.body.raw());
        return {};
      }
    }
    const auto found = input.body.find(name);
    if (!found || (found->is_null() && !requires { Codec<T>::takes_null; })) {
      if (must) return invalid("missing required field \"" + std::string(name) + "\"");
      return {};
    }
    auto value = Codec<T>::decode(*found);
    if (!value)
      return fail(value.error().code, "Field validation failed: error converting input for field \"" + std::string(name) + "\": " + value.error().message);
    into.*Member = *std::move(value);
    return {};
  }
  void write(const S& object, json::Writer& w) const {
    if constexpr (PatchTarget<T>::patch) return;
    else write_value(object, w);
  }
  void write_value(const S& object, json::Writer& w) const {
    if constexpr (Described<T>) {
      if (from == From::inlined) {
        encode_members(w, object.*Member);
        return;
      }
    }
    if constexpr (IsOmit<T>::value) {
      if (!(object.*Member).value) return;
    }
    w.key(name);
    const json::Writer::Public clear(w, show == Show::open);
    Codec<T>::encode(w, object.*Member);
  }
};

// Names in the path are public: the path itself is in the record.
template <auto M>
constexpr Field<M> path(std::string_view name, std::string_view help) {
  return {name, help, From::path, Show::open};
}
template <auto M>
constexpr Field<M> field(std::string_view name, std::string_view help) {
  return {name, help, From::body};
}
template <auto M>
constexpr Field<M> inlined() {
  return {"", "", From::inlined};
}
template <auto M>
constexpr Field<M> whole(std::string_view help) {
  return {"*", help, From::whole};
}

// Members of an aggregate, counted: a member that fields() forgets is then a compile error.
struct AnyField {
  template <class T>
  operator T() const;  // NOLINT: never defined, only counted
};
template <class S, class... A>
consteval std::size_t arity(A... a) {
  if constexpr (requires { S{a..., AnyField{}}; }) return arity<S>(a..., AnyField{});
  else return sizeof...(A);
}

template <Described S>
void describe_to(std::vector<FieldInfo>& out) {
  static_assert(std::tuple_size_v<decltype(S::fields())> == arity<S>(), "fields() must list every member");
  std::apply([&](auto... f) { (f.describe_to(out), ...); }, S::fields());
}
template <Described S>
std::vector<FieldInfo> describe() {
  std::vector<FieldInfo> out;
  describe_to<S>(out);
  return out;
}
// Reads the members that are there into an object that exists; the others keep their values.
template <Described S>
Result<void> read_members(S& into, const Input& input) {
  Result<void> ok;
  std::apply([&](auto... f) { (void)((ok = f.read(into, input)).has_value() && ...); }, S::fields());
  return ok;
}
template <Described S>
Result<S> decode(const Input& input) {
  S out;
  CHECK_OK(read_members(out, input));
  return out;
}
template <Described S>
void encode_members(json::Writer& w, const S& object) {
  std::apply([&](auto... f) { (f.write(object, w), ...); }, S::fields());
}
template <Described S>
void encode(json::Writer& w, const S& object) {
  w.begin_object();
  encode_members(w, object);
  w.end_object();
}
// Records of the store and bodies that are not requests.
template <Described S>
Result<S> from_json(std::string_view text) {
  const json::Document document = TRY(json::Document::parse(text));
  return decode<S>(Input{document.root(), {}});
}
template <Described S>
std::string to_json(const S& object) {
  std::string out;
  json::Writer w(out);
  encode(w, object);
  return out;
}

// A described type is a wire type itself: nested objects.
template <Described S>
struct Codec<S> {
  static constexpr WireType wire{"object"};
  static Result<S> decode(json::Value v) {
    if (!v.is_object()) return wrong_type("map[string]interface {}", v);
    return schema::decode<S>(Input{v, {}});
  }
  static void encode(json::Writer& w, const S& s) { schema::encode(w, s); }
};
template <Described S>
struct Codec<std::vector<S>> {
  static constexpr WireType wire{"array", "object"};
  static Result<std::vector<S>> decode(json::Value v) {
    std::vector<S> out;
    for (const json::Value& e : v.elements()) out.push_back(TRY(Codec<S>::decode(e)));
    return out;
  }
  static void encode(json::Writer& w, const std::vector<S>& list) {
    w.begin_array();
    for (const auto& s : list) schema::encode(w, s);
    w.end_array();
  }
};
// Objects whose keys are names (mount paths, versions): the keys are public.
template <Described S>
struct Codec<std::map<std::string, S, std::less<>>> {
  static constexpr WireType wire{"object", "map"};
  static Result<std::map<std::string, S, std::less<>>> decode(json::Value v) {
    std::map<std::string, S, std::less<>> out;
    for (const auto& [key, member] : v.members()) out.emplace(std::string(key), TRY(Codec<S>::decode(member)));
    return out;
  }
  static void encode(json::Writer& w, const std::map<std::string, S, std::less<>>& map) {
    w.begin_object();
    for (const auto& [key, value] : map) {
      w.key(key);
      schema::encode(w, value);
    }
    w.end_object();
  }
};

}  // namespace coffer::schema
