#include "token/record.h"

#include "base/record.h"

namespace coffer::token {
namespace {

constexpr std::uint64_t format = 1;
enum Flags : std::uint64_t { limited = 1, orphan = 2, renewable = 4, wrapping = 8, batch = 16, assumed = 32 };

void put_list(RecordWriter& w, const std::vector<std::string>& list) {
  w.number(list.size());
  for (const auto& s : list) w.text(s);
}
std::vector<std::string> get_list(RecordReader& r) {
  std::vector<std::string> out;
  const std::uint64_t n = r.number();
  for (std::uint64_t i = 0; i < n && r.ok(); ++i) out.emplace_back(r.text());
  return out;
}

}  // namespace

bool Record::root() const { return std::find(policies.begin(), policies.end(), "root") != policies.end(); }

std::string Record::lease_id() const {
  return given_id.empty() ? path + "/h" + id : path + "/" + id.substr(0, 40);
}

std::string encode(const Record& t) {
  RecordWriter w(format);
  const auto mark = [](bool is, Flags flag) { return is ? static_cast<std::uint64_t>(flag) : 0U; };
  w.number(mark(t.limited, Flags::limited) | mark(t.orphan, Flags::orphan) | mark(t.renewable, Flags::renewable) | mark(t.wrapping, Flags::wrapping) |
           mark(t.kind == Kind::batch, Flags::batch) | mark(!t.assumed_roles.empty(), Flags::assumed));
  w.text(t.id).text(t.accessor).text(t.parent).text(t.path).text(t.display_name);
  put_list(w, t.policies);
  w.number(t.meta.size());
  for (const auto& [k, v] : t.meta) w.text(k).text(v);
  w.text(t.entity_id).text(t.role);
  put_list(w, t.bound_cidrs);
  w.text(t.mount_accessor).text(t.alias_name).text(t.internal).text(t.given_id).number(t.tenant.value);
  w.time(t.creation).time(t.expire).time(t.last_renewal);
  w.integer(t.ttl.count()).integer(t.creation_ttl.count()).integer(t.explicit_max_ttl.count()).integer(t.period.count()).integer(t.max_ttl.count());
  w.integer(t.num_uses).text(t.wrap_path).text(t.wrapped_accessor);
  if (!t.assumed_roles.empty()) {
    put_list(w, t.assumed_roles);
    w.text(t.session_policy);
  }
  return std::move(w.bytes());
}

Result<Record> decode(std::string_view bytes) {
  RecordReader r(bytes);
  Record t;
  if (r.number() != format) return fail(Code::corrupt, "token record has an unknown format");
  const std::uint64_t flags = r.number();
  t.limited = (flags & Flags::limited) != 0;
  t.orphan = (flags & Flags::orphan) != 0;
  t.renewable = (flags & Flags::renewable) != 0;
  t.wrapping = (flags & Flags::wrapping) != 0;
  t.kind = (flags & Flags::batch) != 0 ? Kind::batch : Kind::service;
  t.id = r.text();
  t.accessor = r.text();
  t.parent = r.text();
  t.path = r.text();
  t.display_name = r.text();
  t.policies = get_list(r);
  const std::uint64_t n = r.number();
  for (std::uint64_t i = 0; i < n && r.ok(); ++i) {
    std::string key(r.text());
    t.meta.emplace_back(std::move(key), std::string(r.text()));
  }
  t.entity_id = r.text();
  t.role = r.text();
  t.bound_cidrs = get_list(r);
  t.mount_accessor = r.text();
  t.alias_name = r.text();
  t.internal = r.text();
  t.given_id = r.text();
  t.tenant.value = static_cast<std::uint32_t>(r.number());
  t.creation = r.time();
  t.expire = r.time();
  t.last_renewal = r.time();
  t.ttl = Seconds(r.integer());
  t.creation_ttl = Seconds(r.integer());
  t.explicit_max_ttl = Seconds(r.integer());
  t.period = Seconds(r.integer());
  t.max_ttl = Seconds(r.integer());
  t.num_uses = r.integer();
  t.wrap_path = r.text();
  t.wrapped_accessor = r.text();
  if ((flags & Flags::assumed) != 0) {
    t.assumed_roles = get_list(r);
    t.session_policy = r.text();
  }
  if (!r.ok() || !r.at_end()) return fail(Code::corrupt, "token record is damaged");
  return t;
}

}  // namespace coffer::token
