#pragma once

namespace coffer::crypto {

// Starts libsodium, once; before any other call of it. Safe from any thread.
void need_sodium();

}  // namespace coffer::crypto
