#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace coffer::storage {

using Position = std::uint64_t;  // of a commit in the journal; 0 is before the first
using Epoch = std::uint64_t;     // grows by one with each change of leader

// One change of one key; no value erases it. Values are already encrypted; keys are whole (tenant ‖ mount ‖ ...).
struct Change {
  std::string key;
  std::optional<std::string> value;
};
// What one group commit changes, in order; the last change of a key wins.
struct Batch {
  std::uint64_t id = 0;  // random: settles an unknown outcome by reading
  std::vector<Change> changes;
};

// One consistent state of the raw store. Safe from several threads at once.
class ReadView {
 public:
  virtual ~ReadView() = default;
  [[nodiscard]] virtual Position position() const = 0;
  // Fills `value` and returns true, or returns false where there is no such key.
  [[nodiscard]] virtual Result<bool> get(std::string_view key, std::string& value) const = 0;
  // As Snapshot::children, on whole keys; names are relative to `prefix`.
  [[nodiscard]] virtual Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                                                  std::size_t limit) const = 0;
  // Up to `limit` changes (keys and values) in [from, end), in order.
  [[nodiscard]] virtual Result<std::vector<Change>> scan(std::string_view from, std::string_view end, std::size_t limit) const = 0;
};

// The ordered key-value state on this machine. One writer, any number of readers.
class State {
 public:
  virtual ~State() = default;
  [[nodiscard]] virtual std::shared_ptr<const ReadView> snapshot() const = 0;  // cheap, holds no lock while alive
  [[nodiscard]] virtual Result<Position> position() const = 0;                 // of the last batch applied
  // Batch and position as one, or neither. With `sync` it is durable when this returns. Code::storage_full when the disk is under its
  // reserve: nothing was written. Any other failure poisons the state: later calls fail with Code::unavailable.
  [[nodiscard]] virtual Result<void> apply(const Batch& batch, Position position, Epoch epoch, bool sync) = 0;
  [[nodiscard]] virtual Result<void> checkpoint(const std::string& folder) const = 0;
  // Whether a poisoned state can be opened again in process (the disk has space again), and doing so.
  [[nodiscard]] virtual Result<void> reopen() = 0;
};

}  // namespace coffer::storage
