#pragma once
#include <functional>
#include <memory>

#include "core/rate_limits.h"
#include "core/rotation/scheduler.h"
#include "core/system.h"

namespace coffer::core {

// Joins the parts: seal, store, pipeline, mounts, background work. Owns them. Safe from any thread.
class Core final : public barrier::SealListener {
 public:
  struct Parts {
    CoreConfig config;
    std::unique_ptr<barrier::SealManager> seal;
    std::unique_ptr<audit::Broker> audit;
    // Opens the store's state with the file key; `fresh` discards what an interrupted init left.
    std::function<Result<std::unique_ptr<storage::State>>(SecretBytes file_key, bool fresh)> open_state;
    std::span<const BackendType> backends;
    Clock& clock = system_clock();
    Random& random = system_random();
    std::function<void()> reload;
    std::unique_ptr<rotation::Functions> functions = nullptr;  // that make the steps of rotations; null: there are none outside
    rotation::Policy rotation = {};
    unsigned rotations_at_once = 8;
  };
  static Result<std::unique_ptr<Core>> make(Parts parts);
  ~Core() override;

  [[nodiscard]] Pipeline& pipeline() { return *pipeline_; }
  [[nodiscard]] System& system() { return system_; }
  [[nodiscard]] barrier::SealManager& seal() { return *parts_.seal; }
  [[nodiscard]] audit::Broker& audit() { return *parts_.audit; }
  [[nodiscard]] BackendCatalog& catalog() { return catalog_; }
  // Seals and ends background work. The io threads may still run; their requests get 503.
  void stop();

  // SealListener
  Result<SecretBytes> initialize(bool leftovers) override;
  Result<void> opened() override;
  void closing() override;

 private:
  explicit Core(Parts parts);
  Result<void> start();
  Result<void> open_runtime(bool fresh);
  Result<void> write_first_records(RequestSpaces& spaces, SecretBytes& root_token);
  Result<void> ensure_own_mounts(RequestSpaces& spaces);
  void background();

  Parts parts_;
  BackendCatalog catalog_;
  Gate gate_;
  RateLimits rates_;
  System system_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<RotationScheduler> rotations_;
  std::unique_ptr<Runtime> runtime_;
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::atomic<bool> doomed_checked_{false};
  std::mutex background_mutex_;  // held while background work uses the runtime
  std::thread background_;
};

}  // namespace coffer::core
