#include "base/random_password.h"

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace coffer {
namespace {

// Uniform numbers below a bound of at most 65,536.
class Dice {
 public:
  explicit Dice(Random& random) : random_(random) {}
  ~Dice() { wipe(pool_.data(), sizeof pool_); }
  Dice(const Dice&) = delete;
  Dice& operator=(const Dice&) = delete;
  std::size_t below(std::size_t bound) {
    const std::size_t limit = 65'536 - 65'536 % bound;
    for (;;) {
      if (used_ == pool_.size()) {
        random_.fill(std::as_writable_bytes(std::span(pool_)));
        used_ = 0;
      }
      const std::size_t number = pool_[used_++];
      if (number < limit) return number % bound;
    }
  }

 private:
  Random& random_;
  std::array<std::uint16_t, 128> pool_{};
  std::size_t used_ = 128;
};

std::vector<std::string> kinds_of(const PasswordRules& rules) {
  std::vector<std::string> out;
  if (rules.lower) out.emplace_back("abcdefghijklmnopqrstuvwxyz");
  if (rules.upper) out.emplace_back("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  if (rules.numbers) out.emplace_back("0123456789");
  if (rules.punctuation) out.emplace_back("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
  if (rules.space) out.emplace_back(" ");
  for (std::string& kind : out) std::erase_if(kind, [&](char c) { return rules.exclude.find(c) != std::string::npos; });
  std::erase_if(out, [](const std::string& kind) { return kind.empty(); });
  return out;
}

}  // namespace

Result<SecretBytes> make_password(const PasswordRules& rules, Random& random) {
  const std::vector<std::string> kinds = kinds_of(rules);
  if (kinds.empty()) return invalid("The password cannot be generated: every character is excluded.");
  // The space may be in a password; unlike the other kinds it need not, where there is no room for it.
  const std::size_t wanted = kinds.size() - (kinds.back() == " " && kinds.size() > 1 ? 1 : 0);
  if (rules.each_kind && rules.length < wanted) return invalid("Password length is too short based on the required types.");
  std::string all;
  for (const std::string& kind : kinds) all += kind;
  Dice dice(random);
  SecretBytes out(rules.length);
  std::span<std::byte> text = out.writable();
  const auto pick = [&](const std::string& of) { return static_cast<std::byte>(of[dice.below(of.size())]); };
  for (std::size_t i = 0; i < rules.length; ++i) text[i] = rules.each_kind && i < kinds.size() ? pick(kinds[i]) : pick(all);
  // Those of each kind go to any place.
  for (std::size_t i = rules.length; i > 1; --i) std::swap(text[i - 1], text[dice.below(i)]);
  return out;
}

}  // namespace coffer
