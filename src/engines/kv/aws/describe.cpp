#include <algorithm>

#include "engines/kv/aws/filters.h"
#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/replication.h"
#include "engines/kv/aws/rotation_plan.h"

// What is known of secrets, without values: DescribeSecret, ListSecrets.
namespace coffer::kv::aws {
namespace {

constexpr std::string_view orders[] = {"asc", "desc"};
constexpr std::string_view sorts[] = {"created-date", "last-accessed-date", "last-changed-date", "name"};

template <class T>
void tell(Omit<T>& to, const T& value, bool said) {
  if (said) to.value = value;
}

void tell_rotation(SecretInfo& out, const Rotation& r, Time current) {
  if (!r.known) return;
  out.rotation_enabled.value = r.enabled;
  tell(out.rotation_function, r.function, !r.function.empty());
  RulesShown rules;
  const std::int64_t days = shown_days(r);
  tell(rules.days, days, days != 0);
  tell(rules.duration, r.rules.duration, !r.rules.duration.empty());
  tell(rules.schedule, r.rules.schedule, !r.rules.schedule.empty());
  tell(out.rotation_rules, rules, r.rules != RotationRules{});
  tell(out.last_rotated, Timestamp{r.last_rotated}, r.last_rotated != never);
  const Time next = next_date(r, current);
  tell(out.next_rotation, Timestamp{next}, next != never);
  tell(out.external_role, r.external_role, !r.external_role.empty());
  if (r.external_metadata.empty()) return;
  out.external_metadata.value.emplace();
  for (const auto& [key, value] : r.external_metadata) out.external_metadata.value->push_back({key, value});
}

StagesById stages_of(const Secret& secret) {
  StagesById out;
  const Version& current = secret.object().current;
  if (current.seq != 0) out[version_id(current)].emplace_back(current_label);
  for (const Stage& stage : secret.facet.stages) out[stage.id].push_back(stage.label);
  return out;
}

}  // namespace

SecretInfo KvAws::info_of(const Caller&, const Secret& secret, const DayBySeq& days) const {
  SecretInfo out;
  const Object& o = secret.object();
  const Facet& f = secret.facet;
  out.arn = secret.arn();
  out.name = secret.place.name();
  tell(out.type, f.type, !f.type.empty());
  tell(out.description, std::string(o.description), !o.description.empty());
  tell(out.kms_key, f.kms_key, !f.kms_key.empty());
  tell_rotation(out, f.rotation, o.current.created);
  out.last_changed.value = Timestamp{o.updated};
  std::int64_t day = 0;
  for (const auto& [seq, read] : days) day = std::max(day, read);
  tell(out.last_accessed, Timestamp{Time(std::chrono::days(day))}, day != 0);
  tell(out.deleted, Timestamp{o.deleted_at}, o.state == State::deleted);
  if (f.tagged || !o.tags.empty()) {
    out.tags.value.emplace();
    o.tags.each([&](std::string_view key, std::string_view value) { out.tags.value->push_back({std::string(key), std::string(value)}); });
  }
  tell(out.owning_service, f.owning_service, !f.owning_service.empty());
  out.created.value = Timestamp{o.created};
  tell(out.primary_region, f.primary_region, !f.primary_region.empty());
  return out;
}

Result<SecretInfo> KvAws::describe(const Caller& caller, const Snapshot& view, const OneSecret& in) {
  CHECK_OK(check_secret_id(in.secret));
  const Secret secret = TRY(find(caller, view, in.path));
  SecretInfo out = info_of(caller, secret, TRY(marks_.of(caller, view, secret.home, secret.object().created)));
  StagesById stages = stages_of(secret);
  tell(out.described_stages, stages, !stages.empty());
  out.replicas = replica_statuses(secret);
  return out;
}

Result<SecretList> KvAws::list(const Caller& caller, const Snapshot& view, const ListSecrets& in) {
  Constraints c;
  if (in.limit) c.range("maxResults", *in.limit, 1, 100);
  c.length_if("nextToken", in.next, 1, 4096);
  if (in.order) c.one_of("sortOrder", *in.order, orders);
  if (in.sort_by) c.one_of("sortBy", *in.sort_by, sorts);
  if (in.filters) CHECK_OK(check_filters(c, *in.filters));
  CHECK_OK(c.done());
  Selection selection;
  if (in.filters) selection.filters = &*in.filters;
  if (in.sort_by) selection.order = static_cast<Order>(std::ranges::find(sorts, *in.sort_by) - std::begin(sorts));
  selection.descending = in.order && *in.order == "desc";
  selection.include_deleted = in.include_deleted.value_or(false);
  selection.limit = static_cast<std::size_t>(in.limit.value_or(100));
  selection.next = in.next ? std::string_view(*in.next) : std::string_view();
  auto page = TRY(select(caller, view, selection, marks_));
  SecretList out;
  for (const Selected& one : page.secrets) {
    const auto secret = TRY(look(caller, view, one.path));
    if (!secret) continue;
    SecretInfo info = info_of(caller, *secret, TRY(marks_.of(caller, view, secret->home, secret->object().created)));
    StagesById stages = stages_of(*secret);
    tell(info.listed_stages, stages, !stages.empty());
    out.secrets.push_back(std::move(info));
  }
  if (!page.next.empty()) out.next.value = std::move(page.next);
  return out;
}

}  // namespace coffer::kv::aws
