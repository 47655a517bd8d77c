#include <fmt/format.h>

#include "core/envelope.h"
#include "core/steps.h"
#include "core/sys/subject.h"
#include "core/sys/topics.h"

// sys/internal/why: which rule of which policy decides about a request, or which is missing. The decision is the pipeline's own, on the same
// policies; whether anything is stored at the path plays no part in it and is never told.
namespace coffer::core {
namespace {

using policy::Decision;
using schema::field;
using schema::Verb;

struct WhyQuery {
  std::string path;
  schema::CommaList operation;
  std::string token, accessor;
  schema::RawObject parameters;
  Seconds wrap_ttl{0};
  static constexpr auto fields() {
    using T = WhyQuery;
    return schema::Fields{
        field<&T::path>("path", "The path that is asked for, with its mount.").open(),
        field<&T::operation>(
            "operation",
            "What is to be done there: read (the default), create, update, patch, delete, list, scan, sudo; several for several answers.")
            .open(),
        field<&T::token>("token", "Whose request; the caller's own when absent. Another's needs sudo."),
        field<&T::accessor>("accessor", "The same, by accessor."),
        field<&T::parameters>("parameters", "Body or query of the request, for rules about parameters."),
        field<&T::wrap_ttl>("wrap_ttl", "For how long the answer is to be wrapped.").open()};
  }
};

struct Word {
  std::string_view word;
  policy::Capabilities capability;
  Verb verb;
};
constexpr Word words[] = {
    {"read", policy::read, Verb::read},     {"create", policy::create, Verb::write}, {"update", policy::update, Verb::write},
    {"write", policy::update, Verb::write}, {"patch", policy::patch, Verb::patch},   {"delete", policy::del, Verb::remove},
    {"list", policy::list, Verb::list},     {"scan", policy::scan, Verb::scan},      {"sudo", policy::sudo, Verb::read}};

Result<const Word*> word_of(std::string_view text) {
  for (const Word& word : words)
    if (word.word == text) return &word;
  return invalid("operation must be one of read, create, update, patch, delete, list, scan, sudo");
}

// What the endpoint at a path asks for, beyond the capability.
struct Target {
  CanonicalPath path;
  std::string folded;
  std::size_t folds_after = 0;
  bool sudo = false;  // and the sudo capability
  bool open = false;  // nothing
};
Target target_of(const Exchange& x, const CanonicalPath& asked, const Word& word) {
  Target out;
  out.path = word.verb == Verb::list || word.verb == Verb::scan ? asked.as_folder() : asked;
  const auto route = x.mounts->route(out.path.view());
  if (route.mount == nullptr) return out;
  const auto match = route.mount->slot->table.find(route.rest, word.verb);
  out.folds_after = folds_after(route.mount->entry, match.endpoint);
  if (match.endpoint != nullptr) out.folded = folded_path(route.mount->entry, *match.endpoint, route.rest, word.verb);
  if (match.operation == nullptr || word.capability == policy::sudo) return out;
  out.sudo = match.operation->access == schema::Access::sudo;
  out.open = match.operation->access == schema::Access::anyone || match.operation->access == schema::Access::optional;
  return out;
}

// One answer, with its reason in words and as a word.
struct Verdict {
  std::string operation;
  Target target;
  Decision decision;
  bool allowed = false, told = false;  // told: the rule may be shown
  std::string_view code;
  std::string reason, needs, parameter;
  std::vector<policy::NearRule> nearest;  // views into the token's rules
};

std::string wrapping_reason(const Decision& d) {
  std::string out = "the rule that matches wants the answer wrapped";
  if (d.min_wrapping != Duration{}) out += fmt::format(", for at least {}", go_duration(d.min_wrapping));
  if (d.max_wrapping != Duration{}) out += fmt::format(", for at most {}", go_duration(d.max_wrapping));
  return out;
}

void put_reason(Verdict& v) {
  using Reason = Decision::Reason;
  const auto say = [&](std::string_view code, std::string reason) {
    v.code = code;
    v.reason = std::move(reason);
  };
  if (v.target.open && v.decision.reason != Reason::root)
    return say("open", "no rule is needed here: the endpoint looks at the token itself, if at all");
  switch (v.decision.reason) {
    case Reason::root: return say("root", "the token is a root token");
    case Reason::granted: return say("granted", "a rule grants it");
    case Reason::no_rule: return say("no_rule", "no rule of the token's policies matches this path");
    case Reason::denied: return say("denied", "a rule denies this path");
    case Reason::missing_capability: return say("missing_capability", "the rule that matches does not grant this");
    case Reason::missing_sudo: return say("missing_sudo", "the endpoint asks for the sudo capability as well");
    case Reason::parameter: return say("parameter", "the rule that matches does not allow this parameter, or not with this value");
    case Reason::missing_parameter: return say("missing_parameter", "the rule that matches requires this parameter");
    case Reason::wrapping: return say("wrapping", wrapping_reason(v.decision));
  }
}

// The rule that would do; nothing where a rule stands against it.
std::string needed_rule(const Verdict& v) {
  using Reason = Decision::Reason;
  const Reason reason = v.decision.reason;
  if (v.allowed || (reason != Reason::no_rule && reason != Reason::missing_capability && reason != Reason::missing_sudo)) return {};
  const std::string_view word = v.operation == "write" ? std::string_view("update") : std::string_view(v.operation);
  const bool sudo = v.target.sudo && word != "sudo";
  const std::string_view path = v.target.folded.empty() ? v.target.path.view() : std::string_view(v.target.folded);
  return fmt::format("path {} {{ capabilities = [\"{}\"{}] }}", json::quoted(path), word, sudo ? ", \"sudo\"" : "");
}

class WhyTopic final : public Topic {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    out.push_back(
        schema::at("internal/why", "Why a request is allowed or denied.")
            .on(Verb::write, this, &WhyTopic::why, "Which rule of which policy decides, or which is missing.", schema::Access::optional));
    return out;
  }

