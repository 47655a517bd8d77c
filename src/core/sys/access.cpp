#include "core/envelope.h"
#include "core/sys/topics.h"

namespace coffer::core {
namespace {

using schema::Custom;
using schema::field;
using schema::Verb;

struct Empty {
  static constexpr auto fields() { return std::tuple{}; }
};
struct Paths {
  schema::CommaList paths, path;
  std::string token, accessor;
  static constexpr auto fields() {
    using T = Paths;
    return std::tuple{field<&T::paths>("paths", "Paths to ask about.").open(), field<&T::path>("path", "Old name of paths.").open(),
                      field<&T::token>("token", "Whose capabilities."), field<&T::accessor>("accessor", "The same, by accessor.")};
  }
};
struct WhyQuery {
  std::string path, operation = "read", token, accessor;
  static constexpr auto fields() {
    using T = WhyQuery;
    return std::tuple{field<&T::path>("path", "The path that was asked for.").open(),
                      field<&T::operation>("operation", "create, read, update, patch, delete, list, scan or sudo.").open(),
                      field<&T::token>("token", "Whose request; the caller's own when absent."), field<&T::accessor>("accessor", "The same, by accessor.")};
  }
};

std::vector<std::string> names_of(const policy::Acl& acl, std::string_view path) {
  if (acl.is_root()) return {"root"};
  return policy::capability_names(acl.capabilities(path));
}

policy::Capabilities capability(std::string_view word) {
  constexpr std::pair<std::string_view, policy::Capabilities> words[] = {{"create", policy::create}, {"read", policy::read},   {"update", policy::update},
                                                                         {"patch", policy::patch},   {"delete", policy::del},  {"list", policy::list},
                                                                         {"scan", policy::scan},     {"write", policy::update}, {"sudo", policy::sudo}};
  for (const auto& [name, bit] : words)
    if (name == word) return bit;
  return 0;
}

class AccessTopic final : public Topic {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    using T = AccessTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("capabilities", "What a token may do.").on(Verb::write, this, &T::of_token, "Capabilities of a token on paths.").repeats_data());
    out.push_back(schema::at("capabilities-self", "What the caller may do.").on(Verb::write, this, &T::of_self, "Capabilities of the caller on paths.").repeats_data());
    out.push_back(schema::at("capabilities-accessor", "What a token may do, by accessor.").on(Verb::write, this, &T::of_accessor, "Capabilities of a token on paths.").repeats_data());
    out.push_back(schema::at("internal/ui/resultant-acl", "The caller's rules.").on(Verb::read, this, &T::resultant, "All rules of the caller, joined."));
    out.push_back(schema::at("internal/why", "Why a request is allowed or denied.")
                      .on(Verb::write, this, &T::why, "Which rule of which policy decides, or which is missing."));
    return out;
  }

 private:
  Result<Custom> answer(const LiveTokenPtr& token, const Paths& in) {
    const auto& paths = in.paths.items.empty() ? in.path.items : in.paths.items;
    if (paths.empty()) return invalid("paths must be supplied");
    return Custom{[token, paths](json::Writer& w) {
      const json::Writer::Public open(w);
      w.begin_object();
      const auto write = [&](std::string_view key, std::string_view path) {
        w.key(key);
        schema::Codec<std::vector<std::string>>::encode(w, names_of(*token->acl, path));
      };
      for (const auto& path : paths) write(path, path);
      if (paths.size() == 1 && paths.front() != "capabilities") write("capabilities", paths.front());
      w.end_object();
    }};
  }
  Result<LiveTokenPtr> by_token(const Caller& c, const std::string& text) {
    Exchange& x = exchange_of(c);
    auto found = x.runtime->authenticate(text, x.view);
    if (!found) return invalid(joined_error("invalid token"));
    return *found;
  }
  Result<LiveTokenPtr> by_accessor(const Caller& c, const std::string& accessor) {
    Exchange& x = exchange_of(c);
    const auto record = TRY(token::find_by_accessor(spaces_of(c).read(token::space(c.tenant)), accessor));
    LiveTokenPtr live = record ? TRY(x.runtime->live(record->id, x.view)) : nullptr;
    if (!live) return invalid(joined_error("invalid accessor"));
    return live;
  }
  Result<Custom> of_self(const Caller& c, const Snapshot&, const Paths& in) { return answer(exchange_of(c).token, in); }
  Result<Custom> of_token(const Caller& c, const Snapshot&, const Paths& in) { return answer(TRY(by_token(c, in.token)), in); }
  Result<Custom> of_accessor(const Caller& c, const Snapshot&, const Paths& in) { return answer(TRY(by_accessor(c, in.accessor)), in); }

