#pragma once
#include <array>
#include <string>
#include <string_view>

#include "schema/codec.h"

// The words in which a request or reply type declares its members: fields() answers a Fields of them.
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

// What is declared of a member, whatever its type.
struct FieldSpec {
  std::string_view name, help;
  From from = From::body;
  Show show = Show::hashed;
  bool must = false;
};
template <auto Member>
struct Field : FieldSpec {
  // Shows the field in clear in the audit log: for what is no secret and helps a reader (names, versions, times).
  [[nodiscard]] constexpr Field open() const {
    Field out = *this;
    out.show = Show::open;
    return out;
  }
  [[nodiscard]] constexpr Field required() const {
    Field out = *this;
    out.must = true;
    return out;
  }
};

// What fields() answers. Which members there are is its type, what is declared of them its value: a long list costs the compiler little more than a
// short one, unlike a tuple.
template <auto... Members>
struct Fields {
  constexpr explicit Fields(Field<Members>... list) : specs{list...} {}
  std::array<FieldSpec, sizeof...(Members)> specs;
};
template <auto... Members>
Fields(Field<Members>...) -> Fields<Members...>;

// Names in the path are public: the path itself is in the record.
template <auto M>
constexpr Field<M> path(std::string_view name, std::string_view help) {
  return {{name, help, From::path, Show::open}};
}
template <auto M>
constexpr Field<M> field(std::string_view name, std::string_view help) {
  return {{name, help, From::body}};
}
template <auto M>
constexpr Field<M> inlined() {
  return {{"", "", From::inlined}};
}
template <auto M>
constexpr Field<M> whole(std::string_view help) {
  return {{"*", help, From::whole}};
}

}  // namespace coffer::schema