 private:
  // Everyone may ask about their own token, unless a rule denies it; about others who has sudo here. The rule itself is shown to whom may read
  // its policy, or all rules of the token (sys/internal/ui/resultant-acl), or has sudo here.
  Result<schema::Custom> why(const Caller& c, const Snapshot& sys, const WhyQuery& in) {
    const Exchange& x = exchange_of(c);
    const auto refused = [] { return fail(Code::permission_denied, joined_error("permission denied")); };
    if (!x.token) return fail(Code::unauthenticated, "permission denied");
    if (x.decision.reason == Decision::Reason::denied) return refused();
    LiveTokenPtr token = x.token;
    const bool own = (in.token.empty() || in.token == x.request.token) && (in.accessor.empty() || in.accessor == token->record.accessor);
    if (!own && !c.sudo) return refused();
    if (!own) token = in.accessor.empty() ? TRY(token_by_text(c, in.token)) : TRY(token_by_accessor(c, in.accessor));
    const auto path = TRY(CanonicalPath::from_decoded(in.path));
    if (path.empty()) return invalid("path must be supplied");
    json::Document parameters;
    if (!in.parameters.text.empty()) parameters = TRY(json::Document::parse(in.parameters.text));
    std::vector<Verdict> verdicts;
    for (const std::string& operation : in.operation.items.empty() ? std::vector<std::string>{"read"} : in.operation.items)
      verdicts.push_back(judge(x, c.sudo, *token, path, *TRY(word_of(operation)), in, parameters));
    return Custom{[token, verdicts = std::move(verdicts), missing = TRY(missing_policies(sys, *token))](json::Writer& w) {
      encode(w, *token, verdicts, missing);
    }};
  }
  using Custom = schema::Custom;

