#include "core/acl_cache.h"

#include "base/record.h"

namespace coffer::core {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

void put(RecordWriter& w, const Pairs& pairs) {
  w.number(pairs.size());
  for (const auto& [key, value] : pairs) w.text(key).text(value);
}

// All that a template can refer to, each text with its length, so that no two identities have one key.
void put(RecordWriter& w, const policy::IdentityContext& identity) {
  w.text(identity.entity_id).text(identity.entity_name);
  put(w, identity.metadata);
  w.number(identity.aliases.size());
  for (const auto& alias : identity.aliases) {
    w.text(alias.mount_accessor).text(alias.id).text(alias.name);
    put(w, alias.metadata);
    put(w, alias.custom_metadata);
  }
  w.number(identity.groups.size());
  for (const auto& group : identity.groups) {
    w.text(group.id).text(group.name);
    put(w, group.metadata);
  }
}

std::string key_of(const std::vector<policy::PolicyPtr>& policies, bool root, const policy::IdentityContext* identity) {
  RecordWriter w(root ? 1 : 0);
  w.number(policies.size());
  for (const policy::PolicyPtr& policy : policies) w.number(reinterpret_cast<std::uintptr_t>(policy.get()));
  if (identity != nullptr && policy::templated(policies)) put(w, *identity);
  return std::move(w.bytes());
}

}  // namespace

std::shared_ptr<const policy::Acl> AclCache::get(const std::vector<policy::PolicyPtr>& policies, bool root, const policy::IdentityContext* identity, Time now) {
  std::string key = key_of(policies, root, identity);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(key); found != entries_.end()) {
      const auto changes = found->second.acl->changes_at();
      if (!changes || now < *changes) return found->second.acl;
    }
  }
  auto acl = policy::Acl::compile(policies, root, identity, now);
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= capacity) entries_.clear();  // what is in use comes back
  entries_.insert_or_assign(std::move(key), Entry{policies, acl});
  return acl;
}

}  // namespace coffer::core
