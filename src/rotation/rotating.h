#pragma once
#include <string>

#include "rotation/job.h"

namespace coffer::rotation {

// The owner of objects that rotate: a backend. It knows what a rotation means; when one is made, how often it is tried and by whom steps are made it does
// not know. Each call is in a transaction of the mount that the job lies in, and may run twice. Jobs that they change are stored afterwards. An error undoes
// the transaction, and the job is looked at again later. Safe from any thread.
class Rotating {
 public:
  virtual ~Rotating() = default;
  // A job is due. Sees to it that the object is still there to rotate, begins a run where the schedule says so, or moves `due`. `job.run` goes on then.
  // False: the object is gone, and so shall be the job.
  [[nodiscard]] virtual Result<bool> prepare(Transaction& view, Job& job, Time now) = 0;
  // What the function is told of the step that the run is at, as JSON.
  [[nodiscard]] virtual std::string event(const Job& job) const = 0;
  // The owner's own name for that step, for the audit log.
  [[nodiscard]] virtual std::string_view action(const Job& job) const = 0;
  // Makes a step of a function that is built in. The answer says why it failed, "" when it did not.
  [[nodiscard]] virtual Result<std::string> make_step(Transaction& view, Job& job, Time now) = 0;
  // The last step was made. The answer says why the rotation is not complete nevertheless; "" when it is: then the caller
  // ends the run, and `due` is when the next one may begin.
  [[nodiscard]] virtual Result<std::string> complete(Transaction& view, Job& job, Time now) = 0;
  // A run was abandoned, and is gone from the job: cleans up after it and says when the next one is due. `was` is the run.
  [[nodiscard]] virtual Result<void> abandoned(Transaction& view, Job& job, const Run& was, Time now) = 0;
};

}  // namespace coffer::rotation
