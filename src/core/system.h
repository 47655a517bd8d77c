#pragma once
#include <functional>
#include <memory>
#include <string>

#include "audit/audit.h"
#include "barrier/ceremony.h"
#include "core/config.h"
#include "core/pipeline.h"
#include "core/runtime.h"
#include "core/spaces.h"

// What the endpoints below sys/ and auth/token/ work on.
namespace coffer::core {

class RateLimits;
struct RotationCounters;

struct System {
  const CoreConfig& config;
  barrier::SealManager& seal;
  audit::Broker& audit;
  BackendCatalog& catalog;
  Clock& clock;
  Random& random;
  Pipeline* pipeline = nullptr;                // set once it exists
  std::atomic<Runtime*> runtime{nullptr};      // null while sealed
  Time started{};
  std::function<void()> reload;                // what SIGHUP does
  std::function<Result<void>()> stop;          // for tests and step-down; may be empty
  RateLimits* rates = nullptr;                 // enforces the rate quotas
  const RotationCounters* rotations = nullptr; // set once it exists
  const Gate* gate = nullptr;                  // closes before the server seals: long work gives way
};

// A group of endpoints: sys/<topic>.cpp each has one, and SystemBackend joins them into one table.
class Topic {
 public:
  virtual ~Topic() = default;
  [[nodiscard]] virtual std::vector<schema::Endpoint> endpoints() = 0;
};
using MakeTopic = std::unique_ptr<Topic> (*)(System&);

// The backend of sys/ made of its topics (sys/topics.h lists them).
[[nodiscard]] std::unique_ptr<Backend> make_system_backend(System& system);
// The backend of auth/token/.
[[nodiscard]] std::unique_ptr<Backend> make_token_backend(System& system);
// The backend of identity/.
[[nodiscard]] std::unique_ptr<Backend> make_identity_backend(System& system);

// The backend of access keys, which may be mounted as an auth method.
[[nodiscard]] std::unique_ptr<Backend> make_access_key_backend(System& system);
// The backend of applications of Azure's clients, likewise.
[[nodiscard]] std::unique_ptr<Backend> make_azure_app_backend();

// Short cuts for handlers.
[[nodiscard]] inline RequestSpaces& spaces_of(const Caller& caller) { return static_cast<RequestSpaces&>(*caller.spaces); }
[[nodiscard]] inline Exchange& exchange_of(const Caller& caller) { return *spaces_of(caller).exchange; }

}  // namespace coffer::core
