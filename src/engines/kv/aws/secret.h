#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "backend/caller.h"
#include "engines/kv/aws/errors.h"
#include "engines/kv/aws/facet.h"
#include "engines/kv/object_store.h"

// A secret as the actions see it, and how they find it.
namespace coffer::kv::aws {

[[nodiscard]] std::string_view primary_region(const ActionScope& scope);

// Where the secrets of a request's region lie below the mount: "", "team/", "team/~eu-west-1/".
[[nodiscard]] std::string folder_of(const ActionScope& scope);

// Where a secret lies and what AWS calls it.
class Place {
 public:
  Place(const ActionScope& scope, std::string_view path);
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& region() const { return region_; }
  [[nodiscard]] std::string arn(std::string_view suffix) const { return scope_->secret_arn(region_, name_, suffix); }
  // The secret of the same name in another region.
  [[nodiscard]] Place in(std::string_view region) const;
  [[nodiscard]] const ActionScope& scope() const { return *scope_; }

 private:
  const ActionScope* scope_;
  std::string path_, rest_, region_, name_;
};

struct Secret {
  Place place;
  LoadedObject loaded;  // of a replica: the primary's
  Facet facet;          // likewise
  std::string home;     // where `loaded` lies: place.path(), or the primary's
  bool replica = false;

  [[nodiscard]] Object& object() { return loaded.object; }
  [[nodiscard]] const Object& object() const { return loaded.object; }
  [[nodiscard]] std::string arn() const { return place.arn(facet.suffix); }
  // Labels of a version, AWSCURRENT first.
  [[nodiscard]] std::vector<std::string> labels_of(std::uint64_t seq) const;
};

// Whether the version was made empty, by a rotation that has not filled it yet. An empty text that is the current version is a value (Azure's API takes such).
[[nodiscard]] bool unfilled(const Secret& secret, const Version& version);

enum class Previous : std::uint8_t {
  told,   // where AWSPREVIOUS is, also of an object that Vault's API alone has written
  unsaid  // saves a read where nobody asks
};
// What AWS's door knows of an object. One that it has not written yet gets what it will show from now on: its suffix, and AWSPREVIOUS on the version
// before the current one.
[[nodiscard]] Result<Facet> facet_of(const Snapshot& view, std::string_view path, const Object& object, Previous previous = Previous::told);

// The secret at `path`, whatever its state. Nothing when there is none, or when the request's ARN is another's.
[[nodiscard]] Result<std::optional<Secret>> look(const Caller& caller, const Snapshot& view, std::string_view path,
                                                 Previous previous = Previous::told);
// The same, or ResourceNotFoundException; and what its resource policy denies the caller.
[[nodiscard]] Result<Secret> find(const Caller& caller, const Snapshot& view, std::string_view path, Previous previous = Previous::told);
// The same for a change: refuses what is marked for deletion, and replicas.
[[nodiscard]] Result<Secret> find_to_change(const Caller& caller, Transaction& view, std::string_view path);
// Saves a change of what is not a version. `before`: labels as they were; versions that lost their last one and are past the limit go.
[[nodiscard]] Result<void> save(Transaction& view, Secret& secret, Time now);
[[nodiscard]] Result<void> release(Transaction& view, const Secret& secret, const Facet& before);

// Moves AWSCURRENT to that version and saves.
[[nodiscard]] Result<void> move_current(Transaction& view, Secret& secret, std::uint64_t to, Time now);
// LimitExceededException where more labels are attached than AWS allows.
[[nodiscard]] Result<void> check_label_count(const Secret& secret);

// The number of the version with that id; 0: there is none. `any`: also versions that got their ids before ids told their numbers (at the cost of a walk).
[[nodiscard]] Result<std::uint64_t> seq_of(const Snapshot& view, const Secret& secret, std::string_view id, bool any);

// Whether a name on the wire begins like the folder of a region, "~eu-west-1/x", which no name of AWS's does: it must not lead into that folder.
[[nodiscard]] inline bool names_folder(std::string_view name) { return name.starts_with('~'); }
// Constraints of SecretId that all actions share.
void check_secret_id(Constraints& constraints, const std::optional<std::string>& id);
// Those alone; and those with its characters, which the other actions do not look at: there a name that cannot be is one that is not found.
[[nodiscard]] Result<void> check_secret_id_length(const std::optional<std::string>& id);
[[nodiscard]] Result<void> check_secret_id(const std::optional<std::string>& id);

}  // namespace coffer::kv::aws
