#include "base/brief.h"
#include "core/sys/topics.h"

// The catalog of backends (vault-api.md §1.14). All are built in: none is registered or run as a process of its own.
namespace coffer::core {
namespace {

using schema::CommaList;
using schema::field;
using schema::path;
using schema::Verb;

struct PluginPath {
  std::string type, name;
  static constexpr auto fields() {
    return schema::Fields{path<&PluginPath::type>("type", "secret, auth or database."),
                      path<&PluginPath::name>("name", "Name of the backend.")};
  }
};
struct Anything {
  std::string type, name;
  schema::RawObject body;
  static constexpr auto fields() {
    using T = Anything;
    return schema::Fields{path<&T::type>("type", "secret, auth or database."), path<&T::name>("name", "Name of the backend."),
                      schema::whole<&T::body>("Not looked at.")};
  }
};
struct ReloadRequest {
  std::string plugin, scope;
  CommaList mounts;
  static constexpr auto fields() {
    using T = ReloadRequest;
    return schema::Fields{field<&T::plugin>("plugin", "Name of the backend.").open(),
                      field<&T::mounts>("mounts", "Or mounts that use it.").open(),
                      field<&T::scope>("scope", "global: on all nodes.").open()};
  }
};

// Backends that every server has cannot be mounted, so the catalog does not show them.
bool listed(const BackendSlot& slot) {
  return slot.type != "system" && slot.type != "identity" && slot.type != "token" && slot.type != "cubbyhole";
}
std::string_view class_name(const BackendSlot& slot) { return slot.mount_class == MountClass::auth ? "auth" : "secret"; }

class PluginsTopic final : public Topic {
 public:
  explicit PluginsTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using T = PluginsTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("plugins/catalog", "The backends of this server.").on(Verb::read, this, &T::catalog, "Lists them."));
    out.push_back(schema::at("plugins/catalog/{type}", "The backends of a class.").on(Verb::list, this, &T::catalog_of, "Lists them."));
    out.push_back(schema::at("plugins/catalog/{type}/{name}", "A backend.")
                      .on(Verb::read, this, &T::plugin, "Shows it.")
                      .on(Verb::write, this, &T::enroll, "Refused: all backends are built in.", schema::Access::sudo));
    out.push_back(schema::at("plugins/reload/backend", "Starting backends anew.")
                      .on(Verb::write, this, &T::reload, "Built-in backends need none; answers as Vault does."));
    return out;
  }

 private:
  std::vector<std::string> names_of(std::string_view type) const {
    std::vector<std::string> names;
    for (const auto& slot : system_.catalog.slots())
      if (listed(*slot) && class_name(*slot) == type) names.push_back(slot->type);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }
  std::string version() const { return "v" + system_.config.api_version + "+builtin.vault"; }
  Result<schema::Custom> catalog(const Caller&, const Snapshot&, const schema::NoMembers&) {
    return schema::Custom{[this](json::Writer& w) {
      const json::Writer::Public clear(w);
      w.begin_object();
      for (const std::string_view type : {"auth", "database", "secret"}) {
        w.key(type).begin_array();
        for (const auto& name : names_of(type)) w.string(name);
        w.end_array();
      }
      w.key("detailed").begin_array();
      for (const std::string_view type : {"auth", "secret"})
        for (const auto& name : names_of(type)) {
          w.begin_object().key("type").string(type).key("name").string(name).key("version").string(version());
          w.key("builtin").boolean(true).key("deprecation_status").string("supported").end_object();
        }
      w.end_array().end_object();
    }};
  }
  static Result<void> known_class(std::string_view type) {
    if (type == "auth" || type == "secret" || type == "database") return {};
    return invalid(json::quoted(brief(type)) + " is not a supported plugin type");
  }
  Result<schema::Keys> catalog_of(const Caller&, const Snapshot&, const PluginPath& in) {
    CHECK_OK(known_class(in.type));
    return schema::Keys{names_of(in.type), ""};
  }
  Result<std::optional<schema::Custom>> plugin(const Caller&, const Snapshot&, const PluginPath& in) {
    CHECK_OK(known_class(in.type));
    const auto names = names_of(in.type);
    if (std::find(names.begin(), names.end(), in.name) == names.end()) return std::optional<schema::Custom>{};
    return std::optional(schema::Custom{[name = in.name, version = version()](json::Writer& w) {
      const json::Writer::Public clear(w);
      w.begin_object().key("args").null().key("builtin").boolean(true).key("command").string("").key("declarative").boolean(false);
      w.key("deprecation_status").string("supported");
      w.key("name").string(name).key("oci").boolean(false).key("sha256").string("").key("version").string(version).end_object();
    }});
  }

  Result<schema::Nothing> enroll(const Caller&, const Snapshot&, const Anything& in) {
    CHECK_OK(known_class(in.type));
    return invalid("no plugin can be registered: all backends of this server are built in");
  }
  Result<schema::Nothing> reload(const Caller& c, const Snapshot&, const ReloadRequest& in) {
    if (in.plugin.empty() && in.mounts.items.empty()) return invalid("plugin or mounts must be provided");
    if (!in.plugin.empty() && !in.mounts.items.empty()) return invalid("plugin and mounts cannot be set at the same time");
    for (const std::string& mount : in.mounts.items)
      if (exchange_of(c).mounts->route(mount.ends_with('/') ? mount : mount + "/").mount == nullptr)
        return invalid("cannot fetch mount entry for " + json::quoted(brief(mount)));
    return schema::Nothing{};
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_plugins_topic(System& system) { return std::make_unique<PluginsTopic>(system); }

}  // namespace coffer::core
