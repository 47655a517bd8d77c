#include "core/sys/topics.h"
#include "identity/store.h"

// How many there are of what the server keeps. Counted when asked, on a worker, page by page.
namespace coffer::core {
namespace {

using schema::Custom;
using schema::Verb;

// {"counters":{"<what>":{"total":n}}}
Custom total(std::string_view what, std::int64_t n) {
  return {[what, n](json::Writer& w) {
    const json::Writer::Public open(w);
    w.begin_object().key("counters").begin_object().key(what).begin_object().key("total").integer(n).end_object().end_object().end_object();
  }};
}

Result<std::int64_t> count(const Snapshot& view, std::string_view prefix) {
  constexpr std::size_t page = 1000;
  std::int64_t n = 0;
  std::string after;
  while (true) {
    const auto names = TRY(view.children(prefix, '\0', after, page));
    n += static_cast<std::int64_t>(names.size());
    if (names.size() < page) return n;
    after = names.back();
  }
}

class CountersTopic final : public Topic {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    using T = CountersTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("internal/counters/requests", "Requests by month.").on(Verb::read, this, &T::requests, "No history is kept."));
    out.push_back(
        schema::at("internal/counters/tokens", "Service tokens.").on(Verb::read, this, &T::tokens, "How many there are.").heavy());
    out.push_back(schema::at("internal/counters/entities", "Entities.").on(Verb::read, this, &T::entities, "How many there are.").heavy());
    return out;
  }

 private:
  Result<Custom> requests(const Caller&, const Snapshot&, const schema::NoMembers&) {
    return Custom{[](json::Writer& w) { w.begin_object().key("counters").begin_array().end_array().end_object(); }};
  }
  Result<Custom> tokens(const Caller& c, const Snapshot&, const schema::NoMembers&) {
    return total("service_tokens", TRY(count(spaces_of(c).read(token::space(c.tenant)), "accessor/")));
  }
  Result<Custom> entities(const Caller& c, const Snapshot&, const schema::NoMembers&) {
    return total("entities", TRY(count(spaces_of(c).read(identity::space(c.tenant)), "entity/")));
  }
};

}  // namespace

std::unique_ptr<Topic> make_counters_topic(System&) { return std::make_unique<CountersTopic>(); }

}  // namespace coffer::core
