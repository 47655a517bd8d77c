#include "core/openapi.h"
#include "core/steps.h"

// `?help=1`: a mount or an endpoint as a person reads it, and as OpenAPI, both from the declarations.
namespace coffer::core {
namespace {

std::string mount_help(const Mount& mount) {
  std::string out = "## DESCRIPTION\n\n" + std::string(mount.slot->backend->help()) + "\n\n## PATHS\n";
  for (const auto& e : mount.slot->table.endpoints())
    if (e.documented) out.append("\n    ").append(plain_pattern(e.pattern)).append("\n        ").append(e.help).append("\n");
  return out;
}

void append_field(std::string& out, const schema::FieldInfo& f) {
  out.append("    ").append(f.from == schema::From::whole ? std::string_view("any members") : f.name);
  out.append(" (").append(f.wire.type).append(")  ").append(f.help);
  if (!f.initial.empty() && f.initial != "null" && f.initial != "\"\"") out.append(" [default ").append(f.initial).append("]");
  out.append("\n");
}

// Fields of the path stand above all operations: they are the same for each.
std::string endpoint_help(const schema::Endpoint& endpoint, std::string_view asked) {
  std::string out = "Request:        " + std::string(asked) + "\nMatching Route: " + plain_pattern(endpoint.pattern) + "\n\n";
  out.append(endpoint.help).append("\n");
  const auto of_path = [](const schema::FieldInfo& f) { return f.from == schema::From::path; };
  if (!endpoint.operations.empty() && endpoint.pattern.find('{') != endpoint.pattern.npos) {
    out.append("\n");
    for (const auto& f : endpoint.operations.front().request)
      if (of_path(f)) append_field(out, f);
  }
  for (const schema::Operation& op : endpoint.operations) {
    out.append("\n## ").append(schema::verb_name(op.verb)).append("\n\n").append(op.summary).append("\n");
    if (op.access == schema::Access::sudo) out.append("Needs the sudo capability.\n");
    if (op.access == schema::Access::anyone) out.append("Needs no token.\n");
    if (std::all_of(op.request.begin(), op.request.end(), of_path)) continue;
    out.append("\n");
    for (const auto& f : op.request)
      if (!of_path(f)) append_field(out, f);
  }
  return out;
}

}  // namespace

schema::Reply help_reply(const Exchange& x, std::string_view version) {
  // Endpoints live as long as the mounts, which the answer keeps.
  schema::Custom body{[mounts = x.mounts, mount = x.mount, rest = std::string(x.rest), endpoint = x.rest.empty() ? nullptr : x.endpoint,
                       version](json::Writer& w) {
    const json::Writer::Public open(w);
    w.begin_object().key("help").string(endpoint != nullptr ? endpoint_help(*endpoint, rest) : mount_help(*mount));
    w.key("see_also").null().key("openapi");
    append_openapi_document(w, version, [&](json::Writer& inner) {
      if (endpoint != nullptr)
        append_openapi_endpoint(inner, *endpoint, "");
      else
        append_openapi_paths(inner, mount->slot->table, "");
    });
    w.end_object();
  }};
  return schema::to_reply(schema::Bare<schema::Custom>{std::move(body)});
}

}  // namespace coffer::core
