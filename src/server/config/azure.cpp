#include <fmt/format.h>

#include "base/encoding.h"
#include "base/path.h"
#include "server/config/reader.h"

// azure: which part of Azure's world this server is.
namespace coffer::config {

namespace {

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 && !text.starts_with('.') && !text.ends_with('.') && text.find("..") == text.npos &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
}
bool is_label(std::string_view text) { return text.size() <= 63 && is_host(text) && text.find('.') == text.npos; }

void read_suffix(Reader& reader, const hcl::Entry& entry, Azure& into) {
  std::string text;
  reader.read(entry, text);
  text = ascii_lower(text);
  if (!is_host(text))
    return reader.wrong(entry.value.at, "\"suffix\" is no name of a host",
                        "write for instance \"vault.example.com\": vaults are one label below it");
  into.suffix = std::move(text);
}

void read_tenant(Reader& reader, const hcl::Entry& entry, Azure& into) {
  std::string text;
  reader.read(entry, text);
  if (!is_host(ascii_lower(text)))
    return reader.wrong(entry.value.at, "\"tenant\" has letters, digits, '-' and '.'",
                        "write \"adfs\", or the id that clients have as AZURE_TENANT_ID");
  into.tenant = std::move(text);
}

void read_authority(Reader& reader, const hcl::Entry& entry, Azure& into) {
  std::string text;
  reader.read(entry, text);
  while (text.ends_with('/')) text.pop_back();
  const bool good =
      text.starts_with("https://") && text.find_first_of("\"\\ ?#=,", 8) == text.npos && text.find('/', 8) == text.npos && text.size() > 8;
  if (!good)
    return reader.wrong(entry.value.at, "\"authority\" is no https URL of a host",
                        "write for instance \"https://login.example.com:8200\", without a path");
  into.authority = std::move(text);
}

// A path without a slash in front, with one at the end; nothing when it is none.
std::optional<std::string> folder_of(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  if (!text.empty()) text += '/';
  if (!CanonicalPath::from_decoded(text)) return std::nullopt;
  return text;
}

template <std::string Azure::* Member>
void read_login_mount(Reader& reader, const hcl::Entry& entry, Azure& into) {
  std::string text;
  reader.read(entry, text);
  const auto folder = folder_of(std::move(text));
  if (!folder || !folder->starts_with("auth/") || folder->size() <= 5)
    return reader.wrong(entry.value.at, fmt::format("\"{}\" is no mount of a login method", entry.name()),
                        fmt::format("write for instance \"{}\"", Azure().*Member));
  into.*Member = *folder;
}

// prod = "prod-kv/", or "secret:team" for a folder of a mount.
void read_vaults(Reader& reader, const hcl::Entry& entry, Azure& into) {
  for (const hcl::Value* object : reader.objects(entry))
    for (const hcl::Entry& vault : object->entries) {
      const std::string name = ascii_lower(vault.name());
      std::string text;
      reader.read(vault, text);
      const std::size_t colon = std::min(text.find(':'), text.size());
      const auto mount = folder_of(text.substr(0, colon));
      const auto folder = folder_of(text.substr(std::min(colon + 1, text.size())));
      if (!is_label(name) || !mount || mount->empty() || !folder)
        reader.wrong(vault.value.at, fmt::format("the vault \"{}\" has no place", name),
                     "write for instance prod = \"prod-kv/\", or team = \"secret:team\"");
      else
        into.vaults[name] = {*mount, *folder};
    }
}

void read_hosts(Reader& reader, const hcl::Entry& entry, Azure& into) {
  for (const hcl::Value* object : reader.objects(entry))
    for (const hcl::Entry& host : object->entries) {
      std::string vault;
      reader.read(host, vault);
      const std::string name = ascii_lower(host.name());
      vault = ascii_lower(vault);
      if (!is_host(name) || !is_label(vault))
        reader.wrong(host.value.at, fmt::format("the host \"{}\" is no vault", name), "write for instance \"kv.example.com\" = \"prod\"");
      else
        into.hosts[name] = vault;
    }
}

constexpr Setting<Azure> azure_table[] = {
    setting<&Azure::disabled>("disabled", "Serves Azure's clients not at all."),
    {"suffix", read_suffix, "The domain of the vaults: `prod.<suffix>` is the vault `prod` (default `vault.localhost`)."},
    {"tenant", read_tenant, "What clients have as their tenant (default `adfs`, with which they ask nobody else who their authority is)."},
    {"authority", read_authority, "Where clients get their tokens (default `https://login.<suffix>`, on the port that they came to)."},
    {"login_mount", read_login_mount<&Azure::login_mount>,
     "The AppRole mount whose role ids and secret ids are client ids and secrets (default `auth/approle/`)."},
    {"app_mount", read_login_mount<&Azure::app_mount>,
     "The mount of applications that log in by signed assertions (default `auth/azure-apps/`)."},
    {"vaults", read_vaults,
     "Where the secrets of a vault lie: `vaults { prod = \"prod-kv/\" team = \"secret:team\" }`; others in the KV version 2 mount of their "
     "name."},
    {"hosts", read_hosts, "More hosts that are vaults, for Key Vault's paths alone: `hosts { \"kv.example.com\" = \"prod\" }`."},
};

}  // namespace

void describe_azure(std::string& out) { describe<Azure>(out, "azure", azure_table); }

void read_azure(Reader& reader, const hcl::Entry& entry, Config& into) {
  for (const hcl::Value* object : reader.objects(entry)) read_object<Azure>(reader, *object, "azure", azure_table, into.azure);
}

}  // namespace coffer::config