  Result<Custom> resultant(const Caller& c, const Snapshot&, const Empty&) {
    return Custom{[token = exchange_of(c).token](json::Writer& w) {
      const json::Writer::Public open(w);
      if (token->acl->is_root()) w.begin_object().key("root").boolean(true).end_object();
      else w.raw(token->acl->resultant_json());
    }};
  }

  // Everyone may ask about their own requests; about others' only who may ask for their capabilities, which needs sudo here. Rules of policies are
  // shown to their bearer by name and path; whether anything exists at the path is never told.
  Result<Custom> why(const Caller& c, const Snapshot&, const WhyQuery& in) {
    LiveTokenPtr token = exchange_of(c).token;
    const bool other = !in.token.empty() || !in.accessor.empty();
    if (other && !c.sudo) return fail(Code::permission_denied, joined_error("permission denied"));
    if (other) token = in.token.empty() ? TRY(by_accessor(c, in.accessor)) : TRY(by_token(c, in.token));
    const policy::Capabilities wanted = capability(in.operation);
    if (wanted == 0) return invalid("operation must be one of create, read, update, patch, delete, list, scan, sudo");
    const auto path = TRY(CanonicalPath::from_decoded(in.path));
    policy::Query query;
    const CanonicalPath asked = wanted == policy::list || wanted == policy::scan ? path.as_folder() : path;
    query.path = asked.view();
    query.wanted = wanted == policy::sudo ? policy::read : wanted;
    query.needs_sudo = wanted == policy::sudo;
    const policy::Decision d = token->acl->decide(query);
    return Custom{[token, d, in, asked](json::Writer& w) {
      using Reason = policy::Decision::Reason;
      const json::Writer::Public open(w);
      w.begin_object().key("allowed").boolean(d.allowed).key("path").string(asked.view()).key("operation").string(in.operation);
      std::string_view reason;
      switch (d.reason) {
        case Reason::root: reason = "the token is a root token"; break;
        case Reason::granted: reason = "a rule grants it"; break;
        case Reason::no_rule: reason = "no rule of the token's policies matches this path"; break;
        case Reason::denied: reason = "a rule denies this path"; break;
        case Reason::missing_capability: reason = "the rule that matches does not grant this capability"; break;
        case Reason::missing_sudo: reason = "the path needs the sudo capability as well"; break;
        case Reason::parameter: reason = "the rule that matches restricts the parameters"; break;
        case Reason::wrapping: reason = "the rule that matches restricts response wrapping"; break;
      }
      w.key("reason").string(reason).key("policy").string(d.policy).key("rule").string(d.rule);
      w.key("capabilities");
      schema::Codec<std::vector<std::string>>::encode(w, d.root ? std::vector<std::string>{"root"} : policy::capability_names(d.granted));
      w.key("policies");
      schema::Codec<std::vector<std::string>>::encode(w, token->all_policies);
      w.key("nearest").begin_array();
      if (!d.allowed)
        for (const auto& near : token->acl->nearest_rules(asked.view())) {
          w.begin_object().key("policy").string(near.policy).key("rule").string(near.rule).key("capabilities");
          schema::Codec<std::vector<std::string>>::encode(w, policy::capability_names(near.capabilities));
          w.end_object();
        }
      w.end_array();
      if (!d.allowed && d.reason != Reason::denied)
        w.key("needs").string("path \"" + asked.str() + "\" { capabilities = [\"" + in.operation + "\"] }");
      w.end_object();
    }};
  }
};

}  // namespace

std::unique_ptr<Topic> make_access_topic(System&) { return std::make_unique<AccessTopic>(); }

}  // namespace coffer::core
