#include "core/system.h"

#include "core/sys/topics.h"

namespace coffer::core {
namespace {

class SystemBackend final : public Backend {
 public:
  explicit SystemBackend(System& system) {
    for (const MakeTopic make : system_topics) topics_.push_back(make(system));
  }
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    for (const auto& topic : topics_)
      for (auto& endpoint : topic->endpoints()) out.push_back(std::move(endpoint));
    return out;
  }
  std::string_view help() const override {
    return "The system backend: it is built in, cannot be removed or moved, and configures the server itself: mounts, policies, audit, seal, leases.";
  }

 private:
  std::vector<std::unique_ptr<Topic>> topics_;
};

}  // namespace

std::unique_ptr<Backend> make_system_backend(System& system) { return std::make_unique<SystemBackend>(system); }

}  // namespace coffer::core
