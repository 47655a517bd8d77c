#include "core/sys/subject.h"
#include "core/sys/topics.h"

namespace coffer::core {
namespace {

using schema::Custom;
using schema::field;
using schema::Verb;

struct Paths {
  schema::CommaList paths, path;
  std::string token, accessor;
  static constexpr auto fields() {
    using T = Paths;
    return schema::Fields{field<&T::paths>("paths", "Paths to ask about.").open(), field<&T::path>("path", "Old name of paths.").open(),
                      field<&T::token>("token", "Whose capabilities."), field<&T::accessor>("accessor", "The same, by accessor.")};
  }
};
std::vector<std::string> names_of(const policy::Acl& acl, std::string_view path) {
  if (acl.is_root()) return {"root"};
  return policy::capability_names(acl.capabilities(path));
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
  Result<Custom> of_self(const Caller& c, const Snapshot&, const Paths& in) { return answer(exchange_of(c).token, in); }
  Result<Custom> of_token(const Caller& c, const Snapshot&, const Paths& in) { return answer(TRY(token_by_text(c, in.token)), in); }
  Result<Custom> of_accessor(const Caller& c, const Snapshot&, const Paths& in) {
    return answer(TRY(token_by_accessor(c, in.accessor)), in);
  }

  Result<Custom> resultant(const Caller& c, const Snapshot&, const schema::NoMembers&) {
    return Custom{[token = exchange_of(c).token](json::Writer& w) {
      const json::Writer::Public open(w);
      if (token->acl->is_root()) w.begin_object().key("root").boolean(true).end_object();
      else w.raw(token->acl->resultant_json());
    }};
  }
};

}  // namespace

std::unique_ptr<Topic> make_access_topic(System&) { return std::make_unique<AccessTopic>(); }

}  // namespace coffer::core
