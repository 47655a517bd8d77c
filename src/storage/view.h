#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace coffer {

// What a handler sees of the store: one consistent state, confined to its own mount, decrypted. Keys are relative to that mount.
// Used by one thread at a time; valid only during the call that received it.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // The value at `key`, or nothing. Code::corrupt when the stored bytes fail their check.
  [[nodiscard]] virtual Result<std::optional<SecretBytes>> get(std::string_view key) const = 0;
  // Up to `limit` names below `prefix` that sort after `after`, relative to `prefix`: whole keys, or a subtree's name up to and with
  // `delimiter` ('\0': no subtrees). Seeks past each subtree, so a page costs its page. limit 0 means 1,000.
  [[nodiscard]] virtual Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                                                  std::size_t limit) const = 0;
};

// A snapshot that may be changed; sees its own writes. What it read is checked at commit (optimistic), so a handler may run twice
// and acts on nothing but the transaction.
class Transaction : public Snapshot {
 public:
  [[nodiscard]] virtual Result<void> put(std::string_view key, std::string_view value) = 0;
  virtual void erase(std::string_view key) = 0;
  // Adds to a counter without conflicting with others that do. Counters are read by `count`.
  virtual void add(std::string_view key, std::int64_t delta) = 0;
  [[nodiscard]] virtual Result<std::int64_t> count(std::string_view key) const = 0;
};

}  // namespace coffer
