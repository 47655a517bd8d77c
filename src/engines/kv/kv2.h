#pragma once
#include <string_view>

#include "backend/backend.h"
#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/azure/kv_azure.h"
#include "engines/kv/object_store.h"
#include "engines/kv/replies.h"
#include "engines/kv/requests.h"

namespace coffer::kv {

// KV version 2 (vault-api: secret/kv/kv-v2). Its handlers stand by topic in data.cpp, versions.cpp, metadata.cpp and kv2.cpp.
class Kv2 final : public Backend {
 public:
  explicit Kv2(const BackendServices& services) : random_(services.random), aws_(services), azure_(services.random) {}
  std::vector<schema::Endpoint> endpoints() override;
  [[nodiscard]] std::string_view help() const override;
  Result<void> configure(const Caller& caller, Transaction& view, const schema::StringMap& before, const schema::StringMap& after) override;
  // Purging objects whose window has passed; writing marks of reads.
  Result<bool> has_chores(const MountInfo& mount, const Snapshot& view, Time now) override;
  Result<void> do_chores(const MountInfo& mount, Transaction& view, Time now) override;
  void chores_done(const MountInfo& mount) override { aws_.marks().written(mount.id); }
  [[nodiscard]] rotation::Rotating* rotating() override { return &aws_.rotator(); }

 private:
  template <class R>
  using Maybe = Result<std::optional<schema::Answer<R>>>;

  // data.cpp
  Maybe<Kept<SecretVersion>> read_data(const Caller& caller, const Snapshot& view, const ReadVersion& in);
  Result<schema::Reply> write_data(const Caller& caller, Transaction& view, const WriteData& in);
  Result<schema::Reply> patch_data(const Caller& caller, Transaction& view, const WriteData& in);
  Maybe<Kept<Subkeys>> read_subkeys(const Caller& caller, const Snapshot& view, const ReadSubkeys& in);
  Result<bool> exists(const Caller& caller, const Snapshot& view, const Named& in);

  // versions.cpp
  Result<schema::Nothing> delete_latest(const Caller& caller, Transaction& view, const Named& in);
  Result<schema::Nothing> delete_versions(const Caller& caller, Transaction& view, const Versions& in);
  Result<schema::Nothing> undelete_versions(const Caller& caller, Transaction& view, const Versions& in);
  Result<schema::Nothing> destroy_versions(const Caller& caller, Transaction& view, const Versions& in);

  // metadata.cpp
  Result<std::optional<Kept<ObjectMetadata>>> read_metadata(const Caller& caller, const Snapshot& view, const Named& in);
  Result<schema::Answer<schema::Nothing>> write_metadata(const Caller& caller, Transaction& view, const MetadataChange& in);
  Result<schema::Reply> patch_metadata(const Caller& caller, Transaction& view, const MetadataPatch& in);
  Result<schema::Nothing> delete_metadata(const Caller& caller, Transaction& view, const Named& in);

  // lists.cpp
  Result<schema::Keys> list_metadata(const Caller& caller, const Snapshot& view, const ListFolder& in);
  Result<schema::Keys> scan_metadata(const Caller& caller, const Snapshot& view, const ListFolder& in);
  Result<schema::Keys> list_detailed(const Caller& caller, const Snapshot& view, const ListFolder& in);
  Result<schema::Keys> scan_detailed(const Caller& caller, const Snapshot& view, const ListFolder& in);

  // kv2.cpp
  Result<ConfigReply> read_config(const Caller& caller, const Snapshot& view, const schema::NoMembers& in);
  Result<schema::Nothing> write_config(const Caller& caller, Transaction& view, const ConfigChange& in);
  Result<schema::Reply> root(const Caller& caller, const Snapshot& view, const schema::NoMembers& in);
  Result<schema::Reply> root_write(const Caller& caller, const Snapshot& view, const StrayWrite& in);
  Result<schema::Reply> wrong_read(const Caller& caller, const Snapshot& view, const Named& in);
  Result<schema::Reply> wrong_write(const Caller& caller, const Snapshot& view, const StrayWrite& in);
  Result<schema::Reply> wrong_list(const Caller& caller, const Snapshot& view, const Named& in);
  Result<schema::Reply> wrong_delete(const Caller& caller, const Snapshot& view, const Named& in);

  Random& random_;
  aws::KvAws aws_;
  azure::KvAzure azure_;
};

// Reads and deletes of a name with a slash at its end: such a secret cannot exist.
[[nodiscard]] inline bool names_folder(const Caller& caller) { return caller.path.ends_with('/'); }
// The condition of a write (`cas`), with Vault's texts.
[[nodiscard]] Result<void> check_cas(const schema::RawJson& cas, bool required, std::uint64_t current);
// Refuses writes to what AWS's or Azure's door has deleted: those APIs restore it, or it goes at the end of its window.
[[nodiscard]] Result<void> check_active(const Object& object);
[[nodiscard]] VersionMetadata describe_version(const Object& object, const Version& version);
[[nodiscard]] Result<ObjectMetadata> describe_object(const Snapshot& view, std::string_view name, const Object& object);
// 404 without a body, which Vault answers to a patch of nothing.
[[nodiscard]] schema::Reply empty_not_found();
// Allows a version 1 mount to become one of version 2, not the other way round.
[[nodiscard]] Result<void> change_version(Transaction& view, const schema::StringMap& before, const schema::StringMap& after, Time now);

}  // namespace coffer::kv
