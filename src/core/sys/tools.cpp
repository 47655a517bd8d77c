#include "backend/listing.h"
#include "base/brief.h"
#include "base/encoding.h"
#include "core/envelope.h"
#include "core/sys/topics.h"
#include "crypto/hash.h"
#include "policy/policy.h"

// Random bytes, digests, and password policies.
namespace coffer::core {
namespace {

using schema::field;
using schema::path;
using schema::Verb;

struct RandomRequest {
  std::string source, urlbytes, format = "base64", named_source;
  std::optional<std::int64_t> bytes;
  static constexpr auto fields() {
    using T = RandomRequest;
    return schema::Fields{path<&T::source>("source", "platform, seal or all: every one is the machine's generator; or the number of bytes."),
                      path<&T::urlbytes>("urlbytes", "The number of bytes."), field<&T::format>("format", "hex or base64.").open(),
                      field<&T::named_source>("source", "The same as in the path, which wins.").open(),
                      field<&T::bytes>("bytes", "The number of bytes, 32 when absent.").open()};
  }
};
struct RandomReply {
  std::string random_bytes;
  static constexpr auto fields() { return schema::Fields{field<&RandomReply::random_bytes>("random_bytes", "The bytes, encoded.")}; }
};
struct HashRequest {
  std::string urlalgorithm, algorithm = "sha2-256", input, format = "hex";
  static constexpr auto fields() {
    using T = HashRequest;
    return schema::Fields{path<&T::urlalgorithm>("urlalgorithm", "The algorithm."),
                      field<&T::algorithm>("algorithm", "sha2-224, -256, -384, -512 or sha3- with the same lengths.").open(),
                      field<&T::input>("input", "The data, base64."), field<&T::format>("format", "hex or base64.").open()};
  }
};
struct HashReply {
  std::string sum;
  static constexpr auto fields() { return schema::Fields{field<&HashReply::sum>("sum", "The digest, encoded.")}; }
};
struct PolicyName {
  std::string name;
  static constexpr auto fields() { return schema::Fields{path<&PolicyName::name>("name", "Name of the policy.")}; }
};
struct PutPolicy {
  std::string name, policy;
  static constexpr auto fields() {
    return schema::Fields{path<&PutPolicy::name>("name", "Name of the policy."), field<&PutPolicy::policy>("policy", "Its text in HCL or JSON, also as base64.")};
  }
};
struct PolicyReply {
  std::string policy;
  static constexpr auto fields() { return schema::Fields{field<&PolicyReply::policy>("policy", "Its text.")}; }
};
struct PasswordReply {
  SecretBytes password;
  static constexpr auto fields() { return schema::Fields{field<&PasswordReply::password>("password", "A password that meets the policy.")}; }
};

constexpr std::int64_t most_random_bytes = 128 * 1024;

Result<std::string> encoded(std::string_view bytes, std::string_view format) {
  if (format == "hex") return hex_encode(bytes);
  if (format == "base64") return base64_encode(bytes);
  return invalid("unsupported encoding format " + json::quoted(brief(format)) + "; must be \"hex\" or \"base64\"");
}
bool all_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos; }
// Where strict base64 goes wrong, in the words that clients know.
std::unexpected<Error> bad_base64(std::string_view text) {
  std::size_t at = 0;
  const auto good = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/'; };
  while (at < text.size() && good(text[at])) ++at;
  return invalid("unable to decode input as base64: illegal base64 data at input byte " + std::to_string(at));
}

class ToolsTopic final : public Topic {
 public:
  explicit ToolsTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using T = ToolsTopic;
    std::vector<schema::Endpoint> out;
    for (const std::string_view pattern : {"tools/random", "tools/random/{source}", "tools/random/{source}/{urlbytes}"})
      out.push_back(schema::at(pattern, "Random bytes.").on(Verb::write, this, &T::random, "Makes random bytes."));
    for (const std::string_view pattern : {"tools/hash", "tools/hash/{urlalgorithm}"})
      out.push_back(schema::at(pattern, "Digests.").on(Verb::write, this, &T::hash, "The digest of the input."));
    out.push_back(schema::at("policies/password", "Password policies.").on(Verb::list, this, &T::list, "Lists them.").heavy());
    out.push_back(schema::at("policies/password/{name}", "A password policy.")
                      .on(Verb::read, this, &T::read, "Shows its text.")
                      .on(Verb::write, this, &T::put, "Makes or replaces it.").heavy()
                      .on(Verb::remove, this, &T::remove, "Removes it."));
    out.push_back(schema::at("policies/password/{name}/generate", "Passwords by a policy.")
                      .on(Verb::read, this, &T::generate, "Makes a password.").heavy());
    return out;
  }

