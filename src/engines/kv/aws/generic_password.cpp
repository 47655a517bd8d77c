#include "base/json.h"
#include "base/random_password.h"
#include "engines/kv/aws/rotator.h"
#include "rotation/functions.h"

// The function that is built in, builtin-generic-password: a random password in place of the value, or of its member "password" where it is a JSON object. It
// knows no service to tell, so that two of its steps are empty.
namespace coffer::kv::aws {
namespace {

constexpr std::string_view generic_password = "builtin-generic-password";
constexpr std::string_view left_out = "/@\"'\\";  // as AWS's own functions leave them out: services and connection strings trip over them

struct Filled {
  SecretBytes bytes;
  Media media = Media::text;
};

// The value with another password in it.
Result<Filled> with_password(const Version& current, const SecretBytes& password) {
  if (current.seq == 0) return Filled{password.clone(), Media::text};
  const auto document = json::Document::parse(current.bytes);
  if (!document || !document->root().is_object()) return Filled{password.clone(), Media::text};
  std::string patch;
  json::Writer(patch).begin_object().key("password").string(password.reveal_text()).end_object();
  const json::Document change = TRY(json::Document::parse(patch));
  std::string merged = json::merge_patch(document->root(), change.root());
  Filled out{SecretBytes::copy_of(merged), Media::json};
  wipe(patch);
  wipe(merged);
  return out;
}

}  // namespace

bool is_known_built_in(std::string_view function) { return rotation::function_name(function) == generic_password; }

Result<std::string> Rotator::fill_with_password(Transaction& view, Secret& secret, std::string_view token, Time now) {
  const Stage* pending = secret.facet.find(pending_label);
  auto version = pending == nullptr || pending->id != token ? std::optional<LoadedVersion>()
                                                            : TRY(load_version(view, secret.home, secret.object(), pending->seq));
  if (!version) return std::string("AWSPENDING is not on the version of this rotation");
  if (!version->version.bytes.empty() || version->version.apart) return std::string();  // filled by an earlier attempt
  auto current = TRY(load_version(view, secret.home, secret.object(), secret.object().current.seq));
  if (current && current->version.media == Media::binary)
    return std::string("the secret's value is binary: the built-in function makes texts");
  if (current) CHECK_OK(load_bytes(view, secret.home, *current));
  PasswordRules rules;
  rules.exclude = left_out;
  const SecretBytes password = TRY(make_password(rules, random_));
  const Filled filled = TRY(with_password(current ? current->version : Version{}, password));
  version->version.bytes = filled.bytes.reveal_text();
  version->version.media = filled.media;
  version->version.updated = now;
  CHECK_OK(save_version(view, secret.home, secret.loaded, *version));
  return std::string();
}

Result<std::string> Rotator::make_step(Transaction& view, rotation::Job& job, Time now) {
  const Nobody nobody(now);
  auto secret = TRY(look(nobody.caller, view, job.object));
  if (!secret || secret->object().state == State::deleted) return std::string("the secret was deleted");
  const std::string& token = job.run->token;
  switch (job.run->step) {
    case rotation::Step::create: return fill_with_password(view, *secret, token, now);
    case rotation::Step::set:
    case rotation::Step::test: return std::string();
    case rotation::Step::finish: break;
  }
  if (secret->object().current.seq != 0 && version_id(secret->object().current) == token) return std::string();
  const Stage* pending = secret->facet.find(pending_label);
  if (pending == nullptr || pending->id != token) return std::string("AWSPENDING is not on the version of this rotation");
  CHECK_OK(move_current(view, *secret, pending->seq, now));
  return std::string();
}

}  // namespace coffer::kv::aws