  static Verdict judge(const Exchange& x, bool privileged, const LiveToken& token, const CanonicalPath& path, const Word& word,
                       const WhyQuery& in, const json::Document& parameters) {
    Verdict v;
    v.operation = word.word;
    v.target = target_of(x, path, word);
    policy::Query query;
    query.path = v.target.path.view();
    query.wanted = word.capability;
    query.needs_sudo = v.target.sudo;
    query.folds_after = v.target.folds_after;
    query.parameters = parameters.root();
    if (in.wrap_ttl > Seconds(0)) query.wrap_ttl = in.wrap_ttl;
    v.decision = decide(*token.acl, query, v.target.folded);
    v.allowed = v.decision.allowed || v.target.open;
    put_reason(v);
    v.needs = needed_rule(v);
    const auto may_know = [&](std::string_view policy) {
      return privileged || may_read(*x.token->acl, "sys/internal/ui/resultant-acl") ||
             may_read(*x.token->acl, std::string("sys/policies/acl/").append(policy));
    };
    v.told = !v.decision.policy.empty() && may_know(v.decision.policy);
    if (!v.allowed)
      for (const auto& near : token.acl->nearest_rules(query.path))
        if (may_know(near.policy)) v.nearest.push_back(near);
    v.parameter = v.decision.parameter;
    v.decision.parameter = {};  // a view into the query
    return v;
  }
  static bool may_read(const policy::Acl& acl, std::string_view path) {
    policy::Query query;
    query.path = path;
    query.wanted = policy::read;
    return acl.decide(query).allowed;
  }
  // Policies that the token names and that do not exist: they grant nothing, silently.
  static Result<std::vector<std::string>> missing_policies(const Snapshot& sys, const LiveToken& token) {
    std::vector<std::string> out;
    for (const std::string& name : token.all_policies)
      if (name != "root" && name != "response-wrapping" && !TRY(sys.get("policy/acl/" + name))) out.push_back(name);
    return out;
  }

  static void encode(json::Writer& w, const LiveToken& token, const std::vector<Verdict>& verdicts,
                     const std::vector<std::string>& missing) {
    w.begin_object();
    if (verdicts.size() == 1) {
      encode_members(w, verdicts.front());
    } else {
      {
        const json::Writer::Public open(w);
        w.key("allowed").boolean(std::all_of(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.allowed; }));
      }
      w.key("decisions").begin_array();
      for (const Verdict& v : verdicts) {
        w.begin_object();
        encode_members(w, v);
        w.end_object();
      }
      w.end_array();
    }
    const json::Writer::Public open(w);
    put_list(w, "policies", token.all_policies);
    put_list(w, "missing_policies", missing);
    w.end_object();
  }
  static void put_list(json::Writer& w, std::string_view key, const std::vector<std::string>& list) {
    w.key(key);
    schema::Codec<std::vector<std::string>>::encode(w, list);
  }
  static void encode_members(json::Writer& w, const Verdict& v) {
    const Decision& d = v.decision;
    if (!v.parameter.empty()) w.key("parameter").string(v.parameter);  // the caller's word: the audit log hashes it
    const json::Writer::Public open(w);
    w.key("allowed").boolean(v.allowed).key("path").string(v.target.path.view()).key("operation").string(v.operation);
    w.key("code").string(v.code).key("reason").string(v.reason);
    w.key("policy").string(v.told ? d.policy : std::string_view()).key("rule").string(v.told ? d.rule : std::string_view());
    put_list(w, "capabilities", d.root ? std::vector<std::string>{"root"} : policy::capability_names(d.granted));
    w.key("nearest").begin_array();
    for (const auto& near : v.nearest) {
      w.begin_object().key("policy").string(near.policy).key("rule").string(near.rule);
      put_list(w, "capabilities", policy::capability_names(near.capabilities));
      w.end_object();
    }
    w.end_array();
    w.key("needs").string(v.needs);
  }
};

}  // namespace

std::unique_ptr<Topic> make_why_topic(System&) { return std::make_unique<WhyTopic>(); }

}  // namespace coffer::core
