#include "core/openapi.h"

namespace coffer::core {
namespace {

using schema::FieldInfo;
using schema::Operation;
using schema::Verb;
using Operations = std::vector<const Operation*>;

bool lists(Verb verb) { return verb == Verb::list || verb == Verb::scan; }

std::string_view method_of(Verb verb) {
  switch (verb) {
    case Verb::read:
    case Verb::list:
    case Verb::scan: return "get";
    case Verb::write: return "post";
    case Verb::patch: return "patch";
    case Verb::remove: return "delete";
  }
  return "get";
}

// A name for generated code, of its own in the document: "sys-mounts-path-tune-read".
std::string operation_id(std::string_view path, std::string_view verb) {
  std::string out;
  for (const char c : path) {
    if (c == '{' || c == '}') continue;
    const bool word = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
    if (word)
      out.push_back(c);
    else if (!out.empty() && out.back() != '-')
      out.push_back('-');
  }
  if (!out.empty() && out.back() != '-') out.push_back('-');
  return out.append(verb);
}

std::string_view item_type(std::string_view format) { return format == "int64" ? "integer" : format == "object" ? "object" : "string"; }

// Whether fields are asked for or answered: only the former have defaults.
enum class Side : std::uint8_t { request, reply };

void append_schema(json::Writer& w, const FieldInfo& field, Side side) {
  w.begin_object().key("type").string(field.wire.type);
  if (field.wire.type == "array")
    w.key("items").begin_object().key("type").string(item_type(field.wire.format)).end_object();
  else if (!field.wire.format.empty())
    w.key("format").string(field.wire.format);
  if (!field.help.empty()) w.key("description").string(field.help);
  if (side == Side::request && !field.initial.empty() && field.initial != "null") w.key("default").raw(field.initial);
  w.end_object();
}

// An object of those fields; `open` where it may hold others too.
void append_object(json::Writer& w, const std::vector<const FieldInfo*>& fields, Side side, bool open) {
  w.begin_object().key("type").string("object");
  if (!fields.empty()) {
    w.key("properties").begin_object();
    for (const auto* f : fields) {
      w.key(f->name);
      append_schema(w, *f, side);
    }
    w.end_object();
  }
  const auto required = [](const FieldInfo* f) { return f->required; };
  if (std::any_of(fields.begin(), fields.end(), required)) {
    w.key("required").begin_array();
    for (const auto* f : fields)
      if (f->required) w.string(f->name);
    w.end_array();
  }
  if (open) w.key("additionalProperties").boolean(true);
  w.end_object();
}

void append_json_content(json::Writer& w, const std::vector<const FieldInfo*>& fields, Side side, bool open) {
  w.key("content").begin_object().key("application/json").begin_object().key("schema");
  append_object(w, fields, side, open);
  w.end_object().end_object();
}

// Lists and deep lists share GET: the parameter tells them from a read.
void append_list_flags(json::Writer& w, const Operations& same) {
  for (const Operation* op : same) {
    if (!lists(op->verb)) continue;
    w.begin_object().key("name").string(schema::verb_name(op->verb)).key("in").string("query").key("required").boolean(same.size() == 1);
    w.key("description").string(op->summary);
    w.key("schema")
        .begin_object()
        .key("type")
        .string("string")
        .key("enum")
        .begin_array()
        .string("true")
        .end_array()
        .end_object()
        .end_object();
  }
}

void append_query(json::Writer& w, const Operations& same, const std::vector<const FieldInfo*>& fields) {
  if (!lists(same.front()->verb) && fields.empty()) return;
  w.key("parameters").begin_array();
  append_list_flags(w, same);
  for (const auto* f : fields) {
    w.begin_object().key("name").string(f->name).key("in").string("query");
    if (f->required) w.key("required").boolean(true);
    w.key("schema");
    append_schema(w, *f, Side::request);
    w.end_object();
  }
  w.end_array();
}

void append_reply(json::Writer& w, const Operation& op) {
  w.key("responses").begin_object();
  if (op.silent) {
    w.key("204").begin_object().key("description").string("No content").end_object().end_object();
    return;
  }
  w.key("200").begin_object().key("description").string("OK");
  if (!op.reply.empty()) {
    std::vector<const FieldInfo*> fields;
    for (const auto& f : op.reply) fields.push_back(&f);
    append_json_content(w, fields, Side::reply, false);
  }
  w.end_object().end_object();
}

void append_access(json::Writer& w, const Operation& op) {
  if (op.access == schema::Access::sudo) w.key("x-vault-sudo").boolean(true);
  if (op.access == schema::Access::anyone) w.key("x-vault-unauthenticated").boolean(true);
}

// The operations of one path that share a method; the first speaks for them.
void append_operation(json::Writer& w, std::string_view path, const Operations& same, bool with_access) {
  const Operation& op = *same.front();
  w.key(method_of(op.verb)).begin_object().key("operationId").string(operation_id(path, schema::verb_name(op.verb)));
  if (!op.summary.empty()) w.key("summary").string(op.summary);
  if (with_access) append_access(w, op);
  std::vector<const FieldInfo*> body;
  bool open = false;
  for (const auto& f : op.request) {
    open = open || f.from == schema::From::whole;
    if (f.from == schema::From::body) body.push_back(&f);
  }
  if (op.verb != Verb::write && op.verb != Verb::patch)
    append_query(w, same, body);
  else if (!body.empty() || open) {
    w.key("requestBody").begin_object();
    if (op.verb == Verb::patch) w.key("description").string("Sent as application/merge-patch+json.");
    append_json_content(w, body, Side::request, open);
    w.end_object();
  }
  append_reply(w, op);
  w.end_object();
}

std::string_view help_of_capture(const schema::Endpoint& endpoint, std::string_view name) {
  for (const auto& op : endpoint.operations)
    for (const auto& f : op.request)
      if (f.from == schema::From::path && f.name == name) return f.help;
  return {};
}

void append_path_parameters(json::Writer& w, const schema::Endpoint& endpoint, std::string_view path) {
  bool any = false;
  while (true) {
    const std::size_t from = path.find('{'), to = path.find('}');
    if (from == path.npos || to == path.npos || to < from) break;
    const std::string_view name = path.substr(from + 1, to - from - 1);
    path.remove_prefix(to + 1);
    if (!any) w.key("parameters").begin_array();
    any = true;
    w.begin_object().key("name").string(name).key("in").string("path").key("required").boolean(true);
    if (const auto help = help_of_capture(endpoint, name); !help.empty()) w.key("description").string(help);
    w.key("schema").begin_object().key("type").string("string").end_object().end_object();
  }
  if (any) w.end_array();
}

// One path and those of the endpoint's operations that stand there.
void append_path(json::Writer& w, const schema::Endpoint& endpoint, std::string_view path, const Operations& operations) {
  if (operations.empty()) return;
  w.key(path).begin_object().key("description").string(endpoint.help);
  append_path_parameters(w, endpoint, path);
  const bool one_access =
      std::all_of(operations.begin(), operations.end(), [&](const auto* op) { return op->access == operations.front()->access; });
  if (one_access) append_access(w, *operations.front());
  if (std::any_of(operations.begin(), operations.end(), [](const auto* op) { return static_cast<bool>(op->exists); }))
    w.key("x-vault-createSupported").boolean(true);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    Operations same;
    for (const Operation* op : operations)
      if (method_of(op->verb) == method_of(operations[i]->verb)) same.push_back(op);
    if (same.front() == operations[i]) append_operation(w, path, same, !one_access);
  }
  w.end_object();
}

}  // namespace

