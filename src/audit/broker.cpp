#include "audit/broker.h"

#include <sys/stat.h>

#include "audit/encode.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"

namespace coffer::audit {
namespace {

SecretBytes random_key() {
  SecretBytes key(32);
  system_random().fill(key.writable());
  return key;
}

std::string escaped(std::string_view text) {
  std::string out;
  append_text(out, text);
  return out;
}

std::string device_member(const DeviceOptions& device) {
  std::string out = R"("device":{"path":")";
  append_text(out, device.path);
  put(out, R"(","type":")", device.type);
  out.push_back('}');
  return out;
}

}  // namespace

Result<std::unique_ptr<Broker>> Broker::open(BrokerOptions options, Clock& clock) {
  return std::unique_ptr<Broker>(std::make_unique<BrokerImpl>(std::move(options), clock));
}

BrokerImpl::BrokerImpl(BrokerOptions options, Clock& clock)
    : options_(std::move(options)), clock_(clock), salt_(random_key()), node_(escaped(options_.node)), start_(make_base62(10)) {
  if (!options_.data_folder.empty()) {
    const std::string folder = options_.data_folder + "/audit";
    ::mkdir(options_.data_folder.c_str(), 0700);
    ::mkdir(folder.c_str(), 0700);
    head_file_ = HeadFile::open(folder + "/chain", node_);
  }
  const std::lock_guard lock(gate_);
  state(Form{});
  if (!options_.data_folder.empty()) sealed_log();
  publish();
}

BrokerImpl::~BrokerImpl() {
  const std::lock_guard lock(gate_);
  checkpoint_now(outputs(true), clock_.now());
}

bool BrokerImpl::wants_raw() const {
  const std::uint8_t wanted = forms();
  for (std::size_t i = 0; i < Form::count; ++i)
    if (Form::at(i).raw && (wanted >> i & 1) != 0) return true;
  return false;
}

// The chain of that form, from where it was left.
FormState& BrokerImpl::state(Form form) {
  auto& state = states_[form.index()];
  if (state) return *state;
  state = std::make_unique<FormState>(Chain(form, node_, start_));
  if (const auto kept = head_file_ ? head_file_->load(form) : std::nullopt) {
    state->chain.set_head(kept->head);
    position_ = std::max(position_.load(), kept->position);
  }
  return *state;
}

// A file may be ahead of what was kept (after a power failure, or when the kept state was lost): the chain goes on from there.
void BrokerImpl::adopt_tail(const Output& output) {
  if (output.file() == nullptr) return;
  const Tail& tail = output.file()->tail();
  position_ = std::max(position_.load(), tail.position);
  FormState& form = state(output.form());
  if (tail.head && tail.head->seq > form.chain.head().seq) form.chain.set_head(*tail.head);
}

Output* BrokerImpl::sealed_log() {
  if (sealed_log_ || options_.data_folder.empty()) return sealed_log_.get();
  const DeviceOptions device{"sealed.log", "file", "", true, {{"file_path", options_.data_folder + "/audit/sealed.log"}}};
  const auto settings = parse_device(device, true, options_);
  auto opened = settings ? open_output(device, *settings, node_) : Result<std::unique_ptr<Output>>(std::unexpected(settings.error()));
  if (opened) {
    sealed_log_ = *std::move(opened);
    sealed_log_failed_ = false;
    adopt_tail(*sealed_log_);
  } else if (!std::exchange(sealed_log_failed_, true)) {
    log::error("audit: {}/audit/sealed.log cannot be opened: {}", options_.data_folder, opened.error().message);
  }
  return sealed_log_.get();
}

BrokerImpl::Outputs BrokerImpl::device_outputs() const {
  Outputs out;
  for (const Device& device : devices_)
    if (std::find(out.begin(), out.end(), device.output.get()) == out.end()) out.push_back(device.output.get());
  return out;
}

// Where records go now. Without any device: to sealed.log while sealed, and for ceremonies.
BrokerImpl::Outputs BrokerImpl::outputs(bool ceremony) {
  Outputs out = device_outputs();
  if (out.empty() && (sealed_ || ceremony)) {
    if (Output* log = sealed_log()) out.push_back(log);
  }
  return out;
}

// The output that already writes the same file in the same form.
std::shared_ptr<Output> BrokerImpl::existing_output(const DeviceSettings& settings, std::unique_ptr<Output>& opened) const {
  if (opened->file() != nullptr) {
    for (const Device& device : devices_) {
      const FileSink* file = device.output->file();
      if (file != nullptr && device.output->form() == settings.form && file->identity() == opened->file()->identity()) return device.output;
    }
  }
  return std::move(opened);
}

Result<void> BrokerImpl::enable(const DeviceOptions& device, bool from_config) {
  const DeviceSettings settings = TRY(parse_device(device, from_config, options_));
  const std::lock_guard lock(gate_);
  for (const Device& other : devices_)
    if (other.options.path == device.path) return invalid("path already in use");
  auto opened = TRY(open_output(device, settings, node_));
  Device added{device, from_config, existing_output(settings, opened)};
  adopt_tail(*added.output);
  return try_new_device(std::move(added), settings.skip_test);
}

