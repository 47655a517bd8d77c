#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/listing.h"
#include "base/secret.h"
#include "engines/kv/aws/facet.h"
#include "engines/kv/model.h"
#include "storage/view.h"

// Objects in the key space of a mount. Keys:
//   c                        the mount's settings
//   o/<name>                 an object with its current version: a read is one get
//   v/<name> 0 <8 bytes seq> a former version
//   b/<name> 0 <8 bytes seq> the bytes of a version that are over inline_limit
//   u/<name> 0 <token>       the number of the version that a request with this token made (AWS's door)
//   a/<name>                 when the object was last read (AWS's door)
//   e/<16 hex seconds>/<name> an object that is to be purged then
//   d/<name>                 an object that is deleted and can be recovered
//   f/<name in lower case> 0 <name>  an object whose name has letters in upper case
//   f/<name in lower case>   the same as it was once: the name of one of them
//   i                        how far d/ and f/ are whole (indexes.h)
//   s/<name>                 a secret of version 1
//   r/, q/                   rotations (rotation/job.h)
//   z                        the vault that Azure's clients see (azure/); k: a key that its backups were once sealed with
// All operations run in the caller's view; none keeps state. Names are parts of canonical paths, so they hold no zero byte.
namespace coffer::kv {

// How many versions are kept at most, whatever the settings say: one transaction must be able to delete an object.
inline constexpr std::uint64_t version_ceiling = 10'000;
inline constexpr std::uint32_t default_max_versions = 10;
// Of an object that AWS's door has written, whose clients count on about a hundred.
inline constexpr std::uint32_t default_max_aws_versions = 100;

[[nodiscard]] Result<MountConfig> load_config(const Snapshot& view);
// What a request says that `max_versions` is to be: -1, as Vault's clients send it, is as many as there may be.
[[nodiscard]] std::uint32_t number_kept(std::int64_t wanted);
[[nodiscard]] Result<void> save_config(Transaction& view, const MountConfig& config);

// An object with the memory that its texts lie in.
struct LoadedObject {
  SecretBytes record;
  Object object;
  bool from_v1 = false;  // read from a version 1 key: saving moves it
  std::string facet;     // the memory of object.aws, where it was changed
  std::vector<SecretBytes> earlier;  // records before the last save, in which versions may still lie

