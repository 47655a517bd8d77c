#include "base/brief.h"
#include "core/envelope.h"
#include "core/revoke.h"
#include "core/sys/mount_entry.h"
#include "core/sys/mount_rows.h"
#include "core/sys/topics.h"

namespace coffer::core {
namespace {

using schema::Access;
using schema::Custom;
using schema::field;
using schema::Nothing;
using schema::Verb;

struct PathOnly {
  std::string path;
  static constexpr auto fields() { return schema::Fields{schema::path<&PathOnly::path>("path", "Path of the mount.")}; }
};
struct EnableMount {
  std::string path, type, description, plugin_name;
  bool local = false, seal_wrap = false, external_entropy_access = false;
  std::optional<schema::StringMap> options;
  std::optional<MountConfig> config;
  static constexpr auto fields() {
    using T = EnableMount;
    return schema::Fields{schema::path<&T::path>("path", "Path of the mount."), field<&T::type>("type", "Type of engine or auth method.").open(),
                      field<&T::description>("description", "What it is for.").open(), field<&T::plugin_name>("plugin_name", "Old way to say the type.").open(),
                      field<&T::local>("local", "Accepted; there is no replication.").open(), field<&T::seal_wrap>("seal_wrap", "Accepted.").open(),
                      field<&T::external_entropy_access>("external_entropy_access", "Accepted.").open(),
                      field<&T::options>("options", "Options of the engine, such as version.").open(), field<&T::config>("config", "TTLs and the like.").open()};
  }
};
struct Tune {
  std::string path;
  MountConfig config;
  static constexpr auto fields() { return schema::Fields{schema::path<&Tune::path>("path", "Path of the mount."), schema::inlined<&Tune::config>()}; }
};
struct Remount {
  std::string from, to;
  static constexpr auto fields() { return schema::Fields{field<&Remount::from>("from", "Where it is.").open(), field<&Remount::to>("to", "Where it goes.").open()}; }
};
struct MigrationId {
  std::string id;
  static constexpr auto fields() { return schema::Fields{schema::path<&MigrationId::id>("id", "Id of the move.")}; }
};
struct Migration {
  std::string migration_id;
  static constexpr auto fields() { return schema::Fields{field<&Migration::migration_id>("migration_id", "Id to ask the status of the move by.").open()}; }
};

// Engines that know versions begin at 1.
std::string_view version_of(const schema::StringMap& options) {
  const auto found = options.find("version");
  return found == options.end() || found->second.empty() ? std::string_view("1") : std::string_view(found->second);
}

// Users can be locked out where there are logins with names.
Result<void> check_lockout_fits(const BackendSlot& slot, const std::optional<MountConfig>& config) {
  if (!config || !config->user_lockout_config) return {};
  for (const auto& endpoint : slot.table.endpoints())
    for (const auto& op : endpoint.operations)
      if (op.lockout_name) return {};
  return invalid("tuning of user lockout configuration for auth type " + json::quoted(slot.type) + " not allowed");
}

// Places of secret engines that no request makes or takes away: the server's own, and what other endpoints keep.
bool reserved(std::string_view path) {
  for (std::string_view own : {"sys/", "auth/", "audit/", "cubbyhole/", "identity/"})
    if (path.starts_with(own)) return true;
  return false;
}

class MountsTopic final : public Topic {
 public:
  explicit MountsTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using T = MountsTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("mounts", "List the currently mounted backends.").on(Verb::read, this, &T::list_secret, "Lists the secrets engines.").repeats_data());
    out.push_back(schema::at("mounts/{path+}", "A secrets engine.")
                      .on(Verb::read, this, &T::read_secret, "Shows a secrets engine.")
                      .repeats_data()
                      .on(Verb::write, this, &T::enable_secret, "Enables a secrets engine.")
                      .on(Verb::remove, this, &T::disable_secret, "Disables a secrets engine and deletes its data."));
    out.push_back(schema::at("mounts/{path+}/tune", "The tuning of a secrets engine.")
                      .on(Verb::read, this, &T::read_secret_tune, "Shows it.")
                      .repeats_data()
                      .on(Verb::write, this, &T::tune_secret, "Changes what is given."));
    out.push_back(schema::at("auth", "The auth methods.").on(Verb::read, this, &T::list_auth, "Lists the auth methods.").repeats_data());
    out.push_back(schema::at("auth/{path+}", "An auth method.")
                      .on(Verb::read, this, &T::read_auth, "Shows an auth method.", Access::sudo)
                      .repeats_data()
                      .on(Verb::write, this, &T::enable_auth, "Enables an auth method.", Access::sudo)
                      .on(Verb::remove, this, &T::disable_auth, "Disables an auth method and revokes its tokens.", Access::sudo));
    out.push_back(schema::at("auth/{path+}/tune", "The tuning of an auth method.")
                      .on(Verb::read, this, &T::read_auth_tune, "Shows it.", Access::sudo)
                      .repeats_data()
                      .on(Verb::write, this, &T::tune_auth, "Changes what is given.", Access::sudo));
    out.push_back(schema::at("remount", "Moving a mount.").on(Verb::write, this, &T::remount, "Moves a mount to another path.", Access::sudo).repeats_data());
    out.push_back(schema::at("remount/status/{id}", "How a move went.").on(Verb::read, this, &T::remount_status, "Status of a move."));
    return out;
  }

