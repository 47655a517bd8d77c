#pragma once
#include "audit/sinks/file.h"
#include "audit/sinks/queue.h"

namespace coffer::audit {

// One place that lines go to, and how far it is: a file, or a queue before a sink that may block. Two devices that name the same file share
// one. Under the broker's lock.
class Output {
 public:
  Output(std::string name, Form form, std::unique_ptr<Sink> sink) : name_(std::move(name)), form_(form), sink_(std::move(sink)) {}
  Output(std::string name, Form form, std::unique_ptr<FileSink> file);  // knows its tail
  Output(std::string name, Form form, std::unique_ptr<QueuedSink> queue) : name_(std::move(name)), form_(form), queue_(std::move(queue)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Form form() const { return form_; }
  [[nodiscard]] FileSink* file() const { return file_; }
  [[nodiscard]] Sink* sink() const { return sink_.get(); }  // null for a queue
  // The last record of the chain that it has; nothing before the first.
  [[nodiscard]] const std::optional<ChainHead>& last() const { return last_; }
  [[nodiscard]] bool behind(const ChainHead& head) const { return last_ && *last_ != head; }
  // Learns what became of what was queued, and looks again for a target that failed.
  void collect(Time now);
  // Whether to try it with a batch that follows `head`: one that failed and lags is left alone for a while.
  [[nodiscard]] bool due(const ChainHead& head, Time now) const { return ok() || !behind(head) || now >= retry_at_; }

  // Synchronous sinks: the outcome. Queues: takes the batch and answers nothing; `settle` waits for it.
  [[nodiscard]] std::optional<Outcome> append(const Batch& batch, Time now);
  [[nodiscard]] Outcome settle(const Batch& batch, Time now);
  void reopen();
  void look_after_target();  // each second
  // Goes on in a new file, whose first record names the former one.
  void rotate(Time now);

  [[nodiscard]] bool ok() const { return problem_.empty(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] Time since() const { return since_; }
  // What the next batch has to tell: a type of record, and the former file of a rotation.
  void announce(std::string type, std::string former) { announcements_.emplace_back(std::move(type), std::move(former)); }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& announcements() const { return announcements_; }

 private:
  void note(const Batch& batch, const Outcome& outcome, Time now);
  void note_success();
  void went_over();
  void note_failure(const std::string& problem, Time now);

  std::string name_;
  Form form_;
  FileSink* file_ = nullptr;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<QueuedSink> queue_;
  std::shared_ptr<QueuedSink::Ticket> ticket_;
  bool submitted_ = false;  // something was queued since the last failure
  std::optional<ChainHead> last_;
  std::string problem_;
  Time since_{}, retry_at_{};
  Duration pause_{};
  std::vector<std::pair<std::string, std::string>> announcements_;
};

}  // namespace coffer::audit
