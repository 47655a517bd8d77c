#include "base/aws_name.h"
#include "engines/kv/aws/filters.h"
#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/paging.h"
#include "engines/kv/aws/resource_policy.h"

// Reading values: GetSecretValue, BatchGetSecretValue.
namespace coffer::kv::aws {
namespace {

constexpr std::size_t max_batch = 20;

// Which version is asked for, and how its absence is told.
struct Wanted {
  std::uint64_t seq = 0;
  std::unexpected<Error> missing;
};
Result<Wanted> wanted_version(const Snapshot& view, const Secret& secret, const GetSecretValue& in) {
  const std::string stage = in.stage.value_or(std::string(current_label));
  const auto holder = [&](std::string_view label) -> std::uint64_t {
    if (label == current_label) return secret.object().current.seq;
    const Stage* found = secret.facet.find(label);
    return found == nullptr ? 0 : found->seq;
  };
  if (!in.version) return Wanted{holder(stage), no_such_stage(stage)};
  const std::uint64_t seq = TRY(seq_of(view, secret, *in.version, true));
  if (seq != 0 && in.stage && holder(*in.stage) != seq)
    return refuse(Refusal::invalid_request, "You provided a VersionStage that is not associated to the provided VersionId.");
  return Wanted{seq, no_such_version(*in.version)};
}

// One secret of a batch: its path, or nothing where the text cannot be one of ours. An ARN may end in the six characters of its secret.
struct Candidate {
  std::string path, suffix;
};
std::vector<Candidate> candidates(const ActionScope& scope, std::string_view id) {
  std::vector<Candidate> out;
  std::string_view name = id;
  if (names_folder(name)) return out;
  const auto path_of = [&](std::string_view text) { return scope.name_prefix + aws_path(scope.region, primary_region(scope), text); };
  if (id.starts_with("arn:")) {
    // arn:<partition>:secretsmanager:<region>:<account>:secret:<name>
    std::string_view parts[6];
    std::string_view rest = id;
    for (auto& part : parts) {
      const std::size_t colon = rest.find(':');
      if (colon == std::string_view::npos) return out;
      part = rest.substr(0, colon);
      rest.remove_prefix(colon + 1);
    }
    if (parts[1] != scope.partition || parts[2] != "secretsmanager" || parts[3] != scope.region || parts[4] != scope.account || parts[5] != "secret")
      return out;
    name = rest;
    if (names_folder(name)) return out;
    if (name.size() > 7 && name[name.size() - 7] == '-')
      out.push_back({path_of(name.substr(0, name.size() - 7)), std::string(name.substr(name.size() - 6))});
  }
  out.push_back({path_of(name), ""});
  return out;
}

}  // namespace

Result<KeptValue> KvAws::value_of(const Caller& caller, const Snapshot& view, std::string_view path, const GetSecretValue& in) {
  const bool asks_previous = in.stage && *in.stage == previous_label;
  auto found = TRY(look(caller, view, path, asks_previous ? Previous::told : Previous::unsaid));
  if (!found) return no_such_secret();
  Secret& secret = *found;
  CHECK_OK(check_policy(caller, secret));
  if (secret.object().state == State::deleted) return marked_for_deletion();
  const Wanted wanted = TRY(wanted_version(view, secret, in));
  if (wanted.seq == 0) return wanted.missing;
  auto version = TRY(load_version(view, secret.home, secret.object(), wanted.seq));
  if (!version || version->version.destroyed || version->version.deleted(caller.now)) return wanted.missing;
  if (!version->version.enabled) return refuse(Refusal::access_denied, "This version of the secret is disabled.");
  CHECK_OK(load_bytes(view, secret.home, *version));
  const Version& v = version->version;
  if (unfilled(secret, v)) return wanted.missing;
  KeptValue out;
  out.view.arn = secret.arn();
  out.view.name = secret.place.name();
  out.view.version = version_id(v);
  if (v.media == Media::binary)
    out.view.binary.value = Base64{v.bytes};
  else
    out.view.text.value = v.bytes;
  out.view.stages.value = secret.labels_of(v.seq);
  if (out.view.stages.value->empty()) out.view.stages.value.reset();
  out.view.created = {v.created};
  marks_.touch(caller, secret.home, secret.object().created, v.seq);
  out.first = std::move(secret.loaded.record);
  out.second = std::move(version->record);
  out.third = std::move(version->bytes);
  return out;
}

Result<KeptValue> KvAws::get(const Caller& caller, const Snapshot& view, const GetSecretValue& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  c.length_if("versionId", in.version, 32, 64);
  c.length_if("versionStage", in.stage, 1, 256);
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id(in.secret));
  return value_of(caller, view, in.path, in);
}

