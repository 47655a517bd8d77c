#include <algorithm>
#include <array>

#include "core/sys/topics.h"

// GetRandomPassword of AWS's API. It concerns no secret, so it stands beside Vault's own sys/tools/random and is guarded like it.
namespace coffer::core {
namespace {

using schema::field;

struct PasswordRequest {
  std::int64_t length = 32;
  std::string exclude;
  bool no_numbers = false, no_punctuation = false, no_upper = false, no_lower = false, space = false, each = true;
  static constexpr auto fields() {
    using T = PasswordRequest;
    return std::tuple{field<&T::length>("PasswordLength", "How many characters, 1 to 4096.").open(),
                      field<&T::exclude>("ExcludeCharacters", "Characters that must not be in it."),
                      field<&T::no_numbers>("ExcludeNumbers", "Leaves digits out.").open(),
                      field<&T::no_punctuation>("ExcludePunctuation", "Leaves punctuation out.").open(),
                      field<&T::no_upper>("ExcludeUppercase", "Leaves upper-case letters out.").open(),
                      field<&T::no_lower>("ExcludeLowercase", "Leaves lower-case letters out.").open(),
                      field<&T::space>("IncludeSpace", "Lets the space be in it.").open(),
                      field<&T::each>("RequireEachIncludedType", "At least one character of each kind that is not left out.").open()};
  }
};
struct PasswordReply {
  SecretBytes password;
  static constexpr auto fields() { return std::tuple{field<&PasswordReply::password>("RandomPassword", "The password.")}; }
};

constexpr std::int64_t longest = 4096;
constexpr std::size_t longest_exclusion = 4096;

std::unexpected<Error> not_valid(std::string message) { return fail(Code::invalid_argument, "ValidationException", std::move(message)); }
std::unexpected<Error> bad_parameter(std::string message) {
  return fail(Code::invalid_argument, "InvalidParameterException", std::move(message));
}

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

std::vector<std::string> kinds_of(const PasswordRequest& in) {
  std::vector<std::string> out;
  if (!in.no_lower) out.emplace_back("abcdefghijklmnopqrstuvwxyz");
  if (!in.no_upper) out.emplace_back("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  if (!in.no_numbers) out.emplace_back("0123456789");
  if (!in.no_punctuation) out.emplace_back("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
  if (in.space) out.emplace_back(" ");
  for (std::string& kind : out) std::erase_if(kind, [&](char c) { return in.exclude.find(c) != std::string::npos; });
  std::erase_if(out, [](const std::string& kind) { return kind.empty(); });
  return out;
}

class RandomPasswordTopic final : public Topic {
 public:
  explicit RandomPasswordTopic(System& system) : random_(system.random) {}
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("tools/random", "Random bytes.")
                      .on_action("secretsmanager:GetRandomPassword", schema::Verb::write, this, &RandomPasswordTopic::make,
                                 "Makes a random password."));
    return out;
  }

 private:
  Result<PasswordReply> make(const Caller&, const Snapshot&, const PasswordRequest& in) {
    if (in.length < 1 || in.length > longest)
      return not_valid("1 validation error detected: Value '" + std::to_string(in.length) +
                       "' at 'passwordLength' failed to satisfy constraint: Member must have value " +
                       (in.length < 1 ? "greater than or equal to 1" : "less than or equal to 4096"));
    if (in.exclude.size() > longest_exclusion)
      return not_valid(
          "1 validation error detected: Value at 'excludeCharacters' failed to satisfy constraint: Member must have length less than or "
          "equal to 4096");
    const std::vector<std::string> kinds = kinds_of(in);
    if (kinds.empty()) return bad_parameter("The password cannot be generated: every character is excluded.");
    const auto length = static_cast<std::size_t>(in.length);
    if (in.each && length < kinds.size()) return bad_parameter("Password length is too short based on the required types.");
    std::string all;
    for (const std::string& kind : kinds) all += kind;
    Dice dice(random_);
    PasswordReply out{SecretBytes(length)};
    std::span<std::byte> text = out.password.writable();
    const auto pick = [&](const std::string& of) { return static_cast<std::byte>(of[dice.below(of.size())]); };
    for (std::size_t i = 0; i < length; ++i) text[i] = in.each && i < kinds.size() ? pick(kinds[i]) : pick(all);
    // Those of each kind go to any place.
    for (std::size_t i = length; i > 1; --i) std::swap(text[i - 1], text[dice.below(i)]);
    return out;
  }

  Random& random_;
};

}  // namespace

std::unique_ptr<Topic> make_random_password_topic(System& system) { return std::make_unique<RandomPasswordTopic>(system); }

}  // namespace coffer::core
