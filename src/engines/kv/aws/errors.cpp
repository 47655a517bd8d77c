#include "engines/kv/aws/errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace coffer::kv::aws {
namespace {

constexpr std::size_t max_name = 512;

struct Wire {
  Code code;
  const char* type;
};
Wire wire_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::not_found: return {Code::not_found, "ResourceNotFoundException"};
    case Refusal::exists: return {Code::invalid_argument, "ResourceExistsException"};
    case Refusal::invalid_request: return {Code::invalid_argument, "InvalidRequestException"};
    case Refusal::invalid_parameter: return {Code::invalid_argument, "InvalidParameterException"};
    case Refusal::validation: return {Code::invalid_argument, "ValidationException"};
    case Refusal::limit: return {Code::invalid_argument, "LimitExceededException"};
    case Refusal::bad_policy: return {Code::invalid_argument, "MalformedPolicyDocumentException"};
    case Refusal::public_policy: return {Code::invalid_argument, "PublicPolicyException"};
    case Refusal::next_token: return {Code::invalid_argument, "InvalidNextTokenException"};
    case Refusal::access_denied: return {Code::permission_denied, "AccessDeniedException"};
    case Refusal::precondition: return {Code::invalid_argument, "PreconditionNotMetException"};
  }
  return {Code::internal, nullptr};
}

}  // namespace

std::unexpected<Error> refuse(Refusal refusal, std::string message) {
  const Wire wire = wire_of(refusal);
  return fail(wire.code, wire.type, std::move(message));
}

std::unexpected<Error> no_such_secret() { return refuse(Refusal::not_found, "Secrets Manager can't find the specified secret."); }
std::unexpected<Error> no_such_stage(std::string_view label) {
  return refuse(Refusal::not_found, fmt::format("Secrets Manager can't find the specified secret value for staging label: {}", label));
}
std::unexpected<Error> no_such_version(std::string_view id) {
  return refuse(Refusal::not_found, fmt::format("Secrets Manager can't find the specified secret value for VersionId: {}", id));
}
std::unexpected<Error> marked_for_deletion() {
  return refuse(Refusal::invalid_request, "You can't perform this operation on the secret because it was marked for deletion.");
}
std::unexpected<Error> is_replica() {
  return refuse(Refusal::invalid_parameter, "Operation not permitted on a replica secret. Call must be made in primary secret's region.");
}

void Constraints::add(std::string_view at, std::string_view value, std::string_view constraint, Echo echo) {
  if (faults_++ > 0) text_.append("; ");
  text_.append(echo == Echo::shown ? fmt::format("Value '{}' at '{}'", value, at) : fmt::format("Value at '{}'", at));
  text_.append(" failed to satisfy constraint: ").append(constraint);
}

void Constraints::length(std::string_view at, std::string_view value, std::size_t least, std::size_t most, Echo echo) {
  add_length(at, value, utf8_length(value), least, most, echo);
}

void Constraints::hidden_length(std::string_view at, std::size_t size, std::size_t least, std::size_t most) {
  add_length(at, {}, size, least, most, Echo::hidden);
}

void Constraints::add_length(std::string_view at, std::string_view value, std::size_t size, std::size_t least, std::size_t most, Echo echo) {
  if (size > most)
    add(at, value, fmt::format("Member must have length less than or equal to {}", most), echo);
  else if (size < least)
    add(at, value, fmt::format("Member must have length greater than or equal to {}", least), echo);
}

void Constraints::range(std::string_view at, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value > most)
    add(at, std::to_string(value), fmt::format("Member must have value less than or equal to {}", most));
  else if (value < least)
    add(at, std::to_string(value), fmt::format("Member must have value greater than or equal to {}", least));
}

void Constraints::count(std::string_view at, std::size_t elements, std::size_t least, std::size_t most) {
  if (elements > most)
    add(at, "", fmt::format("Member must have length less than or equal to {}", most), Echo::hidden);
  else if (elements < least)
    add(at, "", fmt::format("Member must have length greater than or equal to {}", least), Echo::hidden);
}

void Constraints::one_of(std::string_view at, std::string_view value, std::span<const std::string_view> allowed) {
  if (std::ranges::find(allowed, value) != allowed.end()) return;
  add(at, value, fmt::format("Member must satisfy enum value set: [{}]", fmt::join(allowed, ", ")));
}

void Constraints::pattern(std::string_view at, std::string_view value, bool matches, std::string_view pattern, Echo echo) {
  if (!matches) add(at, value, fmt::format("Member must satisfy regular expression pattern: {}", pattern), echo);
}

void Constraints::present(std::string_view at, bool is) {
  if (!is) add(at, "", "Member must not be null", Echo::hidden);
}

Result<void> Constraints::done() const {
  if (faults_ == 0) return {};
  return refuse(Refusal::validation, fmt::format("{} validation error{} detected: {}", faults_, faults_ == 1 ? "" : "s", text_));
}

namespace {
bool has_characters_of_names(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || std::string_view("-/_+=.@!").contains(c);
  });
}
}  // namespace

bool is_name(std::string_view name) { return name.size() <= max_name && has_characters_of_names(name); }

Result<void> check_name(std::string_view name) {
  if (has_characters_of_names(name)) return {};
  return refuse(Refusal::validation,
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!");
}

}  // namespace coffer::kv::aws
