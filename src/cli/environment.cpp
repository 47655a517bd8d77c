#include "cli/environment.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace coffer::cli {

Environment::Environment()
    : lookup_([](const std::string& name) {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::string() : std::string(value);
      }) {}

Environment::Environment(std::map<std::string, std::string> values)
    : lookup_([values = std::move(values)](const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? std::string() : found->second;
      }) {}

std::string Environment::variable(const std::string& name) const { return lookup_(name); }

std::string Environment::setting_source(std::string_view name) const {
  for (const char* prefix : {"COFFER_", "BAO_", "VAULT_"}) {
    std::string full = std::string(prefix) + std::string(name);
    if (!lookup_(full).empty()) return full;
  }
  return {};
}

std::string Environment::setting(std::string_view name) const {
  const std::string source = setting_source(name);
  return source.empty() ? std::string() : lookup_(source);
}

bool Environment::flag(std::string_view name, bool fallback) const {
  bool value = fallback;
  return parse_boolean(setting(name), value) ? value : fallback;
}

std::string Environment::home() const {
  if (std::string home = lookup_("HOME"); !home.empty()) return home;
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr || entry->pw_dir == nullptr ? std::string() : std::string(entry->pw_dir);
}

bool parse_boolean(std::string_view text, bool& value) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (text == yes) return value = true, true;
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"})
    if (text == no) return value = false, true;
  return false;
}

}  // namespace coffer::cli
