#include "cli/commands/mounts.h"

#include <fmt/format.h>

#include <thread>

namespace coffer::cli {
namespace {

// List flags that go into a mount's config, and what the API calls them.
struct ListSetting {
  std::string_view flag, field;
};
constexpr ListSetting list_settings[] = {{"audit-non-hmac-request-keys", "audit_non_hmac_request_keys"},
                                         {"audit-non-hmac-response-keys", "audit_non_hmac_response_keys"},
                                         {"passthrough-request-headers", "passthrough_request_headers"},
                                         {"allowed-response-headers", "allowed_response_headers"},
                                         {"allowed-managed-keys", "allowed_managed_keys"}};

void write_shared_settings(const Context& context, json::Writer& writer) {
  for (const ListSetting& setting : list_settings)
    if (context.flags.given(setting.flag)) writer.key(setting.field).raw(json_list(context.flags.list(setting.flag)));
  if (context.flags.given("listing-visibility")) writer.key("listing_visibility").string(context.flags.text("listing-visibility"));
  if (context.flags.given("plugin-version")) writer.key("plugin_version").string(context.flags.text("plugin-version"));
  if (context.flags.given("token-type")) writer.key("token_type").string(context.flags.text("token-type"));
}

std::vector<std::pair<std::string, std::string>> options_of(const Context& context) {
  std::vector<std::pair<std::string, std::string>> options = context.flags.map("options");
  if (const std::int64_t version = context.flags.integer("version", 0); version > 0) options.emplace_back("version", std::to_string(version));
  return options;
}

void write_lockout(const Context& context, json::Writer& writer) {
  const bool any = context.flags.given("user-lockout-threshold") || context.flags.given("user-lockout-duration") ||
                   context.flags.given("user-lockout-counter-reset-duration") || context.flags.given("user-lockout-disable");
  if (!any) return;
  writer.key("user_lockout_config").begin_object();
  if (context.flags.given("user-lockout-threshold")) writer.key("lockout_threshold").string(context.flags.text("user-lockout-threshold"));
  if (context.flags.given("user-lockout-duration"))
    writer.key("lockout_duration").string(ttl_for_api(context.flags.duration("user-lockout-duration")));
  if (context.flags.given("user-lockout-counter-reset-duration"))
    writer.key("lockout_counter_reset_duration").string(ttl_for_api(context.flags.duration("user-lockout-counter-reset-duration")));
  if (context.flags.given("user-lockout-disable")) writer.key("lockout_disable").boolean(context.flags.boolean("user-lockout-disable"));
  writer.end_object();
}

std::string effective_ttl(std::string_view type, json::Value ttl) {
  if (type == "system" || type == "cubbyhole") return {};
  return ttl.as_int().value_or(0) != 0 ? go_value(ttl) : "system";
}

Row detailed_row(std::string_view path, json::Value mount, MountKind kind) {
  const auto flag = [&](json::Value object, std::string_view name) { return std::string(member_of(object, name).as_bool() ? "true" : "false"); };
  const json::Value config = member_of(mount, "config");
  const std::string type = text_of(mount, "type");
  const json::Value options = member_of(mount, "options");
  return {std::string(path),
          type == "plugin" ? text_of(config, "plugin_name") : type,
          text_of(mount, "accessor"),
          effective_ttl(type, member_of(config, "default_lease_ttl")),
          effective_ttl(type, member_of(config, "max_lease_ttl")),
          kind == MountKind::auth ? text_of(config, "token_type") : flag(config, "force_no_cache"),
          member_of(mount, "local").as_bool() ? "local" : "replicated",
          flag(mount, "seal_wrap"),
          flag(mount, "external_entropy_access"),
          options.is_object() ? go_value(options) : "map[]",
          text_of(mount, "description"),
          text_of(mount, "uuid"),
          text_of(mount, "plugin_version"),
          text_of(mount, "running_plugin_version"),
          text_of(mount, "running_sha256"),
          text_of(mount, "deprecation_status")};
}

Row headings(MountKind kind, bool detailed) {
  const bool auth = kind == MountKind::auth;
  if (detailed)
    return {"Path", "Plugin", "Accessor", "Default TTL", "Max TTL", auth ? "Token Type" : "Force No Cache", "Replication", "Seal Wrap",
            "External Entropy Access", "Options", "Description", "UUID", "Version", "Running Version", "Running SHA256", "Deprecation Status"};
  Row row{"Path", "Type", "Accessor", "Description"};
  if (auth) row.emplace_back("Version");
  return row;
}

}  // namespace

std::vector<FlagSpec> mount_flags(MountKind kind, bool tune) {
  std::vector<FlagSpec> flags{
      {"description", FlagKind::text, "What it is for, for people to read."},
      {"default-lease-ttl", FlagKind::duration, "Lifetime of leases and tokens from here, when none is asked for."},
      {"max-lease-ttl", FlagKind::duration, "Longest lifetime of leases and tokens from here."},
      {"audit-non-hmac-request-keys", FlagKind::list, "Field of requests that the audit log shows in clear; several times for several."},
      {"audit-non-hmac-response-keys", FlagKind::list, "Field of answers that the audit log shows in clear; several times for several."},
      {"listing-visibility", FlagKind::text, "Whether the web interface shows it before login.", {}, {}, {}, "unauth|hidden"},
      {"passthrough-request-headers", FlagKind::list, "Header of requests to pass on; several times for several."},
      {"allowed-response-headers", FlagKind::list, "Header of answers to let through; several times for several."},
      {"options", FlagKind::map, "Option of the engine, as key=value; several times for several."},
      {"version", FlagKind::integer, "Version of the engine, where it has several (KV: 1 or 2).", "0"},
      {"plugin-version", FlagKind::text, "Version of the plugin."},
  };
  if (kind == MountKind::auth) flags.push_back({"token-type", FlagKind::text, "Type of the tokens that a login gives.", {}, {}, {}, "default-service|default-batch|service|batch"});
  if (kind == MountKind::auth && tune) {
    flags.push_back({"user-lockout-threshold", FlagKind::integer, "Failed logins after which a user is locked out."});
    flags.push_back({"user-lockout-duration", FlagKind::duration, "How long a user stays locked out."});
    flags.push_back({"user-lockout-counter-reset-duration", FlagKind::duration, "How long failed logins are counted."});
    flags.push_back({"user-lockout-disable", FlagKind::boolean, "Do not lock users out."});
  }
  if (!tune) {
    flags.push_back({"path", FlagKind::text, "Where to enable it; at its type's name when not given."});
    flags.push_back({"local", FlagKind::boolean, "Keep it out of replication.", "false"});
    flags.push_back({"seal-wrap", FlagKind::boolean, "Encrypt its critical values with the seal too.", "false"});
    flags.push_back({"external-entropy-access", FlagKind::boolean, "Let it use the server's external source of randomness.", "false"});
    flags.push_back({"plugin-name", FlagKind::text, "Name of the plugin, for the type \"plugin\"."});
    if (kind == MountKind::secrets) {
      flags.push_back({"force-no-cache", FlagKind::boolean, "Do not cache its data.", "false"});
      flags.push_back({"allowed-managed-keys", FlagKind::list, "Managed key that it may use; several times for several."});
    }
  }
  return flags;
}

std::string enable_body(const Context& context, MountKind kind, std::string_view type) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  writer.key("type").string(type);
  writer.key("description").string(context.flags.text("description"));
  writer.key("config").begin_object();
  if (const std::string ttl = ttl_for_api(context.flags.duration("default-lease-ttl")); !ttl.empty()) writer.key("default_lease_ttl").string(ttl);
  if (const std::string ttl = ttl_for_api(context.flags.duration("max-lease-ttl")); !ttl.empty()) writer.key("max_lease_ttl").string(ttl);
  if (kind == MountKind::secrets) writer.key("force_no_cache").boolean(context.flags.boolean("force-no-cache"));
  write_shared_settings(context, writer);
  writer.end_object();
  writer.key("local").boolean(context.flags.boolean("local"));
  writer.key("seal_wrap").boolean(context.flags.boolean("seal-wrap"));
  writer.key("external_entropy_access").boolean(context.flags.boolean("external-entropy-access"));
  if (const auto options = options_of(context); !options.empty()) writer.key("options").raw(json_map(options));
  writer.end_object();
  return body;
}

