#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/encoding.h"
#include "cli/commands/azure.h"
#include "cli/commands/common.h"

// Vaults that Azure's clients see, and policies in the words of Azure.
namespace coffer::cli {
namespace {

std::string vault_of(const Context& context) { return trim_slashes(trim_space(context.arguments[0])); }

// Properties that flags give, as a body; "" when they give none.
std::string properties(const Context& context) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  const bool days = context.flags.given("soft-delete-days"), protection = context.flags.given("purge-protection");
  if (days) writer.key("soft_delete_days").integer(context.flags.integer("soft-delete-days", 90));
  if (protection) writer.key("purge_protection").boolean(context.flags.boolean("purge-protection"));
  writer.end_object();
  return days || protection ? body : std::string();
}

Expected<int> shown(Context& context, Reply<MaybeAnswer> answer, std::string_view failure) {
  return output_found(context, std::move(answer), failure, "No vault has this name");
}

Expected<int> create(Context& context) {
  Client& client = *TRY(context.client());
  const std::string vault = vault_of(context);
  const bool legal = !vault.empty() && vault.size() <= 63 &&
                     std::ranges::all_of(vault, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (!legal) return stop(exit_server, "A vault's name is a label of a host: letters in lower case, digits and '-'");
  Reply<MaybeAnswer> mounted =
      client.write("sys/mounts/" + vault, R"({"type":"kv","description":"vault of Azure's clients","options":{"version":"2"}})");
  if (!mounted) return std::unexpected(failed("Error creating vault: ", std::move(mounted).error()));
  const std::string body = properties(context);
  return shown(context, body.empty() ? client.read(vault + "/azure") : client.write(vault + "/azure", body),
               "Error setting the vault's properties: ");
}

Expected<int> read(Context& context) {
  Client& client = *TRY(context.client());
  return shown(context, client.read(vault_of(context) + "/azure"), "Error reading vault: ");
}

Expected<int> update(Context& context) {
  Client& client = *TRY(context.client());
  const std::string body = properties(context);
  if (body.empty()) return stop(exit_server, "Nothing to change: give -soft-delete-days or -purge-protection");
  return shown(context, client.write(vault_of(context) + "/azure", body), "Error changing vault: ");
}

Expected<int> remove(Context& context) {
  Client& client = *TRY(context.client());
  return shown(context, client.remove(vault_of(context) + "/azure"), "Error deleting vault: ");
}

Expected<int> recover(Context& context) {
  Client& client = *TRY(context.client());
  return shown(context, client.write(vault_of(context) + "/azure/recover", ""), "Error recovering vault: ");
}

Expected<int> purge(Context& context) {
  Client& client = *TRY(context.client());
  const std::string vault = vault_of(context);
  Reply<MaybeAnswer> answer = client.read(vault + "/azure");
  if (!answer) return std::unexpected(failed("Error reading vault: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "No vault has this name");
  const json::Value data = payload(**answer);
  if (text_of(data, "deletion_time").empty())
    return stop(exit_server, "Only a deleted vault can be purged: coffer azure vaults delete " + vault);
  if (member_of(data, "purge_protection").as_bool())
    return stop(exit_server, "Purge protection is on: the vault is kept until " + text_of(data, "scheduled_purge_time"));
  Reply<MaybeAnswer> gone = client.remove("sys/mounts/" + vault);
  if (!gone) return std::unexpected(failed("Error purging vault: ", std::move(gone).error()));
  context.console.line("Success! Purged vault: " + vault);
  return exit_ok;
}

// A vault's path and its folder there, "" or "team/": written as the configuration has them, `secret:team` for a folder of a mount.
struct Area {
  std::string mount, folder;
  // What a need's path comes to: a folder stands before the names.
  [[nodiscard]] std::string path(std::string_view need) const {
    const std::size_t names = need.ends_with('+') ? need.size() - 1 : need.size();
    const bool of_secrets = need.ends_with('+') || need.ends_with('/');
    std::string out = mount + "/";
    return out.append(need.substr(0, names)).append(of_secrets ? folder : "").append(need.substr(names));
  }
};
Area area_of(const Context& context) {
  const std::string vault = vault_of(context);
  const std::size_t colon = vault.find(':');
  if (colon == vault.npos) return {vault, ""};
  const std::string folder = trim_slashes(vault.substr(colon + 1));
  return {trim_slashes(vault.substr(0, colon)), folder.empty() ? "" : folder + "/"};
}

// What each permission of an access policy needs, below the mount.
struct Need {
  std::string_view permission, path, capability;
};
constexpr Need needs[] = {
    {"get", "data/+", "read"},
    {"get", "metadata/+", "read"},
    {"list", "metadata/", "list"},
    {"list", "metadata/+", "read"},
    {"set", "data/+", "create"},
    {"set", "data/+", "update"},
    {"set", "metadata/+", "update"},
    {"delete", "metadata/+", "delete"},
    {"recover", "undelete/+", "update"},
    {"purge", "destroy/+", "update"},
    {"backup", "azure/backup/+", "update"},
    {"restore", "azure/restore", "update"},
    {"restore", "data/+", "update"},
};
constexpr std::string_view every[] = {"get", "list", "set", "delete", "recover", "backup", "restore", "purge"};

// Roles of Azure's access control, by name and by id, and the permissions that they come to.
struct Role {
  std::string_view name, id;
  std::vector<std::string_view> permissions;
};
const std::vector<Role>& roles() {
  static const std::vector<Role> all = {
      {"Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483", {std::begin(every), std::end(every)}},
      {"Key Vault Secrets Officer", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", {std::begin(every), std::end(every)}},
      {"Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6", {"get", "list"}},
      {"Key Vault Reader", "21090545-7ca7-4776-b22c-e363652d74d2", {"list"}},
  };
  return all;
}

Expected<int> policy(Context& context) {
  std::set<std::string, std::less<>> wanted;
  for (const std::string& word : context.flags.list("permission")) {
    const std::string lower = ascii_lower(word);
    if (lower == "all")
      wanted.insert(std::begin(every), std::end(every));
    else if (std::ranges::find(every, lower) != std::end(every))
      wanted.insert(lower);
    else
      return stop(exit_server,
                  "No permission is called " + word + ": there are get, list, set, delete, recover, backup, restore, purge and all");
  }
  for (const std::string& name : context.flags.list("role")) {
    const auto role = std::ranges::find_if(roles(), [&](const Role& r) { return ascii_iequal(r.name, name) || ascii_iequal(r.id, name); });
    if (role == roles().end()) return stop(exit_server, "No role that is about secrets is called " + name);
    wanted.insert(role->permissions.begin(), role->permissions.end());
  }
  if (wanted.empty()) return stop(exit_server, "Nothing is permitted: give -permission or -role");
  const Area area = area_of(context);
  std::map<std::string, std::set<std::string_view>> capabilities;
  for (const Need& need : needs)
    if (wanted.contains(need.permission)) capabilities[area.path(need.path)].insert(need.capability);
  for (const auto& [path, words] : capabilities) {
    std::string list;
    for (const std::string_view word : words) list.append(list.empty() ? "" : ", ").append("\"").append(word).append("\"");
    context.console.line(fmt::format("path \"{}\" {{ capabilities = [{}] }}", path, list));
  }
  return exit_ok;
}

}  // namespace

void add_azure_commands(std::vector<CommandSpec>& table) {
  const FlagSpec days{"soft-delete-days", FlagKind::integer, "How long deleted secrets can be recovered, 7 to 90 days."};
  const FlagSpec protection{"purge-protection", FlagKind::boolean, "Let nobody purge them sooner. Never turned off again.", "false"};
  constexpr FlagGroups usual = http_flags | format_flag | field_flag;
  const auto add = [&](CommandSpec spec) {
    spec.audience = Audience::coffer;
    table.push_back(std::move(spec));
  };
  add({"azure", "", "Serve clients of Azure's API"});
  add({"azure vaults", "", "Manage vaults"});
  add({"azure vaults create",
       "NAME",
       "Make a vault",
       "Mounts a KV engine of this name, which Azure's clients find as the host NAME.<suffix>.",
       {{"With a week to recover what was deleted", "azure vaults create -soft-delete-days=7 prod"}},
       {days, protection},
       usual,
       1,
       1,
       create});
  add({"azure vaults read", "NAME", "Show a vault's properties", {}, {{"One vault", "azure vaults read prod"}}, {}, usual, 1, 1, read});
  add({"azure vaults update",
       "NAME",
       "Change a vault's properties",
       {},
       {{"Keep what was deleted", "azure vaults update -purge-protection prod"}},
       {days, protection},
       usual,
       1,
       1,
       update});
  add({"azure vaults delete",
       "NAME",
       "Hide a vault from Azure's clients",
       "Its secrets stay, also for other clients; `azure vaults recover` shows them again, `azure vaults purge` destroys them.",
       {{"One vault", "azure vaults delete prod"}},
       {},
       usual,
       1,
       1,
       remove});
  add({"azure vaults recover",
       "NAME",
       "Show a deleted vault again",
       {},
       {{"One vault", "azure vaults recover prod"}},
       {},
       usual,
       1,
       1,
       recover});
  add({"azure vaults purge",
       "NAME",
       "Destroy a deleted vault with its secrets",
       "Refused while purge protection is on.",
       {{"One vault", "azure vaults purge prod"}},
       {},
       http_flags,
       1,
       1,
       purge});
  add({"azure policy",
       "VAULT",
       "Print a policy in Azure's words",
       "Prints the rules that an access policy's permissions, or a role of Azure's, come to: for `policy write`. VAULT is the path of its "
       "mount, or `mount:folder` where the configuration puts the vault into a folder.",
       {{"For an application that reads", "azure policy -permission=get -permission=list prod"},
        {"By role", "azure policy -role='Key Vault Secrets User' prod"},
        {"For a vault in a folder", "azure policy -permission=get secret:team"}},
       {{"permission", FlagKind::list,
         "A permission on secrets (get, list, set, delete, recover, backup, restore, purge, all); several times for several."},
        {"role", FlagKind::list, "A role of Azure's, by name or id."}},
       0,
       1,
       1,
       policy});
}

}  // namespace coffer::cli
