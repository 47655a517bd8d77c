#include "doors/azure/operations.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/utf8.h"

namespace coffer::doors::azure {
namespace {

std::unexpected<Error> bad_parameter(std::string message) { return fail(Code::invalid_argument, "BadParameter", std::move(message)); }

std::unexpected<Error> nothing_here() {
  return fail(Code::not_found, "NotFound", "There is no such operation, or it is none that this server has.");
}
std::unexpected<Error> wrong_method() {
  return fail(Code::unsupported_operation, "MethodNotAllowed", "The HTTP method is none that this URL has.");
}

bool is(const std::string& segment, std::string_view word) { return ascii_iequal(segment, word); }

Result<void> check_name(const std::string& name) {
  const bool good = name.size() <= 127 && std::ranges::all_of(name, [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (good) return {};
  return bad_parameter("The request URI contains an invalid name: " + std::string(utf8_prefix(name, 200)));
}

struct Row {
  std::string_view method, action, area;
  bool has_body = false;
};
// The row of a method, or its absence.
template <std::size_t N>
Result<Operation> pick(const Row (&rows)[N], std::string_view method, const std::string& name) {
  for (const Row& row : rows)
    if (row.method == method) return Operation{row.action, std::string(row.area) + name, {}, row.has_body, false};
  return wrong_method();
}

constexpr Row whole_secret[] = {{"GET", "keyvault:GetSecret", "data/"},
                                {"PUT", "keyvault:SetSecret", "data/", true},
                                {"PATCH", "keyvault:UpdateSecret", "metadata/", true},
                                {"DELETE", "keyvault:DeleteSecret", "metadata/"}};
constexpr Row one_version[] = {{"GET", "keyvault:GetSecret", "data/"}, {"PATCH", "keyvault:UpdateSecret", "metadata/", true}};
constexpr Row versions[] = {{"GET", "keyvault:GetSecretVersions", "metadata/"}};
constexpr Row backups[] = {{"POST", "keyvault:BackupSecret", "azure/backup/"}};
constexpr Row deleted_secret[] = {{"GET", "keyvault:GetDeletedSecret", "metadata/"}, {"DELETE", "keyvault:PurgeDeletedSecret", "destroy/"}};
constexpr Row recovery[] = {{"POST", "keyvault:RecoverDeletedSecret", "undelete/"}};

Result<Operation> list_of(std::string_view method, std::string_view action, const std::string& folder) {
  if (method != "GET") return wrong_method();
  return Operation{action, "metadata/" + folder, {}, false, true};
}

Result<Operation> of_secrets(std::string_view method, const std::vector<std::string>& s, const std::string& folder) {
  if (s.size() == 1) return list_of(method, "keyvault:GetSecrets", folder);
  if (s.size() == 2 && is(s[1], "restore") && method == "POST")
    return Operation{"keyvault:RestoreSecret", "azure/restore", {}, true, false};
  CHECK_OK(check_name(s[1]));
  const std::string name = folder + s[1];
  if (s.size() == 2) return pick(whole_secret, method, name);
  if (s.size() > 3) return nothing_here();
  if (is(s[2], "versions")) {
    Operation out = TRY(pick(versions, method, name));
    out.is_list = true;
    return out;
  }
  if (is(s[2], "backup")) return pick(backups, method, name);
  Operation out = TRY(pick(one_version, method, name));
  out.version = s[2];
  return out;
}

Result<Operation> of_deleted(std::string_view method, const std::vector<std::string>& s, const std::string& folder) {
  if (s.size() == 1) return list_of(method, "keyvault:GetDeletedSecrets", folder);
  CHECK_OK(check_name(s[1]));
  const std::string name = folder + s[1];
  if (s.size() == 2) return pick(deleted_secret, method, name);
  if (s.size() == 3 && is(s[2], "recover")) return pick(recovery, method, name);
  return nothing_here();
}

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "-preview", "-preview.2" or nothing.
bool is_preview(std::string_view text) {
  constexpr std::string_view word = "-preview";
  if (text.empty() || text == word) return true;
  return text.starts_with(word) && text[word.size()] == '.' && digits(text.substr(word.size() + 1));
}

// "7.4", "7.6-preview.2", "2025-07-01", "2026-01-01-preview".
bool is_version(std::string_view text) {
  if (text.size() > 32) return false;
  if (text.starts_with("7.")) {
    const std::size_t end = std::min(text.find('-'), text.size());
    return digits(text.substr(2, end - 2)) && is_preview(text.substr(end));
  }
  // The API began in 2015. Texts of one length compare as their numbers do.
  const auto within = [&](std::size_t at, std::string_view least, std::string_view most) {
    const std::string_view part = text.substr(at, least.size());
    return digits(part) && part >= least && part <= most;
  };
  return text.size() >= 10 && within(0, "2015", "9999") && text[4] == '-' && within(5, "01", "12") && text[7] == '-' &&
         within(8, "01", "31") && is_preview(text.substr(10));
}

}  // namespace

Result<Operation> operation_of(std::string_view method, const Target& target, const Place& place) {
  const auto& s = target.segments;
  if (!s.empty() && is(s[0], "secrets")) return of_secrets(method, s, place.folder);
  if (!s.empty() && is(s[0], "deletedsecrets")) return of_deleted(method, s, place.folder);
  return nothing_here();
}

std::string_view permission_word(std::string_view operation) {
  struct Word {
    std::string_view operation, permission;
  };
  constexpr Word words[] = {{"GetSecret", "get"},
                            {"GetDeletedSecret", "get"},
                            {"SetSecret", "set"},
                            {"UpdateSecret", "set"},
                            {"GetSecrets", "list"},
                            {"GetSecretVersions", "list"},
                            {"GetDeletedSecrets", "list"},
                            {"DeleteSecret", "delete"},
                            {"RecoverDeletedSecret", "recover"},
                            {"PurgeDeletedSecret", "purge"},
                            {"BackupSecret", "backup"},
                            {"RestoreSecret", "restore"}};
  for (const Word& word : words)
    if (word.operation == operation) return word.permission;
  return {};
}

Result<std::string> api_version_of(const Target& target) {
  const std::string* version = find(target.query, "api-version");
  if (version == nullptr || version->empty()) return bad_parameter("api-version must be specified");
  if (!is_version(*version))
    return bad_parameter("The specified api-version is not recognized. Consider using the latest supported version (7.6).");
  return *version;
}

}  // namespace coffer::doors::azure
