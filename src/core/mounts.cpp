#include "core/mounts.h"

#include "base/encoding.h"
#include "base/log.h"

namespace coffer::core {

Result<void> BackendCatalog::add(MountClass mount_class, std::string_view type, std::unique_ptr<Backend> backend, std::string_view summary) {
  auto slot = std::make_unique<BackendSlot>();
  slot->mount_class = mount_class;
  slot->type = type;
  slot->summary = summary;
  slot->table = TRY(schema::Table::make(backend->endpoints()));
  slot->backend = std::move(backend);
  slots_.push_back(std::move(slot));
  return {};
}

Result<void> BackendCatalog::add(const BackendType& type, const BackendServices& services) {
  CHECK_OK(add(type.mount_class, type.type, type.make(services), type.summary));
  slots_.back()->variant = type.variant;
  return {};
}

const BackendSlot* BackendCatalog::find(MountClass mount_class, std::string_view type, const schema::StringMap& options) const {
  std::string_view wanted = type == "generic" ? "kv" : type;
  std::string_view variant;
  if (wanted == "kv") {
    const auto version = options.find("version");
    variant = type == "generic" || version == options.end() || version->second.empty() ? std::string_view("1") : std::string_view(version->second);
  }
  for (const auto& slot : slots_)
    if (slot->mount_class == mount_class && slot->type == wanted && slot->variant == variant) return slot.get();
  return nullptr;
}

Result<MountId> parse_mount_id(std::string_view uuid) {
  std::string digits;
  for (char c : uuid)
    if (c != '-') digits.push_back(c);
  const std::string bytes = TRY(hex_decode(digits));
  MountId id;
  if (bytes.size() != id.bytes.size()) return fail(Code::corrupt, "mount id is not a UUID");
  std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  return id;
}

std::shared_ptr<const MountTable> MountTable::make(std::vector<MountEntry> entries, const BackendCatalog& catalog, TenantId tenant, Seconds default_ttl,
                                                   Seconds max_ttl) {
  auto table = std::make_shared<MountTable>();
  std::sort(entries.begin(), entries.end(), [](const MountEntry& a, const MountEntry& b) { return a.path < b.path; });
  for (MountEntry& entry : entries) {
    auto mount = std::make_shared<Mount>();
    mount->slot = catalog.find(entry.is_auth() ? MountClass::auth : MountClass::secret, entry.type, entry.options);
    const auto id = parse_mount_id(entry.uuid);
    if (mount->slot == nullptr || !id) {
      log::error("mount {} has the unknown type {}: it is not served, its data stays", entry.path, entry.type);
      continue;
    }
    mount->space = {tenant, *id};
    // The core's own mounts lie in fixed spaces, which the core reaches without knowing the mount.
    if (entry.type == "system") mount->space = core_space(tenant, "sys");
    else if (entry.type == "token" || entry.type == "identity") mount->space = core_space(tenant, entry.type);
    mount->info = {entry.path, entry.type, entry.accessor, *id, entry.options,
                   entry.default_lease_ttl > Seconds(0) ? entry.default_lease_ttl : default_ttl,
                   entry.max_lease_ttl > Seconds(0) ? entry.max_lease_ttl : max_ttl,
                   entry.token_type.empty() ? std::string("default-service") : entry.token_type};
    mount->entry = std::move(entry);
    table->by_path_.emplace(mount->entry.path, mount.get());
    table->all_.push_back(std::move(mount));
  }
  return table;
}

MountTable::Route MountTable::route(std::string_view path) const {
  for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    const auto found = by_path_.find(path.substr(0, slash + 1));
    if (found != by_path_.end()) return {found->second, path.substr(slash + 1)};
  }
  // "secret" is the mount "secret/" itself.
  const auto found = by_path_.find(std::string(path) + "/");
  if (found != by_path_.end()) return {found->second, {}};
  return {};
}

const Mount* MountTable::find(std::string_view mount_path) const {
  const auto found = by_path_.find(mount_path);
  return found == by_path_.end() ? nullptr : found->second;
}

const Mount* MountTable::conflict(std::string_view path) const {
  for (const auto& mount : all_)
    if (std::string_view(mount->entry.path).starts_with(path) || path.starts_with(mount->entry.path)) return mount.get();
  return nullptr;
}

const Mount* MountTable::by_accessor(std::string_view accessor) const {
  for (const auto& mount : all_)
    if (mount->entry.accessor == accessor) return mount.get();
  return nullptr;
}

}  // namespace coffer::core
