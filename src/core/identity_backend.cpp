#include "core/system.h"
#include "identity/store.h"

namespace coffer::core {
namespace {

using schema::Verb;

struct EntityId {
  std::string id;
  static constexpr auto fields() { return std::tuple{schema::path<&EntityId::id>("id", "Id of the entity.")}; }
};
struct Empty {
  static constexpr auto fields() { return std::tuple{}; }
};

// The small beginning of identity/: entities are made at logins and read by id; writing them has its own issue.
class IdentityBackend final : public Backend {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("entity/id/{id}", "One entity.").on(Verb::read, this, &IdentityBackend::read, "Reads an entity."));
    out.push_back(schema::at("entity/id", "All entities.").on(Verb::list, this, &IdentityBackend::list, "Lists the ids of all entities."));
    return out;
  }
  std::string_view help() const override { return "The identity store: an entity and an alias for each who logs in."; }

 private:
  Result<std::optional<identity::Entity>> read(const Caller&, const Snapshot& view, const EntityId& in) { return identity::find(view, in.id); }
  Result<schema::Keys> list(const Caller&, const Snapshot& view, const Empty&) {
    return schema::Keys{TRY(view.children("entity/", '\0', "", 100'000)), ""};
  }
};

}  // namespace

std::unique_ptr<Backend> make_identity_backend(System&) { return std::make_unique<IdentityBackend>(); }

}  // namespace coffer::core