std::string tune_body(const Context& context, MountKind kind) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  if (const std::string ttl = ttl_for_api(context.flags.duration("default-lease-ttl")); !ttl.empty()) writer.key("default_lease_ttl").string(ttl);
  if (const std::string ttl = ttl_for_api(context.flags.duration("max-lease-ttl")); !ttl.empty()) writer.key("max_lease_ttl").string(ttl);
  if (context.flags.given("description")) writer.key("description").string(context.flags.text("description"));
  write_shared_settings(context, writer);
  if (kind == MountKind::auth) write_lockout(context, writer);
  if (const auto options = options_of(context); !options.empty()) writer.key("options").raw(json_map(options));
  writer.end_object();
  return body;
}

Expected<int> list_mounts(Context& context, MountKind kind) {
  Client& client = *TRY(context.client());
  const bool auth = kind == MountKind::auth;
  Reply<MaybeAnswer> answer = client.read(auth ? "sys/auth" : "sys/mounts");
  if (!answer)
    return std::unexpected(failed(auth ? "Error listing enabled authentications: " : "Error listing secrets engines: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "the server gave no answer");
  const json::Value mounts = (*answer)->data();
  if (!context.is_table()) return output_value(context, mounts);
  const bool detailed = context.flags.boolean("detailed");
  std::vector<Row> rows{headings(kind, detailed)};
  for (const auto& [path, mount] : sorted_members(mounts)) {
    if (detailed) {
      rows.push_back(detailed_row(path, mount, kind));
      continue;
    }
    Row row{std::string(path), text_of(mount, "type"), text_of(mount, "accessor"), text_of(mount, "description")};
    if (auth) row.push_back(text_of(mount, "plugin_version"));
    rows.push_back(std::move(row));
  }
  context.console.line(table(std::move(rows)));
  return exit_ok;
}

Expected<int> move_mount(Context& context, std::string_view thing, const std::string& from, const std::string& to) {
  Client& client = *TRY(context.client());
  std::string body;
  json::Writer(body).begin_object().key("from").string(from).key("to").string(to).end_object();
  Reply<MaybeAnswer> started = client.post("sys/remount", std::move(body));
  if (!started) return std::unexpected(failed(fmt::format("Error moving {} {} to {}: ", thing, from, to), std::move(started).error()));
  const std::string id = *started ? text_of(payload(**started), "migration_id") : "";
  context.console.line(fmt::format("Started moving {} {} to {}, with migration ID {}", thing, from, to, id));
  std::chrono::milliseconds pause(50);
  for (;;) {
    Reply<MaybeAnswer> answer = client.read("sys/remount/status/" + id);
    if (!answer)
      return std::unexpected(failed(fmt::format("Error checking migration status of {} {} to {}: ", thing, from, to), std::move(answer).error()));
    const std::string state = *answer ? text_of(member_of(payload(**answer), "migration_info"), "status") : "";
    if (state == "success") {
      context.console.line(fmt::format("Success! Finished moving {} {} to {}, with migration ID {}", thing, from, to, id));
      return exit_ok;
    }
    if (state == "failure") {
      context.console.error(fmt::format("Failure! Error encountered moving {} {} to {}, with migration ID {}", thing, from, to, id));
      return exit_server;
    }
    context.console.line(fmt::format("Waiting for terminal status in migration of {} {} to {}, with migration ID {}", thing, from, to, id));
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(10'000));
  }
}

}  // namespace coffer::cli
