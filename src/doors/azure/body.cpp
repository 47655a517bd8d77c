#include "doors/azure/body.h"

#include <algorithm>
#include <span>

#include "base/secret.h"

namespace coffer::doors::azure {
namespace {

constexpr json::Limits limits{.depth = 16, .values = 10'000, .members = 2'000, .string_bytes = 20u << 20};

std::unexpected<Error> bad_body() {
  return fail(Code::invalid_argument, "BadParameter", "The request body is no JSON object that can be read.");
}
std::unexpected<Error> bad_value(std::string_view name) {
  return fail(Code::invalid_argument, "BadParameter", "Property " + std::string(name) + " has invalid value\r\n");
}

// Null is as if the member were absent.
Result<void> check_text(std::string_view name, json::Value value) {
  if (value.is_null() || value.is_string()) return {};
  return bad_value(name);
}
Result<void> check_bool(std::string_view name, json::Value value) {
  if (value.is_null() || value.is_bool()) return {};
  return bad_value(name);
}
// Seconds since 1970.
Result<void> check_time(std::string_view name, json::Value value) {
  const bool whole = value.is_number() && value.raw().find_first_of(".eE") == std::string_view::npos && value.as_int();
  if (value.is_null() || whole) return {};
  return bad_value(name);
}
// Where a tag has no value, there is no tag.
Result<void> check_tags(std::string_view name, json::Value value) {
  if (value.is_null()) return {};
  if (!value.is_object() || std::ranges::any_of(value.members(), [](const auto& tag) { return !tag.value.is_string(); }))
    return bad_value(name);
  return {};
}
Result<void> check_attributes(std::string_view name, json::Value value);

struct Member {
  std::string_view name;
  Result<void> (*check)(std::string_view name, json::Value value);
};
constexpr Member of_attributes[] = {{"enabled", check_bool}, {"nbf", check_time}, {"exp", check_time}};
constexpr Member of_set[] = {{"value", check_text}, {"contentType", check_text}, {"tags", check_tags}, {"attributes", check_attributes}};
constexpr Member of_update[] = {{"contentType", check_text}, {"tags", check_tags}, {"attributes", check_attributes}};
constexpr Member of_restore[] = {{"value", check_text}};

const Member* find(std::span<const Member> members, std::string_view name) {
  const auto at = std::ranges::find(members, name, &Member::name);
  return at == members.end() ? nullptr : &*at;
}

// Clients send attributes back as they got them, with members that are not theirs to set.
Result<void> check_attributes(std::string_view name, json::Value value) {
  if (value.is_null()) return {};
  if (!value.is_object()) return bad_value(name);
  for (const auto& [key, member] : value.members())
    if (const Member* known = find(of_attributes, key)) CHECK_OK(known->check(key, member));
  return {};
}

std::span<const Member> members_of(std::string_view operation) {
  if (operation == "keyvault:SetSecret") return of_set;
  if (operation == "keyvault:UpdateSecret") return of_update;
  if (operation == "keyvault:RestoreSecret") return of_restore;
  return {};
}

}  // namespace

Result<json::Document> read_body(std::string_view operation, std::string_view body, std::string_view members) {
  auto document = json::Document::parse(body.empty() ? std::string_view("{}") : body, limits);
  if (!document || !document->root().is_object()) return bad_body();
  const std::span<const Member> known = members_of(operation);
  bool whole = members.empty();  // nothing to add, nothing to leave out
  std::string text = "{" + std::string(members);
  for (const auto& [name, value] : document->root().members()) {
    const Member* member = find(known, name);
    if (member == nullptr) {
      whole = false;
      continue;
    }
    CHECK_OK(member->check(name, value));
    text.append(text.size() > 1 ? "," : "").append(json::quoted(name)).append(":").append(value.raw());
  }
  text.push_back('}');
  auto joined = whole ? std::move(document) : json::Document::parse(text, limits);
  wipe(text);
  if (!joined) return bad_body();
  return *std::move(joined);
}

}  // namespace coffer::doors::azure
