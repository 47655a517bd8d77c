#include "engines/kv/object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/encoding.h"
#include "rotation/job.h"

namespace coffer::kv {
namespace {

constexpr std::string_view config_key = "c";
constexpr std::size_t upgrade_at_once = 1000;  // keys that one transaction may move
constexpr std::uint64_t drop_at_once = 256;    // versions that one write may drop; the next writes drop the rest

std::string name_key(char area, std::string_view name) {
  std::string out;
  out.reserve(2 + name.size());
  out.push_back(area);
  out.push_back('/');
  out.append(name);
  return out;
}

std::string seq_key(char area, std::string_view name, std::uint64_t seq) {
  std::string out;
  out.reserve(11 + name.size());
  out.push_back(area);
  out.push_back('/');
  out.append(name);
  out.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>((seq >> shift) & 0xff));
  return out;
}

// Puts bytes that are too long for a record under their own key.
Result<void> set_apart(Transaction& view, std::string_view name, Version& version) {
  if (version.apart || version.bytes.size() <= inline_limit) return {};
  CHECK_OK(view.put(seq_key('b', name, version.seq), version.bytes));
  version.apart = true;
  version.bytes = {};
  return {};
}

Object object_of_v1(const PlainSecret& secret, Time upgraded) {
  Object object;
  object.created = object.updated = upgraded;
  object.current.seq = 1;
  object.current.created = object.current.updated = upgraded;
  object.current.bytes = secret.body;
  return object;
}

Result<std::optional<LoadedObject>> load_v1(const Snapshot& view, std::string_view name, Time upgraded) {
  auto record = TRY(view.get(plain_key(name)));
  if (!record) return std::optional<LoadedObject>();
  const PlainSecret secret = TRY(decode_plain(record->reveal_text()));
  LoadedObject out{*std::move(record), object_of_v1(secret, upgraded), true, {}};
  return std::optional(std::move(out));
}

std::string token_key(std::string_view name, std::string_view token) {
  std::string out = name_key('u', name);
  out.push_back('\0');
  out.append(token);
  return out;
}

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
// reached, like in Vault.
Result<void> drop_oldest(Transaction& view, std::string_view name, Object& object, const aws::Facet& facet, const MountConfig& config) {
  const std::uint64_t kept = kept_versions(object, config);
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

bool has_upper_case(std::string_view name) { return std::ranges::any_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }); }

// Lets a new object be found in any spelling of its name.
Result<void> note_spelling(Transaction& view, std::string_view name, const Object& object) {
  if (object.created != never || !has_upper_case(name)) return {};
  return view.put(name_key('f', ascii_lower(name)), name);
}
Result<void> forget_spelling(Transaction& view, std::string_view name) {
  if (!has_upper_case(name)) return {};
  const std::string key = name_key('f', ascii_lower(name));
  const auto noted = TRY(view.get(key));
  if (noted && noted->reveal_text() == name) view.erase(key);
  return {};
}

void begin(const Object& object, const MountConfig& config, Version& next, Time now) {
  next.seq = object.last() + 1;
  next.created = next.updated = now;
  next.deleted_at = deletion_time(object, config, now);
}

}  // namespace

std::string plain_key(std::string_view name) { return name_key('s', name); }

Result<MountConfig> load_config(const Snapshot& view) {
  const auto record = TRY(view.get(config_key));
  if (!record) return MountConfig{};
  return decode_config(record->reveal_text());
}
Result<void> save_config(Transaction& view, const MountConfig& config) { return view.put(config_key, encode(config)); }

Result<bool> load_into(const Snapshot& view, std::string_view name, Time now, const MountConfig* config, LoadedObject& out) {
  auto record = view.get(name_key('o', name));
  if (!record) return std::unexpected(std::move(record).error());
  if (*record) [[likely]] {
    out.record = **std::move(record);
    if (!decode_into(out.record.reveal_text(), out.object))
      return fail(Code::corrupt, "a stored secret cannot be read: its record is damaged");
    return !out.object.lapsed(now);
  }
  const MountConfig settings = config != nullptr ? *config : TRY(load_config(view));
  if (!settings.was_v1) return false;
  auto old = TRY(load_v1(view, name, settings.upgraded));
  if (old) out = *std::move(old);
  return old.has_value();
}

