#include "server/builtins.h"

#include "engines/kv/kv.h"

// The table of contents: the only file that names engines and auth methods. To add one, write its folder and a line here.
namespace coffer::server {

std::span<const BackendType> builtins() {
  static const BackendType all[] = {
      {MountClass::secret, "kv", "1", "Key-value secrets.", make_kv1},
      {MountClass::secret, "kv", "2", "Key-value secrets with versions.", make_kv2},
  };
  return all;
}

}  // namespace coffer::server
