#include "audit/output.h"

#include "base/log.h"

namespace coffer::audit {

namespace {
constexpr Duration shortest_pause = std::chrono::seconds(1), longest_pause = std::chrono::seconds(10);
}

Output::Output(std::string name, Form form, std::unique_ptr<FileSink> file)
    : name_(std::move(name)), form_(form), file_(file.get()), sink_(std::move(file)), last_(file_->tail().head) {}

void Output::collect(Time now) {
  if (sink_ && (!ok() || sink_->lost())) look_after_target();
  if (!queue_ || !submitted_) return;
  ticket_.reset();
  if (const auto failure = queue_->failure()) {
    submitted_ = false;
    last_ = queue_->confirmed();
    note_failure(*failure, now);
  } else if (!ok() && queue_->proven()) {
    note_success();
  }
}

std::optional<Outcome> Output::append(const Batch& batch, Time now) {
  if (sink_) {
    Outcome outcome = sink_->append(batch);
    note(batch, outcome, now);
    return outcome;
  }
  if (!submitted_) queue_->recover();
  ticket_ = queue_->submit(batch, last_.value_or(batch.before));
  submitted_ = true;
  if (!ticket_) {
    collect(now);
    return Outcome{0, problem_};
  }
  last_ = batch.head_after(batch.lines.size());
  announcements_.clear();
  return std::nullopt;
}

Outcome Output::settle(const Batch& batch, Time now) {
  if (!ticket_) return ok() ? Outcome{batch.lines.size(), std::nullopt} : Outcome{0, problem_};
  Outcome outcome = queue_->wait(std::exchange(ticket_, nullptr));
  if (!outcome.ok()) {
    submitted_ = false;
    last_ = queue_->confirmed();
  }
  note(batch, outcome, now);
  return outcome;
}

void Output::note(const Batch& batch, const Outcome& outcome, Time now) {
  if (outcome.kept != 0) {
    if (sink_) last_ = batch.head_after(outcome.kept);
    announcements_.clear();
  }
  if (!outcome.ok()) return note_failure(*outcome.problem, now);
  note_success();
}

void Output::note_success() {
  if (!ok()) log::warn("audit device {} works again", name_);
  problem_.clear();
  pause_ = {};
}

void Output::note_failure(const std::string& problem, Time now) {
  if (ok()) {
    since_ = now;
    log::error("audit device {} fails: {}", name_, problem);
  }
  problem_ = problem;
  pause_ = std::min(std::max(pause_ * 2, shortest_pause), longest_pause);
  retry_at_ = now + pause_;
}

void Output::look_after_target() {
  if (sink_ && sink_->look_after_target()) went_over();
}

void Output::went_over() {
  if (file_ != nullptr) last_ = file_->tail().head;
  announce("reopen", "");
}

void Output::rotate(Time now) {
  auto former = sink_->rotate(now);
  if (!former) return log::error("audit device {} cannot rotate and goes on in the same file: {}", name_, former.error().message);
  last_ = file_->tail().head;
  announce("rotate", *std::move(former));
}

void Output::reopen() {
  if (queue_) return queue_->reopen();
  if (auto opened = sink_->reopen(); !opened) {
    log::error("audit device {} cannot be reopened and goes on as before: {}", name_, opened.error().message);
  } else if (file_ != nullptr) {
    went_over();
  }
}

}  // namespace coffer::audit
