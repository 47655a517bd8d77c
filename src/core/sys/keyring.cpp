#include "core/sys/topics.h"

// The keyring: the key in use, a new one for what is written from now on, and when that comes by itself (vault-api.md §2.7).
namespace coffer::core {
namespace {

using schema::Access;
using schema::field;
using schema::Verb;

struct KeyStatusReply {
  std::int64_t term = 0;
  Time install_time{};
  std::int64_t encryptions = 0;
  static constexpr auto fields() {
    using T = KeyStatusReply;
    return schema::Fields{field<&T::term>("term", "Generation of the key in use.").open(),
                      field<&T::install_time>("install_time", "Since when.").open(),
                      field<&T::encryptions>("encryptions", "How often it has encrypted.").open()};
  }
};
struct RotationReply {
  bool enabled = true;
  schema::RawJson interval;
  std::int64_t max_operations = 0;
  static constexpr auto fields() {
    using T = RotationReply;
    return schema::Fields{field<&T::enabled>("enabled", "Whether keys are replaced by the limits below.").open(),
                      field<&T::interval>("interval", "Age at which a key is replaced; 0 is never.").open(),
                      field<&T::max_operations>("max_operations", "Encryptions after which a key is replaced.").open()};
  }
};
struct RotationRequest {
  std::optional<bool> enabled;
  std::optional<Seconds> interval;
  std::optional<std::int64_t> max_operations;
  static constexpr auto fields() {
    using T = RotationRequest;
    return schema::Fields{field<&T::enabled>("enabled", "Whether keys are replaced by the limits below.").open(),
                      field<&T::interval>("interval", "Age at which a key is replaced; 0 is never.").open(),
                      field<&T::max_operations>("max_operations", "Encryptions after which a key is replaced.").open()};
  }
};

class KeyringTopic final : public Topic {
 public:
  explicit KeyringTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    out.push_back(
        schema::at("rotate", "A new key for what is written from now on.").on(Verb::write, this, &T::rotate, "Adds a key.", Access::sudo));
    out.push_back(schema::at("rotate/keyring", "The same.").on(Verb::write, this, &T::rotate, "Adds a key.", Access::sudo));
    out.push_back(schema::at("rotate/config", "When keys are replaced by themselves.")
                      .on(Verb::read, this, &T::rotation, "Shows the limits.")
                      .on(Verb::write, this, &T::set_rotation, "Sets the limits."));
    out.push_back(schema::at("key-status", "The key in use.").on(Verb::read, this, &T::key_status, "Its term and age.").repeats_data());
    return out;
  }

 private:
  using T = KeyringTopic;

  Result<schema::Nothing> rotate(const Caller&, Session&, const schema::NoMembers&) {
    CHECK_OK(system_.seal.rotate());
    return schema::Nothing{};
  }
  Result<RotationReply> rotation(const Caller&, const Snapshot&, const schema::NoMembers&) {
    const auto config = TRY(system_.seal.rotation_config());
    return RotationReply{config.enabled,
                         {config.interval.count() == 0 ? "0" : json::quoted(go_duration(config.interval))},
                         static_cast<std::int64_t>(config.max_operations)};
  }
  Result<schema::Nothing> set_rotation(const Caller&, Session&, const RotationRequest& in) {
    auto config = TRY(system_.seal.rotation_config());
    if (in.enabled) config.enabled = *in.enabled;
    if (in.interval) config.interval = *in.interval;
    if (in.max_operations) {
      if (*in.max_operations < 0) return invalid("'max_operations' cannot be negative");
      config.max_operations = static_cast<std::uint64_t>(*in.max_operations);
    }
    CHECK_OK(system_.seal.set_rotation_config(config));
    return schema::Nothing{};
  }
  Result<KeyStatusReply> key_status(const Caller&, const Snapshot&, const schema::NoMembers&) {
    const auto status = TRY(system_.seal.key_status());
    return KeyStatusReply{status.term, status.install_time, static_cast<std::int64_t>(status.encryptions)};
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_keyring_topic(System& system) { return std::make_unique<KeyringTopic>(system); }

}  // namespace coffer::core
