#include "auth/approle/records.h"

#include "base/record.h"

namespace coffer::approle {
namespace {

constexpr std::uint64_t format = 1;

std::unexpected<Error> corrupt(std::string_view what) { return fail(Code::corrupt, "the stored record of this " + std::string(what) + " is damaged"); }

void put(RecordWriter& out, const std::vector<std::string>& list) {
  out.number(list.size());
  for (const auto& item : list) out.text(item);
}
void take(RecordReader& in, std::vector<std::string>& list) {
  for (std::uint64_t n = in.number(); n > 0 && in.ok(); --n) list.emplace_back(in.text());
}

void put(RecordWriter& out, const schema::TokenParameters& t) {
  out.integer(t.token_ttl.count()).integer(t.token_max_ttl.count()).integer(t.token_explicit_max_ttl.count()).integer(t.token_period.count());
  put(out, t.token_policies.items);
  put(out, t.token_bound_cidrs.items);
  out.number((t.token_no_default_policy ? 1u : 0u) | (t.token_strictly_bind_ip ? 2u : 0u)).integer(t.token_num_uses).text(t.token_type);
}
void take(RecordReader& in, schema::TokenParameters& t) {
  t.token_ttl = Seconds(in.integer());
  t.token_max_ttl = Seconds(in.integer());
  t.token_explicit_max_ttl = Seconds(in.integer());
  t.token_period = Seconds(in.integer());
  take(in, t.token_policies.items);
  take(in, t.token_bound_cidrs.items);
  const std::uint64_t flags = in.number();
  t.token_no_default_policy = (flags & 1) != 0;
  t.token_strictly_bind_ip = (flags & 2) != 0;
  t.token_num_uses = in.integer();
  t.token_type = in.text();
}

}  // namespace

std::string encode(const Role& role) {
  RecordWriter out(format);
  const unsigned flags =
      (role.bind_secret_id ? 1u : 0u) | (role.local_secret_ids ? 2u : 0u) | (role.old_policies ? 4u : 0u) | (role.old_period ? 8u : 0u);
  out.number(flags).text(role.role_id).text(role.generation);
  put(out, role.secret_id_bound_cidrs.items);
  out.integer(role.secret_id_num_uses).integer(role.secret_id_ttl.count());
  put(out, role.token);
  return std::move(out.bytes());
}

Result<Role> decode_role(std::string_view record) {
  RecordReader in(record);
  Role role;
  if (in.number() != format) return corrupt("role");
  const std::uint64_t flags = in.number();
  role.bind_secret_id = (flags & 1) != 0;
  role.local_secret_ids = (flags & 2) != 0;
  role.old_policies = (flags & 4) != 0;
  role.old_period = (flags & 8) != 0;
  role.role_id = in.text();
  role.generation = in.text();
  take(in, role.secret_id_bound_cidrs.items);
  role.secret_id_num_uses = in.integer();
  role.secret_id_ttl = Seconds(in.integer());
  take(in, role.token);
  if (!in.ok() || !in.at_end()) return corrupt("role");
  return role;
}

std::string encode(const SecretId& secret) {
  RecordWriter out(format);
  out.text(secret.accessor).integer(secret.uses_left).integer(secret.num_uses).integer(secret.ttl.count());
  out.time(secret.created).time(secret.updated).time(secret.expires).number(secret.metadata.size());
  for (const auto& [name, value] : secret.metadata) out.text(name).text(value);
  put(out, secret.cidr_list);
  put(out, secret.token_bound_cidrs);
  return std::move(out.bytes());
}

Result<SecretId> decode_secret(std::string_view record) {
  RecordReader in(record);
  SecretId secret;
  if (in.number() != format) return corrupt("secret id");
  secret.accessor = in.text();
  secret.uses_left = in.integer();
  secret.num_uses = in.integer();
  secret.ttl = Seconds(in.integer());
  secret.created = in.time();
  secret.updated = in.time();
  secret.expires = in.time();
  for (std::uint64_t n = in.number(); n > 0 && in.ok(); --n) {
    const std::string_view name = in.text();
    const std::string_view value = in.text();
    secret.metadata.insert_or_assign(std::string(name), std::string(value));
  }
  take(in, secret.cidr_list);
  take(in, secret.token_bound_cidrs);
  if (!in.ok() || !in.at_end()) return corrupt("secret id");
  return secret;
}

}  // namespace coffer::approle
