#pragma once
#include "base/ids.h"
#include "storage/view.h"

namespace coffer {

// The other key spaces of the transaction that a request runs in: for the core's own backends (token, sys, identity, cubbyhole), whose
// work spans them. Engines and auth methods never include this file (scripts/check-layers).
class Spaces {
 public:
  virtual ~Spaces() = default;
  // Reads of the request's own snapshot or transaction.
  [[nodiscard]] virtual const Snapshot& read(KeySpace space) = 0;
  // Fails an assertion in a request that only reads.
  [[nodiscard]] virtual Transaction& write(KeySpace space) = 0;
};

}  // namespace coffer
