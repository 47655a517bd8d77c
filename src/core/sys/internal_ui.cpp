#include "core/openapi.h"
#include "core/sys/mount_entry.h"
#include "core/sys/topics.h"

namespace coffer::core {
namespace {

using schema::Access;
using schema::Custom;
using schema::Verb;

struct PathOnly {
  std::string path;
  static constexpr auto fields() { return schema::Fields{schema::path<&PathOnly::path>("path", "A path on the mount.")}; }
};

struct OpenApiQuery {
  bool generic_mount_paths = false;
  static constexpr auto fields() {
    return schema::Fields{schema::field<&OpenApiQuery::generic_mount_paths>(
                          "generic_mount_paths", "One set of paths for each type of mount, whatever its mounts are called.")
                          .open()};
  }
};

// What everyone may know of a mount that shows itself.
void encode_public(json::Writer& w, const MountEntry& e) {
  const json::Writer::Public open(w);
  w.begin_object().key("type").string(e.type).key("description").string(e.description).key("options").begin_object();
  for (const auto& [key, value] : e.options) w.key(key).string(value);
  w.end_object().end_object();
}

class InternalTopic final : public Topic {
 public:
  explicit InternalTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using T = InternalTopic;
    // The command asks these before it works on a secret: a token of one use must still have it then.
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("internal/ui/mounts", "The mounts that the caller can reach.")
                      .on(Verb::read, this, &T::mounts, "Mounts with something for the caller.", Access::optional)
                      .keeps_use());
    out.push_back(schema::at("internal/ui/mounts/{path+}", "The mount of a path.")
                      .on(Verb::read, this, &T::mount, "The mount of a path that the caller can reach.", Access::optional)
                      .keeps_use());
    out.push_back(schema::at("internal/ui/namespaces", "Namespaces.")
                      .on(Verb::read, this, &T::namespaces, "Namespaces that the caller can reach.", Access::optional)
                      .keeps_use());
    out.push_back(schema::at("internal/specs/openapi", "OpenAPI of all that is mounted.")
                      .on(Verb::read, this, &T::openapi, "The OpenAPI document.", Access::optional)
                      .heavy()
                      .keeps_use());
    // The door has the documents; its requests for them are recorded like all others.
    out.push_back(schema::at("internal/azure", "Documents of the authority that Azure's clients ask.")
                      .on_action("azure:Discover", Verb::read, this, &T::nothing, "Tells where tokens are given.", Access::anyone)
                      .works_sealed()
                      .undocumented());
    return out;
  }

 private:
  Result<schema::Nothing> nothing(const Caller&, Session&, const schema::NoMembers&) { return schema::Nothing{}; }
  static bool reaches(const Exchange& x, std::string_view path) { return x.token && (x.token->acl->is_root() || x.token->acl->reaches(path)); }
  Result<Custom> mounts(const Caller& c, const Snapshot&, const schema::NoMembers&) {
    const Exchange& x = exchange_of(c);
    auto shown = std::make_shared<std::vector<std::pair<std::shared_ptr<const Mount>, bool>>>();
    for (const auto& mount : x.mounts->all()) {
      const bool full = reaches(x, mount->entry.path);
      if (full || mount->entry.listing_visibility == "unauth") shown->emplace_back(mount, full);
    }
    return Custom{[shown](json::Writer& w) {
      w.begin_object();
      for (const bool auth : {false, true}) {
        w.key(auth ? "auth" : "secret").begin_object();
        for (const auto& [mount, full] : *shown) {
          if (mount->entry.is_auth() != auth) continue;
          w.key(auth ? std::string_view(mount->entry.path).substr(5) : std::string_view(mount->entry.path));
          if (full) encode_mount(w, mount->entry);
          else encode_public(w, mount->entry);
        }
        w.end_object();
      }
      w.end_object();
    }};
  }
  Result<Custom> mount(const Caller& c, const Snapshot&, const PathOnly& in) {
    const Exchange& x = exchange_of(c);
    if (!x.token) return fail(Code::unauthenticated, "permission denied");
    const auto refused = [&] {
      return fail(Code::permission_denied, "preflight capability check returned 403, please ensure client's policies grant access to path " + json::quoted(in.path + "/"));
    };
    const auto route = x.mounts->route(in.path.ends_with('/') ? in.path : in.path + "/");
    if (route.mount == nullptr || !reaches(x, route.mount->entry.path)) return refused();
    return Custom{[table = x.mounts, mount = route.mount](json::Writer& w) { encode_mount(w, mount->entry, mount->entry.path); }};
  }
  Result<Custom> namespaces(const Caller&, const Snapshot&, const schema::NoMembers&) {
    return Custom{[](json::Writer& w) { w.begin_object().key("keys").begin_array().end_array().end_object(); }};
  }
  // "secret/" as it is mounted; or "{kv_mount_path}/", once for each kind of backend.
  static std::string prefix_of(const Mount& mount, bool generic) {
    const MountEntry& e = mount.entry;
    if (!generic || e.type == "system" || e.type == "identity" || e.type == "cubbyhole" || e.type == "token") return e.path;
    return std::string(e.is_auth() ? "auth/{" : "{") + e.type + mount.slot->variant + "_mount_path}/";
  }
  Result<schema::Bare<Custom>> openapi(const Caller& c, const Snapshot&, const OpenApiQuery& in) {
    const Exchange& x = exchange_of(c);
    std::map<std::string, std::shared_ptr<const Mount>> shown;
    for (const auto& mount : x.mounts->all())
      if (x.token ? reaches(x, mount->entry.path) : mount->entry.type == "system")
        shown.emplace(prefix_of(*mount, in.generic_mount_paths), mount);
    return schema::Bare<Custom>{{[shown, version = system_.config.api_version](json::Writer& w) {
      const json::Writer::Public open(w);
      append_openapi_document(w, version, [&](json::Writer& inner) {
        for (const auto& [prefix, mount] : shown) append_openapi_paths(inner, mount->slot->table, prefix);
      });
    }}};
  }
  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_internal_topic(System& system) { return std::make_unique<InternalTopic>(system); }

}  // namespace coffer::core