std::string plain_pattern(std::string_view pattern) {
  std::string out(pattern);
  for (const std::string_view mark : {"...}", "+}"})
    if (const std::size_t at = out.find(mark); at != out.npos) out.erase(at, mark.size() - 1);
  return out;
}

void append_openapi_endpoint(json::Writer& w, const schema::Endpoint& endpoint, std::string_view prefix) {
  if (!endpoint.documented) return;
  Operations plain, listing;
  bool reads = false;
  for (const auto& op : endpoint.operations) {
    reads = reads || op.verb == Verb::read;
    (lists(op.verb) ? listing : plain).push_back(&op);
  }
  const std::string path = "/" + std::string(prefix) + plain_pattern(endpoint.pattern);
  // A path has one GET: where it is a read, the list stands beside it, under the name of the folder.
  if (!reads) {
    plain.insert(plain.end(), listing.begin(), listing.end());
    listing.clear();
  }
  append_path(w, endpoint, path, plain);
  append_path(w, endpoint, path + "/", listing);
}

void append_openapi_paths(json::Writer& w, const schema::Table& table, std::string_view prefix) {
  for (const schema::Endpoint& endpoint : table.endpoints()) append_openapi_endpoint(w, endpoint, prefix);
}

void append_openapi_document(json::Writer& w, std::string_view version, const std::function<void(json::Writer&)>& fill) {
  w.begin_object().key("openapi").string("3.0.2");
  w.key("info")
      .begin_object()
      .key("title")
      .string("Coffer API")
      .key("description")
      .string("The Vault API as Coffer serves it. All paths stand below /v1/.");
  w.key("version")
      .string(version)
      .key("license")
      .begin_object()
      .key("name")
      .string("Apache License 2.0")
      .key("url")
      .string("https://www.apache.org/licenses/LICENSE-2.0")
      .end_object()
      .end_object();
  w.key("paths").begin_object();
  fill(w);
  w.end_object();
  w.key("components").begin_object().key("schemas").begin_object().end_object().end_object();
  w.end_object();
}

}  // namespace coffer::core
