#pragma once
#include "audit/device.h"
#include "audit/head_file.h"
#include "audit/signer.h"

namespace coffer::audit {

// One chain, and the batch being made for it.
struct FormState {
  explicit FormState(Chain c) : chain(std::move(c)) {}
  Chain chain;
  Batch batch;
  bool in_batch = false;         // whether any output of the batch being made takes this form
  std::uint64_t start_seq = 0;   // of this process's start record; 0: not written yet
  std::uint64_t signed_seq = 0;  // of the last checkpoint
  std::uint64_t signed_before = 0;  // the same before the batch being made
};

// All state but what is published (below) belongs to whoever holds `gate_`. A thread that finds the gate taken leaves its records in
// `waiting_`, where whoever leads picks them up: one write serves many.
class BrokerImpl final : public Broker {
 public:
  BrokerImpl(BrokerOptions options, Clock& clock);
  ~BrokerImpl() override;
  Result<void> write(const Records& records, Kind kind) override;
  bool enabled() const override { return enabled_.load(std::memory_order_relaxed); }
  bool wants_raw() const override;
  std::uint8_t forms() const override { return forms_.load(std::memory_order_relaxed); }
  Result<void> enable(const DeviceOptions& device, bool from_config) override;
  Result<void> disable(std::string_view path) override;
  std::vector<DeviceOptions> devices() const override;
  std::vector<DeviceHealth> health() const override;
  void unsealed(SecretBytes salt_key, SecretBytes signing_seed) override;
  void sealed() override;
  Salt& salt() override { return salt_; }
  void reopen() override;
  void checkpoint() override;
  ChainHead head() const override;
  std::uint64_t highest_position() const override { return position_.load(); }
  std::string public_key() const override;

 private:
  struct Waiter;
  struct Device {
    DeviceOptions options;
    bool from_config = false;
    std::shared_ptr<Output> output;
  };
  using Outputs = std::vector<Output*>;

  // write.cpp: one batch
  void lead();
  Result<void> write_waiting();
  void begin_batches(const Outputs& outputs, Time now);
  void add_preamble(FormState& state, const Outputs& outputs, Time now);
  void add_records(bool only_ceremonies);
  void add_own(FormState& state, Time now, std::string_view type, std::string_view member);
  void add_checkpoint(FormState& state, Time now);
  Result<void> write_batches(const Outputs& outputs, Time now, std::uint64_t position);
  bool append_to_all(const Outputs& outputs, Time now);
  void take_back(FormState& state, const Outputs& outputs);
  Result<void> write_own(const Outputs& outputs, std::string_view type, std::string_view member, Time now);
  void checkpoint_now(const Outputs& outputs, Time now);
  void rotate_where_due(const Outputs& outputs, Time now);

  // broker.cpp: what is enabled
  Outputs outputs(bool ceremony);
  Outputs device_outputs() const;
  Output* sealed_log();
  FormState& state(Form form);
  void adopt_tail(const Output& output);
  std::shared_ptr<Output> existing_output(const DeviceSettings& settings, std::unique_ptr<Output>& opened) const;
  Result<void> try_new_device(Device device, bool skip_test);
  void publish();
  void publish_health();
  void publish_head();

  const BrokerOptions options_;
  Clock& clock_;
  Salt salt_;
  std::string node_, start_;  // as escaped in lines

  std::mutex gate_;
  std::atomic<Waiter*> waiting_{nullptr};
  std::vector<Waiter*> batch_waiters_;
  std::vector<Device> devices_;
  std::unique_ptr<Output> sealed_log_;
  bool sealed_log_failed_ = false;
  std::array<std::unique_ptr<FormState>, Form::count> states_;
  std::unique_ptr<HeadFile> head_file_;
  std::unique_ptr<Signer> signer_;
  bool sealed_ = true;
  std::string scratch_, member_;
  std::vector<Output*> unsettled_;

  // Published: read without the gate, which a slow sink may hold for seconds.
  mutable std::mutex published_mutex_;
  std::vector<DeviceOptions> published_devices_;
  std::vector<DeviceHealth> published_health_;
  ChainHead published_head_;
  std::string published_key_;
  std::atomic<bool> enabled_{false};
  std::atomic<std::uint8_t> forms_{1};
  std::atomic<std::uint64_t> position_{0};
};

// Waits until a leader has written it, or leads itself.
struct BrokerImpl::Waiter {
  const Records* records = nullptr;
  Kind kind = Kind::traffic;
  Result<void> result;
  std::atomic<bool> done{false};
  Waiter* next = nullptr;
};

}  // namespace coffer::audit
