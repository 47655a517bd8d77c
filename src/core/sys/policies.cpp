#include "backend/listing.h"
#include "base/encoding.h"
#include "core/sys/topics.h"
#include "policy/policy.h"

namespace coffer::core {
namespace {

using schema::field;
using schema::Nothing;
using schema::Verb;

struct PolicyName {
  std::string name;
  static constexpr auto fields() { return schema::Fields{schema::path<&PolicyName::name>("name", "Name of the policy.")}; }
};
struct PutPolicy {
  std::string name, policy, rules;
  static constexpr auto fields() {
    using T = PutPolicy;
    return schema::Fields{schema::path<&T::name>("name", "Name of the policy."), field<&T::policy>("policy", "Its text, HCL or JSON.").open(),
                      field<&T::rules>("rules", "Old name of policy.").open()};
  }
};
struct AclPolicy {
  std::string name, policy;
  static constexpr auto fields() {
    return schema::Fields{field<&AclPolicy::name>("name", "Name.").open(), field<&AclPolicy::policy>("policy", "Text.").open()};
  }
};
struct OldPolicy {
  std::string name, rules;
  static constexpr auto fields() {
    return schema::Fields{field<&OldPolicy::name>("name", "Name.").open(), field<&OldPolicy::rules>("rules", "Text.").open()};
  }
};
struct OldList {
  std::vector<std::string> keys, policies;
  static constexpr auto fields() {
    return schema::Fields{field<&OldList::keys>("keys", "Names.").open(), field<&OldList::policies>("policies", "Names.").open()};
  }
};

std::string key_of(std::string_view name) { return std::string("policy/acl/").append(name); }

class PoliciesTopic final : public Topic {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    using T = PoliciesTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("policies/acl", "ACL policies.")
                      .on(Verb::list, this, &T::list, "Lists policies.")
                      .heavy()
                      .on(Verb::read, this, &T::list, "Lists policies.")
                      .heavy());
    out.push_back(schema::at("policies/acl/{name}", "An ACL policy.")
                      .on(Verb::read, this, &T::read, "Shows a policy.")
                      .on(Verb::write, this, &T::write, "Makes or replaces a policy.")
                      .on(Verb::remove, this, &T::remove, "Removes a policy.").folds_names());
    out.push_back(schema::at("policy", "ACL policies, old form.")
                      .on(Verb::read, this, &T::old_list, "Lists policies.")
                      .repeats_data()
                      .heavy()
                      .on(Verb::list, this, &T::old_list, "Lists policies.")
                      .repeats_data()
                      .heavy());
    out.push_back(schema::at("policy/{name}", "An ACL policy, old form.")
                      .on(Verb::read, this, &T::old_read, "Shows a policy.").repeats_data()
                      .on(Verb::write, this, &T::write, "Makes or replaces a policy.")
                      .on(Verb::remove, this, &T::remove, "Removes a policy.").folds_names());
    return out;
  }

 private:
  // With root, which is not stored, in its place.
  Result<std::vector<std::string>> names(const Snapshot& sys, const schema::Page& page) {
    constexpr std::string_view root = "root";
    auto out = TRY(list_names(sys, "policy/acl/", '\0', page));
    const auto most = page.limit.value > 0 ? static_cast<std::size_t>(page.limit.value) : out.size() + 1;
    const auto place = std::lower_bound(out.begin(), out.end(), root);
    if (page.after < root && (place != out.end() || out.size() < most)) out.emplace(place, root);
    if (out.size() > most) out.pop_back();
    return out;
  }
  Result<schema::Keys> list(const Caller&, const Snapshot& sys, const schema::Page& in) { return schema::Keys{TRY(names(sys, in)), ""}; }
  Result<OldList> old_list(const Caller&, const Snapshot& sys, const schema::Page& in) {
    auto all = TRY(names(sys, in));
    return OldList{all, all};
  }
  Result<std::optional<std::string>> text(const Snapshot& sys, const std::string& name) {
    if (name == "root") return std::optional<std::string>("");
    const auto stored = TRY(sys.get(key_of(name)));
    if (!stored) return std::optional<std::string>{};
    return std::optional<std::string>(stored->reveal_text());
  }
  static Result<std::string> normal(const std::string& given) { return TRY(NormalizedName::from(given)).str(); }
  Result<std::optional<AclPolicy>> read(const Caller&, const Snapshot& sys, const PolicyName& in) {
    const std::string name = TRY(normal(in.name));
    auto found = TRY(text(sys, name));
    if (!found) return std::optional<AclPolicy>{};
    return std::optional<AclPolicy>({name, *std::move(found)});
  }
  Result<std::optional<OldPolicy>> old_read(const Caller&, const Snapshot& sys, const PolicyName& in) {
    const std::string name = TRY(normal(in.name));
    auto found = TRY(text(sys, name));
    if (!found) return std::optional<OldPolicy>{};
    return std::optional<OldPolicy>({name, *std::move(found)});
  }
  Result<schema::Answer<Nothing>> write(const Caller& c, Transaction& sys, const PutPolicy& in) {
    const std::string name = TRY(normal(in.name));
    if (name == "root" || name == "response-wrapping") return invalid("cannot update " + json::quoted(name) + " policy");
    std::string body = in.policy.empty() ? in.rules : in.policy;
    if (body.empty()) return invalid("'policy' parameter not supplied or empty");
    auto parsed = policy::parse(name, body);
    if (!parsed) {
      // Vault takes a policy in base64 as well.
      const auto decoded = base64_decode(body);
      if (!decoded || !policy::parse(name, *decoded)) return std::unexpected(std::move(parsed).error());
      body = *decoded;
    }
    CHECK_OK(sys.put(key_of(name), body));
    schema::Answer<Nothing> out;
    if (!c.path.ends_with("/" + name)) out.warnings.push_back("policy name was converted to " + name);
    return out;
  }
  Result<Nothing> remove(const Caller&, Transaction& sys, const PolicyName& in) {
    const std::string name = TRY(normal(in.name));
    if (name == "default") return invalid("cannot delete default policy");
    if (name == "root" || name == "response-wrapping") return invalid("cannot delete " + json::quoted(name) + " policy");
    sys.erase(key_of(name));
    return Nothing{};
  }
};

}  // namespace

std::unique_ptr<Topic> make_policies_topic(System&) { return std::make_unique<PoliciesTopic>(); }

}  // namespace coffer::core
