#include "cli/output/output.h"

#include <fmt/format.h>

#include <set>

#include "cli/output/json_text.h"
#include "cli/output/yaml_text.h"

namespace coffer::cli {
namespace {

std::int64_t whole(json::Value value) { return value.as_int().value_or(0); }

void add_auth_rows(json::Value auth, std::vector<Row>& rows) {
  const auto member = [&](std::string_view name) { return auth.find(name).value_or(json::Value()); };
  if (const json::Value mfa = member("mfa_requirement"); mfa.is_object()) {
    rows.push_back({"mfa_request_id", go_value(mfa.find("mfa_request_id").value_or(json::Value()))});
    for (const auto& constraint : mfa.find("mfa_constraints").value_or(json::Value()).members())
      for (const json::Value& any : constraint.value.find("any").value_or(json::Value()).elements()) {
        const std::string name = fmt::format("mfa_constraint_{}_{}", constraint.key, any.find("type").value_or(json::Value()).text());
        rows.push_back({name + "_id", std::string(any.find("id").value_or(json::Value()).text())});
        rows.push_back({name + "_uses_passcode", any.find("uses_passcode").value_or(json::Value()).as_bool() ? "true" : "false"});
        if (const std::string given(any.find("name").value_or(json::Value()).text()); !given.empty()) rows.push_back({name + "_name", given});
      }
    return;
  }
  rows.push_back({"token", std::string(member("client_token").text())});
  rows.push_back({"token_accessor", std::string(member("accessor").text())});
  const std::int64_t duration = whole(member("lease_duration"));
  rows.push_back({"token_duration", duration == 0 ? "∞" : human_seconds(duration)});
  rows.push_back({"token_renewable", member("renewable").as_bool() ? "true" : "false"});
  rows.push_back({"token_policies", go_quoted_list(member("token_policies"))});
  rows.push_back({"identity_policies", go_quoted_list(member("identity_policies"))});
  rows.push_back({"policies", go_quoted_list(member("policies"))});
  for (const auto& item : sorted_members(member("metadata"))) rows.push_back({fmt::format("token_meta_{}", item.key), go_value(item.value)});
}

// "2026-01-02T03:04:05.6Z" as Go prints a time: "2026-01-02 03:04:05.6 +0000 UTC".
std::string go_time(std::string_view rfc3339_text) {
  std::string out(rfc3339_text);
  if (out.size() < 20 || out[10] != 'T' || out.back() != 'Z') return out;
  out[10] = ' ';
  out.pop_back();
  return out + " +0000 UTC";
}

void add_wrap_rows(json::Value wrap, std::vector<Row>& rows) {
  const auto text = [&](std::string_view name) { return std::string(wrap.find(name).value_or(json::Value()).text()); };
  rows.push_back({"wrapping_token:", text("token")});
  rows.push_back({"wrapping_accessor:", text("accessor")});
  rows.push_back({"wrapping_token_ttl:", human_seconds(whole(wrap.find("ttl").value_or(json::Value())))});
  rows.push_back({"wrapping_token_creation_time:", go_time(text("creation_time"))});
  rows.push_back({"wrapping_token_creation_path:", text("creation_path")});
  if (!text("wrapped_accessor").empty()) rows.push_back({"wrapped_accessor:", text("wrapped_accessor")});
}

void add_object_rows(json::Value object, std::vector<Row>& rows) {
  for (const auto& member : sorted_members(object)) rows.push_back({std::string(member.key), cell(member.key, member.value)});
}

void print_key_values(Context& context, std::vector<Row> rows) {
  if (rows.empty()) return;
  rows.insert(rows.begin(), {"Key", "Value"});
  context.console.line(table(std::move(rows)));
}

void answer_table(Context& context, const Answer& answer) {
  print_warnings(context, answer);
  std::vector<Row> rows;
  if (const std::int64_t duration = whole(answer.member("lease_duration")); duration > 0) {
    if (const std::string lease(answer.member("lease_id").text()); !lease.empty()) {
      rows.push_back({"lease_id", lease});
      rows.push_back({"lease_duration", human_seconds(duration)});
      rows.push_back({"lease_renewable", answer.member("renewable").as_bool() ? "true" : "false"});
    } else {
      rows.push_back({"refresh_interval", human_seconds(duration)});
    }
  }
  if (answer.auth().is_object()) add_auth_rows(answer.auth(), rows);
  if (answer.is_wrapped()) add_wrap_rows(answer.wrap_info(), rows);
  add_object_rows(answer.data(), rows);
  print_key_values(context, std::move(rows));
}

// Rows of a list answer with the server's details beside each name.
std::vector<Row> detailed_rows(const std::vector<std::string>& keys, json::Value details) {
  std::set<std::string, std::less<>> headings;
  for (const auto& entry : details.members()) {
    if (!std::binary_search(keys.begin(), keys.end(), entry.key)) continue;
    for (const auto& field : entry.value.members()) headings.emplace(field.key);
  }
  std::vector<Row> rows(1, Row{"Keys"});
  rows[0].insert(rows[0].end(), headings.begin(), headings.end());
  for (const std::string& key : keys) {
    Row row{key};
    if (const std::optional<json::Value> entry = details.find(key))
      for (const std::string& heading : headings) {
        const std::optional<json::Value> value = entry->find(heading);
        row.push_back(value ? cell(heading, *value) : "n/a");
      }
    rows.push_back(std::move(row));
  }
  return rows;
}

// Prints under json, yaml; a failure for the forms that do not fit.
Expected<int> output_machine(Context& context, const std::string& json_text) {
  const std::string format = context.format();
  if (format == "json") {
    context.console.line(json_text);
    return exit_ok;
  }
  if (format == "yaml") {
    const Result<json::Document> parsed = json::Document::parse(json_text);
    if (!parsed) return usage_error("Could not parse output: " + parsed.error().message);
    context.console.line(trim_space(yaml_text(parsed->root())));
    return exit_ok;
  }
  if (format == "raw") return usage_error("This command does not support the -format=raw option.");
  if (format == "pretty") return usage_error("Could not parse output: cannot use the pretty formatter for this type");
  return usage_error("Invalid output format: " + format, "choose table, json, yaml or raw");
}

// What -field means in an answer: some names stand for members of its token or wrapping.
json::Value answer_field(const Answer& answer, std::string_view field) {
  struct Alias {
    std::string_view field, member;
  };
  static constexpr Alias of_auth[] = {{"token", "client_token"},           {"token_accessor", "accessor"}, {"token_duration", "lease_duration"},
                                      {"token_renewable", "renewable"},    {"token_policies", "token_policies"},
                                      {"identity_policies", "identity_policies"}, {"policies", "policies"}};
  static constexpr Alias of_wrap[] = {{"wrapping_token", "token"},
                                      {"wrapping_accessor", "accessor"},
                                      {"wrapping_token_ttl", "ttl"},
                                      {"wrapping_token_creation_time", "creation_time"},
                                      {"wrapping_token_creation_path", "creation_path"},
                                      {"wrapped_accessor", "wrapped_accessor"}};
  const auto in_data = [&] { return answer.data().is_object() ? answer.data().find(field).value_or(json::Value()) : json::Value(); };
  if (answer.auth().is_object()) {
    for (const Alias& alias : of_auth)
      if (alias.field == field) return answer.auth().find(alias.member).value_or(json::Value());
    return in_data();
  }
  if (answer.is_wrapped()) {
    for (const Alias& alias : of_wrap)
      if (alias.field == field) return answer.wrap_info().find(alias.member).value_or(json::Value());
    return in_data();
  }
  if (field == "lease_duration" || field == "refresh_interval") return answer.member("lease_duration");
  if (field == "lease_id" || field == "request_id" || field == "renewable") return answer.member(field);
  if (field == "data" && in_data().is_null()) return answer.data();
  return in_data();
}

Expected<int> output_field_value(Context& context, json::Value value, std::string_view field) {
  if (value.is_null()) return usage_error(fmt::format("Field {} not present in secret", json::quoted(field)));
  const std::string format = context.format();
  if (format == "table" || format == "raw") print_raw(context, go_value(value));
  else if (format == "json") print_raw(context, indented_json(value, true));
  else if (format == "yaml") print_raw(context, yaml_text(value));
  else return output_machine(context, "");
  return exit_ok;
}

}  // namespace

void print_raw(Context& context, std::string_view text) {
  if (context.console.out_is_terminal()) context.console.line(text);
  else context.console.write_out(text);
}

void print_warnings(Context& context, const Answer& answer) {
  const std::vector<std::string> warnings = answer.warnings();
  if (warnings.empty()) return;
  context.console.warn("WARNING! The following warnings were returned from Vault:\n");
  for (const std::string& warning : warnings) context.console.warn(wrap_words("* " + warning, 2) + "\n");
}

std::string envelope_json(const Answer& answer, bool with_mount_type) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("request_id").string(answer.member("request_id").text());
  writer.key("lease_id").string(answer.member("lease_id").text());
  writer.key("lease_duration").integer(whole(answer.member("lease_duration")));
  writer.key("renewable").boolean(answer.member("renewable").as_bool());
  writer.key("data").raw(compact_json(answer.data(), true));
  writer.key("warnings").raw(compact_json(answer.member("warnings"), true));
  if (answer.auth().is_object()) {
    writer.key("auth").begin_object();
    for (const char* name : {"client_token", "accessor", "policies", "token_policies", "identity_policies", "metadata", "orphan", "entity_id",
                             "lease_duration", "renewable", "mfa_requirement"}) {
      const std::optional<json::Value> value = answer.auth().find(name);
      if (value || std::string_view(name) == "identity_policies" || std::string_view(name) == "mfa_requirement")
        writer.key(name).raw(compact_json(value.value_or(json::Value()), true));
    }
    writer.end_object();
  }
  if (answer.is_wrapped()) writer.key("wrap_info").raw(compact_json(answer.wrap_info(), false));
  if (with_mount_type) writer.key("mount_type").string(answer.member("mount_type").text());
  writer.end_object();
  const Result<json::Document> parsed = json::Document::parse(out);
  return parsed ? indented_json(parsed->root(), false) : out;
}

