#include "engines/kv/azure/vault.h"

#include "backend/memory.h"
#include "engines/kv/azure/kv_azure.h"

// The properties of a vault, through Vault-shaped endpoints.
namespace coffer::kv::azure {
namespace {

constexpr std::uint64_t format = 1;
constexpr std::string_view key = "z";

VaultShown shown(const Vault& vault) {
  return {vault.soft_delete_days, vault.purge_protection, std::string(vault.recovery_level()), {vault.deleted_at}, {vault.purge_at}};
}

}  // namespace

std::string_view Vault::recovery_level() const {
  if (soft_delete_days < most_days) return purge_protection ? "CustomizedRecoverable" : "CustomizedRecoverable+Purgeable";
  return purge_protection ? "Recoverable" : "Recoverable+Purgeable";
}

std::string encode(const Vault& v) {
  RecordWriter out(format);
  out.integer(v.soft_delete_days).number(v.purge_protection ? 1 : 0).time(v.deleted_at).time(v.purge_at);
  return std::move(out.bytes());
}

Result<Vault> decode_vault(std::string_view record) {
  RecordReader in(record);
  Vault v;
  const bool known = in.number() == format;
  v.soft_delete_days = in.integer();
  const std::uint64_t protection = in.number();
  v.purge_protection = protection == 1;
  v.deleted_at = in.time();
  v.purge_at = in.time();
  if (!known || !in.ok() || !in.at_end() || protection > 1)
    return fail(Code::corrupt, "the properties of this vault cannot be read: their record is damaged");
  return v;
}

Result<Vault> load_vault(const Snapshot& view) {
  const auto record = TRY(view.get(key));
  if (!record) return Vault{};
  return decode_vault(record->reveal_text());
}
Result<Vault> load_vault(const Caller& caller, const Snapshot& view) {
  if (caller.memory == nullptr) return load_vault(view);
  if (const auto kept = caller.memory->find(key)) return *static_cast<const Vault*>(kept.get());
  const Vault vault = TRY(load_vault(view));
  caller.memory->keep(key, std::make_shared<const Vault>(vault));
  return vault;
}
Result<void> save_vault(Transaction& view, const Vault& vault) { return view.put(key, encode(vault)); }

Result<VaultShown> KvAzure::read_vault(const Caller&, const Snapshot& view, const schema::NoMembers&) { return shown(TRY(load_vault(view))); }

Result<VaultShown> KvAzure::write_vault(const Caller&, Transaction& view, const VaultChange& in) {
  Vault vault = TRY(load_vault(view));
  if (in.soft_delete_days) {
    if (*in.soft_delete_days < least_days || *in.soft_delete_days > most_days) return invalid("soft_delete_days must be between 7 and 90");
    if (vault.purge_protection && *in.soft_delete_days < vault.soft_delete_days)
      return invalid("soft_delete_days cannot be shortened while purge protection is on");
    vault.soft_delete_days = *in.soft_delete_days;
  }
  if (in.purge_protection) {
    if (vault.purge_protection && !*in.purge_protection) return invalid("purge protection cannot be turned off again");
    vault.purge_protection = *in.purge_protection;
  }
  CHECK_OK(save_vault(view, vault));
  return shown(vault);
}

Result<VaultShown> KvAzure::delete_vault(const Caller& caller, Transaction& view, const schema::NoMembers&) {
  Vault vault = TRY(load_vault(view));
  if (!vault.deleted()) {
    vault.deleted_at = caller.now;
    vault.purge_at = caller.now + std::chrono::days(vault.soft_delete_days);
    CHECK_OK(save_vault(view, vault));
  }
  return shown(vault);
}

Result<VaultShown> KvAzure::recover_vault(const Caller&, Transaction& view, const schema::NoMembers&) {
  Vault vault = TRY(load_vault(view));
  vault.deleted_at = vault.purge_at = never;
  CHECK_OK(save_vault(view, vault));
  return shown(vault);
}

}  // namespace coffer::kv::azure
