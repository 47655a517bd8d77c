#include "engines/kv/aws/secret.h"

#include <algorithm>

#include "base/aws_name.h"
#include "engines/kv/aws/resource_policy.h"

namespace coffer::kv::aws {

constexpr std::uint64_t walked = 100;  // versions that a look for an old id reads

Place::Place(const ActionScope& scope, std::string_view path) : scope_(&scope), path_(path) {
  if (path.starts_with(scope.name_prefix)) path.remove_prefix(scope.name_prefix.size());
  std::string_view rest;
  region_ = aws_region_of(path, rest);
  if (region_.empty()) region_ = scope.region;
  rest_ = rest;
  name_ = aws_name(rest_);
}

std::string_view primary_region(const ActionScope& scope) {
  return scope.primary_region.empty() ? std::string_view(scope.region) : std::string_view(scope.primary_region);
}

std::string folder_of(const ActionScope& scope) { return scope.name_prefix + aws_region_folder(scope.region, primary_region(scope)); }

Place Place::in(std::string_view region) const {
  return {*scope_, scope_->name_prefix + aws_region_folder(region, primary_region(*scope_)) + rest_};
}

std::vector<std::string> Secret::labels_of(std::uint64_t seq) const {
  std::vector<std::string> out = facet.labels_of(seq);
  if (seq == object().current.seq) out.insert(out.begin(), std::string(current_label));
  return out;
}

bool unfilled(const Secret& secret, const Version& version) {
  const bool empty = version.bytes.empty() && !version.apart && !version.destroyed;
  return empty && version.media == Media::text && !version.client_token.empty() && version.seq != secret.object().current.seq;
}

Result<Facet> facet_of(const Snapshot& view, std::string_view path, const Object& object, Previous previous) {
  if (!object.aws.empty()) return decode_facet(object.aws);
  Facet facet;
  facet.suffix = derived_suffix(path, object.created);
  const std::uint64_t before = object.current.seq - 1;
  if (previous == Previous::unsaid || object.current.seq < 2 || before < object.first()) return facet;
  const auto version = TRY(load_version(view, path, object, before));
  if (version) facet.attach(previous_label, before, version_id(version->version));
  return facet;
}

Result<std::optional<Secret>> look(const Caller& caller, const Snapshot& view, std::string_view path, Previous previous) {
  std::optional<Secret> out(Secret{Place(*caller.scope, path), {}, {}, std::string(path)});
  if (!TRY(load_into(view, path, caller.now, nullptr, out->loaded))) return std::optional<Secret>();
  out->facet = TRY(facet_of(view, path, out->object(), previous));
  const std::string_view wanted = caller.scope->suffix;
  if (!wanted.empty() && wanted != out->facet.suffix) return std::optional<Secret>();
  if (out->facet.replica_of.empty()) return out;
  out->replica = true;
  out->home = out->facet.replica_of;
  const std::string kms_key = std::exchange(out->facet.kms_key, {});
  out->loaded = {};
  if (!TRY(load_into(view, out->home, caller.now, nullptr, out->loaded))) return std::optional<Secret>();
  out->facet = TRY(facet_of(view, out->home, out->object(), previous));
  out->facet.kms_key = kms_key;
  return out;
}

Result<Secret> find(const Caller& caller, const Snapshot& view, std::string_view path, Previous previous) {
  auto secret = TRY(look(caller, view, path, previous));
  if (!secret) return no_such_secret();
  CHECK_OK(check_policy(caller, *secret));
  return *std::move(secret);
}

Result<Secret> find_to_change(const Caller& caller, Transaction& view, std::string_view path) {
  Secret secret = TRY(find(caller, view, path));
  if (secret.replica) return is_replica();
  if (secret.object().state == State::deleted) return marked_for_deletion();
  return secret;
}

Result<void> save(Transaction& view, Secret& secret, Time now) {
  secret.object().updated = now;
  secret.loaded.set(secret.facet);
  return kv::save(view, secret.home, secret.loaded);
}

Result<void> release(Transaction& view, const Secret& secret, const Facet& before) {
  for (const Stage& stage : before.stages) CHECK_OK(drop_unless_kept(view, secret.home, secret.object(), secret.facet, stage.seq));
  return {};
}

Result<void> move_current(Transaction& view, Secret& secret, std::uint64_t to, Time now) {
  const Facet before = secret.facet;
  const auto version = TRY(load_version(view, secret.home, secret.object(), to));
  if (!version) return fail(Code::corrupt, "a stored version of this secret is missing");
  const Version& current = secret.object().current;
  secret.facet.current_leaves(current.seq, current.seq == 0 ? std::string() : version_id(current));
  secret.object().updated = now;
  secret.loaded.set(secret.facet);
  CHECK_OK(make_current(view, secret.home, secret.loaded, *version));
  return release(view, secret, before);
}

Result<void> check_label_count(const Secret& secret) {
  const std::size_t attached = secret.facet.stages.size() + (secret.object().current.seq != 0 ? 1 : 0);
  if (attached <= max_labels) return {};
  return refuse(Refusal::limit,
                "The request failed because it would exceed the limit of 20 staging labels attached to the versions of a secret.");
}

Result<std::uint64_t> seq_of(const Snapshot& view, const Secret& secret, std::string_view id, bool any) {
  const Object& object = secret.object();
  if (object.current.seq != 0 && version_id(object.current) == id) return object.current.seq;
  for (const Stage& stage : secret.facet.stages)
    if (stage.id == id) return stage.seq;
  if (const std::uint64_t seq = TRY(seq_of_token(view, secret.home, id)); seq != 0) return seq;
  const auto matches = [&](std::uint64_t seq) -> Result<bool> {
    const auto version = TRY(load_version(view, secret.home, object, seq));
    return version && version_id(version->version) == id;
  };
  if (const std::uint64_t seq = seq_of_uuid(id); seq != 0) return TRY(matches(seq)) ? seq : 0;
  if (!any) return 0;
  const std::uint64_t least = std::max(object.first(), object.last() < walked ? 1 : object.last() - walked + 1);
  for (std::uint64_t seq = object.last(); seq >= least; --seq)
    if (TRY(matches(seq))) return seq;
  return 0;
}

void check_secret_id(Constraints& constraints, const std::optional<std::string>& id) {
  constraints.present("secretId", id.has_value());
  constraints.length_if("secretId", id, 1, 2048);
}

namespace {
std::string_view name_in(std::string_view id) {
  constexpr std::string_view marker = ":secret:";
  if (id.starts_with("arn:"))
    if (const auto at = id.find(marker); at != std::string_view::npos) id.remove_prefix(at + marker.size());
  return id;
}
Result<void> check_there_and_length(const std::optional<std::string>& id) {
  Constraints constraints;
  check_secret_id(constraints, id);
  return constraints.done();
}
}  // namespace

Result<void> check_secret_id_length(const std::optional<std::string>& id) {
  CHECK_OK(check_there_and_length(id));
  if (names_folder(name_in(*id))) return no_such_secret();
  return {};
}

Result<void> check_secret_id(const std::optional<std::string>& id) {
  CHECK_OK(check_there_and_length(id));
  return check_name(name_in(*id));
}

}  // namespace coffer::kv::aws
