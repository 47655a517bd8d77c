#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// AWS's own names and texts of failures, which its clients compare (API reference of Secrets Manager, "Errors").
namespace coffer::kv::aws {

enum class Refusal : std::uint8_t {
  not_found,          // ResourceNotFoundException
  exists,             // ResourceExistsException
  invalid_request,    // InvalidRequestException: not in this state
  invalid_parameter,  // InvalidParameterException
  validation,         // ValidationException: a constraint of the request's shape
  limit,              // LimitExceededException
  bad_policy,         // MalformedPolicyDocumentException
  public_policy,      // PublicPolicyException
  next_token,         // InvalidNextTokenException
  access_denied,      // AccessDeniedException
  precondition,       // PreconditionNotMetException
};
[[nodiscard]] std::unexpected<Error> refuse(Refusal refusal, std::string message);

[[nodiscard]] std::unexpected<Error> no_such_secret();
[[nodiscard]] std::unexpected<Error> no_such_stage(std::string_view label);
[[nodiscard]] std::unexpected<Error> no_such_version(std::string_view id);
[[nodiscard]] std::unexpected<Error> marked_for_deletion();
[[nodiscard]] std::unexpected<Error> is_replica();

// Collects what is wrong with a request's members, in AWS's words: "2 validation errors detected: Value '...' at 'filters.1.member.key' failed to satisfy
// constraint: ...". Names are AWS's spelling of the place. A secret value is not repeated.
class Constraints {
 public:
  enum class Echo : std::uint8_t { shown, hidden };
  // Lengths in characters (code points), as AWS counts them.
  void length(std::string_view at, std::string_view value, std::size_t least, std::size_t most, Echo echo = Echo::shown);
  // The same of a hidden value whose length alone is known.
  void hidden_length(std::string_view at, std::size_t size, std::size_t least, std::size_t most);
  void length_if(std::string_view at, const std::optional<std::string>& value, std::size_t least, std::size_t most) {
    if (value) length(at, *value, least, most);
  }
  void range(std::string_view at, std::int64_t value, std::int64_t least, std::int64_t most);
  void count(std::string_view at, std::size_t elements, std::size_t least, std::size_t most);
  void one_of(std::string_view at, std::string_view value, std::span<const std::string_view> allowed);
  void pattern(std::string_view at, std::string_view value, bool matches, std::string_view pattern, Echo echo = Echo::shown);
  void present(std::string_view at, bool is);
  // The ValidationException of all that was found, or nothing.
  [[nodiscard]] Result<void> done() const;

 private:
  void add_length(std::string_view at, std::string_view value, std::size_t size, std::size_t least, std::size_t most, Echo echo);
  void add(std::string_view at, std::string_view value, std::string_view constraint, Echo echo = Echo::shown);
  std::size_t faults_ = 0;
  std::string text_;
};

// Whether a secret can be called so: what Vault's API has made may have names that AWS's clients cannot say.
[[nodiscard]] bool is_name(std::string_view name);
// Characters of a name or of what stands for it.
[[nodiscard]] Result<void> check_name(std::string_view name);

}  // namespace coffer::kv::aws
