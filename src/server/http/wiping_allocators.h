#pragma once

namespace coffer::http {

// Makes OpenSSL wipe all memory that it frees (keys, records, session state). Call once, first in main, before OpenSSL allocates anything;
// false when it already has.
[[nodiscard]] bool install_wiping_allocators();

}  // namespace coffer::http
