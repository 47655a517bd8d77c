#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

// Policies in AWS's language (IAM User Guide, "JSON policy element reference"): read once, decided by a pure function. A resource policy names principals;
// an identity policy stands for its holder, so it names none.
namespace coffer::policy::iam {

enum class Effect : std::uint8_t { allow, deny };
enum class Kind : std::uint8_t { identity, resource };

// One key of a Condition block: operator, key, values.
struct Condition {
  std::string op;   // without quantifier and IfExists: "StringLike"
  std::string key;  // in lower case, as keys are compared: "aws:sourceip"
  std::vector<std::string> values;
  bool if_exists = false, for_all = false, for_any = false;
};

struct Statement {
  std::string sid;
  Effect effect = Effect::deny;
  std::vector<std::string> principals;  // of AWS: "*", an account, an ARN
  bool other_principals = false;        // names services and the like, which no caller here is
  bool not_principal = false;
  std::vector<std::string> actions, resources;
  bool not_action = false, not_resource = false;
  std::vector<Condition> conditions;
};

struct Document {
  std::string version;  // "2012-10-17" knows variables, "2008-10-17" does not
  std::vector<Statement> statements;
};

// What is asked, and what conditions may look at: values by key in lower case.
struct Query {
  std::string principal;  // ARN of the caller
  std::string account;    // the caller's
  std::string action;     // "secretsmanager:GetSecretValue"
  std::string resource;   // ARN
  std::map<std::string, std::vector<std::string>, std::less<>> context;
};

enum class Verdict : std::uint8_t { silent, allowed, denied };

// Errors are texts for whoever wrote the policy; they repeat no value of it.
[[nodiscard]] Result<Document> parse(std::string_view text, Kind kind);
// The same of a document that is to be kept: refuses values of conditions, too, that nothing ever meets ("10.0.0.0/33"), with which a Deny would do nothing.
[[nodiscard]] Result<Document> parse_new(std::string_view text, Kind kind);
// The document of whoever holds it, as it is kept; null of an empty text, which is none.
[[nodiscard]] Result<std::shared_ptr<const Document>> identity_document(std::string_view text);
// An explicit denial wins over all; without a statement that fits, the document is silent.
[[nodiscard]] Verdict decide(const Document& document, const Query& query);
// Whether the policy lets in anybody: an Allow for every principal that no condition narrows to known ones.
[[nodiscard]] bool is_public(const Document& document);

// Whether `text` fits a pattern with * and ?. Both as they are: callers fold case where AWS does.
[[nodiscard]] bool glob(std::string_view pattern, std::string_view text);
// iam_conditions.cpp
[[nodiscard]] bool known_operator(std::string_view op);
// Whether a value is of the operator's kind: a network, a number, a date, a truth value.
[[nodiscard]] bool possible_value(std::string_view op, std::string_view value);
[[nodiscard]] bool holds(const Condition& condition, const Query& query, bool variables);
// Whether an ARN is that of the account itself: "arn:<partition>:iam::<account>:root".
[[nodiscard]] bool is_root_arn(std::string_view arn);
// Puts the request's values in place of ${key}, ${key, 'default'}, ${*}, ${?} and ${$}. The pattern's own * and ? come as \x01 and \x02, so that those in what
// was put in match themselves. Nothing where a value is not known, or has these marks itself: that fits nothing.
[[nodiscard]] std::optional<std::string> expand(std::string_view pattern, const Query& query);
// Matches what `expand` made.
[[nodiscard]] bool glob_expanded(std::string_view pattern, std::string_view text);
// Whether `text` fits a pattern of a document, in which `variables` may stand.
[[nodiscard]] bool fits_pattern(std::string_view pattern, std::string_view text, const Query& query, bool variables);

}  // namespace coffer::policy::iam
