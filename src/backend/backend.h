#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/caller.h"
#include "backend/session.h"
#include "base/random.h"
#include "schema/endpoint.h"

namespace coffer::rotation {
class Functions;  // rotation/functions.h
class Rotating;   // rotation/rotating.h
}  // namespace coffer::rotation

namespace coffer {

// What the core knows of a token that a renewal or a use concerns (Backend::renew_login).
struct LoginRecord {
  std::string_view internal;      // Login::internal, as the login answered it
  std::string_view alias_name;
  std::span<const std::string> policies;
  Seconds period{0};
};

// A secrets engine or an auth method. One object serves every mount of its type: it keeps no state of a mount, the store does. Endpoints are
// taken once, at start. All methods and handlers are called from any thread, several at once.
class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual std::vector<schema::Endpoint> endpoints() = 0;
  // Text of `<mount>?help=1`.
  [[nodiscard]] virtual std::string_view help() const = 0;
  // Auth methods: runs the login's checks again at renewal (S10) and answers the parameters as they are now. An error ends the renewal.
  [[nodiscard]] virtual Result<schema::TokenParameters> renew_login(const Caller& caller, const Snapshot& view, const LoginRecord& login) {
    (void)caller, (void)view, (void)login;
    return fail(Code::unsupported_operation, "this mount makes no tokens");
  }
  // Called in the transaction that creates the mount, or changes its options (`before` empty when new). An error refuses the change.
  [[nodiscard]] virtual Result<void> configure(const Caller& caller, Transaction& view, const schema::StringMap& before, const schema::StringMap& after) {
    (void)caller, (void)view, (void)before, (void)after;
    return {};
  }
  // Work on a mount that no request asks for: purging what is due, writing down what was kept in memory. Every few seconds the core asks whether there is
  // any, and if so runs a transaction of its own for it, on its background thread; `chores_done` is called once that is durable.
  [[nodiscard]] virtual Result<bool> has_chores(const MountInfo& mount, const Snapshot& view, Time now) {
    (void)mount, (void)view, (void)now;
    return false;
  }
  [[nodiscard]] virtual Result<void> do_chores(const MountInfo& mount, Transaction& view, Time now) {
    (void)mount, (void)view, (void)now;
    return {};
  }
  virtual void chores_done(const MountInfo& mount) { (void)mount; }
  // What the rotations of this backend's objects mean (rotation/job.h); null where nothing rotates. Lives as long as the backend.
  [[nodiscard]] virtual rotation::Rotating* rotating() { return nullptr; }
};

// The seams a backend is made with; they outlive it.
struct BackendServices {
  Clock& clock;
  Random& random;
  const rotation::Functions* functions = nullptr;  // outside functions that make the steps of rotations; null: there are none
};

enum class MountClass : std::uint8_t { secret, auth };

// One line of the table of contents in server/builtins.cpp.
struct BackendType {
  MountClass mount_class = MountClass::secret;
  std::string_view type;      // as in sys/mounts
  std::string_view variant;   // kv: "1" or "2", chosen by the mount's option `version`; "" otherwise
  std::string_view summary;
  std::unique_ptr<Backend> (*make)(const BackendServices& services);
};

}  // namespace coffer
