#pragma once
#include <functional>

#include "base/result.h"
#include "storage/view.h"

namespace coffer {

// What a handler that acts outside, or burns CPU, works with (design.md §3). It runs on a worker thread, never twice; it may open several
// views, one after another, and holds none while it acts. Blocks only the worker.
class Session {
 public:
  virtual ~Session() = default;
  // A view of the mount as it is now; valid during the call.
  [[nodiscard]] virtual Result<void> snapshot(const std::function<Result<void>(const Snapshot&)>& work) = 0;
  // A transaction of its own, durable when this returns: an intent, or a kept effect. `work` may run twice.
  [[nodiscard]] virtual Result<void> transact(const std::function<Result<void>(Transaction&)>& work) = 0;
  // The last transaction of the request, in which lease and token records are written too. Call at most once, last; it checks again what
  // the decision stood on (a password changed during Argon2) and fails with Code::conflict when that is gone.
  virtual void finish(std::function<Result<void>(Transaction&)> work) = 0;
  // What puts things back as they were, should the handler fail after all, or its answer not be recorded: then it is withheld, and nobody was
  // told what this request made (security.md I02). Called at most once, on the worker, after all else; true when things are as before.
  virtual void unless_recorded(std::function<bool()> undo) = 0;
};

}  // namespace coffer
