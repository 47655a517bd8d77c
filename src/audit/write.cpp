#include "audit/broker.h"
#include "audit/encode.h"
#include "audit/record.h"
#include "base/log.h"

// One batch: collect what waits, chain it, hand it to every output.
namespace coffer::audit {
namespace {

constexpr std::uint64_t records_per_checkpoint = 1000;

void append_head(std::string& out, const ChainHead& head) {
  out.append(R"({"seq":)");
  append_number(out, head.seq);
  out.append(R"(,"hash":")");
  append_hex(out, head.hash);
  out.append(R"("})");
}

// What tells a reader of each output's file why it goes on where it does: `{"device":…,"after":{…},"missing":n,"torn_bytes":m}`.
void append_bridge(std::string& out, const Output& output, const ChainHead& head) {
  const ChainHead after = output.last().value_or(head);
  put(out, R"({"device":")", output.name());
  out.append(R"(,"after":)");
  append_head(out, after);
  out.append(R"(,"missing":)");
  append_number(out, head.seq >= after.seq ? head.seq - after.seq : 0);
  put_number_if(out, R"(,"torn_bytes":)", output.sink() != nullptr ? output.sink()->torn_bytes() : 0);
  out.push_back('}');
}

}  // namespace

Result<void> BrokerImpl::write(const Records& records, Kind kind) {
  if (records.empty()) return {};
  Waiter self;
  self.records = &records;
  self.kind = kind;
  self.next = waiting_.load(std::memory_order_relaxed);
  while (!waiting_.compare_exchange_weak(self.next, &self, std::memory_order_release, std::memory_order_relaxed)) {
  }
  // A batch takes a few microseconds, less than going to sleep and being woken: look for a while whether a leader has served us.
  for (int spin = 0; spin < 2000; ++spin) {
    if (self.done.load(std::memory_order_acquire)) return std::move(self.result);
    if (gate_.try_lock()) {
      const std::lock_guard lock(gate_, std::adopt_lock);
      if (!self.done.load(std::memory_order_acquire)) lead();
      return std::move(self.result);
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  const std::lock_guard lock(gate_);
  if (!self.done.load(std::memory_order_acquire)) lead();
  return std::move(self.result);
}

// With the gate held: writes for all that wait now. A waiter may be gone as soon as it is told that it is done.
void BrokerImpl::lead() {
  batch_waiters_.clear();
  for (Waiter* waiter = waiting_.exchange(nullptr, std::memory_order_acquire); waiter != nullptr; waiter = waiter->next)
    batch_waiters_.push_back(waiter);
  std::reverse(batch_waiters_.begin(), batch_waiters_.end());
  const Result<void> result = write_waiting();
  for (Waiter* waiter : batch_waiters_) {
    waiter->result = result;
    waiter->done.store(true, std::memory_order_release);
  }
}

Result<void> BrokerImpl::write_waiting() {
  bool ceremony = sealed_;
  std::uint64_t position = position_.load(std::memory_order_relaxed);
  for (const Waiter* waiter : batch_waiters_) {
    ceremony = ceremony || waiter->kind == Kind::ceremony;
    position = std::max(position, waiter->records->position());
  }
  const Outputs all = outputs(ceremony);
  if (all.empty())
    return ceremony && sealed_log_failed_ ? fail(Code::internal, "audit/sealed.log in the data folder cannot be opened") : Result<void>();
  const Time now = clock_.now();
  begin_batches(all, now);
  add_records(devices_.empty() && !sealed_);
  CHECK_OK(write_batches(all, now, position));
  rotate_where_due(all, now);
  return {};
}

void BrokerImpl::begin_batches(const Outputs& outputs, Time now) {
  for (const auto& state : states_)
    if (state) state->in_batch = false;
  for (const Output* output : outputs) state(output->form()).in_batch = true;
  for (Output* output : outputs) output->collect(now);
  for (const auto& state : states_) {
    if (!state || !state->in_batch) continue;
    state->chain.begin(state->batch);
    state->signed_before = state->signed_seq;
    add_preamble(*state, outputs, now);
  }
}

void BrokerImpl::add_own(FormState& state, Time now, std::string_view type, std::string_view member) {
  scratch_.clear();
  begin_record(scratch_, now, type);
  if (!member.empty()) scratch_.append(",").append(member);
  state.chain.add(state.batch, scratch_);
}

// What comes before the records: why an output goes on here, that a process began, that a file did.
void BrokerImpl::add_preamble(FormState& state, const Outputs& outputs, Time now) {
  const ChainHead head = state.batch.before;
  const auto concerned = [&](const Output* output) { return output->form() == state.chain.form() && output->due(head, now); };
  bool torn = false;
  member_ = R"("devices":[)";
  const std::size_t empty = member_.size();
  for (const Output* output : outputs) {
    const bool is_torn = output->sink() != nullptr && output->sink()->torn_bytes() != 0;
    if (!concerned(output) || (!is_torn && !output->behind(head))) continue;
    torn = torn || is_torn;
    if (member_.size() > empty) member_.push_back(',');
    append_bridge(member_, *output, head);
  }
  if (member_.size() > empty) add_own(state, now, torn ? "recovery" : "gap", member_.append("]"));
  if (state.start_seq == 0) {
    member_ = R"("start":{)";
    if (head.seq != 0) {
      member_.append(R"("continues":)");
      append_head(member_, head);
      member_.push_back(',');
    }
    member_.append(R"("version":1,"position":)");
    append_number(member_, position_.load(std::memory_order_relaxed));
    add_own(state, now, "start", member_.append("}"));
    state.start_seq = state.chain.head().seq;
  }
  for (const Output* output : outputs) {
    if (!concerned(output)) continue;
    for (const auto& [type, former] : output->announcements()) {
      member_.clear();
      put(member_, R"("device":{"path":")", output->name());
      put_if(member_, R"(,"former":")", former);
      add_own(state, now, type, member_.append("}"));
    }
  }
}

void BrokerImpl::add_records(bool only_ceremonies) {
  for (const auto& state : states_) {
    if (!state || !state->in_batch) continue;
    for (const Waiter* waiter : batch_waiters_) {
      if (only_ceremonies && waiter->kind != Kind::ceremony) continue;
      for (std::size_t i = 0; i < waiter->records->size(); ++i) {
        const auto [body, item] = waiter->records->get(i, state->chain.form());
        state->chain.add(state->batch, body, item->digest);
      }
    }
  }
}

void BrokerImpl::add_checkpoint(FormState& state, Time now) {
  const std::string time = rfc3339(now);
  const Checkpoint checkpoint{node_, form_name(state.chain.form()), time, state.chain.head(), position_.load(std::memory_order_relaxed)};
  state.chain.add(state.batch, checkpoint_body(checkpoint, *signer_));
  state.signed_seq = state.chain.head().seq;
}

// Ok when at least one output has everything; otherwise the chains are taken back to what some output has.
Result<void> BrokerImpl::write_batches(const Outputs& outputs, Time now, std::uint64_t position) {
  const std::uint64_t position_before = position_.exchange(position);
  for (const auto& state : states_)
    if (state && state->in_batch && signer_ && state->chain.head().seq - state->signed_seq >= records_per_checkpoint) add_checkpoint(*state, now);
  const bool ok = append_to_all(outputs, now);
  if (!ok) position_ = position_before;
  for (const auto& state : states_) {
    if (!state || !state->in_batch) continue;
    if (!ok) take_back(*state, outputs);
    if (head_file_) head_file_->store(state->chain.form(), {state->chain.head(), position_.load(std::memory_order_relaxed)});
  }
  publish_head();
  if (ok) return {};
  std::string problems = "no audit device could take the record";
  for (const Output* output : outputs) problems.append("; ").append(output->name()).append(": ").append(output->problem());
  return fail(Code::internal, std::move(problems));
}

// Sinks that cannot block first. Queues are waited for only when none of those has the batch.
bool BrokerImpl::append_to_all(const Outputs& outputs, Time now) {
  bool ok = false;
  unsettled_.clear();
  for (Output* output : outputs) {
    const Batch& batch = state(output->form()).batch;
    if (!output->due(batch.before, now)) continue;
    const auto outcome = output->append(batch, now);
    if (!outcome) unsettled_.push_back(output);
    else ok = outcome->ok() || ok;
  }
  for (Output* output : unsettled_) {
    if (ok) break;
    ok = output->settle(state(output->form()).batch, now).ok();
  }
  return ok;
}

void BrokerImpl::take_back(FormState& state, const Outputs& outputs) {
  ChainHead kept = state.batch.before;
  for (const Output* output : outputs) {
    if (output->form() != state.chain.form() || !output->last() || output->last()->seq <= kept.seq) continue;
    const std::uint64_t count = output->last()->seq - state.batch.before.seq;
    if (count <= state.batch.lines.size() && state.batch.head_after(count) == *output->last()) kept = *output->last();
  }
  state.chain.set_head(kept);
  if (state.start_seq > kept.seq) state.start_seq = 0;
  if (state.signed_seq > kept.seq) state.signed_seq = state.signed_before;
}

Result<void> BrokerImpl::write_own(const Outputs& outputs, std::string_view type, std::string_view member, Time now) {
  if (outputs.empty()) return {};
  begin_batches(outputs, now);
  for (const auto& state : states_)
    if (state && state->in_batch) add_own(*state, now, type, member);
  return write_batches(outputs, now, position_);
}

// Only where there is something to sign or to tell.
void BrokerImpl::checkpoint_now(const Outputs& outputs, Time now) {
  const auto needed = [&](const Output* output) {
    const FormState& form = state(output->form());
    return (signer_ && form.chain.head().seq != form.signed_seq) || !output->announcements().empty() ||
           (!output->ok() && output->due(form.chain.head(), now));
  };
  if (std::none_of(outputs.begin(), outputs.end(), needed)) return;
  begin_batches(outputs, now);
  for (const auto& state : states_)
    if (state && state->in_batch && signer_ && state->chain.head().seq != state->signed_seq) add_checkpoint(*state, now);
  // A failure is in the log already, and the next second tries again.
  if (auto written = write_batches(outputs, now, position_); !written) log::debug("audit: no checkpoint: {}", written.error().message);
}

void BrokerImpl::rotate_where_due(const Outputs& outputs, Time now) {
  for (Output* output : outputs) {
    if (output->sink() == nullptr || !output->ok() || !output->sink()->wants_rotation(now)) continue;
    checkpoint_now(outputs, now);
    output->rotate(now);
  }
}

}  // namespace coffer::audit