// Its first record says that it was enabled, and shows that it can be written.
Result<void> BrokerImpl::try_new_device(Device device, bool skip_test) {
  const std::shared_ptr<Output> output = device.output;
  const std::string member = device_member(device.options);
  devices_.push_back(std::move(device));
  const Outputs all = device_outputs();
  const Time now = clock_.now();
  const auto written = write_own(all, "enable", member, now);
  // Others may have taken the record; what counts is the new one.
  const bool proven = skip_test || (written && output->settle(state(output->form()).batch, now).ok());
  if (!proven) {
    const std::string problem = output->problem();
    devices_.pop_back();
    publish();
    return invalid("the audit device cannot be written, and was not enabled: " + problem);
  }
  publish();
  return {};
}

Result<void> BrokerImpl::disable(std::string_view path) {
  std::shared_ptr<Output> closing;  // outlives the lock: a queue may take its time to end
  const std::lock_guard lock(gate_);
  const auto found = std::find_if(devices_.begin(), devices_.end(), [&](const Device& device) { return device.options.path == path; });
  if (found == devices_.end()) return {};
  if (found->from_config) return invalid("the audit device is declared in the server's configuration; remove it there");
  const Time now = clock_.now();
  if (auto told = write_own(device_outputs(), "disable", device_member(found->options), now); !told)
    log::warn("audit: no device could record that {} is disabled", found->options.path);
  checkpoint_now(device_outputs(), now);
  closing = std::move(found->output);
  devices_.erase(found);
  publish();
  return {};
}

void BrokerImpl::unsealed(SecretBytes salt_key, SecretBytes signing_seed) {
  const std::lock_guard lock(gate_);
  salt_.rekey(std::move(salt_key));
  if (auto signer = Signer::make(signing_seed)) signer_ = *std::move(signer);
  else log::error("audit: checkpoints cannot be signed: {}", signer.error().message);
  checkpoint_now(outputs(true), clock_.now());
  sealed_ = false;  // from here on sealed.log takes ceremonies only
  publish();
}

void BrokerImpl::sealed() {
  std::vector<Device> closing;
  const std::lock_guard lock(gate_);
  checkpoint_now(outputs(true), clock_.now());
  signer_.reset();
  salt_.rekey(random_key());
  std::vector<Device> staying;
  for (Device& device : devices_) (device.from_config ? staying : closing).push_back(std::move(device));
  devices_ = std::move(staying);
  sealed_ = true;
  publish();
}

void BrokerImpl::reopen() {
  const std::lock_guard lock(gate_);
  for (Output* output : device_outputs()) output->reopen();
  if (sealed_log_) sealed_log_->reopen();
  publish();
}

void BrokerImpl::checkpoint() {
  const std::lock_guard lock(gate_);
  const Time now = clock_.now();
  const Outputs all = outputs(true);
  for (Output* output : all) {
    output->collect(now);
    output->look_after_target();
  }
  checkpoint_now(all, now);
  rotate_where_due(all, now);
  publish_health();
}

void BrokerImpl::publish() {
  std::uint8_t forms = 1;
  for (const Device& device : devices_) forms = static_cast<std::uint8_t>(forms | 1u << device.output->form().index());
  forms_ = forms;
  enabled_ = !devices_.empty() || (sealed_ && !options_.data_folder.empty());
  {
    const std::lock_guard lock(published_mutex_);
    published_devices_.clear();
    for (const Device& device : devices_) published_devices_.push_back(device.options);
    published_key_ = signer_ ? signer_->public_key() : "";
  }
  publish_health();
}

void BrokerImpl::publish_head() {
  const std::lock_guard lock(published_mutex_);
  published_head_ = state(Form{}).chain.head();
}

void BrokerImpl::publish_health() {
  publish_head();
  const std::lock_guard lock(published_mutex_);
  published_health_.clear();
  for (const Device& device : devices_) {
    const Output& output = *device.output;
    const std::uint64_t seq = state(output.form()).chain.head().seq;
    published_health_.push_back({device.options.path, device.options.type, output.ok(), output.problem(), output.since(),
                                 output.last() && output.last()->seq < seq ? seq - output.last()->seq : 0});
  }
}

std::vector<DeviceOptions> BrokerImpl::devices() const {
  const std::lock_guard lock(published_mutex_);
  return published_devices_;
}
std::vector<DeviceHealth> BrokerImpl::health() const {
  const std::lock_guard lock(published_mutex_);
  return published_health_;
}
ChainHead BrokerImpl::head() const {
  const std::lock_guard lock(published_mutex_);
  return published_head_;
}
std::string BrokerImpl::public_key() const {
  const std::lock_guard lock(published_mutex_);
  return published_key_;
}

}  // namespace coffer::audit
