#include "core/sys/topics.h"

// sys/storage/raft/: clients ask there before they know the kind of storage (vault-api.md §1.16). A configuration's `storage "raft"` names the
// embedded store, which has no peers.
namespace coffer::core {
namespace {

using schema::Access;
using schema::Verb;

struct Anything {
  schema::RawObject body;
  static constexpr auto fields() { return schema::Fields{schema::whole<&Anything::body>("Not looked at.")}; }
};

class RaftTopic final : public Topic {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    for (std::string_view pattern : {"storage/raft/configuration", "storage/raft/autopilot/state"})
      out.push_back(at(pattern, {Verb::read}));
    out.push_back(at("storage/raft/autopilot/configuration", {Verb::read, Verb::write}));
    out.push_back(at("storage/raft/snapshot", {Verb::read, Verb::write}));
    for (std::string_view pattern : {"storage/raft/snapshot-force", "storage/raft/remove-peer", "storage/raft/promote",
                                     "storage/raft/demote", "storage/raft/bootstrap/challenge", "storage/raft/bootstrap/answer", "storage/raft/join"})
      out.push_back(at(pattern, {Verb::write}));
    return out;
  }

 private:
  schema::Endpoint at(std::string_view pattern, std::initializer_list<Verb> verbs) {
    schema::Endpoint out = schema::at(pattern, "Raft's storage, which this server does not use.");
    for (const Verb verb : verbs) out = std::move(out).on(verb, this, &RaftTopic::answer, "Says that raft is not in use.");
    return out;
  }
  Result<schema::Nothing> answer(const Caller&, const Snapshot&, const Anything&) { return invalid("raft storage is not in use"); }
};

}  // namespace

std::unique_ptr<Topic> make_raft_topic(System&) { return std::make_unique<RaftTopic>(); }

}  // namespace coffer::core