Result<BatchReply> KvAws::batch(const Caller& caller, const Snapshot& view, const BatchGetSecretValue& in) {
  if (in.secrets.has_value() == in.filters.has_value() && (in.secrets || !in.limit))
    return refuse(Refusal::invalid_parameter, "Either 'SecretIdList' or 'Filters' must be provided, but not both.");
  if (in.limit && !in.filters)
    return refuse(Refusal::invalid_parameter, "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.");
  if (in.next && in.secrets)
    return refuse(Refusal::invalid_parameter, "'NextToken' can't be used with 'SecretIdList': it belongs to an answer by 'Filters'.");
  Constraints c;
  if (in.secrets) c.count("secretIdList", in.secrets->size(), 1, max_batch);
  if (in.limit) c.range("maxResults", *in.limit, 1, max_batch);
  c.length_if("nextToken", in.next, 1, 4096);
  if (in.filters) CHECK_OK(check_filters(c, *in.filters));
  CHECK_OK(c.done());

  // The gate lets everybody in here, since a list of secrets needs no more than the right to read each; one by filters needs the right to list too.
  const bool known = !caller.token_id.empty() && caller.authority != nullptr;
  bool allowed = known;
  if (in.filters)
    for (const std::string_view action : {"secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets"})
      allowed = allowed && TRY(may(caller, view, folder_of(*caller.scope), {action, "metadata/", schema::Verb::list}));
  if (!allowed)
    return refuse(Refusal::access_denied,
                  "User: " + caller.scope->principal +
                      " is not authorized to perform: secretsmanager:BatchGetSecretValue because no policy allows it");

  BatchReply out;
  const auto read = [&](std::string_view shown, const std::vector<Candidate>& places) -> Result<void> {
    Result<KeptValue> value = no_such_secret();
    for (const Candidate& place : places) {
      // Each secret is guarded by itself, and one that may not be read is denied whether it is there or not.
      ActionScope scope = *caller.scope;
      scope.action = "secretsmanager:GetSecretValue";  // what its own policy is asked for
      scope.suffix = place.suffix;
      Caller one = caller;
      one.scope = &scope;
      const auto readable = may(one, view, place.path, {scope.action, "data/", schema::Verb::read});
      if (!readable && readable.error().code != Code::permission_denied) return std::unexpected(readable.error());
      if (!readable || !*readable) {
        value = refuse(Refusal::access_denied, "User: " + caller.scope->principal +
                                                   " is not authorized to perform: secretsmanager:GetSecretValue on resource: " +
                                                   std::string(shown) + " because no policy allows it");
        continue;
      }
      value = value_of(one, view, place.path, {});
      if (value) break;
    }
    if (value) {
      out.values.push_back(*std::move(value));
      return {};
    }
    if (value.error().type == nullptr) return std::unexpected(std::move(value).error());
    out.errors.push_back({std::string(shown), value.error().type, value.error().message});
    return {};
  };
  if (in.secrets) {
    for (const std::string& id : *in.secrets) {
      const auto legal = check_secret_id(id);
      if (!legal) {
        out.errors.push_back({id, legal.error().type, legal.error().message});
        continue;
      }
      CHECK_OK(read(id, candidates(*caller.scope, id)));
    }
    return out;
  }
  Selection selection;
  selection.filters = &*in.filters;
  selection.order = Order::created;
  selection.limit = static_cast<std::size_t>(in.limit.value_or(max_batch));
  selection.next = in.next ? std::string_view(*in.next) : std::string_view();
  auto page = TRY(select(caller, view, selection, marks_));
  for (const Selected& one : page.secrets) CHECK_OK(read(one.arn, {{one.path, ""}}));
  if (!page.next.empty()) out.next.value = std::move(page.next);
  return out;
}

}  // namespace coffer::kv::aws
