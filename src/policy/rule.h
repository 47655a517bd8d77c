#pragma once
#include "policy/hcl.h"
#include "policy/policy.h"

// What a parsed policy holds (internal to this layer).
namespace coffer::policy {

// The capabilities' words and bits, in order of the bits.
struct CapabilityWord {
  std::string_view word;
  Capabilities bit;
};
inline constexpr CapabilityWord capability_words[] = {
    {"deny", deny}, {"create", create}, {"read", read}, {"update", update},       {"delete", del},      {"list", list},
    {"sudo", sudo}, {"patch", patch},   {"scan", scan}, {"subscribe", subscribe}, {"recover", recover},
};
inline constexpr std::size_t capability_count = std::size(capability_words);

// allowed_parameters or denied_parameters: names in lower case with the values they are about; no values: any value.
using ParameterRules = std::vector<std::pair<std::string, std::vector<hcl::Value>>>;

// What a rule asks of a request beyond its capability.
struct Restrictions {
  ParameterRules allowed, denied;
  std::vector<std::string> required;
  Duration min_wrapping{}, max_wrapping{};  // zero: none
  std::int64_t pagination_limit = 0;        // zero: none
  [[nodiscard]] bool none() const {
    return allowed.empty() && denied.empty() && required.empty() && min_wrapping == Duration{} && max_wrapping == Duration{} &&
           pagination_limit == 0;
  }
};

struct PathRule {
  std::string path;  // as written, without a leading '/'; may hold templates
  Capabilities capabilities = 0;
  bool templated = false;
  Restrictions restrictions;
  std::optional<Time> expires;
};

class Policy {
 public:
  std::string name;
  std::vector<PathRule> rules;
  bool templated = false;
};

// A path with '+' as a whole segment is matched segment by segment; any other path is exact, or a prefix when it ends in '*'.
[[nodiscard]] bool has_segment_wildcards(std::string_view path);

// Fills in the templates of a path. Nothing when a value is missing; `unsafe` is set when a value holds '/', '*', '+' or is empty.
struct Rendered {
  std::optional<std::string> path;
  bool unsafe = false;
};
[[nodiscard]] Rendered render(std::string_view path, const IdentityContext* identity);
// The same path with every segment that holds a template widened to "+" (for rules that deny).
[[nodiscard]] std::string widen_templates(std::string_view path);
// True when `{{` and `}}` are balanced; `found` tells whether there are any.
[[nodiscard]] bool check_templates(std::string_view path, bool& found);

// Why a request's parameters do not do: `name` is missing, or not allowed with its value. Views into the restrictions or the parameters.
struct ParameterFault {
  bool missing = false;
  std::string_view name;
};
// Whether a request's parameters meet required_, denied_ and allowed_parameters; nothing when they do.
[[nodiscard]] std::optional<ParameterFault> check_parameters(const Restrictions& restrictions, const json::Value& parameters);
// Whether a list asks for a page within pagination_limit; nothing when it does.
[[nodiscard]] std::optional<ParameterFault> check_page(std::int64_t limit, const json::Value& parameters);

// "1 error occurred:\n\t* a\n\n", as Go clients know it.
[[nodiscard]] std::string listed_errors(const std::vector<std::string>& errors);

}  // namespace coffer::policy
