#include "engines/kv/object_store.h"

#include <algorithm>
#include <iterator>

#include "base/encoding.h"
#include "engines/kv/object_keys.h"
#include "rotation/job.h"

namespace coffer::kv {
namespace {

constexpr std::string_view config_key = "c";
constexpr std::size_t upgrade_at_once = 1000;  // keys that one transaction may move
constexpr std::size_t most_spellings = 100;    // that are looked at for one name

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
  LoadedObject out{*std::move(record), object_of_v1(secret, upgraded), true, {}, {}};
  return std::optional(std::move(out));
}

}  // namespace

Result<MountConfig> load_config(const Snapshot& view) {
  const auto record = TRY(view.get(config_key));
  if (!record) return MountConfig{};
  return decode_config(record->reveal_text());
}
std::uint32_t number_kept(std::int64_t wanted) {
  if (wanted < 0) return UINT32_MAX;
  return static_cast<std::uint32_t>(std::min<std::int64_t>(wanted, UINT32_MAX));
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

Result<void> save(Transaction& view, std::string_view name, LoadedObject& loaded) {
  CHECK_OK(set_apart(view, name, loaded.object.current));
  // An object that has not been here before, whoever makes it, is to be found in any spelling.
  if (loaded.record.empty() || loaded.from_v1) CHECK_OK(note_spelling(view, name));
  std::string record = encode(loaded.object);
  CHECK_OK(view.put(name_key('o', name), record));
  if (loaded.from_v1) view.erase(plain_key(name));
  loaded.from_v1 = false;
  loaded.earlier.push_back(std::exchange(loaded.record, SecretBytes::copy_of(record)));
  wipe(record);
  loaded.object = Object();
  if (!decode_into(loaded.record.reveal_text(), loaded.object)) return fail(Code::internal, "what was written cannot be read");
  return {};
}

Result<void> remove(Transaction& view, std::string_view name, const LoadedObject& loaded) {
  if (loaded.from_v1) {
    view.erase(plain_key(name));
    return {};
  }
  const Object& object = loaded.object;
  for (const std::uint64_t seq : versions_of(object, object.aws.empty() ? aws::Facet() : TRY(aws::decode_facet(object.aws)))) {
    if (seq != object.current.seq) view.erase(seq_key('v', name, seq));
    view.erase(seq_key('b', name, seq));
  }
  if (!object.aws.empty()) {
    const std::string prefix = token_key(name, "");
    for (const std::string& token : TRY(view.children(prefix, '\0', "", version_ceiling + aws::max_labels))) view.erase(prefix + token);
  }
  if (object.state == State::deleted) forget_purge(view, name, object.purge_at);
  if (!object.aws.empty()) CHECK_OK(rotation::erase_job(view, name));
  CHECK_OK(forget_spelling(view, name));
  view.erase(name_key('a', name));
  view.erase(name_key('o', name));
  return {};
}

Result<std::vector<std::string>> other_spellings(const Snapshot& view, std::string_view name) {
  const std::string lower = ascii_lower(name), key = name_key('f', lower);
  std::vector<std::string> out{lower};
  if (const auto noted = TRY(view.get(key))) out.emplace_back(noted->reveal_text());
  for (std::string& spelling : TRY(view.children(key + '\0', '\0', "", most_spellings)))
    if (std::ranges::find(out, spelling) == out.end()) out.push_back(std::move(spelling));
  std::erase(out, name);
  return out;
}

Result<void> restore_object(Transaction& view, std::string_view name, LoadedObject& loaded) {
  const Version& current = loaded.object.current;
  if (!current.client_token.empty()) CHECK_OK(view.put(token_key(name, current.client_token), std::to_string(current.seq)));
  return save(view, name, loaded);
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
