#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace coffer::cli {

// The environment variables, behind a seam for tests. Settings are looked up under COFFER_, BAO_ and VAULT_, in that order; an empty
// value counts as unset (vault-api.md §1.0).
class Environment {
 public:
  Environment();  // the process's own
  explicit Environment(std::map<std::string, std::string> values);
  // Exactly that variable; "" when unset.
  [[nodiscard]] std::string variable(const std::string& name) const;
  // COFFER_<name>, else BAO_<name>, else VAULT_<name>; "" when none is set.
  [[nodiscard]] std::string setting(std::string_view name) const;
  // The name under which `setting` found it; "" when none is set.
  [[nodiscard]] std::string setting_source(std::string_view name) const;
  // A boolean setting as Go's ParseBool reads it; `fallback` when unset or unreadable.
  [[nodiscard]] bool flag(std::string_view name, bool fallback = false) const;
  [[nodiscard]] std::string home() const;  // "" when there is none

 private:
  std::function<std::string(const std::string&)> lookup_;
};

// Go's strconv.ParseBool: 1 t T TRUE true True, 0 f F FALSE false False. False when it is neither.
[[nodiscard]] bool parse_boolean(std::string_view text, bool& value);

}  // namespace coffer::cli
