#include "core/steps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/encoding.h"
#include "base/header_lookup.h"
#include "core/envelope.h"
#include "core/openapi.h"
#include "core/pipeline.h"
#include "core/revoke.h"

namespace coffer::core {

namespace {


}  // namespace

Result<void> judge_origin(Exchange& x) {
  const auto no_preflight = [] { return invalid("cannot handle internal-only request operation"); };
  const Cors* cors = x.settings && x.settings->cors ? &*x.settings->cors : nullptr;
  const std::string_view origin = cors ? header_of(x.request.headers, "origin") : std::string_view();
  if (origin.empty()) return x.request.preflight ? Result<void>(no_preflight()) : Result<void>();
  // A page of this very server is no stranger, whatever is configured.
  const std::size_t scheme = origin.find("://");
  if (!x.request.preflight && scheme != origin.npos && origin.substr(scheme + 3) == header_of(x.request.headers, "host")) return {};
  if (!cors->allows(origin)) return fail(Code::permission_denied, "origin not allowed");
  x.origin_allowed = true;
  if (x.request.preflight && header_of(x.request.headers, "access-control-request-method").empty()) return no_preflight();
  return {};
}

Result<void> check_name_space(const Exchange& x) {
  if (x.request.name_space.empty()) return {};
  if (x.operation != nullptr && x.operation->works_sealed && x.operation->access == schema::Access::anyone) return {};
  return fail(Code::not_found, "namespace not found");
}

std::string folded_path(const MountEntry& mount, const schema::Endpoint& endpoint, std::string_view rest, schema::Verb verb) {
  const bool lists = verb == schema::Verb::list || verb == schema::Verb::scan;
  if (!lists && rest.ends_with('/')) rest.remove_suffix(1);  // the table of endpoints does not look at it
  return mount.path + (endpoint.folds ? ascii_lower(rest) : std::string(rest));
}

Result<void> fold_path(Exchange& x) {
  if (!x.endpoint->folds && !x.rest.ends_with('/')) return {};
  if (x.endpoint->folds)
    for (const auto& capture : x.captures) (void)TRY(NormalizedName::from(capture.value));
  std::string folded = folded_path(x.mount->entry, *x.endpoint, x.rest, x.request.verb);
  if (folded == x.request.path.view()) return {};
  x.folded = std::move(folded);
  x.rest = std::string_view(x.folded).substr(x.mount->entry.path.size());
  x.captures = x.mount->slot->table.find(x.rest, x.request.verb, action_of(x.request)).captures;
  return {};
}

policy::Decision decide(const policy::Acl& acl, policy::Query query, std::string_view folded) {
  policy::Query plain = query;
  plain.folds_after = 0;
  policy::Decision decision = acl.decide(plain);
  const bool same = folded.empty() || folded == query.path;
  if (decision.reason == policy::Decision::Reason::denied || (same && query.folds_after == 0)) return decision;
  if (!same) query.path = folded;
  return acl.decide(query);
}

std::size_t folds_after(const MountEntry& mount, const schema::Endpoint* endpoint) {
  if (endpoint == nullptr || !endpoint->folds) return 0;
  return static_cast<std::size_t>(std::count(mount.path.begin(), mount.path.end(), '/'));
}

policy::Capabilities capability_of(schema::Verb verb, bool creating) {
  switch (verb) {
    case schema::Verb::read: return policy::read;
    case schema::Verb::list: return policy::list;
    case schema::Verb::scan: return policy::scan;
    case schema::Verb::write: return creating ? policy::create : policy::update;
    case schema::Verb::patch: return policy::patch;
    case schema::Verb::remove: return policy::del;
  }
  return policy::deny;
}

Permit ExchangeAuthority::says(std::string_view path, schema::Verb verb) const {
  if (!x_.token) return Permit::silent;
  policy::Query query;
  query.path = path;
  query.wanted = capability_of(verb, false);
  const policy::Decision decision = x_.token->acl->decide(query);
  if (decision.allowed) return Permit::allowed;
  return decision.reason == policy::Decision::Reason::denied ? Permit::denied : Permit::silent;
}

namespace {
// The stored key of a mount's record; good until the next call on this thread.
const std::string& stored_key(const Exchange& x, std::string_view key) {
  static thread_local std::string out;
  out.clear();
  x.mount->space.append_to(out);
  return out.append(key);
}
}  // namespace

std::shared_ptr<const void> ExchangeMemory::find(std::string_view key) const { return x_.runtime->made().get(stored_key(x_, key)); }
void ExchangeMemory::keep(std::string_view key, std::shared_ptr<const void> made) const {
  x_.runtime->made().put(stored_key(x_, key), std::move(made), x_.view->position());
}

SecretBytes ExchangeKeys::derive(std::string_view purpose) const { return x_.runtime->keys().derive("backend", purpose); }

std::string unsupported_verb(const schema::Endpoint& endpoint) {
  if (std::any_of(endpoint.operations.begin(), endpoint.operations.end(), [](const auto& op) { return op.works_sealed; })) return {};
  const bool open = !endpoint.operations.empty() && endpoint.operations.front().access == schema::Access::anyone;
  return open ? "unsupported operation" : joined_error("unsupported operation");
}

std::vector<std::string> parameter_warnings(const Exchange& x) {
  std::vector<std::string_view> unknown, replaced;
  const auto& fields = x.operation->request;
  for (const auto& field : fields)
    if (field.from == schema::From::whole) return {};
  for (const auto& [key, value] : x.document->root().members()) {
    const auto field = std::find_if(fields.begin(), fields.end(), [name = key](const schema::FieldInfo& f) { return f.name == name; });
    if (field == fields.end())
      unknown.push_back(key);
    else if (std::any_of(x.captures.begin(), x.captures.end(), [name = key](const schema::Capture& c) { return c.name == name; }))
      replaced.push_back(key);
  }
  std::vector<std::string> out;
  const auto warn = [&](std::string_view text, std::vector<std::string_view>& names) {
    if (names.empty()) return;
    std::sort(names.begin(), names.end());
    out.push_back(fmt::format("{}: [{}]", text, fmt::join(names, " ")));
  };
  warn("Endpoint ignored these unrecognized parameters", unknown);
  warn("Endpoint replaced the value of these parameters with the values captured from the endpoint's path", replaced);
  return out;
}

std::string wrapped_accessor_of(const Exchange& x) {
  const schema::Reply& reply = x.outcome.reply;
  if (reply.auth) return reply.auth->accessor;
  if (!reply.data || x.mount->entry.type != "approle") return {};
  std::string text;
  json::Writer w(text);
  reply.data->encode(w);
  const auto document = json::Document::parse(text);
  const auto accessor = document ? document->root().find("secret_id_accessor") : std::nullopt;
  return accessor ? std::string(accessor->text()) : std::string();
}

Result<schema::Reply> wrapped_by_cubbyhole(Exchange& x, RequestSpaces& spaces) {
  if (x.rest != "response" || x.request.verb != schema::Verb::read) return fail(Code::permission_denied, "1 error occurred:\n\t* permission denied\n\n");
  const auto envelope = TRY(spaces.read(wrapping_space(root_tenant)).get(x.token->record.id));
  if (!envelope) return schema::to_reply(std::optional<schema::RawObject>());
  std::string data;
  json::Writer w(data);
  w.begin_object().key("response").string(envelope->reveal_text()).end_object();
  schema::Answer<schema::RawObject> answer{{std::move(data)}, {"Reading from 'cubbyhole/response' is deprecated. Please use sys/wrapping/unwrap to unwrap responses, as it provides additional security checks and other benefits."}};
  return schema::to_reply(std::move(answer));
}

void InFlight::enter(const Exchange& x) {
  Shard& shard = shards_[shard_of(x)];
  const std::lock_guard lock(shard.mutex);
  shard.running.insert(&x);
}
void InFlight::leave(const Exchange& x) {
  Shard& shard = shards_[shard_of(x)];
  const std::lock_guard lock(shard.mutex);
  shard.running.erase(&x);
}
std::vector<InFlight::Item> InFlight::list() const {
  std::vector<Item> out;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const Exchange* x : shard.running)
      out.push_back({x->request.id, x->request.path.str(), std::string(x->request.remote_address), {}, x->request.verb, x->started});
  }
  return out;
}
std::size_t InFlight::count() const {
  std::size_t n = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    n += shard.running.size();
  }
  return n;
}

}  // namespace coffer::core
