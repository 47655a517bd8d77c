#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audit/chain.h"
#include "audit/sinks/io.h"
#include "audit/sinks/tail.h"

namespace coffer::audit {

// What became of a batch: how many of its lines are with the kernel (or synced, where so configured), and why not all.
struct Outcome {
  std::size_t kept = 0;
  std::optional<std::string> problem;  // for the log
  [[nodiscard]] bool ok() const { return !problem; }
};

// Where lines go. Called by one thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  // Whole lines. After a failure no torn line is left, or else torn_bytes() says so and the next append closes it.
  [[nodiscard]] virtual Outcome append(const Batch& batch) = 0;
  // Opens its target anew, after SIGHUP. On an error the former target stays in use.
  [[nodiscard]] virtual Result<void> reopen() { return {}; }
  // Bytes of a torn line at the end; the next batch has to begin with a recovery record.
  [[nodiscard]] virtual std::uint64_t torn_bytes() const { return 0; }

  // Each second. True when it went over to a new target, whose first record has to say so.
  [[nodiscard]] virtual bool look_after_target() { return false; }
  // Whether its target is gone, so that lines would be lost.
  [[nodiscard]] virtual bool lost() const { return false; }
  // Whether it is time to go on in a new file; `rotate` does so and names the former one.
  [[nodiscard]] virtual bool wants_rotation(Time) const { return false; }
  [[nodiscard]] virtual Result<std::string> rotate(Time) { return std::string(); }
};

// A sink that may block: its own thread calls it, behind a queue.
class BlockingSink {
 public:
  virtual ~BlockingSink() = default;
  // Returns at the deadline, or soon after `cancel` becomes readable.
  [[nodiscard]] virtual Outcome append(const Batch& batch, Deadline deadline, int cancel) = 0;
  virtual void reopen() {}
};

}  // namespace coffer::audit
