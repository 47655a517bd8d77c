#pragma once
#include <string>
#include <vector>

#include "engines/kv/aws/replies.h"
#include "engines/kv/aws/requests.h"
#include "engines/kv/aws/secret.h"

// Regions are folders of one mount (base/aws_name.h). A replica is an object of its own there that holds no version: it names its primary, whose versions,
// labels, tags and policy it shows under its own region, and it has its own key.
namespace coffer::kv::aws {

void check_regions(Constraints& constraints, const std::vector<ReplicaRegion>& regions);
[[nodiscard]] Omit<std::vector<ReplicaStatus>> replica_statuses(const Secret& secret);
// One account is served, so there is no other to replicate from or to.
[[nodiscard]] std::unexpected<Error> no_other_accounts();

}  // namespace coffer::kv::aws
