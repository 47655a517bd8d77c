#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "policy/iam.h"

namespace coffer::policy::iam {
namespace {

constexpr std::size_t max_statements = 1000;

std::unexpected<Error> bad(std::string text) { return invalid(std::move(text)); }

// A text, or a list of texts.
Result<std::vector<std::string>> texts(json::Value value, std::string_view element) {
  std::vector<std::string> out;
  if (value.is_string()) {
    out.emplace_back(value.text());
    return out;
  }
  if (!value.is_array()) return bad(std::string(element) + " must be a string or a list of strings");
  for (const json::Value& one : value.elements()) {
    if (!one.is_string()) return bad(std::string(element) + " must hold strings only");
    out.emplace_back(one.text());
  }
  if (out.empty()) return bad(std::string(element) + " must not be empty");
  return out;
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> read_principal(json::Value value, Statement& out) {
  if (value.is_string()) {
    if (value.text() != "*") return bad("Principal must be \"*\" or an object");
    out.principals.emplace_back("*");
    return {};
  }
  if (!value.is_object() || value.size() == 0) return bad("Principal must be \"*\" or an object");
  for (const auto& [kind, named] : value.members()) {
    auto list = TRY(texts(named, "Principal"));
    if (kind == "AWS") {
      for (std::string& one : list) {
        if (one != "*" && !is_account(one) && !one.starts_with("arn:")) return bad("an AWS principal must be *, an account or an ARN");
        if (one != "*" && one.find_first_of("*?") != std::string::npos) return bad("a principal's ARN must not hold wildcards");
        out.principals.push_back(std::move(one));
      }
    } else if (kind == "Service" || kind == "Federated" || kind == "CanonicalUser") {
      out.other_principals = true;
    } else {
      return bad("Principal has a member that is not known");
    }
  }
  return {};
}

Result<void> read_actions(json::Value value, std::string_view element, Statement& out) {
  out.actions = TRY(texts(value, element));
  for (const std::string& action : out.actions)
    if (action != "*" && (action.find(':') == std::string::npos || action.starts_with(':') || action.ends_with(':')))
      return bad(std::string(element) + " must hold actions such as secretsmanager:GetSecretValue");
  return {};
}

Result<void> read_resources(json::Value value, std::string_view element, Statement& out) {
  out.resources = TRY(texts(value, element));
  for (const std::string& resource : out.resources)
    if (resource != "*" && !resource.starts_with("arn:") && resource.find_first_of("*?$") == std::string::npos)
      return bad(std::string(element) + " must hold ARNs or *");
  return {};
}

Result<void> read_conditions(json::Value value, Statement& out) {
  if (!value.is_object()) return bad("Condition must be an object");
  for (const auto& [name, keys] : value.members()) {
    Condition model;
    std::string_view op = name;
    if (op.starts_with("ForAllValues:")) {
      model.for_all = true;
      op.remove_prefix(13);
    } else if (op.starts_with("ForAnyValue:")) {
      model.for_any = true;
      op.remove_prefix(12);
    }
    if (op.ends_with("IfExists")) {
      model.if_exists = true;
      op.remove_suffix(8);
    }
    if (!known_operator(op) || (op == "Null" && model.if_exists)) return bad("Condition has an operator that is not known");
    model.op = op;
    if (!keys.is_object()) return bad("an operator of Condition must hold keys with values");
    for (const auto& [key, values] : keys.members()) {
      Condition condition = model;
      condition.key = ascii_lower(key);
      const auto add = [&](json::Value one) -> Result<void> {
        if (one.is_bool())
          condition.values.emplace_back(one.as_bool() ? "true" : "false");
        else if (one.is_string() || one.is_number())
          condition.values.emplace_back(one.text());
        else
          return bad("values of Condition must be texts, numbers or truth values");
        return {};
      };
      if (values.is_array()) {
        for (const json::Value& one : values.elements()) CHECK_OK(add(one));
      } else {
        CHECK_OK(add(values));
      }
      out.conditions.push_back(std::move(condition));
    }
  }
  return {};
}

Result<void> read_element(std::string_view name, json::Value value, Kind kind, Statement& out) {
  if (name == "Sid") {
    if (!value.is_string()) return bad("Sid must be a string");
    out.sid = value.text();
    return {};
  }
  if (name == "Effect") {
    if (value.text() != "Allow" && value.text() != "Deny") return bad("Effect must be Allow or Deny");
    out.effect = value.text() == "Allow" ? Effect::allow : Effect::deny;
    return {};
  }
  if (name == "Principal" || name == "NotPrincipal") {
    if (kind == Kind::identity) return bad("an identity policy names no Principal");
    out.not_principal = name == "NotPrincipal";
    return read_principal(value, out);
  }
  if (name == "Action" || name == "NotAction") {
    out.not_action = name == "NotAction";
    return read_actions(value, name, out);
  }
  if (name == "Resource" || name == "NotResource") {
    out.not_resource = name == "NotResource";
    return read_resources(value, name, out);
  }
  if (name == "Condition") return read_conditions(value, out);
  return bad("a statement has an element that is not known");
}

Result<Statement> read_statement(json::Value value, Kind kind) {
  if (!value.is_object()) return bad("a statement must be an object");
  Statement out;
  const auto has = [&](std::string_view name) { return value.find(name).has_value(); };
  const auto exactly_one = [&](std::string_view one, std::string_view other) { return has(one) != has(other); };
  if (!has("Effect")) return bad("a statement must have an Effect");
  if (!exactly_one("Action", "NotAction")) return bad("a statement must have either Action or NotAction");
  if (!exactly_one("Resource", "NotResource")) return bad("a statement must have either Resource or NotResource");
  if (kind == Kind::resource && !exactly_one("Principal", "NotPrincipal"))
    return bad("a statement must have either Principal or NotPrincipal");
  for (const auto& [name, element] : value.members()) CHECK_OK(read_element(name, element, kind, out));
  return out;
}

bool unprintable(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace

Result<Document> parse(std::string_view text, Kind kind) {
  json::Limits limits;
  limits.depth = 16;
  limits.values = 20'000;
  auto json = json::Document::parse(text, limits);
  if (!json) return bad("the policy is no JSON text");
  if (!json->root().is_object()) return bad("the policy must be an object");
  Document out;
  out.version = "2008-10-17";
  bool has_statement = false;
  for (const auto& [name, value] : json->root().members()) {
    if (name == "Version") {
      if (value.text() != "2012-10-17" && value.text() != "2008-10-17") return bad("Version must be 2012-10-17 or 2008-10-17");
      out.version = value.text();
    } else if (name == "Statement") {
      has_statement = true;
      const auto list = value.is_array() ? value.elements() : std::vector<json::Value>{value};
      if (list.size() > max_statements) return bad("the policy has too many statements");
      for (const json::Value& one : list) out.statements.push_back(TRY(read_statement(one, kind)));
    } else if (name != "Id") {
      return bad("the policy has an element that is not known");
    }
  }
  if (!has_statement || out.statements.empty()) return bad("the policy must have a Statement");
  return out;
}

Result<std::shared_ptr<const Document>> identity_document(std::string_view text) {
  if (text.empty()) return nullptr;
  return std::make_shared<const Document>(TRY(parse(text, Kind::identity)));
}

Result<Document> parse_new(std::string_view text, Kind kind) {
  Document out = TRY(parse(text, kind));
  for (const Statement& statement : out.statements) {
    if (std::ranges::any_of(statement.resources, unprintable)) return bad("Resource has a control character");
    for (const Condition& condition : statement.conditions) {
      if (condition.values.empty()) return bad("Condition has a key without a value");
      for (const std::string& value : condition.values)
        if (unprintable(value) || !possible_value(condition.op, value)) return bad("Condition has a value that is none for its operator");
    }
  }
  return out;
}

}  // namespace coffer::policy::iam
