#pragma once
#include <cstddef>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace coffer {

// What a random password is made of, as AWS's GetRandomPassword has it.
struct PasswordRules {
  std::size_t length = 32;
  std::string exclude;  // characters that must not be in it
  bool numbers = true, punctuation = true, upper = true, lower = true, space = false;
  bool each_kind = true;  // at least one character of each kind
};
// Every password that fits is as likely as the other. Code::invalid_argument when none does.
[[nodiscard]] Result<SecretBytes> make_password(const PasswordRules& rules, Random& random);

}  // namespace coffer
