#include "schema/reply.h"

#include "base/path.h"

namespace coffer::schema {

void Codec<Keys>::encode(json::Writer& w, const Keys& keys) {
  w.begin_object().key("keys").begin_array();
  for (const auto& key : keys.keys) w.string(key);
  w.end_array();
  if (!keys.key_info.empty()) w.key("key_info").raw(keys.key_info);
  w.end_object();
}

Reply to_reply(Keys keys) {
  Reply out;
  out.status = 404;
  if (keys.keys.empty()) return out;
  out.form = Reply::Form::enveloped;
  out.status = 200;
  out.data = std::make_unique<DataOf<Keys>>(std::move(keys));
  return out;
}

Reply to_reply(Raw raw) {
  Reply out;
  out.form = Reply::Form::raw;
  out.status = raw.status;
  out.raw = std::move(raw);
  return out;
}

Reply to_reply(Login login) {
  Reply out;
  out.form = Reply::Form::enveloped;
  out.status = 200;
  out.login = std::move(login);
  return out;
}

Result<void> validate(TokenParameters& p) {
  if (p.token_max_ttl > Seconds(0) && p.token_ttl > p.token_max_ttl) return invalid("'token_ttl' cannot be greater than 'token_max_ttl'");
  if (p.token_num_uses < 0) return invalid("'token_num_uses' cannot be negative");
  if (p.token_type.empty()) p.token_type = "default";
  for (std::string_view known : {"default", "service", "batch", "default-service", "default-batch"})
    if (p.token_type == known) {
      if (p.token_type == "batch" && p.token_period > Seconds(0)) return invalid("'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens");
      if (p.token_type == "batch" && p.token_num_uses != 0) return invalid("'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count");
      std::vector<std::string> names;
      for (const auto& policy : p.token_policies.items) names.push_back(TRY(NormalizedName::from(policy)).str());
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
      p.token_policies.items = std::move(names);
      return {};
    }
  return invalid("invalid 'token_type' value " + json::quoted(p.token_type));
}

}  // namespace coffer::schema
