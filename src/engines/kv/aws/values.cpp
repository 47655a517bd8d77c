#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/replication.h"
#include "engines/kv/aws/tags.h"
#include "rotation/job.h"

// Making and changing values: CreateSecret, PutSecretValue, UpdateSecret.
namespace coffer::kv::aws {
namespace {

constexpr std::size_t max_value = 65'536;  // bytes (quota of AWS)

struct NewValue {
  SecretBytes bytes;
  Media media = Media::text;
};

// The value of a request, or nothing. A text that is a JSON object is one for Vault's API too.
Result<std::optional<NewValue>> value_in(const std::optional<SecretBytes>& text, const std::optional<SecretBytes>& binary) {
  std::optional<NewValue> out;
  if (text && binary)
    return refuse(Refusal::invalid_parameter, "You can't specify both a binary secret value and a string secret value in the same secret.");
  if (text) {
    const auto document = json::Document::parse(text->reveal_text());
    out.emplace(NewValue{text->clone(), document && document->root().is_object() ? Media::json : Media::text});
  } else if (binary) {
    const auto bytes = base64_decode(binary->reveal_text());
    if (!bytes) return refuse(Refusal::validation, "SecretBinary is not base64");
    // The text alone does not tell: its last characters may be padding.
    Constraints c;
    c.hidden_length("secretBinary", bytes->size(), 0, max_value);
    CHECK_OK(c.done());
    out.emplace(NewValue{SecretBytes::copy_of(*bytes), Media::binary});
  }
  return out;
}

void check_value(Constraints& c, const std::optional<SecretBytes>& text, const std::optional<SecretBytes>& binary) {
  if (text) c.hidden_length("secretString", text->size(), 1, max_value);
  // Of what is surely too long; the rest is told when it has been decoded.
  if (binary && (binary->empty() || binary->size() > (max_value + 2) / 3 * 4)) c.hidden_length("secretBinary", binary->size(), 1, max_value);
}

void check_rotation_token(Constraints& c, const std::optional<SecretBytes>& token) {
  if (!token) return;
  const std::string_view text = token->reveal_text();
  constexpr auto hidden = Constraints::Echo::hidden;
  c.length("rotationToken", text, 36, 256, hidden);
  const auto fits = [](char ch) { return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || ch == '-'; };
  if (!std::ranges::all_of(text, fits)) c.pattern("rotationToken", "", false, "^[a-zA-Z0-9\\-]+$", hidden);
}

// Who says to act for a rotation must be right about it.
Result<void> check_rotation(const Snapshot& view, const Secret& secret, std::string_view token, const SecretBytes& proof) {
  const auto job = TRY(rotation::find_job(view, secret.home));
  if (job && job->run && job->run->token == token && constant_time_equal(job->run->proof, proof.reveal_text())) return {};
  return refuse(Refusal::invalid_parameter, "The RotationToken is not that of a rotation of this secret.");
}

Result<void> check_token(const std::optional<std::string>& token) {
  if (!token) return refuse(Refusal::invalid_request, "You must provide a ClientRequestToken value. We recommend a UUID-type value.");
  if (token->size() < 32 || token->size() > 64)
    return refuse(Refusal::invalid_parameter, "ClientRequestToken must be 32-64 characters long.");
  return {};
}

std::unexpected<Error> token_in_use(std::string_view token, const Secret& secret) {
  return refuse(Refusal::exists, "You can't use ClientRequestToken " + std::string(token) +
                                     " because that value is already in use for a version of secret " + secret.arn() + ".");
}

// What a request with a token that a version already has comes to.
enum class Repeat : std::uint8_t {
  none,  // a fresh token
  same,  // the request was carried out before
  fills  // the version was made empty, by a rotation: this is its value
};
Result<Repeat> repeats(const Snapshot& view, const Secret& secret, const NewValue& value, LoadedVersion& version, std::string_view token) {
  const std::uint64_t seq = TRY(seq_of(view, secret, token, false));
  if (seq == 0) return Repeat::none;
  auto found = TRY(load_version(view, secret.home, secret.object(), seq));
  if (!found) return token_in_use(token, secret);
  version = *std::move(found);
  if (unfilled(secret, version.version)) return Repeat::fills;
  CHECK_OK(load_bytes(view, secret.home, version));
  const bool same = !version.version.destroyed && version.version.media == value.media &&
                    constant_time_equal(version.version.bytes, value.bytes.reveal_text());
  if (!same) return token_in_use(token, secret);
  return Repeat::same;
}

// Gives the version with that number the labels; AWSCURRENT moves when it is among them.
Result<void> label_version(Transaction& view, Secret& secret, std::uint64_t seq, std::string_view id,
                           const std::vector<std::string>& labels, Time now) {
  const Facet before = secret.facet;
  bool current = false;
  for (const std::string& label : labels) {
    if (label == current_label)
      current = true;
    else
      secret.facet.attach(label, seq, id);
  }
  if (current && seq != secret.object().current.seq) {
    auto version = TRY(load_version(view, secret.home, secret.object(), seq));
    if (!version) return no_such_version(id);
    secret.facet.current_leaves(secret.object().current.seq, version_id(secret.object().current));
    secret.object().updated = now;
    secret.loaded.set(secret.facet);
    CHECK_OK(make_current(view, secret.home, secret.loaded, *version));
  } else {
    CHECK_OK(save(view, secret, now));
  }
  CHECK_OK(check_label_count(secret));
  return release(view, secret, before);
}

// Writes a value as a new version with those labels.
Result<void> write_version(Transaction& view, Secret& secret, const NewValue& value, std::string_view token, Random& random,
                           const std::vector<std::string>& labels, Time now) {
  const MountConfig config = TRY(load_config(view));
  const std::string uuid = is_uuid(token) ? std::string(token) : make_version_uuid(random, secret.object().last() + 1);
  Version next;
  next.uuid = uuid;
  next.client_token = token;
  next.bytes = value.bytes.reveal_text();
  next.media = value.media;
  next.kms_key = secret.facet.kms_key;
  const Facet before = secret.facet;
  const std::uint64_t seq = secret.object().last() + 1;
  const bool current = std::ranges::find(labels, current_label) != labels.end();
  for (const std::string& label : labels)
    if (label != current_label) secret.facet.attach(label, seq, token);
  secret.loaded.set(secret.facet);
  if (current) {
    CHECK_OK(add_version(view, secret.home, secret.loaded, config, next, now));
    secret.facet = TRY(decode_facet(secret.object().aws));
  } else {
    (void)TRY(add_aside(view, secret.home, secret.loaded, config, next, now));
  }
  CHECK_OK(check_label_count(secret));
  return release(view, secret, before);
}

}  // namespace

Result<bool> KvAws::exists(const Caller& caller, const Snapshot& view, const OneSecret& in) {
  LoadedObject loaded;
  return load_into(view, in.path, caller.now, nullptr, loaded);
}

Result<bool> KvAws::meant(const Caller& caller, const Snapshot& view, const OneSecret& in) {
  return TRY(look(caller, view, in.path, Previous::unsaid)).has_value();
}

Result<Written> KvAws::create(const Caller& caller, Transaction& view, const CreateSecret& in) {
  Constraints c;
  c.present("name", in.name.has_value());
  c.length_if("name", in.name, 1, 512);
  c.length_if("description", in.description, 0, 2048);
  c.length_if("kmsKeyId", in.kms_key, 0, 2048);
  c.length_if("type", in.type, 0, 256);
  check_value(c, in.text, in.binary);
  if (in.tags) check_tags(c, *in.tags);
  if (in.replicas) check_regions(c, *in.replicas);
  CHECK_OK(c.done());
  CHECK_OK(check_token(in.token));
  CHECK_OK(check_name(*in.name));
  if (in.path.empty()) return refuse(Refusal::validation, "Invalid name. The secret would lie nowhere.");
  if (in.cross_account_primary) return no_other_accounts();
  const auto value = TRY(value_in(in.text, in.binary));
  // What CreateSecret does beside is an action of its own.
  if (in.tags && !in.tags->empty()) CHECK_OK(must(caller, view, in.path, {"secretsmanager:TagResource", "metadata/", schema::Verb::write}));
  if (in.replicas && !in.replicas->empty())
    CHECK_OK(must(caller, view, in.path, {"secretsmanager:ReplicateSecretToRegions", "metadata/", schema::Verb::write}));

  Secret secret{Place(*caller.scope, in.path), {}, {}, std::string(in.path)};
  if (auto there = TRY(load_to_write(view, in.path, caller.now))) {
    secret.loaded = *std::move(there);
    secret.facet = TRY(facet_of(view, in.path, secret.object()));
    if (secret.object().state == State::deleted)
      return refuse(Refusal::invalid_request,
                    "You can't create this secret because a secret with this name is already scheduled for deletion.");
    LoadedVersion version;
    if (value && TRY(repeats(view, secret, *value, version, *in.token)) == Repeat::same)
      return Written{secret.arn(), secret.place.name(), {*in.token}, {}, replica_statuses(secret)};
    return refuse(Refusal::exists, "The operation failed because the secret " + *in.name + " already exists.");
  }
  secret.facet.suffix = make_base62(6, random_);
  secret.facet.kms_key = in.kms_key.value_or("");
  secret.facet.type = in.type.value_or("");
  secret.object().created = caller.now;
  const std::string description = in.description.value_or(""), tags = TRY(tags_with("", in.tags.value_or(std::vector<Tag>())));
  secret.object().description = description;
  secret.object().tags = PackedMap(tags);
  secret.facet.tagged = in.tags.has_value() && !in.tags->empty();
  if (value)
    CHECK_OK(write_version(view, secret, *value, *in.token, random_, {std::string(current_label)}, caller.now));
  else
    CHECK_OK(save(view, secret, caller.now));
  if (in.replicas) CHECK_OK(add_replicas(caller, view, secret, *in.replicas, in.overwrite_replicas));
  Written out{secret.arn(), secret.place.name(), {}, {}, replica_statuses(secret)};
  if (value) out.version.value = *in.token;
  return out;
}

Result<Written> KvAws::put(const Caller& caller, Transaction& view, const PutSecretValue& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  check_value(c, in.text, in.binary);
  if (in.stages) {
    c.count("versionStages", in.stages->size(), 1, max_labels);
    for (std::size_t i = 0; i < in.stages->size(); ++i)
      c.length("versionStages." + std::to_string(i + 1) + ".member", (*in.stages)[i], 1, 256);
  }
  check_rotation_token(c, in.rotation_token);
  CHECK_OK(c.done());
  CHECK_OK(check_token(in.token));
  const auto value = TRY(value_in(in.text, in.binary));
  if (!value) return refuse(Refusal::invalid_request, "You must provide either SecretString or SecretBinary.");
  CHECK_OK(check_secret_id(in.secret));

  Secret secret = TRY(find_to_change(caller, view, in.path));
  if (in.rotation_token) CHECK_OK(check_rotation(view, secret, *in.token, *in.rotation_token));
  std::vector<std::string> labels = in.stages.value_or(std::vector<std::string>{std::string(current_label)});
  LoadedVersion version;
  const Repeat repeat = TRY(repeats(view, secret, *value, version, *in.token));
  // The answer tells the labels that the version has, those of the request first: they may be fewer or more.
  const auto written = [&](std::uint64_t seq) {
    std::vector<std::string> held = secret.labels_of(seq);
    auto next = held.begin();
    for (const std::string& label : labels)
      if (const auto found = std::find(next, held.end(), label); found != held.end()) std::rotate(next++, found, found + 1);
    return Written{secret.arn(), secret.place.name(), {*in.token}, {std::move(held)}, {}};
  };
  if (repeat == Repeat::same) return written(version.version.seq);
  if (repeat == Repeat::fills) {
    version.version.bytes = value->bytes.reveal_text();
    version.version.media = value->media;
    version.version.updated = caller.now;
    const std::uint64_t seq = version.version.seq;
    CHECK_OK(save_version(view, secret.home, secret.loaded, version));
    CHECK_OK(label_version(view, secret, seq, *in.token, labels, caller.now));
    return written(seq);
  }
  const bool first = secret.object().current.seq == 0 && secret.object().last() == 0;
  if (first && std::ranges::find(labels, current_label) == labels.end()) labels.emplace_back(current_label);
  CHECK_OK(write_version(view, secret, *value, *in.token, random_, labels, caller.now));
  return written(secret.object().last());
}

Result<SecretRef> KvAws::update(const Caller& caller, Transaction& view, const UpdateSecret& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  c.length_if("description", in.description, 0, 2048);
  c.length_if("kmsKeyId", in.kms_key, 0, 2048);
  c.length_if("type", in.type, 0, 256);
  check_value(c, in.text, in.binary);
  CHECK_OK(c.done());
  CHECK_OK(check_token(in.token));
  CHECK_OK(check_secret_id(in.secret));
  const auto value = TRY(value_in(in.text, in.binary));

  Secret secret = TRY(find_to_change(caller, view, in.path));
  LoadedVersion version;
  const Repeat repeat = value ? TRY(repeats(view, secret, *value, version, *in.token)) : Repeat::none;
  if (repeat == Repeat::fills) return token_in_use(*in.token, secret);
  if (in.description) secret.object().description = *in.description;
  if (in.kms_key) secret.facet.kms_key = *in.kms_key;
  if (in.type) secret.facet.type = *in.type;
  SecretRef out{secret.arn(), secret.place.name(), {}, {}};
  if (value) out.version.value = *in.token;
  if (value && repeat == Repeat::none)
    CHECK_OK(write_version(view, secret, *value, *in.token, random_, {std::string(current_label)}, caller.now));
  else if (in.description || in.kms_key || in.type)
    CHECK_OK(save(view, secret, caller.now));
  return out;
}

}  // namespace coffer::kv::aws
