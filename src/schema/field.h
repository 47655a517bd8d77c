#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/declare.h"

// A request or reply type lists its members once, in fields(); decoding, encoding, help, OpenAPI and audit redaction read that list.
namespace coffer::schema {

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
// The errors of a member, in the words of Vault's field framework.
[[nodiscard]] std::unexpected<Error> missing_field(std::string_view name);
[[nodiscard]] std::unexpected<Error> wrong_field(std::string_view name, const Error& why);

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

// One member each, not inline: what is common to members of one type is compiled once, for the usual types in field.cpp.
template <class T>
[[gnu::noinline]] Result<void> read_member(T& into, const FieldSpec& field, const Input& input) {
  if constexpr (PatchTarget<T>::patch) {
    typename PatchTarget<T>::type trial;
    CHECK_OK(read_members(trial, input));
    into.body = input.body.is_null() ? std::string() : std::string(input.body.raw());
    return {};
  } else {
    if constexpr (Described<T>) {
      if (field.from == From::inlined) return read_members(into, input);
    }
    if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
      if (field.from == From::path) {
        for (const Capture& c : input.captures)
          if (c.name == field.name) into = T(c.value);
        return {};
      }
    }
    if constexpr (std::is_same_v<T, RawObject> || std::is_same_v<T, RawJson>) {
      if (field.from == From::whole) {
        into.text = input.body.is_null() ? std::string() : std::string(input.body.raw());
        return {};
      }
    }
    if constexpr (std::is_same_v<T, std::string_view>) {
      return fail(Code::internal, "a view can only hold a capture");
    } else {
      const auto found = input.body.find(field.name);
      if (!found || (found->is_null() && !requires { Codec<T>::takes_null; })) return field.must ? missing_field(field.name) : Result<void>();
      auto value = Codec<T>::decode(*found);
      if (!value) return wrong_field(field.name, value.error());
      into = *std::move(value);
      return {};
    }
  }
}
template <class T>
[[gnu::noinline]] void write_member(const T& member, const FieldSpec& field, json::Writer& w) {
  if constexpr (!PatchTarget<T>::patch) {
    if constexpr (Described<T>) {
      if (field.from == From::inlined) return encode_members(w, member);
    }
    if constexpr (IsOmit<T>::value) {
      if (!member.value) return;
    }
    w.key(field.name);
    const json::Writer::Public clear(w, field.show == Show::open);
    Codec<T>::encode(w, member);
  }
}
// `initial` is the member of a fresh object.
template <class T>
[[gnu::noinline]] void describe_member(const T& initial, const FieldSpec& field, std::vector<FieldInfo>& out) {
  using Target = typename PatchTarget<T>::type;
  if constexpr (Described<Target>) {
    if (field.from == From::inlined) return schema::describe_to<Target>(out);
  }
  if constexpr (!PatchTarget<T>::patch) {
    FieldInfo info{field.name, field.help, field.from, Codec<T>::wire, field.show, field.must, {}};
    if (field.from == From::body && !field.must) {
      json::Writer w(info.initial);
      Codec<T>::encode(w, initial);
    }
    out.push_back(std::move(info));
  }
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

// The members of one type, which `object` is of, each with what is declared of it (field.cpp).
using ReadMember = Result<void> (*)(void* object, const FieldSpec&, const Input&);
using WriteMember = void (*)(const void* object, const FieldSpec&, json::Writer&);
using DescribeMember = void (*)(const void* object, const FieldSpec&, std::vector<FieldInfo>&);
[[nodiscard]] Result<void> read_each(void* object, std::span<const FieldSpec> fields, const ReadMember* members, const Input& input);
void write_each(const void* object, std::span<const FieldSpec> fields, const WriteMember* members, json::Writer& w);
void describe_each(const void* object, std::span<const FieldSpec> fields, const DescribeMember* members, std::vector<FieldInfo>& out);

template <class S, auto... Members>
struct MembersOf {
  template <auto Member>
  static Result<void> read(void* object, const FieldSpec& field, const Input& input) {
    return read_member(static_cast<S*>(object)->*Member, field, input);
  }
  template <auto Member>
  static void write(const void* object, const FieldSpec& field, json::Writer& w) {
    write_member(static_cast<const S*>(object)->*Member, field, w);
  }
  template <auto Member>
  static void describe(const void* object, const FieldSpec& field, std::vector<FieldInfo>& out) {
    describe_member(static_cast<const S*>(object)->*Member, field, out);
  }
  static constexpr std::array<ReadMember, sizeof...(Members)> readers{&MembersOf::template read<Members>...};
  static constexpr std::array<WriteMember, sizeof...(Members)> writers{&MembersOf::template write<Members>...};
  static constexpr std::array<DescribeMember, sizeof...(Members)> describers{&MembersOf::template describe<Members>...};
};
template <class S, auto... Members>
constexpr MembersOf<S, Members...> members_of(const Fields<Members...>&) {
  static_assert(sizeof...(Members) == arity<S>(), "fields() must list every member");
  return {};
}

template <Described S>
void describe_to(std::vector<FieldInfo>& out) {
  static constexpr auto fields = S::fields();
  const S fresh{};
  describe_each(&fresh, fields.specs, decltype(members_of<S>(fields))::describers.data(), out);
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
  static constexpr auto fields = S::fields();
  return read_each(&into, fields.specs, decltype(members_of<S>(fields))::readers.data(), input);
}
template <Described S>
Result<S> decode(const Input& input) {
  S out;
  CHECK_OK(read_members(out, input));
  return out;
}
template <Described S>
void encode_members(json::Writer& w, const S& object) {
  static constexpr auto fields = S::fields();
  write_each(&object, fields.specs, decltype(members_of<S>(fields))::writers.data(), w);
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
  static constexpr WireType wire{"object", "", false, &describe<S>};
  static Result<S> decode(json::Value v) {
    if (!v.is_object()) return wrong_type("map[string]interface {}", v);
    return schema::decode<S>(Input{v, {}});
  }
  static void encode(json::Writer& w, const S& s) { schema::encode(w, s); }
};
template <Described S>
struct Codec<std::vector<S>> {
  static constexpr WireType wire{"array", "object", false, &describe<S>};
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

// The usual types of members, with optional and omitted ones (field.cpp).
#define COFFER_FOR_EACH_WIRE_TYPE(X)                                                                                                                 \
  X(std::string) X(bool) X(std::int64_t) X(Seconds) X(Duration) X(Time) X(SecretBytes) X(std::vector<std::string>) X(CommaList) X(StringMap) X(RawJson) \
  X(RawObject) X(RawObjectOrNull)
#define COFFER_MEMBER_FUNCTIONS(KIND, T)                                                  \
  KIND template Result<void> read_member<T>(T&, const FieldSpec&, const Input&);          \
  KIND template void write_member<T>(const T&, const FieldSpec&, json::Writer&);          \
  KIND template void describe_member<T>(const T&, const FieldSpec&, std::vector<FieldInfo>&);
#define COFFER_EXTERN_MEMBER_FUNCTIONS(T)                        \
  COFFER_MEMBER_FUNCTIONS(extern, T)                             \
  COFFER_MEMBER_FUNCTIONS(extern, std::optional<T>)              \
  COFFER_MEMBER_FUNCTIONS(extern, Omit<T>)
COFFER_FOR_EACH_WIRE_TYPE(COFFER_EXTERN_MEMBER_FUNCTIONS)
#undef COFFER_EXTERN_MEMBER_FUNCTIONS

}  // namespace coffer::schema