 private:
  Result<RandomReply> random(const Caller&, const Snapshot&, const RandomRequest& in) {
    std::string_view count = in.urlbytes, source = in.source;
    if (count.empty() && all_digits(source)) std::swap(count, source);
    if (source.empty()) source = in.named_source;
    if (!source.empty() && source != "platform" && source != "seal" && source != "all")
      return invalid("unsupported entropy source " + json::quoted(brief(source)) + "; must be \"platform\" or \"seal\", or \"all\"");
    std::int64_t bytes = in.bytes.value_or(32);
    if (!count.empty()) {
      if (!all_digits(count) || count.size() > 9) return invalid("error parsing url-set byte count: it must be a number");
      bytes = std::stoll(std::string(count));
    }
    if (bytes < 1) return invalid("'bytes' cannot be less than 1");
    if (bytes > most_random_bytes) return invalid("'bytes' should be less than " + std::to_string(most_random_bytes));
    SecretBytes made(static_cast<std::size_t>(bytes));
    system_.random.fill(made.writable());
    return RandomReply{TRY(encoded(made.reveal_text(), in.format))};
  }
  Result<HashReply> hash(const Caller&, const Snapshot&, const HashRequest& in) {
    const std::string& name = in.urlalgorithm.empty() ? in.algorithm : in.urlalgorithm;
    const auto input = base64_decode(in.input);
    if (!input) return bad_base64(in.input);
    const auto algorithm = crypto::hash_from_name(name);
    if (!algorithm) return invalid("unsupported algorithm " + std::string(brief(name)));
    return HashReply{TRY(encoded(crypto::digest(*algorithm, *input), in.format))};
  }

  static std::string key_of(const std::string& name) { return "policy/password/" + name; }
  Result<schema::Keys> list(const Caller&, const Snapshot& sys, const schema::Page& in) {
    return schema::Keys{TRY(list_names(sys, "policy/password/", '\0', in)), ""};
  }
  Result<PolicyReply> read(const Caller&, const Snapshot& sys, const PolicyName& in) {
    const auto text = TRY(sys.get(key_of(in.name)));
    if (!text) return fail(Code::not_found, joined_error("policy does not exist"));
    return PolicyReply{std::string(text->reveal_text())};
  }
  Result<schema::Nothing> put(const Caller&, Transaction& sys, const PutPolicy& in) {
    if (in.policy.empty()) return invalid(joined_error("missing policy"));
    std::string text = in.policy;
    if (auto decoded = base64_decode(text)) text = *std::move(decoded);
    const auto parsed = policy::PasswordPolicy::parse(text);
    if (!parsed) return invalid(joined_error(parsed.error().message));
    // A policy that no password can meet is refused now, not when a password is needed.
    if (auto tried = (*parsed)->generate(system_.random); !tried) return invalid(joined_error("invalid password policy: unable to generate password from policy: " + tried.error().message));
    CHECK_OK(sys.put(key_of(in.name), text));
    return schema::Nothing{};
  }
  Result<schema::Nothing> remove(const Caller&, Transaction& sys, const PolicyName& in) {
    sys.erase(key_of(in.name));
    return schema::Nothing{};
  }
  Result<PasswordReply> generate(const Caller&, const Snapshot& sys, const PolicyName& in) {
    const auto text = TRY(sys.get(key_of(in.name)));
    if (!text) return fail(Code::not_found, joined_error("policy does not exist"));
    const auto parsed = TRY(policy::PasswordPolicy::parse(text->reveal_text()));
    std::string made = TRY(parsed->generate(system_.random));
    PasswordReply out{SecretBytes::copy_of(made)};
    wipe(made);
    return out;
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_tools_topic(System& system) { return std::make_unique<ToolsTopic>(system); }

}  // namespace coffer::core
