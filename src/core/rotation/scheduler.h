#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/runtime.h"
#include "core/workers.h"
#include "rotation/functions.h"
#include "rotation/machine.h"
#include "rotation/rotating.h"

namespace coffer::core {

struct RotationEnd;
struct System;

// Counters of rotations for sys/metrics.
struct RotationCounters {
  std::atomic<std::uint64_t> succeeded{0}, failed{0}, abandoned{0};
};

// Makes the rotations of all mounts when they are due (rotation/job.h): each on a worker of its own, several at a time, one per object; one
// function has at most half of the workers, so that one that hangs does not keep the others' secrets waiting. A step is a
// transaction, a call that holds neither transaction nor ticket of the gate, and another transaction, so that neither a function that hangs nor a seal that
// closes has to wait for the other. What was begun and not noted as ended is made again: after a crash the run goes on at the step it was at.
class RotationScheduler {
 public:
  struct Parts {
    System& system;
    Gate& gate;
    const rotation::Functions* functions = nullptr;
    rotation::Policy policy;
    unsigned at_once = 8;
  };
  explicit RotationScheduler(Parts parts);
  ~RotationScheduler();

  // Hands what is due to the workers, as many as are free. For the background thread.
  [[nodiscard]] Result<void> poll(Runtime& runtime);
  // Calls that run are given up: the seal closes. Until opened() is called.
  void closing() {
    closed_.store(true);
    seals_.fetch_add(1);
  }
  void opened() { closed_.store(false); }
  // The same for good, and waits for them.
  void stop();
  [[nodiscard]] const RotationCounters& counters() const { return counters_; }

 private:
  struct Task {
    std::string mount;  // uuid
    rotation::Due due;
    [[nodiscard]] std::string key() const { return mount + '/' + due.object; }
  };
  // What a step was begun with.
  struct Begun {
    rotation::Job job;
    std::shared_ptr<const MountTable> mounts;
    const Mount* mount = nullptr;
    rotation::Rotating* rotating = nullptr;
    std::string request_id;
  };
  [[nodiscard]] Result<void> hand_out(const Mount& mount, const Snapshot& view, Time now);
  // Whether the task can be worked on now; it counts as running then.
  [[nodiscard]] bool admit(const std::string& key, const std::string& target);
  void finished(const std::string& key, bool rests);
  [[nodiscard]] bool full();
  void work(const Task& task);
  [[nodiscard]] Result<bool> make_step(const Task& task);
  [[nodiscard]] Result<std::optional<Begun>> begin(const Task& task);
  [[nodiscard]] Result<bool> make_own_step(const Begun& begun);
  [[nodiscard]] Result<bool> call_function(const Begun& begun);
  [[nodiscard]] Result<bool> note(const Begun& begun, const std::string& failure, bool built_in);
  [[nodiscard]] Result<rotation::Outcome> settle(const Begun& begun, Transaction& view, rotation::Job& job, std::string& failure, Time now);
  [[nodiscard]] Result<void> record(const Begun& begun, const RotationEnd* end);
  void count(const RotationEnd& end);
  [[nodiscard]] bool given_up() const { return closed_.load() || stopping_.load(); }

  Parts parts_;
  RotationCounters counters_;
  std::atomic<bool> closed_{false}, stopping_{false};
  std::atomic<std::uint64_t> seals_{0};  // how often the seal closed: a call that began before is given up even when it has opened again
  std::mutex mutex_;
  std::map<std::string, std::string> running_;  // guarded by mutex_: keys of tasks, and the function of each
  // Guarded by mutex_: tasks that could not be worked on, and until when.
  std::map<std::string, std::chrono::steady_clock::time_point> resting_;
  std::map<std::string, std::string> seen_;  // of the background thread: how far the queue of a mount was looked through
  std::unique_ptr<Workers> workers_;         // of the background thread; made when the first rotation is due
};

}  // namespace coffer::core
