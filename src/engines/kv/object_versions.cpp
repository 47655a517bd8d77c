#include <algorithm>
#include <charconv>

#include "engines/kv/azure/vault.h"
#include "engines/kv/object_keys.h"
#include "engines/kv/object_store.h"

// The versions of an object: numbered, kept within limits, with the tokens that made them.
namespace coffer::kv {
namespace {

constexpr std::uint64_t drop_at_once = 256;  // versions that one write may drop; the next writes drop the rest

std::uint64_t kept_versions(const Object& object, const MountConfig& config) {
  const std::uint64_t wanted = std::max(object.max_versions, config.max_versions);
  const std::uint64_t unsaid = object.aws.empty() ? default_max_versions : default_max_aws_versions;
  return std::min(wanted == 0 ? unsaid : wanted, version_ceiling);
}

// When a version written now is to be deleted by itself: the shorter of the object's and the mount's times.
Time deletion_time(const Object& object, const MountConfig& config, Time now) {
  const Duration mount = config.delete_version_after, own = object.delete_version_after;
  if (mount < Duration(0)) return never;
  const Duration after = mount == Duration(0) ? own : own == Duration(0) ? mount : std::min(mount, own);
  return after == Duration(0) ? never : now + after;
}

// Takes a version that is not the current one out of the store, with the token that names it.
Result<void> erase_version(Transaction& view, std::string_view name, const Object& object, std::uint64_t seq) {
  const std::string key = seq_key('v', name, seq);
  if (!object.aws.empty()) {
    if (const auto record = TRY(view.get(key))) {
      const Version version = TRY(decode_version(record->reveal_text()));
      if (!version.client_token.empty()) view.erase(token_key(name, version.client_token));
    }
  }
  view.erase(key);
  view.erase(seq_key('b', name, seq));
  return {};
}

// Drops the oldest versions beyond the limit, but for the current one and those that a label holds. `oldest` stays 0 until the limit is
// reached, like in Vault. Where nothing may be purged, no write may do so by a limit that somebody has set: only the ceiling counts then.
Result<void> drop_oldest(Transaction& view, std::string_view name, Object& object, const aws::Facet& facet, const MountConfig& config) {
  std::uint64_t kept = kept_versions(object, config);
  if (object.last() - object.oldest < kept) return {};
  if (TRY(azure::load_vault(view)).purge_protection) kept = version_ceiling;
  if (object.last() - object.oldest < kept) return {};
  const std::uint64_t last = std::min(object.last() - kept, object.first() - 1 + drop_at_once);
  for (std::uint64_t seq = object.first(); seq <= last; ++seq)
    if (seq != object.current.seq && !facet.holds(seq)) CHECK_OK(erase_version(view, name, object, seq));
  object.oldest = last + 1;
  return {};
}

// Writes the current version under its own key, where former ones lie.
Result<void> set_aside(Transaction& view, std::string_view name, Object& object) {
  if (object.current.seq == 0) return {};
  CHECK_OK(set_apart(view, name, object.current));
  return view.put(seq_key('v', name, object.current.seq), encode(object.current));
}

void begin(const Object& object, const MountConfig& config, Version& next, Time now) {
  next.seq = object.last() + 1;
  next.created = next.updated = now;
  next.deleted_at = deletion_time(object, config, now);
}

}  // namespace

std::vector<std::uint64_t> versions_of(const Object& object, const aws::Facet& facet) {
  std::vector<std::uint64_t> out;
  for (const aws::Stage& stage : facet.stages)
    if (stage.seq < object.first()) out.push_back(stage.seq);
  if (object.current.seq != 0 && object.current.seq < object.first()) out.push_back(object.current.seq);
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  for (std::uint64_t seq = object.first(); seq <= object.last(); ++seq) out.push_back(seq);
  return out;
}

Result<std::optional<LoadedVersion>> load_version(const Snapshot& view, std::string_view name, const Object& object, std::uint64_t seq) {
  std::optional<LoadedVersion> out;
  if (seq == 0 || seq > object.last()) return out;
  if (seq == object.current.seq) {
    out.emplace();
    out->version = object.current;
    return out;
  }
  if (seq < object.first() && (object.aws.empty() || !TRY(aws::decode_facet(object.aws)).holds(seq))) return out;
  out.emplace();
  auto record = TRY(view.get(seq_key('v', name, seq)));
  if (!record) return fail(Code::corrupt, "a stored version of this secret is missing");
  out->version = TRY(decode_version(record->reveal_text()));
  out->record = *std::move(record);
  return out;
}

Result<void> load_bytes(const Snapshot& view, std::string_view name, LoadedVersion& loaded) {
  if (!loaded.version.apart) return {};
  auto bytes = TRY(view.get(seq_key('b', name, loaded.version.seq)));
  if (!bytes) return fail(Code::corrupt, "the value of this stored secret is missing");
  loaded.bytes = *std::move(bytes);
  loaded.version.bytes = loaded.bytes.reveal_text();
  return {};
}

Result<void> add_version(Transaction& view, std::string_view name, LoadedObject& loaded, const MountConfig& config, Version next,
                         Time now) {
  Object& object = loaded.object;
  aws::Facet facet;
  CHECK_OK(set_aside(view, name, object));
  if (!object.aws.empty()) {
    facet = TRY(aws::decode_facet(object.aws));
    const aws::Stage* previous = facet.find(aws::previous_label);
    const std::uint64_t freed = previous != nullptr ? previous->seq : 0;
    facet.current_leaves(object.current.seq, aws::version_id(object.current));
    loaded.set(facet);
    CHECK_OK(drop_unless_kept(view, name, object, facet, freed));
  }
  begin(object, config, next, now);
  if (object.created == never) object.created = now;
  object.updated = now;
  object.current = next;
  if (!next.client_token.empty()) CHECK_OK(view.put(token_key(name, next.client_token), std::to_string(next.seq)));
  CHECK_OK(drop_oldest(view, name, object, facet, config));
  return save(view, name, loaded);
}

Result<std::uint64_t> add_aside(Transaction& view, std::string_view name, LoadedObject& loaded, const MountConfig& config, Version next,
                                Time now) {
  Object& object = loaded.object;
  begin(object, config, next, now);
  CHECK_OK(set_apart(view, name, next));
  CHECK_OK(view.put(seq_key('v', name, next.seq), encode(next)));
  if (!next.client_token.empty()) CHECK_OK(view.put(token_key(name, next.client_token), std::to_string(next.seq)));
  if (object.created == never) object.created = now;
  object.updated = now;
  object.newest = next.seq;
  CHECK_OK(drop_oldest(view, name, object, TRY(aws::decode_facet(object.aws)), config));
  CHECK_OK(save(view, name, loaded));
  return next.seq;
}

Result<void> make_current(Transaction& view, std::string_view name, LoadedObject& loaded, const LoadedVersion& version) {
  Object& object = loaded.object;
  object.newest = object.last();
  CHECK_OK(set_aside(view, name, object));
  view.erase(seq_key('v', name, version.version.seq));
  object.current = version.version;
  return save(view, name, loaded);
}

Result<void> take_back(Transaction& view, std::string_view name, LoadedObject& loaded, std::uint64_t seq) {
  Object& object = loaded.object;
  if (seq == object.newest && seq > object.current.seq) {
    CHECK_OK(erase_version(view, name, object, seq));
    object.newest = seq - 1 > object.current.seq ? seq - 1 : 0;
    return {};
  }
  auto version = TRY(load_version(view, name, object, seq));
  if (!version || seq == object.current.seq) return {};
  return destroy_version(view, name, loaded, *version);
}

Result<void> drop_unless_kept(Transaction& view, std::string_view name, const Object& object, const aws::Facet& facet,
                              std::uint64_t seq) {
  if (seq == 0 || seq >= object.first() || seq == object.current.seq || facet.holds(seq)) return {};
  return erase_version(view, name, object, seq);
}

Result<std::uint64_t> seq_of_token(const Snapshot& view, std::string_view name, std::string_view token) {
  const auto stored = TRY(view.get(token_key(name, token)));
  if (!stored) return 0;
  std::uint64_t seq = 0;
  const std::string_view digits = stored->reveal_text();
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), seq);
  if (fault != std::errc() || end != digits.data() + digits.size()) return fail(Code::corrupt, "a stored version of this secret is missing");
  return seq;
}