Result<std::optional<LoadedObject>> load(const Snapshot& view, std::string_view name, Time now, const MountConfig* config) {
  std::optional<LoadedObject> out(std::in_place);
  if (!TRY(load_into(view, name, now, config, *out))) out.reset();
  return out;
}

Result<std::optional<LoadedObject>> load_to_write(Transaction& view, std::string_view name, Time now, const MountConfig* config) {
  std::optional<LoadedObject> out(std::in_place);
  if (TRY(load_into(view, name, now, config, *out))) return out;
  if (out->object.lapsed(now)) CHECK_OK(remove(view, name, *out));
  out.reset();
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

Result<void> save(Transaction& view, std::string_view name, LoadedObject& loaded) {
  CHECK_OK(set_apart(view, name, loaded.object.current));
  CHECK_OK(view.put(name_key('o', name), encode(loaded.object)));
  if (loaded.from_v1) view.erase(plain_key(name));
  loaded.from_v1 = false;
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
  CHECK_OK(note_spelling(view, name, object));
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
  CHECK_OK(note_spelling(view, name, object));
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
  const auto copy_version = [&](std::uint64_t seq) -> Result<void> {
    if (seq != object.current.seq) CHECK_OK(copy(seq_key('v', from, seq), seq_key('v', to, seq)));
    return copy(seq_key('b', from, seq), seq_key('b', to, seq));
  };
  for (std::uint64_t seq = object.first(); seq <= object.last(); ++seq) CHECK_OK(copy_version(seq));
  for (const aws::Stage& stage : facet.stages)
    if (stage.seq < object.first()) CHECK_OK(copy_version(stage.seq));
  if (object.current.seq < object.first()) CHECK_OK(copy_version(object.current.seq));
  for (const std::string& token : TRY(view.children(token_key(from, ""), '\0', "", version_ceiling + aws::max_labels)))
    CHECK_OK(copy(token_key(from, token), token_key(to, token)));
  return {};
}

Result<void> remove(Transaction& view, std::string_view name, const LoadedObject& loaded) {
  if (loaded.from_v1) {
    view.erase(plain_key(name));
    return {};
  }
  const Object& object = loaded.object;
  const auto erase = [&](std::uint64_t seq) {
    if (seq != object.current.seq) view.erase(seq_key('v', name, seq));
    view.erase(seq_key('b', name, seq));
  };
  for (std::uint64_t seq = object.first(); seq <= object.last(); ++seq) erase(seq);
  if (!object.aws.empty()) {
    for (const aws::Stage& stage : TRY(aws::decode_facet(object.aws)).stages)
      if (stage.seq < object.first()) erase(stage.seq);
    const std::string prefix = token_key(name, "");
    for (const std::string& token : TRY(view.children(prefix, '\0', "", version_ceiling + aws::max_labels))) view.erase(prefix + token);
    if (object.current.seq < object.first()) erase(object.current.seq);
  }
  if (object.state == State::deleted) forget_purge(view, name, object.purge_at);
  if (!object.aws.empty()) CHECK_OK(rotation::erase_job(view, name));
  CHECK_OK(forget_spelling(view, name));
  view.erase(name_key('a', name));
  view.erase(name_key('o', name));
  return {};
}

namespace {
std::string purge_key(std::string_view name, Time at) { return fmt::format("e/{:016x}/{}", static_cast<std::uint64_t>(unix_seconds(at)), name); }

// Names whose time has come, with that time.
Result<std::vector<std::string>> due(const Snapshot& view, Time now, std::size_t limit) {
  auto keys = TRY(view.children("e/", '\0', "", limit));
  const std::string end = fmt::format("{:016x}/", static_cast<std::uint64_t>(unix_seconds(now)));
  std::erase_if(keys, [&](const std::string& key) { return key.compare(0, end.size(), end) >= 0; });
  return keys;
}
}  // namespace

Result<void> note_purge(Transaction& view, std::string_view name, Time at) {
  CHECK_OK(view.put(name_key('d', name), ""));
  return view.put(purge_key(name, at), "");
}
void forget_purge(Transaction& view, std::string_view name, Time at) {
  view.erase(name_key('d', name));
  view.erase(purge_key(name, at));
}

Result<void> delete_until(Transaction& view, std::string_view name, LoadedObject& loaded, Time now, Duration window) {
  Object& object = loaded.object;
  object.state = State::deleted;
  object.deleted_at = now;
  object.purge_at = now + window;
  CHECK_OK(note_purge(view, name, object.purge_at));
  return save(view, name, loaded);
}

Result<std::vector<std::string>> other_spellings(const Snapshot& view, std::string_view name) {
  std::vector<std::string> out;
  std::string lower = ascii_lower(name);
  if (const auto noted = TRY(view.get(name_key('f', lower))); noted && noted->reveal_text() != name) out.emplace_back(noted->reveal_text());
  if (lower != name) out.insert(out.begin(), std::move(lower));
  return out;
}

Result<void> put_version(Transaction& view, std::string_view name, Version version) {
  if (!version.client_token.empty()) CHECK_OK(view.put(token_key(name, version.client_token), std::to_string(version.seq)));
  CHECK_OK(set_apart(view, name, version));
  return view.put(seq_key('v', name, version.seq), encode(version));
}

Result<void> restore_object(Transaction& view, std::string_view name, LoadedObject& loaded) {
  const Version& current = loaded.object.current;
  if (!current.client_token.empty()) CHECK_OK(view.put(token_key(name, current.client_token), std::to_string(current.seq)));
  if (has_upper_case(name)) CHECK_OK(view.put(name_key('f', ascii_lower(name)), name));
  return save(view, name, loaded);
}

Result<bool> has_due(const Snapshot& view, Time now) { return !TRY(due(view, now, 1)).empty(); }

Result<std::size_t> purge_due(Transaction& view, Time now, std::size_t limit) {
  const auto keys = TRY(due(view, now, limit));
  for (const std::string& key : keys) {
    const std::size_t slash = key.find('/');
    // An entry is only a hint: the object may have been restored, or have gone, since.
    if (slash != std::string::npos) (void)TRY(load_to_write(view, std::string_view(key).substr(slash + 1), now));
    view.erase("e/" + key);
  }
  return keys.size();
}

Result<std::vector<std::string>> list(const Snapshot& view, std::string_view folder, bool deep, const schema::Page& page) {
  std::string prefix = name_key('o', folder);
  if (!folder.empty()) prefix.push_back('/');
  const char delimiter = deep ? '\0' : '/';
  auto names = TRY(list_names(view, prefix, delimiter, page));
  if (!TRY(load_config(view)).was_v1) return names;
  prefix[0] = 's';
  const auto old = TRY(list_names(view, prefix, delimiter, page));
  std::vector<std::string> all;
  std::set_union(names.begin(), names.end(), old.begin(), old.end(), std::back_inserter(all));
  if (page.limit.value > 0 && all.size() > static_cast<std::size_t>(page.limit.value))
    all.resize(static_cast<std::size_t>(page.limit.value));
  return all;
}

Result<void> upgrade_from_v1(Transaction& view, Time now) {
  const auto names = TRY(view.children("s/", '\0', "", upgrade_at_once + 1));
  if (names.empty()) return {};
  MountConfig config = TRY(load_config(view));
  config.upgraded = now;
  config.was_v1 = names.size() > upgrade_at_once;
  CHECK_OK(save_config(view, config));
  if (config.was_v1) return {};
  for (const std::string& name : names) {
    auto loaded = TRY(load_v1(view, name, now));
    if (loaded) CHECK_OK(save(view, name, *loaded));
  }
  return {};
}

}  // namespace coffer::kv
