#pragma once
#include <string>
#include <string_view>

#include "base/random.h"
#include "engines/kv/aws/secret.h"
#include "rotation/rotating.h"

// What the rotation of a secret means, in AWS's own contract (Secrets Manager User Guide, "How rotation works"): an empty version labelled AWSPENDING is made,
// the function fills it, changes the service, tests it and moves AWSCURRENT to it, in four steps that may each be made twice.
namespace coffer::kv::aws {

inline constexpr std::size_t kept_attempts = 20;  // of runs that the actions end themselves

// Begins a run: makes the version that it fills, unless AWSPENDING is on a version of that token already. A test gets a copy of the current value.
[[nodiscard]] Result<void> begin_run(Transaction& view, Secret& secret, rotation::Job& job, std::string_view token, bool only_test,
                                     Time now, Random& random);
// Ends the run that is under way, where there is one; a test's version goes.
[[nodiscard]] Result<void> cancel_run(Transaction& view, Secret& secret, rotation::Job& job, std::string_view why, Time now);
// The schedule of a secret that was marked for deletion and is back. What is planned is left to be saved with the secret.
[[nodiscard]] Result<void> resume(Transaction& view, Rotation& rotation, rotation::Job job, Time now, Random& random);
// The version of a rotation that is not complete: the one labelled AWSPENDING, unless that is the current one too. Null: there is none.
[[nodiscard]] const Stage* unfinished(const Secret& secret);
// Whether a step by that function is made by the server itself.
[[nodiscard]] bool is_known_built_in(std::string_view function);

// Nobody asks: what the loading of a secret needs of a caller.
struct Nobody {
  explicit Nobody(Time now) {
    caller.now = now;
    caller.scope = &scope;
  }
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;
  ActionScope scope{"", "aws", "us-east-1", "", "", "", {}, {}};
  Caller caller;
};

class Rotator final : public rotation::Rotating {
 public:
  explicit Rotator(Random& random) : random_(random) {}
  Result<bool> prepare(Transaction& view, rotation::Job& job, Time now) override;
  [[nodiscard]] std::string event(const rotation::Job& job) const override;
  [[nodiscard]] std::string_view action(const rotation::Job& job) const override;
  Result<std::string> make_step(Transaction& view, rotation::Job& job, Time now) override;
  Result<std::string> complete(Transaction& view, rotation::Job& job, Time now) override;
  Result<void> abandoned(Transaction& view, rotation::Job& job, const rotation::Run& was, Time now) override;

 private:
  Result<std::string> fill_with_password(Transaction& view, Secret& secret, std::string_view token, Time now);
  Random& random_;
};

}  // namespace coffer::kv::aws
