#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace coffer {

// Which namespace (tenant) something belongs to; part of every stored key, cache key, lease and accessor (design.md §1.6).
struct TenantId {
  std::uint32_t value = 0;
  auto operator<=>(const TenantId&) const = default;
};
inline constexpr TenantId root_tenant{1};

// Which mount something belongs to: 16 random bytes that a remount does not change.
struct MountId {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const MountId&) const = default;
};

// Where a backend's (or a part of the core's) keys lie: tenant ‖ mount. Appends the 20-byte prefix that orders the store.
struct KeySpace {
  TenantId tenant;
  MountId mount;
  auto operator<=>(const KeySpace&) const = default;
  void append_to(std::string& out) const {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((tenant.value >> shift) & 0xff));
    out.append(reinterpret_cast<const char*>(mount.bytes.data()), mount.bytes.size());
  }
  [[nodiscard]] std::string prefix() const {
    std::string out;
    append_to(out);
    return out;
  }
};

// The core's own areas are mounts with fixed ids, so that one form of key serves all.
[[nodiscard]] inline KeySpace core_space(TenantId tenant, std::string_view area) {
  KeySpace space{tenant, {}};
  std::memcpy(space.mount.bytes.data(), area.data(), area.size() < 16 ? area.size() : 16);
  return space;
}

[[nodiscard]] std::string to_uuid_text(const MountId& id);

}  // namespace coffer
