#pragma once
#include <vector>

#include "audit/audit.h"
#include "storage/view.h"

// Audit devices that were enabled by API: sys space, audit/<hex of the path>.
namespace coffer::core {

[[nodiscard]] Result<std::vector<audit::DeviceOptions>> read_audit_rows(const Snapshot& sys);
[[nodiscard]] Result<void> write_audit_row(Transaction& sys, const audit::DeviceOptions& device);
void erase_audit_row(Transaction& sys, std::string_view path);

}  // namespace coffer::core
