#include "backend/server_keys.h"
#include "base/encoding.h"
#include "crypto/aead.h"
#include "engines/kv/aws/facet.h"
#include "engines/kv/azure/kv_azure.h"

// A secret with all its versions as one sealed text. Any vault of the server that made it can open it, where the name is free.
namespace coffer::kv::azure {
namespace {

using schema::Verb;

constexpr std::uint64_t format = 1;
// What its clients may have stored fits: 500 versions of 25,600 bytes, with what is known of each. The door takes as much in the text that a backup is.
constexpr std::size_t largest_backup = 14u << 20;
constexpr std::string_view sealed_for = "coffer azure backup 2";
// Backups were once sealed with a key of their mount's own.
constexpr std::string_view old_key = "k", once_sealed_for = "coffer azure backup 1";

SecretBytes backup_key(const Caller& caller) { return caller.keys->derive("azure backup"); }

Result<std::optional<SecretBytes>> opened(const Caller& caller, const Snapshot& view, std::string_view box) {
  const SecretBytes key = backup_key(caller);
  if (auto plain = crypto::open_box(key.reveal(), sealed_for, box)) return std::optional(*std::move(plain));
  const auto old = TRY(view.get(old_key));
  if (!old) return std::optional<SecretBytes>();
  auto plain = crypto::open_box(old->reveal(), once_sealed_for, box);
  return plain ? std::optional(*std::move(plain)) : std::optional<SecretBytes>();
}

std::unexpected<Error> unreadable() { return bad_parameter("The backup is damaged, or was made by another server."); }

// What another region's copies would mean for a restored secret is not in the backup, nor is the job of its rotation: that is off until it is turned on again.
Result<void> leave_surroundings(LoadedObject& loaded) {
  if (loaded.object.aws.empty()) return {};
  aws::Facet facet = TRY(aws::decode_facet(loaded.object.aws));
  facet.replicas.clear();
  facet.primary_region.clear();
  facet.rotation.enabled = false;
  facet.rotation.next = facet.rotation.window = never;
  loaded.set(facet);
  return {};
}

Result<std::string> packed(const Snapshot& view, Secret& secret) {
  CHECK_OK(leave_surroundings(secret.loaded));
  Object& object = secret.object();
  LoadedVersion current;
  current.version = object.current;
  CHECK_OK(load_bytes(view, secret.path, current));
  object.current = current.version;
  object.current.apart = false;
  RecordWriter out(format);
  out.text(secret.name).text(encode(object));
  for (const std::uint64_t seq : versions_of(object, object.aws.empty() ? aws::Facet() : TRY(aws::decode_facet(object.aws)))) {
    if (seq == object.current.seq) continue;
    auto version = TRY(load_version(view, secret.path, object, seq));
    if (!version) continue;
    CHECK_OK(load_bytes(view, secret.path, *version));
    version->version.apart = false;
    out.text(encode(version->version));
    if (out.bytes().size() > largest_backup) return bad_parameter("The secret and its versions are too large for a backup.");
  }
  return std::move(out.bytes());
}

}  // namespace

Result<BackupBlob> KvAzure::backup(const Caller& caller, const Snapshot& view, const OneSecret& in) {
  CHECK_OK(open_vault(caller, view));
  auto secret = TRY(look(caller, view, in.path, "azure/backup", Verb::write));
  if (!secret || !shows(secret->object(), caller.now)) return no_such_secret(name_of(caller, in.path));
  if (!secret->object().aws.empty() && !TRY(aws::decode_facet(secret->object().aws)).replica_of.empty()) return is_replicated(secret->name);
  const SecretBytes key = backup_key(caller);
  std::string plain = TRY(packed(view, *secret));
  BackupBlob out{base64url_encode(crypto::seal_box(key.reveal(), sealed_for, plain, random_))};
  wipe(plain);
  return out;
}

Result<KvAzure::KeptBundle> KvAzure::restore(const Caller& caller, Transaction& view, const RestoreSecret& in) {
  const Vault vault = TRY(open_vault(caller, view));
  const auto box = base64url_decode(in.value);
  if (!box || in.value.empty()) return unreadable();
  const auto plain = TRY(opened(caller, view, *box));
  if (!plain) return unreadable();
  RecordReader reader(plain->reveal_text());
  if (reader.number() != format) return unreadable();
  const std::string name(reader.text());
  const std::string_view record = reader.text();
  CHECK_OK(check_name(name));

  const std::string path = caller.scope->name_prefix + name;
  const std::string whole = caller.mount->path + "data/" + path;
  if (caller.authority == nullptr || !caller.authority->allows(whole, Verb::write))
    return fail(Code::permission_denied, "permission denied");
  CHECK_OK(load_to_write(view, path, caller.now));  // removes what has lapsed
  if (TRY(look(caller, view, path, "data", Verb::write))) return name_is_taken(name);

  Secret written{path, name, {}};
  if (!decode_into(record, written.object())) return unreadable();
  while (!reader.at_end()) {
    const std::string_view former = reader.text();
    if (!reader.ok()) return unreadable();
    CHECK_OK(put_version(view, path, TRY(decode_version(former))));
  }
  CHECK_OK(restore_object(view, path, written.loaded));
  LoadedVersion version;
  version.version = written.object().current;
  return bundle(caller, vault, std::move(written), std::move(version));
}

}  // namespace coffer::kv::azure
