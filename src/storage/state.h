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
  // As Snapshot::children, on whole keys; names are relative to `prefix`. limit 0 means 1,000.
  [[nodiscard]] virtual Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                                                  std::size_t limit) const = 0;
  // Up to `limit` changes (keys and values) in [from, end), in order. An empty `end` is the end of the store; limit 0 means 1,000.
  [[nodiscard]] virtual Result<std::vector<Change>> scan(std::string_view from, std::string_view end, std::size_t limit) const = 0;
};

// The last batch that a state holds.
struct Head {
  Position position = 0;
  Epoch epoch = 0;
  std::uint64_t batch = 0;  // its id
};

// What a state is fit for. All but `failed` may pass by themselves.
enum class Condition : std::uint8_t {
  healthy,
  full,      // the disk is under its reserve: apply() refuses until there is space, nothing else is wrong
  no_space,  // a write ran out of space half-way: poisoned until reopen() succeeds
  failed,    // a write or a sync failed: this process must write no more
};

// The ordered key-value state on this machine. One writer at a time, any number of readers.
class State {
 public:
  virtual ~State() = default;
  [[nodiscard]] virtual Condition condition() const = 0;  // from any thread, cheap
  // Cheap, holds no lock while alive, may outlive the state. Views made before a reopen() fail with Code::unavailable after it.
  [[nodiscard]] virtual std::shared_ptr<const ReadView> snapshot() const = 0;
  [[nodiscard]] virtual Result<Head> head() const = 0;
  [[nodiscard]] Result<Position> position() const { return TRY(head()).position; }
  // The highest position that this data ever acknowledged, as far as is known; at least that of head().
  [[nodiscard]] virtual Position highest_seen() const = 0;
  // Whether a get is slow enough that a cache of values in front of it pays.
  [[nodiscard]] virtual bool wants_cache() const = 0;
  // Batch and position (which is one above that of head()) as one, or neither. With `sync` it is durable when this returns. Code::storage_full when the disk is under its
  // reserve: nothing was written. Any other failure poisons the state, leaves the outcome unknown (head() tells after a reopen) and
  // makes later calls fail with Code::unavailable. Keys are not empty.
  [[nodiscard]] virtual Result<void> apply(const Batch& batch, Position position, Epoch epoch, bool sync) = 0;
  // Writes a copy that can be opened as a state of its own to `folder`, which must not exist yet.
  [[nodiscard]] virtual Result<void> checkpoint(const std::string& folder) const = 0;
  // Opens a state poisoned by `no_space` again, in process: recovery runs. Code::storage_full while the disk has no space yet.
  [[nodiscard]] virtual Result<void> reopen() = 0;
};

}  // namespace coffer::storage
