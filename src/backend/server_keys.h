#pragma once
#include <string_view>

#include "base/secret.h"

namespace coffer {

// Keys that a server has for its backends' own use, beside those of the store: what is sealed with one may leave the server and come back, to whichever mount.
// Lives as long as the call.
class ServerKeys {
 public:
  virtual ~ServerKeys() = default;
  // 32 bytes that only this server can make, each time the same for one purpose.
  [[nodiscard]] virtual SecretBytes derive(std::string_view purpose) const = 0;
};

}  // namespace coffer
