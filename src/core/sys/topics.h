#pragma once
#include "core/system.h"

// The topics of sys/, one function per file of this folder, in the order in which help lists them.
namespace coffer::core {

[[nodiscard]] std::unique_ptr<Topic> make_seal_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_health_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_mounts_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_policies_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_access_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_leases_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_wrapping_topic(System& system);
[[nodiscard]] std::unique_ptr<Topic> make_internal_topic(System& system);

inline constexpr MakeTopic system_topics[] = {
    make_seal_topic,   make_health_topic, make_mounts_topic,   make_policies_topic,
    make_access_topic, make_leases_topic, make_wrapping_topic, make_internal_topic,
};

}  // namespace coffer::core