bool list_keys(const MaybeAnswer& answer, std::vector<std::string>& keys) {
  if (!answer || !answer->data().is_object()) return false;
  const std::optional<json::Value> list = answer->data().find("keys");
  if (!list || !list->is_array()) return false;
  for (const json::Value& key : list->elements()) keys.emplace_back(key.text());
  return true;
}

Expected<int> output_answer(Context& context, const Answer& answer) {
  if (!context.is_table()) return output_machine(context, envelope_json(answer, context.world.persona != Persona::bao));
  answer_table(context, answer);
  return exit_ok;
}

Expected<int> output_value(Context& context, json::Value value) {
  if (!context.is_table()) return output_machine(context, indented_json(value, true));
  if (value.is_array()) {
    std::vector<Row> rows;
    for (const json::Value& element : value.elements()) rows.push_back({go_value(element)});
    if (!rows.empty()) context.console.line(table(std::move(rows)));
    return exit_ok;
  }
  if (!value.is_object()) return usage_error("Could not parse output: cannot use the table formatter for this type");
  std::vector<Row> rows;
  add_object_rows(value, rows);
  print_key_values(context, std::move(rows));
  return exit_ok;
}

Expected<int> output_json(Context& context, std::string_view json_text) {
  const Result<json::Document> parsed = json::Document::parse(json_text);
  if (!parsed) return usage_error("Could not parse output: " + parsed.error().message);
  if (!context.is_table()) return output_machine(context, indented_json(parsed->root(), false));
  return output_value(context, parsed->root());
}

