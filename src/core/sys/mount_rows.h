#pragma once
#include <vector>

#include "core/mounts.h"
#include "core/runtime.h"
#include "core/spaces.h"

// The stored form of the mount table: sys space, mount/<uuid>.
namespace coffer::core {

[[nodiscard]] Result<std::vector<MountEntry>> read_mount_rows(const Snapshot& sys);
[[nodiscard]] Result<void> write_mount_row(Transaction& sys, const MountEntry& entry);
// Gives a new entry its uuid and accessor.
void stamp_mount(MountEntry& entry, Random& random);
// Deletes what a disabled mount (row gone, `doomed/<uuid>` written) leaves: its tokens, then its data; resumed after a restart. Not for an io thread.
[[nodiscard]] Result<void> finish_disable(Runtime& runtime, const std::string& uuid, const std::string& path);
[[nodiscard]] Result<void> finish_doomed(Runtime& runtime);
// A root token in the caller's transaction; `given` is its text, "" makes one.
[[nodiscard]] Result<SecretBytes> make_root_token(RequestSpaces& spaces, Runtime& runtime, SecretBytes given);
// Audit devices that were enabled by API, after unseal. A device that cannot be opened is an error: records must not be lost in silence.
[[nodiscard]] Result<void> enable_stored_audit_devices(Runtime& runtime, audit::Broker& audit);

}  // namespace coffer::core
