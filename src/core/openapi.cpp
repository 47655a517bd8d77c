#include "core/openapi.h"

#include "core/steps.h"

namespace coffer::core {
namespace {

std::string_view method_of(schema::Verb verb) {
  switch (verb) {
    case schema::Verb::read:
    case schema::Verb::list:
    case schema::Verb::scan: return "get";
    case schema::Verb::write: return "post";
    case schema::Verb::patch: return "patch";
    case schema::Verb::remove: return "delete";
  }
  return "get";
}

void append_schema(json::Writer& w, const schema::FieldInfo& field) {
  w.begin_object().key("type").string(field.wire.type);
  if (field.wire.type == "array") w.key("items").begin_object().key("type").string(field.wire.format == "int64" ? "integer" : field.wire.format == "object" ? "object" : "string").end_object();
  else if (!field.wire.format.empty()) w.key("format").string(field.wire.format);
  w.key("description").string(field.help);
  if (!field.initial.empty() && field.initial != "null") w.key("default").raw(field.initial);
  w.end_object();
}

void append_operation(json::Writer& w, const schema::Operation& op) {
  w.begin_object().key("summary").string(op.summary);
  w.key("x-vault-sudo").boolean(op.access == schema::Access::sudo);
  w.key("x-vault-unauthenticated").boolean(op.access == schema::Access::anyone);
  std::vector<const schema::FieldInfo*> body;
  for (const auto& f : op.request)
    if (f.from == schema::From::body) body.push_back(&f);
  const bool query = op.verb == schema::Verb::read || op.verb == schema::Verb::list || op.verb == schema::Verb::scan || op.verb == schema::Verb::remove;
  if (op.verb == schema::Verb::list || (query && !body.empty())) {
    w.key("parameters").begin_array();
    if (op.verb == schema::Verb::list)
      w.begin_object().key("name").string("list").key("in").string("query").key("required").boolean(true).key("schema").begin_object().key("type").string("string").key("enum").begin_array().string("true").end_array().end_object().end_object();
    for (const auto* f : body) {
      w.begin_object().key("name").string(f->name).key("in").string("query").key("schema");
      append_schema(w, *f);
      w.end_object();
    }
    w.end_array();
  } else if (!body.empty()) {
    w.key("requestBody").begin_object().key("content").begin_object().key("application/json").begin_object().key("schema").begin_object();
    w.key("type").string("object").key("properties").begin_object();
    for (const auto* f : body) {
      w.key(f->name);
      append_schema(w, *f);
    }
    w.end_object().end_object().end_object().end_object().end_object();
  }
  w.key("responses").begin_object().key("200").begin_object().key("description").string("OK");
  if (!op.reply.empty()) {
    w.key("content").begin_object().key("application/json").begin_object().key("schema").begin_object().key("type").string("object").key("properties").begin_object();
    for (const auto& f : op.reply) {
      w.key(f.name);
      append_schema(w, f);
    }
    w.end_object().end_object().end_object().end_object();
  }
  w.end_object().end_object().end_object();
}

// {x...} of our patterns is {x} in OpenAPI.
std::string openapi_path(std::string_view prefix, std::string_view pattern) {
  std::string out = "/" + std::string(prefix) + std::string(pattern);
  if (const std::size_t dots = out.find("...}"); dots != out.npos) out.erase(dots, 3);
  return out;
}

}  // namespace

void append_openapi_paths(json::Writer& w, const schema::Table& table, std::string_view prefix) {
  for (const schema::Endpoint& endpoint : table.endpoints()) {
    w.key(openapi_path(prefix, endpoint.pattern)).begin_object().key("description").string(endpoint.help);
    bool parameters = false;
    if (!endpoint.operations.empty())
      for (const auto& f : endpoint.operations.front().request) {
        if (f.from != schema::From::path) continue;
        if (!parameters) w.key("parameters").begin_array();
        parameters = true;
        w.begin_object().key("name").string(f.name).key("in").string("path").key("required").boolean(true).key("description").string(f.help);
        w.key("schema").begin_object().key("type").string("string").end_object().end_object();
      }
    if (parameters) w.end_array();
    bool got = false;
    for (const schema::Operation& op : endpoint.operations) {
      // OpenAPI has one GET per path: a list stands there only where nothing is read.
      const bool get = method_of(op.verb) == "get";
      if (get && got) continue;
      got = got || get;
      w.key(method_of(op.verb));
      append_operation(w, op);
    }
    w.end_object();
  }
}

void append_openapi_document(json::Writer& w, std::string_view version, const std::function<void(json::Writer&)>& fill) {
  w.begin_object().key("openapi").string("3.0.2");
  w.key("info").begin_object().key("title").string("Coffer API").key("description").string("The Vault API as Coffer serves it. All paths stand below /v1/.");
  w.key("version").string(version).key("license").begin_object().key("name").string("Apache License 2.0").key("url").string("https://www.apache.org/licenses/LICENSE-2.0").end_object().end_object();
  w.key("paths").begin_object();
  fill(w);
  w.end_object();
  w.key("components").begin_object().key("schemas").begin_object().end_object().end_object();
  w.end_object();
}

std::string endpoint_help(const schema::Endpoint& endpoint) {
  std::string out = "Request:        " + std::string(endpoint.pattern) + "\n\n" + std::string(endpoint.help) + "\n";
  for (const schema::Operation& op : endpoint.operations) {
    out.append("\n").append(schema::verb_name(op.verb)).append(": ").append(op.summary).append("\n");
    for (const auto& f : op.request) {
      out.append("    ").append(f.name).append(" (").append(f.wire.type).append(")  ").append(f.help);
      if (!f.initial.empty() && f.initial != "null" && f.initial != "\"\"") out.append(" [default ").append(f.initial).append("]");
      out.append("\n");
    }
  }
  return out;
}

schema::Reply help_reply(const Exchange& x) {
  const schema::Endpoint* endpoint = x.endpoint;
  const Mount* mount = x.mount;
  const std::string_view rest = x.rest;
  schema::Custom body{[=](json::Writer& w) {
    w.begin_object().key("help");
    std::string text;
    if (rest.empty() || endpoint == nullptr) {
      text = "## DESCRIPTION\n\n" + std::string(mount->slot->backend->help()) + "\n\n## PATHS\n";
      for (const auto& e : mount->slot->table.endpoints()) text.append("\n    ").append(e.pattern).append("\n        ").append(e.help).append("\n");
    } else {
      text = endpoint_help(*endpoint);
    }
    w.string(text).key("see_also").null().key("openapi");
    append_openapi_document(w, "1", [&](json::Writer& inner) { append_openapi_paths(inner, mount->slot->table, ""); });
    w.end_object();
  }};
  return schema::to_reply(schema::Bare<schema::Custom>{std::move(body)});
}

}  // namespace coffer::core