Expected<int> output_list(Context& context, const Answer& answer) {
  const json::Value list = answer.data().find("keys").value_or(json::Value());
  const bool detailed = context.flags.boolean("detailed");
  if (!context.is_table()) {
    if (detailed) return output_machine(context, envelope_json(answer, context.world.persona != Persona::bao));
    return output_machine(context, indented_json(list, false));
  }
  print_warnings(context, answer);
  std::vector<std::string> keys;
  for (const json::Value& key : list.elements()) keys.emplace_back(key.text());
  if (keys.empty()) return exit_ok;
  std::sort(keys.begin(), keys.end());
  const std::optional<json::Value> details = answer.data().find("key_info");
  if (detailed && details && details->size() > 0) {
    context.console.line(table(detailed_rows(keys, *details)));
    return exit_ok;
  }
  std::vector<Row> rows(1, Row{"Keys"});
  for (std::string& key : keys) rows.push_back({std::move(key)});
  context.console.line(table(std::move(rows)));
  return exit_ok;
}

Expected<int> output_field(Context& context, const Answer& answer, std::string_view field) {
  return output_field_value(context, answer_field(answer, field), field);
}

Expected<int> output_member(Context& context, json::Value object, std::string_view field) {
  const json::Value value = object.is_object() ? object.find(field).value_or(json::Value()) : json::Value();
  return output_field_value(context, value, field);
}

Expected<int> output_field_or_answer(Context& context, const Answer& answer) {
  const std::string field = context.field();
  return field.empty() ? output_answer(context, answer) : output_field(context, answer, field);
}

}  // namespace coffer::cli
