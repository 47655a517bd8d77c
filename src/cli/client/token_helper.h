#pragma once
#include <string>

#include "base/secret.h"
#include "cli/environment.h"
#include "cli/failure.h"

namespace coffer::cli {

// Where the token is kept between commands: the file ~/.vault-token (0600; VAULT_TOKEN_PATH names another), or the program that
// `token_helper` in ~/.vault (VAULT_CONFIG_PATH) names, called with get, store or erase.
class TokenHelper {
 public:
  explicit TokenHelper(const Environment& environment) : environment_(environment) {}
  // The token of the environment, else the kept one; empty when there is none.
  [[nodiscard]] Expected<SecretBytes> current() const;
  [[nodiscard]] Expected<void> store(const SecretBytes& token) const;
  [[nodiscard]] Expected<void> erase() const;

 private:
  [[nodiscard]] Expected<std::string> helper_program() const;  // "" when the file serves
  [[nodiscard]] Expected<std::string> token_path() const;
  const Environment& environment_;
};

}  // namespace coffer::cli
