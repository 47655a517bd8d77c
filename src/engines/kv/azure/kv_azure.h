#pragma once
#include <vector>

#include "backend/backend.h"
#include "engines/kv/azure/replies.h"
#include "engines/kv/azure/requests.h"
#include "engines/kv/azure/secret.h"

namespace coffer::kv::azure {

// The operations of Azure Key Vault on secrets, on the objects of a version 2 mount, each on the path that Vault's API has for the same meaning. Handlers
// stand by topic in values.cpp, lists.cpp, deletion.cpp, backup.cpp and vault.cpp.
class KvAzure {
 public:
  explicit KvAzure(Random& random) : random_(random) {}
  [[nodiscard]] std::vector<schema::Endpoint> endpoints();

 private:
  using KeptBundle = Kept<Bundle>;

  // values.cpp
  Result<KeptBundle> set(const Caller& caller, Transaction& view, const SetSecret& in);
  Result<KeptBundle> get(const Caller& caller, const Snapshot& view, const GetSecret& in);
  Result<KeptBundle> update(const Caller& caller, Transaction& view, const UpdateSecret& in);
  Result<bool> exists(const Caller& caller, const Snapshot& view, const OneSecret& in);

  // lists.cpp
  Result<ItemList> list(const Caller& caller, const Snapshot& view, const ListPage& in);
  Result<ItemList> list_versions(const Caller& caller, const Snapshot& view, const ListPage& in);
  Result<ItemList> list_deleted(const Caller& caller, const Snapshot& view, const ListPage& in);

  // deletion.cpp
  Result<KeptBundle> remove(const Caller& caller, Transaction& view, const OneSecret& in);
  Result<KeptBundle> get_deleted(const Caller& caller, const Snapshot& view, const OneSecret& in);
  Result<KeptBundle> recover(const Caller& caller, Transaction& view, const OneSecret& in);
  Result<schema::Nothing> purge(const Caller& caller, Transaction& view, const OneSecret& in);

  // backup.cpp
  Result<BackupBlob> backup(const Caller& caller, const Snapshot& view, const OneSecret& in);
  Result<KeptBundle> restore(const Caller& caller, Transaction& view, const RestoreSecret& in);

  // vault.cpp
  Result<VaultShown> read_vault(const Caller& caller, const Snapshot& view, const schema::NoMembers& in);
  Result<VaultShown> write_vault(const Caller& caller, Transaction& view, const VaultChange& in);
  Result<VaultShown> delete_vault(const Caller& caller, Transaction& view, const schema::NoMembers& in);
  Result<VaultShown> recover_vault(const Caller& caller, Transaction& view, const schema::NoMembers& in);

  Random& random_;
};

}  // namespace coffer::kv::azure
