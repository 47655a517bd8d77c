#include "rotation/machine.h"

#include <algorithm>

#include "base/utf8.h"

namespace coffer::rotation {
namespace {

void remember(Job& job, Outcome outcome, std::string_view why, std::size_t history, Time now) {
  const Run& run = *job.run;
  job.history.push_back(
      {run.token, run.only_test, run.attempted == never ? run.begun : run.attempted, now, run.step, outcome, kept_text(why)});
  if (job.history.size() > history) job.history.erase(job.history.begin(), job.history.end() - static_cast<std::ptrdiff_t>(history));
}

}  // namespace

Duration retry_after(const Policy& policy, std::uint64_t failures) {
  Duration wait = policy.first_retry;
  for (std::uint64_t i = 1; i < failures && wait < policy.longest_retry; ++i) wait *= 2;
  return std::min(wait, policy.longest_retry);
}

Step first_step(const Run& run) { return run.only_test ? Step::test : Step::create; }
bool at_last_step(const Run& run) { return run.step == Step::finish || run.only_test; }

void advance(Job& job, Time now) {
  job.run->step = static_cast<Step>(static_cast<std::uint8_t>(job.run->step) + 1);
  job.due = now;
}

bool attempt_failed(Job& job, std::string_view why, const Policy& policy, Time now) {
  Run& run = *job.run;
  ++run.failures;
  if (run.failures >= policy.attempts) {
    end_run(job, Outcome::abandoned, why, policy.history, now);
    return true;
  }
  remember(job, Outcome::failed, why, policy.history, now);
  run.step = first_step(run);
  run.attempted = never;
  job.due = now + retry_after(policy, run.failures);
  return false;
}

void end_run(Job& job, Outcome outcome, std::string_view why, std::size_t history, Time now) {
  if (!job.run) return;
  remember(job, outcome, why, history, now);
  job.run.reset();
  job.due = never;
}

std::string kept_text(std::string_view text, std::size_t most) {
  std::string out(utf8_prefix(text, most));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  if (out.size() < text.size()) out += "...";
  return out;
}

}  // namespace coffer::rotation