Result<void> save_version(Transaction& view, std::string_view name, LoadedObject& loaded, LoadedVersion& version) {
  if (version.version.seq == loaded.object.current.seq) {
    loaded.object.current = version.version;
    return save(view, name, loaded);
  }
  return view.put(seq_key('v', name, version.version.seq), encode(version.version));
}

Result<void> destroy_version(Transaction& view, std::string_view name, LoadedObject& loaded, LoadedVersion& version) {
  if (version.version.apart) view.erase(seq_key('b', name, version.version.seq));
  version.version.destroyed = true;
  version.version.apart = false;
  version.version.bytes = {};
  return save_version(view, name, loaded, version);
}

Result<void> copy_versions(Transaction& view, std::string_view from, std::string_view to, const Object& object, const aws::Facet& facet) {
  const auto copy = [&](const std::string& source, const std::string& target) -> Result<void> {
    if (const auto value = TRY(view.get(source))) CHECK_OK(view.put(target, value->reveal_text()));
    return {};
  };
  for (const std::uint64_t seq : versions_of(object, facet)) {
    if (seq != object.current.seq) CHECK_OK(copy(seq_key('v', from, seq), seq_key('v', to, seq)));
    CHECK_OK(copy(seq_key('b', from, seq), seq_key('b', to, seq)));
  }
  for (const std::string& token : TRY(view.children(token_key(from, ""), '\0', "", version_ceiling + aws::max_labels)))
    CHECK_OK(copy(token_key(from, token), token_key(to, token)));
  return {};
}

Result<void> put_version(Transaction& view, std::string_view name, Version version) {
  if (!version.client_token.empty()) CHECK_OK(view.put(token_key(name, version.client_token), std::to_string(version.seq)));
  CHECK_OK(set_apart(view, name, version));
  return view.put(seq_key('v', name, version.seq), encode(version));
}

}  // namespace coffer::kv
