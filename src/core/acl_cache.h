#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "policy/policy.h"

namespace coffer::core {

// Compiled policy sets, shared by all tokens that have the same policies (and, where a path is templated, the same identity): a hundred
// thousand tokens of one role hold one set. Safe from any thread.
class AclCache {
 public:
  // The set for these policies. `identity` fills in templates; null without an entity. Compiles it when there is none, or when a rule of it
  // has expired by `now`.
  [[nodiscard]] std::shared_ptr<const policy::Acl> get(const std::vector<policy::PolicyPtr>& policies, bool root, const policy::IdentityContext* identity, Time now);

 private:
  struct Entry {
    std::vector<policy::PolicyPtr> policies;  // held, so that no other policy can come to lie at an address that is part of the key
    std::shared_ptr<const policy::Acl> acl;
  };
  static constexpr std::size_t capacity = 4096;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace coffer::core
