#include "core/envelope.h"
#include "core/issue.h"
#include "core/revoke.h"
#include "core/sys/topics.h"

namespace coffer::core {
namespace {

using schema::Access;
using schema::field;
using schema::Verb;

struct WrapToken {
  std::string token;
  static constexpr auto fields() { return schema::Fields{field<&WrapToken::token>("token", "The wrapping token; the caller's own when absent.")}; }
};
struct Anything {
  schema::RawObject body;
  static constexpr auto fields() { return schema::Fields{schema::whole<&Anything::body>("What is to be wrapped.")}; }
};
struct WrapLookup {
  Seconds creation_ttl{0};
  Time creation_time{};
  std::string creation_path;
  static constexpr auto fields() {
    using T = WrapLookup;
    return schema::Fields{field<&T::creation_path>("creation_path", "Path of the wrapped request.").open(),
                      field<&T::creation_time>("creation_time", "When it was wrapped.").open(), field<&T::creation_ttl>("creation_ttl", "For how long.").open()};
  }
};

std::unexpected<Error> no_such_token() { return invalid("wrapping token is not valid or does not exist"); }

class WrappingTopic final : public Topic {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    using T = WrappingTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("wrapping/wrap", "Wrapping data of one's own.").on(Verb::write, this, &T::wrap, "Wraps the body.").repeats_data());
    out.push_back(schema::at("wrapping/unwrap", "Taking out what is wrapped, once.").on(Verb::write, this, &T::unwrap, "Answers what was wrapped; the token ends.", Access::optional).own_token());
    out.push_back(schema::at("wrapping/lookup", "A wrapping token, unused.")
                      .on(Verb::write, this, &T::lookup, "When, where and for how long it was made.", Access::anyone).own_token()
                      .on(Verb::read, this, &T::lookup, "The same of the caller's own token.", Access::anyone).own_token());
    out.push_back(schema::at("wrapping/rewrap", "A new wrapping token for an old one.").on(Verb::write, this, &T::rewrap, "Moves what is wrapped behind a new token.", Access::optional).own_token());
    return out;
  }

 private:
  // The live wrapping token that the request is about, from its own transaction.
  Result<token::Record> find(const Caller& c) {
    Exchange& x = exchange_of(c);
    if (x.acted_on.starts_with("hvb.")) return no_such_token();
    const auto record = TRY(token::find(spaces_of(c).read(token::space(c.tenant)), x.runtime->keys().id_of(x.acted_on)));
    if (!record || !record->wrapping || record->expired(c.now) || record->num_uses <= 0) return no_such_token();
    return *record;
  }
  Result<SecretBytes> take(const Caller& c, const token::Record& record) {
    RequestSpaces& spaces = spaces_of(c);
    auto envelope = TRY(spaces.read(wrapping_space(c.tenant)).get(record.id));
    if (!envelope) return no_such_token();
    (void)TRY(revoke_step(spaces, *exchange_of(c).mounts, record.id));
    return *std::move(envelope);
  }
  Result<schema::RawObject> wrap(const Caller& c, const Snapshot&, const Anything& in) {
    if (!c.wrap_ttl) return invalid("endpoint requires response wrapping to be used");
    return schema::RawObject{in.body.text.empty() ? "{}" : in.body.text};
  }
  Result<schema::Reply> unwrap(const Caller& c, Transaction&, const WrapToken&) {
    const auto record = TRY(find(c));
    const SecretBytes envelope = TRY(take(c, record));
    return schema::to_reply(schema::Raw{"application/json", std::string(envelope.reveal_text()), 200});
  }
  Result<WrapLookup> lookup(const Caller& c, const Snapshot&, const WrapToken&) {
    const auto record = TRY(find(c));
    return WrapLookup{record.creation_ttl, record.creation, record.wrap_path};
  }
  Result<schema::WrapInfo> rewrap(const Caller& c, Transaction&, const WrapToken&) {
    const auto record = TRY(find(c));
    const SecretBytes envelope = TRY(take(c, record));
    return issue_wrapping(exchange_of(c), spaces_of(c), {record.creation_ttl, record.wrap_path, record.wrapped_accessor}, envelope.reveal_text());
  }
};

}  // namespace

std::unique_ptr<Topic> make_wrapping_topic(System&) { return std::make_unique<WrappingTopic>(); }

}  // namespace coffer::core