 private:
  using Table = std::shared_ptr<const MountTable>;

  Custom listing(const Table& table, bool auth) {
    return {[table, auth](json::Writer& w) {
      w.begin_object();
      for (const auto& mount : table->all()) {
        if (mount->entry.is_auth() != auth) continue;
        w.key(auth ? std::string_view(mount->entry.path).substr(5) : std::string_view(mount->entry.path));
        encode_mount(w, mount->entry);
      }
      w.end_object();
    }};
  }
  Result<Custom> list_secret(const Caller& c, const Snapshot&, const schema::NoMembers&) { return listing(exchange_of(c).mounts, false); }
  Result<Custom> list_auth(const Caller& c, const Snapshot&, const schema::NoMembers&) { return listing(exchange_of(c).mounts, true); }

  struct Found {
    Table table;
    const Mount* mount = nullptr;  // lives as long as the table
    std::string name;
  };
  static Result<Found> find(const Caller& c, std::string_view given, bool auth) {
    Found out{exchange_of(c).mounts, nullptr, TRY(mount_path(given))};
    out.mount = out.table->find((auth ? "auth/" : "") + out.name);
    return out;
  }
  static Result<Custom> read_one(const Caller& c, std::string_view given, bool auth) {
    auto found = TRY(find(c, given, auth));
    if (found.mount == nullptr) return invalid((auth ? "No auth engine at " : "No secret engine mount at ") + found.name);
    return Custom{[found = std::move(found)](json::Writer& w) { encode_mount(w, found.mount->entry); }};
  }
  static Result<Custom> read_tune(const Caller& c, std::string_view given, bool auth) {
    auto found = TRY(find(c, given, auth));
    if (found.mount == nullptr) return invalid("cannot fetch sysview for path " + json::quoted((auth ? "auth/" : "") + found.name));
    return Custom{[found = std::move(found)](json::Writer& w) { encode_tune(w, *found.mount); }};
  }
  Result<Custom> read_secret(const Caller& c, const Snapshot&, const PathOnly& in) { return read_one(c, in.path, false); }
  Result<Custom> read_auth(const Caller& c, const Snapshot&, const PathOnly& in) { return read_one(c, in.path, true); }
  Result<Custom> read_secret_tune(const Caller& c, const Snapshot&, const PathOnly& in) { return read_tune(c, in.path, false); }
  Result<Custom> read_auth_tune(const Caller& c, const Snapshot&, const PathOnly& in) { return read_tune(c, in.path, true); }

  Result<Nothing> enable_secret(const Caller& c, Transaction& sys, const EnableMount& in) { return enable(c, sys, in, false); }
  Result<Nothing> enable_auth(const Caller& c, Transaction& sys, const EnableMount& in) { return enable(c, sys, in, true); }
  Result<schema::Answer<Nothing>> tune_secret(const Caller& c, Transaction& sys, const Tune& in) { return tune(c, sys, in, false); }
  Result<schema::Answer<Nothing>> tune_auth(const Caller& c, Transaction& sys, const Tune& in) { return tune(c, sys, in, true); }
  Result<Nothing> enable(const Caller& c, Transaction& sys, EnableMount in, bool auth);
  Result<schema::Answer<Nothing>> tune(const Caller& c, Transaction& sys, const Tune& in, bool auth);
  Result<Nothing> disable(const std::string& given, bool auth);
  Result<Nothing> disable_secret(const Caller&, Session&, const PathOnly& in) { return disable(in.path, false); }
  Result<Nothing> disable_auth(const Caller&, Session&, const PathOnly& in) { return disable(in.path, true); }
  Result<schema::Answer<Migration>> remount(const Caller& c, Transaction& sys, const Remount& in);
  Result<std::optional<Custom>> remount_status(const Caller&, const Snapshot& sys, const MigrationId& in);

