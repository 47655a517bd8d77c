#include "crypto/must.h"

#include <cstdlib>

#include "base/log.h"

namespace coffer::crypto {

void give_up(const char* what) {
  log::error("the cryptographic library failed at {}: stopping", what);
  std::abort();
}

}  // namespace coffer::crypto
