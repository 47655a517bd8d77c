#include "backend/iam_query.h"
#include "base/random_password.h"
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
    return schema::Fields{field<&T::length>("PasswordLength", "How many characters, 1 to 4096.").open(),
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
  static constexpr auto fields() { return schema::Fields{field<&PasswordReply::password>("RandomPassword", "The password.")}; }
};

constexpr std::int64_t longest = 4096;
constexpr std::size_t longest_exclusion = 4096;

std::unexpected<Error> not_valid(std::string message) { return fail(Code::invalid_argument, "ValidationException", std::move(message)); }
std::unexpected<Error> bad_parameter(std::string message) {
  return fail(Code::invalid_argument, "InvalidParameterException", std::move(message));
}

class RandomPasswordTopic final : public Topic {
 public:
  explicit RandomPasswordTopic(System& system) : random_(system.random) {}
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("tools/random", "Random bytes.")
                      .on_action("secretsmanager:GetRandomPassword", schema::Verb::write, this, &RandomPasswordTopic::make,
                                 "Makes a random password.")
                      .grants(this, &RandomPasswordTopic::may_make));
    return out;
  }

 private:
  // It concerns no secret: documents name it with the resource *.
  Result<bool> may_make(const Caller& c, const Snapshot&, const PasswordRequest&) {
    policy::iam::Query query = caller_query(c);
    query.resource = "*";
    return allowed_by_document(c, query, "AccessDeniedException", query.resource);
  }
  Result<PasswordReply> make(const Caller&, const Snapshot&, const PasswordRequest& in) {
    if (in.length < 1 || in.length > longest)
      return not_valid("1 validation error detected: Value '" + std::to_string(in.length) +
                       "' at 'passwordLength' failed to satisfy constraint: Member must have value " +
                       (in.length < 1 ? "greater than or equal to 1" : "less than or equal to 4096"));
    if (in.exclude.size() > longest_exclusion)
      return not_valid(
          "1 validation error detected: Value at 'excludeCharacters' failed to satisfy constraint: Member must have length less than or "
          "equal to 4096");
    PasswordRules rules;
    rules.length = static_cast<std::size_t>(in.length);
    rules.exclude = in.exclude;
    rules.numbers = !in.no_numbers;
    rules.punctuation = !in.no_punctuation;
    rules.upper = !in.no_upper;
    rules.lower = !in.no_lower;
    rules.space = in.space;
    rules.each_kind = in.each;
    auto password = make_password(rules, random_);
    if (!password) return bad_parameter(std::move(password).error().message);
    return PasswordReply{*std::move(password)};
  }

  Random& random_;
};

}  // namespace

std::unique_ptr<Topic> make_random_password_topic(System& system) { return std::make_unique<RandomPasswordTopic>(system); }

}  // namespace coffer::core
