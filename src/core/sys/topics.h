#pragma once
#include "core/system.h"

// The topics of sys/, one function per file of this folder, in the order in which help lists them.
namespace coffer::core {

[[nodiscard]] std::unique_ptr<Topic> make_seal_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_health_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_mounts_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_policies_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_access_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_why_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_leases_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_wrapping_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_internal_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_rekey_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_generate_root_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_keyring_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_audit_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_tools_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_config_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_quotas_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_plugins_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_logging_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_counters_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_raft_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_host_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_random_password_topic(System& system);

inline constexpr MakeTopic system_topics[] = {
    make_seal_topic,   make_health_topic,   make_mounts_topic,   make_policies_topic, make_access_topic,        make_why_topic,     make_leases_topic,
    make_wrapping_topic, make_internal_topic, make_rekey_topic,  make_generate_root_topic, make_keyring_topic,  make_audit_topic,   make_tools_topic,
    make_config_topic, make_quotas_topic,   make_plugins_topic,  make_logging_topic,  make_counters_topic,      make_raft_topic,    make_host_topic,
    make_random_password_topic,
};

}  // namespace coffer::core