  void set(const aws::Facet& changed) {
    facet = encode(changed);
    object.aws = facet;
  }
};
// A version likewise. Where it is the current one its texts lie in the object's record, which must live as long.
struct LoadedVersion {
  SecretBytes record, bytes;
  Version version;
};

// Nothing when there is no such object, or one whose time has lapsed. Pass the settings when they are at hand: a miss needs them.
[[nodiscard]] Result<std::optional<LoadedObject>> load(const Snapshot& view, std::string_view name, Time now,
                                                       const MountConfig* config = nullptr);
// The same into a fresh LoadedObject, for the hot path: false when there is no such object.
[[nodiscard]] Result<bool> load_into(const Snapshot& view, std::string_view name, Time now, const MountConfig* config, LoadedObject& out);
// The same for a write: removes what has lapsed.
[[nodiscard]] Result<std::optional<LoadedObject>> load_to_write(Transaction& view, std::string_view name, Time now,
                                                                const MountConfig* config = nullptr);
// The numbers of all its versions, in order: those that are kept for their age, and older ones that a staging label holds or that is current.
[[nodiscard]] std::vector<std::uint64_t> versions_of(const Object& object, const aws::Facet& facet);
// Without bytes that lie apart. Nothing when the object has no such version (any more).
[[nodiscard]] Result<std::optional<LoadedVersion>> load_version(const Snapshot& view, std::string_view name, const Object& object,
                                                                std::uint64_t seq);
// Fetches bytes that lie apart.
[[nodiscard]] Result<void> load_bytes(const Snapshot& view, std::string_view name, LoadedVersion& version);

// Writes the object (and so its current version, whose bytes must be loaded unless they lie apart). Its texts lie in the record that was written from
// then on, so that those of a caller need not outlive the call.
[[nodiscard]] Result<void> save(Transaction& view, std::string_view name, LoadedObject& loaded);
// Makes `next` the current version: numbers and dates it, moves the former to its own key, drops what is over the limits. `loaded.object` is
// what is stored then. A new object has an empty `loaded`.
[[nodiscard]] Result<void> add_version(Transaction& view, std::string_view name, LoadedObject& loaded, const MountConfig& config,
                                       Version next, Time now);
// Writes a version whose marks (not bytes) changed.
[[nodiscard]] Result<void> save_version(Transaction& view, std::string_view name, LoadedObject& loaded, LoadedVersion& version);
// Takes a version's bytes away for good.
[[nodiscard]] Result<void> destroy_version(Transaction& view, std::string_view name, LoadedObject& loaded, LoadedVersion& version);
// Writes a version that is not to be the current one; it gets the next number, which is answered. `loaded` is saved.
[[nodiscard]] Result<std::uint64_t> add_aside(Transaction& view, std::string_view name, LoadedObject& loaded, const MountConfig& config,
                                              Version next, Time now);
// Makes another version the current one. Its texts lie in `version`, which must live until `loaded` has been saved.
[[nodiscard]] Result<void> make_current(Transaction& view, std::string_view name, LoadedObject& loaded, const LoadedVersion& version);
// Takes back a version that is not the current one: its number is free again where it was the newest, else its value is destroyed. The caller saves.
[[nodiscard]] Result<void> take_back(Transaction& view, std::string_view name, LoadedObject& loaded, std::uint64_t seq);
// Takes out a version that neither a label nor the limit keeps any more: one that was dropped for its age but for its label.
[[nodiscard]] Result<void> drop_unless_kept(Transaction& view, std::string_view name, const Object& object, const aws::Facet& facet,
                                            std::uint64_t seq);
// Which version the token's request made; 0: none.
[[nodiscard]] Result<std::uint64_t> seq_of_token(const Snapshot& view, std::string_view name, std::string_view token);
// Copies all versions but the current one, with bytes that lie apart and the tokens, to where another object is to lie.
[[nodiscard]] Result<void> copy_versions(Transaction& view, std::string_view from, std::string_view to, const Object& object,
                                         const aws::Facet& facet);
// Deletes the object and all its versions.
[[nodiscard]] Result<void> remove(Transaction& view, std::string_view name, const LoadedObject& loaded);

// Lets purge_due find an object when its time has come, and takes that back.
[[nodiscard]] Result<void> note_purge(Transaction& view, std::string_view name, Time at);
void forget_purge(Transaction& view, std::string_view name, Time at);
// Removes objects whose time has come, at most so many; answers how many.
[[nodiscard]] Result<std::size_t> purge_due(Transaction& view, Time now, std::size_t limit);
// Whether there are any.
[[nodiscard]] Result<bool> has_due(const Snapshot& view, Time now);

// Marks the object as deleted, to be recovered until the window has passed.
[[nodiscard]] Result<void> delete_until(Transaction& view, std::string_view name, LoadedObject& loaded, Time now, Duration window);
// Names that differ from `name` only in the case of letters and may be objects': for APIs whose names are case-insensitive.
[[nodiscard]] Result<std::vector<std::string>> other_spellings(const Snapshot& view, std::string_view name);
// Writes an object and its former versions under the numbers that they have, where there is none.
[[nodiscard]] Result<void> put_version(Transaction& view, std::string_view name, Version version);
[[nodiscard]] Result<void> restore_object(Transaction& view, std::string_view name, LoadedObject& loaded);

// Names of objects and folders directly below `folder` ("" or "a/b", without a slash at its end), or of all objects below when `deep`.
[[nodiscard]] Result<std::vector<std::string>> list(const Snapshot& view, std::string_view folder, bool deep, const schema::Page& page);

// Makes version 1 keys readable as objects: moves them when they are few, else leaves them to be moved when they are next written.
[[nodiscard]] Result<void> upgrade_from_v1(Transaction& view, Time now);
// The key of a version 1 secret, and of a folder of them.
[[nodiscard]] std::string plain_key(std::string_view name);

}  // namespace coffer::kv