  System& system_;
};

Result<Nothing> MountsTopic::enable(const Caller& c, Transaction& sys, EnableMount in, bool auth) {
  const Exchange& x = exchange_of(c);
  const std::string name = TRY(mount_path(in.path));
  const std::string path = (auth ? "auth/" : "") + name;
  if (in.type.empty() || in.type == "plugin") in.type = in.plugin_name;
  if (auth && in.type == "token") return invalid("token credential backend cannot be instantiated");
  if (in.type.empty()) return invalid("backend type must be specified as a string");
  MountEntry entry;
  entry.path = path;
  entry.type = in.type;
  entry.description = in.description;
  entry.local = in.local;
  entry.seal_wrap = in.seal_wrap;
  entry.external_entropy_access = in.external_entropy_access;
  if (in.options) {
    entry.options = *in.options;
    entry.has_options = true;
  }
  if (!auth && (in.type == "kv-v1" || in.type == "kv-v2")) {
    entry.options.insert_or_assign("version", in.type.substr(4));
    entry.has_options = true;
    entry.type = "kv";
  }
  if (in.config) CHECK_OK(apply_config(entry, *in.config));
  if (auth && entry.token_type.empty()) entry.token_type = "default-service";
  const Seconds most = entry.max_lease_ttl > Seconds(0) ? entry.max_lease_ttl : system_.config.max_lease_ttl;
  if (entry.default_lease_ttl > most) return invalid("given default lease TTL greater than given max lease TTL");
  if (!auth && reserved(path)) return invalid("cannot mount " + json::quoted(path));
  if (!auth)
    for (std::string_view own : {"system", "identity", "cubbyhole", "token"})
      if (entry.type == own) return invalid("mount type of " + json::quoted(own) + " is not mountable");
  const BackendSlot* slot = system_.catalog.find(auth ? MountClass::auth : MountClass::secret, entry.type, entry.options);
  if (slot == nullptr) {
    if (!auth && entry.type == "kv") return invalid("nil backend of type \"kv\" returned from factory");
    return invalid("plugin not found in the catalog: " + std::string(brief(in.type)));
  }
  CHECK_OK(check_lockout_fits(*slot, in.config));
  for (const MountEntry& row : TRY(read_mount_rows(sys)))
    if (row.is_auth() == auth && (std::string_view(row.path).starts_with(path) || std::string_view(path).starts_with(row.path)))
      return invalid("path is already in use at " + (auth ? row.path.substr(5) : row.path));
  stamp_mount(entry, system_.random);
  const MountId id = TRY(parse_mount_id(entry.uuid));
  CHECK_OK(slot->backend->configure(c, spaces_of(c).write({c.tenant, id}), {}, entry.options));
  CHECK_OK(write_mount_row(sys, entry));
  (void)x;
  return Nothing{};
}

Result<schema::Answer<Nothing>> MountsTopic::tune(const Caller& c, Transaction& sys, const Tune& in, bool auth) {
  const std::string path = (auth ? "auth/" : "") + TRY(mount_path(in.path));
  for (std::string_view own : {"sys/", "identity/", "cubbyhole/"})
    if (path == own) return invalid("cannot tune " + json::quoted(path));
  for (const MountEntry& row : TRY(read_mount_rows(sys))) {
    if (row.path != path) continue;
    MountEntry entry = row;
    schema::Answer<Nothing> out;
    CHECK_OK(apply_config(entry, in.config));
    // Login methods are tuned at sys/mounts/auth/<name>/tune too.
    const BackendSlot* slot = system_.catalog.find(entry.is_auth() ? MountClass::auth : MountClass::secret, entry.type, entry.options);
    if (slot == nullptr) return invalid("the engine has no such version");
    CHECK_OK(check_lockout_fits(*slot, in.config));
    const Seconds most = entry.max_lease_ttl > Seconds(0) ? entry.max_lease_ttl : system_.config.max_lease_ttl;
    if (entry.default_lease_ttl > most)
      return invalid("backend max lease TTL of " + std::to_string(most.count()) + " would be less than backend default lease TTL of " + std::to_string(entry.default_lease_ttl.count()));
    if (entry.options != row.options) {
      const MountId id = TRY(parse_mount_id(entry.uuid));
      CHECK_OK(slot->backend->configure(c, spaces_of(c).write({c.tenant, id}), row.options, entry.options));
      if (const auto from = version_of(row.options), to = version_of(entry.options); from != to)
        out.warnings.push_back("The mount was upgraded from version " + std::string(from) + " to version " + std::string(to) + ".");
    }
    CHECK_OK(write_mount_row(sys, entry));
    return out;
  }
  return invalid("tune of path " + json::quoted(path) + " failed: no mount entry found");
}

