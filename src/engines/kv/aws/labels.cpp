#include <algorithm>

#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/paging.h"

// Staging labels: UpdateSecretVersionStage, ListSecretVersionIds.
namespace coffer::kv::aws {
namespace {

constexpr std::string_view default_key = "DefaultEncryptionKey";

Result<std::uint64_t> version_named(const Snapshot& view, const Secret& secret, const std::optional<std::string>& id) {
  if (!id) return 0;
  const std::uint64_t seq = TRY(seq_of(view, secret, *id, true));
  if (seq == 0) return no_such_version(*id);
  return seq;
}

std::string holder_text(std::string_view label, const std::string& holder) {
  return "The parameter RemoveFromVersionId can't be empty. Staging label " + std::string(label) + " is currently attached to version " +
         holder + ", so you must explicitly reference that version in RemoveFromVersionId.";
}

}  // namespace

Result<SecretRef> KvAws::move_label(const Caller& caller, Transaction& view, const UpdateSecretVersionStage& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  c.present("versionStage", in.stage.has_value());
  c.length_if("versionStage", in.stage, 1, 256);
  c.length_if("removeFromVersionId", in.from, 32, 64);
  c.length_if("moveToVersionId", in.to, 32, 64);
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id_length(in.secret));

  Secret secret = TRY(find_to_change(caller, view, in.path));
  const std::string& label = *in.stage;
  const std::uint64_t from = TRY(version_named(view, secret, in.from)), to = TRY(version_named(view, secret, in.to));
  const bool is_current = label == current_label;
  const Stage* stage = secret.facet.find(label);
  const std::uint64_t holder = is_current ? secret.object().current.seq : stage == nullptr ? 0 : stage->seq;
  const std::string holder_id = holder == 0 ? "" : is_current ? version_id(secret.object().current) : stage->id;
  if (from == 0 && to == 0) return refuse(Refusal::invalid_parameter, "You must provide a RemoveFromVersionId or a MoveToVersionId.");
  if (from != 0 && holder != from)
    return refuse(Refusal::invalid_parameter,
                  "The parameter RemoveFromVersionId can't be " + *in.from + ". Staging label " + label +
                      (holder == 0 ? " is not attached to any version." : " is currently attached to version " + holder_id + "."));
  if (from == 0 && holder != 0 && holder != to) return refuse(Refusal::invalid_parameter, holder_text(label, holder_id));
  if (is_current && to == 0)
    return refuse(Refusal::invalid_parameter,
                  "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.");
  const SecretRef out{secret.arn(), secret.place.name(), {}, {}};
  if (to == holder) return out;
  if (is_current) {
    CHECK_OK(move_current(view, secret, to, caller.now));
    return out;
  }
  const Facet before = secret.facet;
  if (to == 0)
    secret.facet.detach(label);
  else
    secret.facet.attach(label, to, *in.to);
  if (secret.facet.stages.size() + 1 > max_labels)
    return refuse(Refusal::limit,
                  "The request failed because it would exceed the limit of 20 staging labels attached to the versions of a secret.");
  CHECK_OK(save(view, secret, caller.now));
  CHECK_OK(release(view, secret, before));
  return out;
}

Result<VersionList> KvAws::list_versions(const Caller& caller, const Snapshot& view, const ListSecretVersionIds& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  if (in.limit) c.range("maxResults", *in.limit, 1, 100);
  c.length_if("nextToken", in.next, 1, 4096);
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id(in.secret));
  const std::uint64_t after = in.next ? TRY(read_version_token(*in.next)) : 0;

  const Secret secret = TRY(find(caller, view, in.path));
  VersionList out;
  out.arn = secret.arn();
  out.name = secret.place.name();
  const DayBySeq days = TRY(marks_.of(caller, view, secret.home, secret.object().created));
  const std::size_t limit = static_cast<std::size_t>(in.limit.value_or(100));
  std::uint64_t last = 0;
  for (const std::uint64_t seq : versions_of(secret.object(), secret.facet)) {
    if (seq <= after) continue;
    std::vector<std::string> labels = secret.labels_of(seq);
    if (labels.empty() && !in.deprecated.value_or(false)) continue;
    if (out.versions.size() == limit) {
      out.next.value = version_token(last);
      break;
    }
    const auto version = TRY(load_version(view, secret.home, secret.object(), seq));
    if (!version) continue;
    last = seq;
    VersionInfo info;
    info.id = version_id(version->version);
    if (!labels.empty()) info.stages.value = std::move(labels);
    if (const auto day = days.find(seq); day != days.end()) info.accessed.value = Timestamp{Time(std::chrono::days(day->second))};
    info.created = {version->version.created};
    info.kms_keys.emplace_back(version->version.kms_key.empty() ? default_key : version->version.kms_key);
    out.versions.push_back(std::move(info));
  }
  return out;
}

}  // namespace coffer::kv::aws
