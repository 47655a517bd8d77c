#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer::barrier {

// Where the seal file lives: one small text that is replaced whole or not at all. Used by one thread at a time.
class SealStore {
 public:
  virtual ~SealStore() = default;
  [[nodiscard]] virtual Result<std::optional<std::string>> read() = 0;
  // Durable when it returns. Code::storage_full on a full disk, Code::unavailable on other failures; the former text then stays.
  [[nodiscard]] virtual Result<void> write(std::string_view text) = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;  // for messages: relative to the data folder
};

// `<data>/core/seal.json`: folder mode 0700, file 0600, replaced by temporary file, sync, rename, sync of the folder. Holds a lock on the folder
// for its lifetime: Code::unavailable when another process has it.
[[nodiscard]] Result<std::unique_ptr<SealStore>> open_file_seal_store(const std::string& data_folder);
// For `inmem` stores and tests.
[[nodiscard]] std::unique_ptr<SealStore> make_memory_seal_store();

}  // namespace coffer::barrier
