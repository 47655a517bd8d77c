#include "schema/reply.h"

#include "base/brief.h"
#include "base/cidr.h"
#include "base/path.h"

namespace coffer::schema {

Reply::Reply() = default;
Reply::Reply(Reply&& other) noexcept = default;
Reply& Reply::operator=(Reply&& other) noexcept = default;
Reply::~Reply() = default;

Reply enveloped(std::shared_ptr<const Reply::Data> data) {
  Reply out;
  out.form = Reply::Form::enveloped;
  out.status = 200;
  out.data = std::move(data);
  return out;
}

Reply with_margin(Reply reply, std::vector<std::string> warnings, int status, std::optional<Lease> lease) {
  const bool nothing = reply.form == Reply::Form::none && reply.status == 204;
  reply.warnings = std::move(warnings);
  // A write that has only warnings to say still says them.
  if (nothing && !reply.warnings.empty()) {
    reply.form = Reply::Form::enveloped;
    reply.status = 200;
  }
  if (status != 200 && (nothing || reply.status == 200)) reply.status = status;
  reply.lease = std::move(lease);
  return reply;
}

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
  out.data = std::make_shared<const DataOf<Keys>>(std::move(keys));
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

Reply to_reply(AuthBlock auth) {
  Reply out;
  out.form = Reply::Form::enveloped;
  out.status = 200;
  out.auth = std::move(auth);
  return out;
}

Reply to_reply(WrapInfo wrap) {
  Reply out;
  out.form = Reply::Form::enveloped;
  out.status = 200;
  out.wrap = std::move(wrap);
  return out;
}

void encode_auth(json::Writer& w, const AuthBlock& a) {
  const auto list = [&](const std::vector<std::string>& items) {
    w.begin_array();
    for (const auto& item : items) w.string(item);
    w.end_array();
  };
  w.begin_object();
  w.key("client_token").string(a.client_token.reveal_text());
  w.key("accessor").string(a.accessor);
  {
    const json::Writer::Public open(w);
    w.key("policies");
    list(a.policies);
    w.key("token_policies");
    list(a.token_policies);
    if (!a.identity_policies.empty()) {
      w.key("identity_policies");
      list(a.identity_policies);
    }
  }
  w.key("metadata");
  if (a.metadata.empty()) {
    w.null();
  } else {
    w.begin_object();
    for (const auto& [key, value] : a.metadata) w.key(key).string(value);
    w.end_object();
  }
  const json::Writer::Public open(w);
  w.key("lease_duration").integer(a.lease_duration.count());
  w.key("renewable").boolean(a.renewable);
  w.key("entity_id").string(a.entity_id);
  w.key("token_type").string(a.token_type);
  w.key("orphan").boolean(a.orphan);
  w.key("mfa_requirement").null();
  w.key("num_uses").integer(a.num_uses);
  w.end_object();
}

void encode_wrap_info(json::Writer& w, const WrapInfo& wrap) {
  w.begin_object();
  w.key("token").string(wrap.token.reveal_text());
  w.key("accessor").string(wrap.accessor);
  const json::Writer::Public open(w);
  w.key("ttl").integer(wrap.ttl.count());
  w.key("creation_time").string(rfc3339(wrap.creation_time));
  w.key("creation_path").string(wrap.creation_path);
  if (!wrap.wrapped_accessor.empty()) w.key("wrapped_accessor").string(wrap.wrapped_accessor);
  w.end_object();
}

Result<std::vector<std::string>> policy_names(const std::vector<std::string>& given) {
  std::vector<std::string> out;
  for (const std::string& name : given) {
    if (name.empty()) continue;
    auto normal = NormalizedName::from(name);
    if (!normal) return invalid("invalid policy name: " + normal.error().message);
    if (name.find('/') != name.npos) return invalid("invalid policy name: name must not contain a slash");
    if (normal->view() == "root" && name != "root")
      return invalid("invalid policy name: the root policy is spelled \"root\" and not otherwise");
    out.push_back(normal->str());
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<void> validate(TokenParameters& p) {
  for (std::string& block : p.token_bound_cidrs.items) {
    CHECK_OK(check_cidr(block));
    // A block of one address is shown as the address, like in Vault.
    const std::string_view whole = block.find(':') == block.npos ? "/32" : "/128";
    if (block.ends_with(whole)) block.resize(block.size() - whole.size());
  }
  if (p.token_max_ttl > Seconds(0) && p.token_ttl > p.token_max_ttl) return invalid("'token_ttl' cannot be greater than 'token_max_ttl'");
  if (p.token_num_uses < 0) return invalid("'token_num_uses' cannot be negative");
  if (p.token_type.empty()) p.token_type = "default";
  for (std::string_view known : {"default", "service", "batch", "default-service", "default-batch"})
    if (p.token_type == known) {
      if (p.token_type == "batch" && p.token_period > Seconds(0))
        return invalid("'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens");
      if (p.token_type == "batch" && p.token_num_uses != 0)
        return invalid("'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count");
      p.token_policies.items = TRY(policy_names(p.token_policies.items));
      return {};
    }
  return invalid("invalid 'token_type' value " + json::quoted(brief(p.token_type)));
}

}  // namespace coffer::schema
