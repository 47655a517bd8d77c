#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

// The first line is a path, the rest a policy. Its canonical form decides alike, both spellings of a listing decide alike, and what is
// allowed is within reach.
namespace {

namespace policy = coffer::policy;

const policy::IdentityContext& someone() {
  static const policy::IdentityContext who = [] {
    policy::IdentityContext c;
    c.entity_id = "id";
    c.entity_name = "a";
    c.metadata = {{"k", "b"}, {"evil", "a/*"}};
    c.aliases = {{"acc", "al", "a", {{"k", "c"}}, {}}};
    c.groups = {{"g", "ops", {{"k", "d"}}}};
    return c;
  }();
  return who;
}

void check(const policy::Acl& acl, const policy::Acl& canonical, const std::string& path, policy::Capabilities wanted) {
  const auto body = coffer::json::Document::parse(R"({"a": "x", "B": 1, "limit": 5, "list": ["y", "z"]})");
  policy::Query query;
  query.path = path;
  query.wanted = wanted;
  query.parameters = body->root();
  const auto one = acl.decide(query), two = canonical.decide(query);
  if (one.allowed != two.allowed || one.reason != two.reason) std::abort();
  if (one.allowed != !one.granting_policies.empty()) std::abort();
  if (one.allowed && !acl.reaches(path)) std::abort();
  if ((wanted == policy::list || wanted == policy::scan) && !path.empty() && path.back() != '/') {
    const std::string folder = path + "/";
    query.path = folder;
    if (acl.decide(query).reason != one.reason) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string path(input.substr(0, line));
  const auto parsed = policy::parse("p", input.substr(line + 1));
  if (!parsed) {
    if (!parsed.error().message.starts_with("failed to parse policy: ")) std::abort();
    return 0;
  }
  const auto text = policy::format(input.substr(line + 1));
  if (!text || policy::format(*text).value_or("") != *text) std::abort();
  const auto again = policy::parse("p", *text);
  if (!again) std::abort();
  const auto acl = policy::Acl::compile(std::vector{*parsed}, false, &someone());
  const auto canonical = policy::Acl::compile(std::vector{*again}, false, &someone());
  for (unsigned bit = 0; bit < 11; ++bit) check(*acl, *canonical, path, 1u << bit);
  if (acl->capabilities(path) == 0) std::abort();
  if (acl->resultant_json() != canonical->resultant_json() || !coffer::json::Document::parse(acl->resultant_json())) std::abort();
  (void)acl->nearest_rules(path);
  return 0;
}
