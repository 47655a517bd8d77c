#include "core/steps.h"

#include "base/encoding.h"
#include "core/openapi.h"
#include "core/pipeline.h"
#include "core/revoke.h"

namespace coffer::core {

Result<void> fold_names(Exchange& x) {
  if (!x.endpoint->folds) return {};
  for (const auto& capture : x.captures) (void)TRY(NormalizedName::from(capture.value));
  std::string folded = x.mount->entry.path + ascii_lower(x.rest);
  if (folded == x.request.path.view()) return {};
  x.folded = std::move(folded);
  x.rest = std::string_view(x.folded).substr(x.mount->entry.path.size());
  x.captures = x.mount->slot->table.find(x.rest, x.request.verb).captures;
  return {};
}

std::string ignored_parameters(const Exchange& x) {
  std::vector<std::string_view> unknown;
  for (const auto& field : x.operation->request)
    if (field.from == schema::From::whole) return {};
  for (const auto& [key, value] : x.document->root().members()) {
    const auto& fields = x.operation->request;
    if (std::none_of(fields.begin(), fields.end(), [&](const schema::FieldInfo& f) { return f.name == key; })) unknown.push_back(key);
  }
  if (unknown.empty()) return {};
  std::sort(unknown.begin(), unknown.end());
  std::string out = "Endpoint ignored these unrecognized parameters: [";
  for (std::size_t i = 0; i < unknown.size(); ++i) out.append(i ? " " : "").append(unknown[i]);
  return out + "]";
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
