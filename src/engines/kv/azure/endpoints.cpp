#include "engines/kv/azure/kv_azure.h"

// The table of operations. Each stands on the path and verb that Vault's API has for the same, so that one policy guards a secret whichever API asks.
namespace coffer::kv::azure {

std::vector<schema::Endpoint> KvAzure::endpoints() {
  using schema::at;
  using schema::Verb;
  std::vector<schema::Endpoint> out;
  out.push_back(at("data/{path...}", "Values of a secret.")
                    .on_action("keyvault:GetSecret", Verb::read, this, &KvAzure::get, "Reads a version.")
                    .on_action("keyvault:SetSecret", Verb::write, this, &KvAzure::set, "Writes a version.")
                    .exists(this, &KvAzure::exists));
  out.push_back(
      at("metadata/{path...}", "What is known of a secret.")
          .on_action("keyvault:UpdateSecret", Verb::write, this, &KvAzure::update,
                     "Changes attributes, tags and content type of a version.")
          .on_action("keyvault:GetSecretVersions", Verb::read, this, &KvAzure::list_versions, "Lists versions.")
          .on_action("keyvault:GetDeletedSecret", Verb::read, this, &KvAzure::get_deleted, "Tells what is known of a deleted secret.")
          .on_action("keyvault:DeleteSecret", Verb::remove, this, &KvAzure::remove, "Deletes a secret; it can be recovered.")
          .on_action("keyvault:GetSecrets", Verb::list, this, &KvAzure::list, "Lists secrets.")
          .heavy()
          .on_action("keyvault:GetDeletedSecrets", Verb::list, this, &KvAzure::list_deleted, "Lists deleted secrets.")
          .heavy());
  out.push_back(at("undelete/{path...}", "Undoing of a deletion.")
                    .on_action("keyvault:RecoverDeletedSecret", Verb::write, this, &KvAzure::recover, "Recovers a deleted secret."));
  out.push_back(at("destroy/{path...}", "Destruction.")
                    .on_action("keyvault:PurgeDeletedSecret", Verb::write, this, &KvAzure::purge, "Removes a deleted secret for good."));
  out.push_back(at("azure/backup/{path...}", "Backups through Azure's API.")
                    .on_action("keyvault:BackupSecret", Verb::write, this, &KvAzure::backup, "Answers a secret as one sealed text.")
                    .heavy()
                    .undocumented());
  out.push_back(at("azure/restore", "Restoring of backups through Azure's API.")
                    .on_action("keyvault:RestoreSecret", Verb::write, this, &KvAzure::restore, "Writes what a backup answered.")
                    .heavy()
                    .undocumented());
  out.push_back(at("azure", "The vault that Azure's clients see in this mount.")
                    .on(Verb::read, this, &KvAzure::read_vault, "Reads the properties of the vault.")
                    .on(Verb::write, this, &KvAzure::write_vault, "Changes the properties that are given.")
                    .on(Verb::remove, this, &KvAzure::delete_vault, "Hides the vault from Azure's clients; it can be recovered."));
  out.push_back(at("azure/recover", "Undoing of the vault's deletion.")
                    .on(Verb::write, this, &KvAzure::recover_vault, "Shows the vault to Azure's clients again."));
  return out;
}

}  // namespace coffer::kv::azure
