#include "engines/kv/kv2.h"

#include "engines/kv/indexes.h"
#include "engines/kv/kv.h"

// The table of endpoints, the mount's settings, and what is answered to paths that are none.
namespace coffer::kv {
namespace {

constexpr std::string_view areas[] = {"data", "metadata", "delete", "undelete", "destroy", "subkeys", "detailed-metadata"};

schema::Reply warn_not_found(std::string text) {
  schema::Reply out;
  out.form = schema::Reply::Form::enveloped;
  out.status = 404;
  out.warnings.push_back(std::move(text));
  return out;
}

// In the words that the core has for it.
std::unexpected<Error> unsupported() { return fail(Code::unsupported_operation, "1 error occurred:\n\t* unsupported operation\n\n"); }

// A path outside the endpoints: most often a version 1 path. One inside them has another verb than the endpoint serves.
Result<schema::Reply> wrong_path(std::string_view path, std::string_view command) {
  const std::string_view first = path.substr(0, path.find('/'));
  for (const std::string_view area : areas)
    if (first == area) return unsupported();
  if (path == "config") return unsupported();
  return warn_not_found(
      "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, "
      "use 'vault kv " +
      std::string(command) + "' for this operation.");
}

}  // namespace

std::vector<schema::Endpoint> Kv2::endpoints() {
  using schema::at;
  using schema::Verb;
  std::vector<schema::Endpoint> out;
  out.push_back(at("config", "Settings of the mount.")
                    .on(Verb::read, this, &Kv2::read_config, "Reads the settings.")
                    .on(Verb::write, this, &Kv2::write_config, "Changes the settings that are given."));
  out.push_back(at("data/{path...}", "Values of a secret.")
                    .on(Verb::read, this, &Kv2::read_data, "Reads a version.")
                    .on(Verb::write, this, &Kv2::write_data, "Writes a new version.")
                    .replies<VersionMetadata>()
                    .exists(this, &Kv2::exists)
                    .on(Verb::patch, this, &Kv2::patch_data, "Writes a new version that merges the newest with the given members.")
                    .replies<VersionMetadata>()
                    .on(Verb::remove, this, &Kv2::delete_latest, "Deletes the newest version; it can be undeleted."));
  out.push_back(at("subkeys/{path...}", "Keys of a secret, without values.").on(Verb::read, this, &Kv2::read_subkeys, "Reads the keys."));
  out.push_back(
      at("delete/{path...}", "Soft deletion.").on(Verb::write, this, &Kv2::delete_versions, "Deletes versions; they can be undeleted."));
  out.push_back(
      at("undelete/{path...}", "Undoing of a deletion.").on(Verb::write, this, &Kv2::undelete_versions, "Restores deleted versions."));
  out.push_back(at("destroy/{path...}", "Destruction.").on(Verb::write, this, &Kv2::destroy_versions, "Removes versions for good."));
  out.push_back(at("metadata/{path...}", "Settings, marks and versions of a secret.")
                    .on(Verb::read, this, &Kv2::read_metadata, "Reads what is known of a secret and its versions.")
                    .on(Verb::list, this, &Kv2::list_metadata, "Lists secrets and folders.")
                    .on(Verb::scan, this, &Kv2::scan_metadata, "Lists all secrets below a folder.")
                    .heavy()
                    .on(Verb::write, this, &Kv2::write_metadata, "Changes the settings and marks that are given.")
                    .exists(this, &Kv2::exists)
                    .on(Verb::patch, this, &Kv2::patch_metadata, "Merges settings and marks with the given members; null resets.")
                    .replies<schema::Nothing>()
                    .on(Verb::remove, this, &Kv2::delete_metadata, "Deletes a secret with all its versions."));
  out.push_back(at("detailed-metadata/{path...}", "Lists with the metadata of each secret.")
                    .on(Verb::list, this, &Kv2::list_detailed, "Lists secrets and folders with metadata.")
                    .heavy()
                    .on(Verb::scan, this, &Kv2::scan_detailed, "Lists all secrets below a folder with metadata.")
                    .heavy());
  for (const std::string_view area : areas)
    out.push_back(at(area, "A secret's name is missing.")
                      .on(Verb::read, this, &Kv2::root, "Says what is missing.")
                      .on(Verb::write, this, &Kv2::root_write, "Says what is missing.")
                      .on(Verb::remove, this, &Kv2::root, "Says what is missing.")
                      .undocumented());
  out.push_back(at("{path...}", "Paths without a meaning on this mount: says which one to use.")
                    .on(Verb::read, this, &Kv2::wrong_read, "Says which path to read.")
                    .on(Verb::write, this, &Kv2::wrong_write, "Says which path to write.")
                    .on(Verb::list, this, &Kv2::wrong_list, "Says which path to list.")
                    .on(Verb::remove, this, &Kv2::wrong_delete, "Says which path to delete.")
                    .undocumented());
  for (schema::Endpoint& endpoint : aws_.endpoints()) out.push_back(std::move(endpoint));
  for (schema::Endpoint& endpoint : azure_.endpoints()) out.push_back(std::move(endpoint));
  return out;
}

std::string_view Kv2::help() const {
  return "The kv backend keeps versions of secrets at any path: data/<name> reads and writes values, metadata/<name> settings and lists, "
         "delete/, undelete/ and destroy/<name> remove versions.";
}

Result<void> change_version(Transaction& view, const schema::StringMap& before, const schema::StringMap& after, Time now) {
  const auto version = [](const schema::StringMap& options) {
    const auto found = options.find("version");
    return found == options.end() || found->second.empty() ? std::string_view("1") : std::string_view(found->second);
  };
  if (version(after) != "1" && version(after) != "2") return invalid("the option version must be 1 or 2");
  if (version(before) == "2" && version(after) != "2") return invalid("cannot downgrade mount from version 2");
  if (version(before) != "2" && version(after) == "2") return upgrade_from_v1(view, now);
  return {};
}

Result<void> Kv2::configure(const Caller& caller, Transaction& view, const schema::StringMap& before, const schema::StringMap& after) {
  // A mount that is made now has no objects that are older than its indexes.
  if (before.empty() && TRY(view.children("", '\0', "", 1)).empty()) CHECK_OK(begin_indexes(view));
  return change_version(view, before, after, caller.now);
}

Result<bool> Kv2::has_chores(const MountInfo& mount, const Snapshot& view, Time now) {
  return aws_.marks().pending(mount.id) || TRY(has_due(view, now)) || TRY(has_unindexed(view));
}
Result<void> Kv2::do_chores(const MountInfo& mount, Transaction& view, Time now) {
  constexpr std::size_t at_once = 20;  // objects, each of which may have many versions; the rest goes next time
  (void)TRY(purge_due(view, now, at_once));
  if (TRY(has_unindexed(view))) CHECK_OK(index_some(view));
  return aws_.marks().write(mount.id, view);
}

Result<ConfigReply> Kv2::read_config(const Caller&, const Snapshot& view, const schema::NoMembers&) {
  const MountConfig config = TRY(load_config(view));
  return ConfigReply{config.cas_required, config.delete_version_after, config.max_versions, config.metadata_cas_required};
}

Result<schema::Nothing> Kv2::write_config(const Caller&, Transaction& view, const ConfigChange& in) {
  MountConfig config = TRY(load_config(view));
  if (in.max_versions) config.max_versions = number_kept(*in.max_versions);
  if (in.cas_required) config.cas_required = *in.cas_required;
  if (in.metadata_cas_required) config.metadata_cas_required = *in.metadata_cas_required;
  if (in.delete_version_after) config.delete_version_after = *in.delete_version_after;
  CHECK_OK(save_config(view, config));
  return schema::Nothing{};
}

Result<schema::Reply> Kv2::root(const Caller& caller, const Snapshot&, const schema::NoMembers&) {
  if (names_folder(caller)) return schema::to_reply(std::optional<ConfigReply>());
  return warn_not_found("Non-listing operations on the root of a K/V v2 mount are not supported.");
}
Result<schema::Reply> Kv2::root_write(const Caller& caller, const Snapshot& view, const StrayWrite&) { return root(caller, view, {}); }
Result<schema::Reply> Kv2::wrong_read(const Caller&, const Snapshot&, const Named& in) { return wrong_path(in.path, "get"); }
Result<schema::Reply> Kv2::wrong_write(const Caller&, const Snapshot&, const StrayWrite& in) { return wrong_path(in.path, "put"); }
Result<schema::Reply> Kv2::wrong_list(const Caller&, const Snapshot&, const Named& in) { return wrong_path(in.path, "list"); }
Result<schema::Reply> Kv2::wrong_delete(const Caller&, const Snapshot&, const Named& in) { return wrong_path(in.path, "delete"); }

}  // namespace coffer::kv

namespace coffer {
std::unique_ptr<Backend> make_kv2(const BackendServices& services) { return std::make_unique<kv::Kv2>(services); }
}  // namespace coffer