// Deletes a mount in steps that each fit a transaction: its row first, so that nothing reaches it any more, then its tokens, then its data.
Result<Nothing> MountsTopic::disable(const std::string& given, bool auth) {
  const std::string name = TRY(mount_path(given));
  const std::string path = (auth ? "auth/" : "") + name;
  if (auth && name == "token/") return invalid("token credential backend cannot be disabled");
  // Login methods are disabled at sys/auth/ alone, which takes sudo.
  if (!auth && reserved(name)) return invalid("cannot unmount " + json::quoted(name));
  Runtime& runtime = *system_.runtime.load();
  const auto table = TRY(runtime.mounts(runtime.snapshot()));
  const Mount* mount = table->find(path);
  if (mount == nullptr) return Nothing{};
  auto gone = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
    spaces.write(sys_space(root_tenant)).erase("mount/" + mount->entry.uuid);
    return spaces.write(sys_space(root_tenant)).put("doomed/" + mount->entry.uuid, path);
  });
  if (!gone) return std::unexpected(std::move(gone).error());
  CHECK_OK(finish_disable(runtime, mount->entry.uuid, path));
  return Nothing{};
}

Result<schema::Answer<Migration>> MountsTopic::remount(const Caller& c, Transaction& sys, const Remount& in) {
  if (in.from.empty() || in.to.empty()) return invalid("both 'from' and 'to' path must be specified as a string");
  const std::string from = TRY(mount_path(in.from)), to = TRY(mount_path(in.to));
  const auto rows = TRY(read_mount_rows(sys));
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const MountEntry& row) { return row.path == from; });
  const auto fixed = [](std::string_view path) {
    for (std::string_view own : {"sys/", "identity/", "cubbyhole/", "audit/", "auth/token/"})
      if (path.starts_with(own)) return true;
    return false;
  };
  if (fixed(from)) return invalid("cannot remount " + json::quoted(from));
  if (fixed(to) || std::string_view(to) == "auth/") return invalid("cannot remount to destination " + to);
  if (found == rows.end()) return invalid("no matching mount at " + json::quoted(from));
  if (found->is_auth() != std::string_view(to).starts_with("auth/")) return invalid("cannot remount between auth and secret mounts");
  for (const MountEntry& row : rows)
    if ((row.path != from || from == to) && (std::string_view(row.path).starts_with(to) || std::string_view(to).starts_with(row.path)) &&
        row.is_auth() == found->is_auth())
      return invalid("path already in use at " + json::quoted(row.path));
  MountEntry moved = *found;
  moved.path = to;
  CHECK_OK(write_mount_row(sys, moved));
  // Tokens of a login method lie below its old path, where its new one cannot reach them.
  if (moved.is_auth()) CHECK_OK(begin_prefix_revocation(spaces_of(c), std::string_view(from).substr(0, from.size() - 1), c.now));
  const std::string id = make_uuid(system_.random);
  std::string status;
  json::Writer w(status);
  w.begin_object().key("migration_id").string(id).key("migration_info").begin_object();
  w.key("source_mount").string(from).key("target_mount").string(to).key("status").string("success").end_object().end_object();
  CHECK_OK(sys.put("migration/" + id, status));
  return schema::Answer<Migration>{{id}, {"Mount move has been queued. Progress will be reported in Vault's server log, tagged with the returned migration_id"}};
}

Result<std::optional<Custom>> MountsTopic::remount_status(const Caller&, const Snapshot& sys, const MigrationId& in) {
  const auto text = TRY(sys.get("migration/" + in.id));
  if (!text) return std::optional<Custom>{};
  return std::optional<Custom>(Custom{[body = std::string(text->reveal_text())](json::Writer& w) {
    const json::Writer::Public open(w);
    w.raw(body);
  }});
}

}  // namespace

std::unique_ptr<Topic> make_mounts_topic(System& system) { return std::make_unique<MountsTopic>(system); }

}  // namespace coffer::core
