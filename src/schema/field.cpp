#include "schema/field.h"

// The members' functions for the usual types, compiled once for all who declare such members.
namespace coffer::schema {

std::unexpected<Error> missing_field(std::string_view name) { return invalid("missing required field \"" + std::string(name) + "\""); }

std::unexpected<Error> wrong_field(std::string_view name, const Error& why) {
  return fail(why.code, "Field validation failed: error converting input for field \"" + std::string(name) + "\": " + why.message);
}

Result<void> read_each(void* object, std::span<const FieldSpec> fields, const ReadMember* members, const Input& input) {
  for (const FieldSpec& field : fields) CHECK_OK((*members++)(object, field, input));
  return {};
}

void write_each(const void* object, std::span<const FieldSpec> fields, const WriteMember* members, json::Writer& w) {
  for (const FieldSpec& field : fields) (*members++)(object, field, w);
}

void describe_each(const void* object, std::span<const FieldSpec> fields, const DescribeMember* members, std::vector<FieldInfo>& out) {
  for (const FieldSpec& field : fields) (*members++)(object, field, out);
}

#define COFFER_COMPILE_MEMBER_FUNCTIONS(T)    \
  COFFER_MEMBER_FUNCTIONS(, T)                \
  COFFER_MEMBER_FUNCTIONS(, std::optional<T>) \
  COFFER_MEMBER_FUNCTIONS(, Omit<T>)
COFFER_FOR_EACH_WIRE_TYPE(COFFER_COMPILE_MEMBER_FUNCTIONS)

}  // namespace coffer::schema
