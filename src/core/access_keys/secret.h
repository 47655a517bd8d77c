#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "crypto/hash.h"

namespace coffer::core {

// The secret of an access key, with what was derived of it: signatures are checked with a key of the day, which costs four HMACs to make. Gone with the
// key's entry in memory. Safe from any thread.
class KeySecret {
 public:
  using Derived = std::shared_ptr<const crypto::HmacSha256>;
  explicit KeySecret(SecretBytes text) : text_(std::move(text)) {}
  // Valid as long as this object.
  [[nodiscard]] const SecretBytes& text() const { return text_; }
  // What `make` derives for `scope`; the last few are kept.
  [[nodiscard]] Derived derived(std::string_view scope, const std::function<Derived()>& make) const {
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [known, key] : kept_)
        if (known == scope) return key;
    }
    Derived key = make();
    const std::lock_guard lock(mutex_);
    if (kept_.size() >= most_kept) kept_.erase(kept_.begin());
    kept_.emplace_back(scope, key);
    return key;
  }

 private:
  static constexpr std::size_t most_kept = 4;  // a day, and the next at midnight, for two services
  SecretBytes text_;
  mutable std::mutex mutex_;
  mutable std::vector<std::pair<std::string, Derived>> kept_;  // guarded by mutex_
};

}  // namespace coffer::core
