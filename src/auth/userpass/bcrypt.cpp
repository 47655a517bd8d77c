#include "auth/userpass/bcrypt.h"

#include <crypt.h>

#include <memory>
#include <string>

#include "base/secret.h"

namespace coffer::userpass {

bool is_bcrypt(std::string_view hash) {
  constexpr std::string_view alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  if (hash.size() != 60 || !hash.starts_with("$2") || hash[3] != '$' || hash[6] != '$') return false;
  if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!digit(hash[4]) || !digit(hash[5])) return false;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  return cost >= 4 && cost <= 14 && hash.find_first_not_of(alphabet, 7) == hash.npos;
}

bool bcrypt_verify(std::string_view hash, std::string_view password) {
  // A zero byte would end the password early and let a prefix of it in; crypt() takes no longer ones.
  if (!is_bcrypt(hash) || password.find('\0') != password.npos || password.size() >= CRYPT_MAX_PASSPHRASE_SIZE) return false;
  const SecretBytes phrase = [&] {
    SecretBytes out(password.size() + 1);
    std::memcpy(out.writable().data(), password.data(), password.size());
    out.writable()[password.size()] = std::byte{0};
    return out;
  }();
  const std::string setting(hash);
  const auto work = std::make_unique<crypt_data>();
  const char* made = crypt_r(phrase.reveal_text().data(), setting.c_str(), work.get());
  const bool same = made != nullptr && constant_time_equal(made, hash);
  wipe(work.get(), sizeof(crypt_data));
  return same;
}

}  // namespace coffer::userpass
