#include "cli/commands/denial.h"

#include <fmt/format.h>

#include "cli/commands/common.h"

namespace coffer::cli {
namespace {

std::string joined(json::Value list) {
  std::string out;
  for (const json::Value& item : list.elements()) out.append(out.empty() ? "" : ", ").append(item.text());
  return out;
}

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string rule_text(json::Value rule) {
  return fmt::format("{} [{}] in policy \"{}\"", text_of(rule, "rule"), joined(member_of(rule, "capabilities")), text_of(rule, "policy"));
}

std::string policies_text(json::Value data) {
  const std::string policies = joined(member_of(data, "policies")), missing = joined(member_of(data, "missing_policies"));
  std::string out = policies.empty() ? std::string() : fmt::format("\n  Policies: {}", policies);
  if (!missing.empty()) out += fmt::format("\n  Of these there is no: {}", missing);
  return out;
}

// The command could not find out what kind of secret it was about to read: the token reaches nothing on the mount.
std::string nothing_reached(const std::string& path, json::Value data) {
  const std::size_t slash = path.find('/');
  const std::string mount = path.substr(0, slash), rest = slash == std::string::npos ? std::string("*") : path.substr(slash + 1);
  return fmt::format(
      "Permission denied: no rule of the token's policies reaches anything on the mount of {}.{}\n"
      "  Needs: path \"{}/data/{}\" {{ capabilities = [\"read\"] }}   (KV version 2; without data/ for version 1)",
      path, policies_text(data), mount, rest);
}

}  // namespace

std::string decision_text(json::Value decision) {
  const bool allowed = member_of(decision, "allowed").as_bool();
  std::string out = fmt::format("{}: {} of {}: {}", allowed ? "Allowed" : "Denied", text_of(decision, "operation"),
                                text_of(decision, "path"), text_of(decision, "reason"));
  if (const std::string name = text_of(decision, "parameter"); !name.empty()) out += fmt::format(" ({})", name);
  if (!text_of(decision, "rule").empty()) out += "\n  Rule: " + rule_text(decision);
  const json::Value nearest = member_of(decision, "nearest");
  if (nearest.size() > 0 && text_of(decision, "rule").empty()) out += "\n  Closest rule: " + rule_text(nearest.elements().front());
  if (const std::string needs = text_of(decision, "needs"); !needs.empty()) out += "\n  Needs: " + needs;
  return out;
}

std::string explain_denial(Client& client, const Denial& denial) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object()
      .key("path")
      .string(trim_slashes(denial.path))
      .key("operation")
      .string(denial.capability.empty() ? "read" : denial.capability)
      .end_object();
  const Client::Plain plain(client);
  const Reply<MaybeAnswer> answer = client.post("sys/internal/why", std::move(body));
  if (!answer || !*answer || !(*answer)->data().is_object()) return {};
  const json::Value data = (*answer)->data();
  if (denial.capability.empty()) return nothing_reached(trim_slashes(denial.path), data);
  // An update that is no update but a first write is judged as a create; the server does not tell which it was.
  if (member_of(data, "allowed").as_bool()) return {};
  return "Permission " + lower_first(decision_text(data)) + policies_text(data);
}

}  // namespace coffer::cli
