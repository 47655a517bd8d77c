#pragma once

namespace coffer::crypto {

// For calls of OpenSSL and libsodium that fail only when memory is out or the library itself is broken, never by input: ends the process
// rather than go on with a key, nonce or digest that was not made.
[[noreturn]] void give_up(const char* what);
inline void must(bool ok, const char* what) {
  if (!ok) [[unlikely]] give_up(what);
}

}  // namespace coffer::crypto
