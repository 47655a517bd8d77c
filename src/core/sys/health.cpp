#include "core/sys/topics.h"

namespace coffer::core {
namespace {

using schema::field;
using schema::Omit;
using schema::Verb;

struct HealthQuery {
  bool standbyok = false, perfstandbyok = false;
  std::string activecode, standbycode, drsecondarycode, performancestandbycode, sealedcode, uninitcode, haunhealthycode, removedcode;
  static constexpr auto fields() {
    using T = HealthQuery;
    return schema::Fields{field<&T::standbyok>("standbyok", "Counts a standby as healthy.").open(),
                      field<&T::perfstandbyok>("perfstandbyok", "Counts a performance standby as healthy.").open(),
                      field<&T::activecode>("activecode", "Status of an active node.").open(),
                      field<&T::standbycode>("standbycode", "Status of a standby.").open(),
                      field<&T::drsecondarycode>("drsecondarycode", "Accepted; there are none.").open(),
                      field<&T::performancestandbycode>("performancestandbycode", "Accepted; there are none.").open(),
                      field<&T::sealedcode>("sealedcode", "Status of a sealed node.").open(),
                      field<&T::uninitcode>("uninitcode", "Status of a node without keys.").open(),
                      field<&T::haunhealthycode>("haunhealthycode", "Accepted; there are none.").open(),
                      field<&T::removedcode>("removedcode", "Accepted; there are none.").open()};
  }
};
struct Health {
  bool initialized = false, sealed = true, standby = true;
  bool performance_standby = false;
  std::string replication_performance_mode = "unknown", replication_dr_mode = "unknown";
  std::int64_t server_time_utc = 0;
  std::string version;
  bool enterprise = false;
  Omit<std::string> cluster_name, cluster_id;
  std::int64_t echo_duration_ms = 0, clock_skew_ms = 0;
  std::string coffer_version;
  static constexpr auto fields() {
    using T = Health;
    return schema::Fields{field<&T::initialized>("initialized", "Whether keys exist.").open(), field<&T::sealed>("sealed", "Whether it is sealed.").open(),
                      field<&T::standby>("standby", "Whether another node is active.").open(),
                      field<&T::performance_standby>("performance_standby", "Always false.").open(),
                      field<&T::replication_performance_mode>("replication_performance_mode", "disabled, or unknown while sealed.").open(),
                      field<&T::replication_dr_mode>("replication_dr_mode", "disabled, or unknown while sealed.").open(),
                      field<&T::server_time_utc>("server_time_utc", "Seconds since 1970.").open(), field<&T::version>("version", "API version.").open(),
                      field<&T::enterprise>("enterprise", "Always false.").open(), field<&T::cluster_name>("cluster_name", "Name of the cluster.").open(),
                      field<&T::cluster_id>("cluster_id", "Id of the cluster.").open(),
                      field<&T::echo_duration_ms>("echo_duration_ms", "Always 0.").open(), field<&T::clock_skew_ms>("clock_skew_ms", "Always 0.").open(),
                      field<&T::coffer_version>("coffer_version", "Coffer's own version.").open()};
  }
};
struct Leader {
  bool ha_enabled = false, is_self = false;
  std::string active_time = "0001-01-01T00:00:00Z", leader_address, leader_cluster_address;
  bool performance_standby = false;
  std::int64_t performance_standby_last_remote_wal = 0;
  static constexpr auto fields() {
    using T = Leader;
    return schema::Fields{field<&T::ha_enabled>("ha_enabled", "Whether there is a cluster.").open(), field<&T::is_self>("is_self", "Whether this node leads.").open(),
                      field<&T::active_time>("active_time", "Since when.").open(), field<&T::leader_address>("leader_address", "Address of the leader.").open(),
                      field<&T::leader_cluster_address>("leader_cluster_address", "Its address for nodes.").open(),
                      field<&T::performance_standby>("performance_standby", "Always false.").open(),
                      field<&T::performance_standby_last_remote_wal>("performance_standby_last_remote_wal", "Always 0.").open()};
  }
};

class HealthTopic final : public Topic {
 public:
  explicit HealthTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using schema::Access;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("health", "State of the node, told by the status code as well.")
                      .on(Verb::read, this, &HealthTopic::health, "State of the node.", Access::anyone).works_sealed());
    out.push_back(schema::at("leader", "Who leads the cluster.").on(Verb::read, this, &HealthTopic::leader, "Who leads.", Access::anyone).works_sealed());
    return out;
  }

 private:
  Result<schema::Reply> health(const Caller&, Session&, const HealthQuery& in) {
    const auto code = [](const std::string& text, int otherwise) -> Result<int> {
      if (text.empty()) return otherwise;
      const long value = std::strtol(text.c_str(), nullptr, 10);
      if (text.size() != 3 || value < 200 || value > 599) return invalid("");
      return static_cast<int>(value);
    };
    const int active = TRY(code(in.activecode, 200)), sealed_code = TRY(code(in.sealedcode, 503)), uninitialized = TRY(code(in.uninitcode, 501));
    for (const auto* text : {&in.standbycode, &in.drsecondarycode, &in.performancestandbycode, &in.haunhealthycode, &in.removedcode}) (void)TRY(code(*text, 0));
    Health out;
    const auto seal = system_.seal.seal_status();
    out.initialized = seal.initialized;
    out.sealed = system_.runtime.load() == nullptr;
    out.standby = out.sealed;
    if (!out.sealed) {
      out.replication_performance_mode = out.replication_dr_mode = "disabled";
      out.cluster_name.value = seal.cluster_name;
      out.cluster_id.value = seal.cluster_id;
    }
    out.server_time_utc = unix_seconds(system_.clock.now());
    out.version = system_.config.api_version;
    out.coffer_version = system_.config.own_version;
    const int status = !out.initialized ? uninitialized : out.sealed ? sealed_code : active;
    return schema::to_reply(schema::Bare<Health>{std::move(out), status});
  }
  Result<schema::Bare<Leader>> leader(const Caller&, Session&, const schema::NoMembers&) { return schema::Bare<Leader>{}; }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_health_topic(System& system) { return std::make_unique<HealthTopic>(system); }

}  // namespace coffer::core
