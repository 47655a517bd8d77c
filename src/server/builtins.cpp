#include "server/builtins.h"

#include "auth/approle/approle.h"
#include "auth/userpass/userpass.h"
#include "engines/cubbyhole/cubbyhole.h"
#include "engines/kv/kv.h"

// The table of contents: the only file that names engines and auth methods. To add one, write its folder and a line here.
namespace coffer::server {

std::span<const BackendType> builtins() {
  static const BackendType all[] = {
      {MountClass::secret, "cubbyhole", "", "Secrets of one token.", make_cubbyhole},
      {MountClass::secret, "kv", "1", "Key-value secrets.", make_kv1},
      {MountClass::secret, "kv", "2", "Key-value secrets with versions.", make_kv2},
      {MountClass::auth, "approle", "", "Machines that log in with a role id and a secret id.", make_approle},
      {MountClass::auth, "userpass", "", "People who log in with a name and a password.", make_userpass},
  };
  return all;
}

}  // namespace coffer::server
