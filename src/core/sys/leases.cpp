#include "backend/listing.h"
#include "core/revoke.h"
#include "core/sys/topics.h"
#include "core/tokens/renew.h"

namespace coffer::core {
namespace {

using schema::Access;
using schema::field;
using schema::Nothing;
using schema::Verb;

struct LeaseId {
  std::string url_lease_id, lease_id;
  Seconds increment{0};
  bool sync = true;
  static constexpr auto fields() {
    using T = LeaseId;
    return schema::Fields{schema::path<&T::url_lease_id>("url_lease_id", "Id of the lease, in the path."), field<&T::lease_id>("lease_id", "Id of the lease.").open(),
                      field<&T::increment>("increment", "How much longer it is wanted.").open(), field<&T::sync>("sync", "Answers when it is gone.").open()};
  }
  [[nodiscard]] const std::string& id() const { return lease_id.empty() ? url_lease_id : lease_id; }
};
Result<std::string> id_of(const LeaseId& in) {
  if (in.id().empty()) return invalid("lease_id must be specified");
  return in.id();
}
struct Prefix {
  std::string prefix;
  bool sync = true;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&Prefix::prefix>("prefix", "Beginning of lease ids."), field<&Prefix::sync>("sync", "Answers when all are gone.").open()};
  }
};
struct ListLeases {
  std::string prefix;
  schema::Page page;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&ListLeases::prefix>("prefix", "Beginning of lease ids."), schema::inlined<&ListLeases::page>()};
  }
};
struct LeaseInfo {
  std::string id;
  Time issue_time{};
  std::optional<Time> expire_time, last_renewal;
  std::string path;
  bool renewable = false;
  Seconds ttl{0};
  static constexpr auto fields() {
    using T = LeaseInfo;
    return schema::Fields{field<&T::id>("id", "Id.").open(), field<&T::issue_time>("issue_time", "When it was made.").open(),
                      field<&T::expire_time>("expire_time", "When it ends; null: never.").open(), field<&T::last_renewal>("last_renewal", "When it was renewed.").open(),
                      schema::field<&T::path>("path", "Path that made it.").open(), field<&T::renewable>("renewable", "Whether it can be renewed.").open(),
                      field<&T::ttl>("ttl", "Seconds left.").open()};
  }
};
struct CountQuery {
  std::string type;
  static constexpr auto fields() { return schema::Fields{field<&CountQuery::type>("type", "Which leases: irrevocable.").open()}; }
};
struct CountReply {
  std::int64_t lease_count = 0;
  schema::StringMap counts;
  static constexpr auto fields() {
    return schema::Fields{field<&CountReply::lease_count>("lease_count", "How many.").open(), field<&CountReply::counts>("counts", "By mount.").open()};
  }
};
struct ListReply {
  std::int64_t lease_count = 0;
  std::vector<std::string> leases;
  static constexpr auto fields() {
    return schema::Fields{field<&ListReply::lease_count>("lease_count", "How many.").open(),
                      field<&ListReply::leases>("leases", "Which.").open()};
  }
};

class LeasesTopic final : public Topic {
 public:
  explicit LeasesTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using T = LeasesTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("leases", "Leases.").on(Verb::read, this, &T::listed, "Leases of a type."));
    out.push_back(schema::at("leases/count", "How many leases there are.").on(Verb::read, this, &T::count, "Leases of a type, counted."));
    out.push_back(schema::at("leases/lookup", "A lease.")
                      .on(Verb::write, this, &T::lookup, "Shows a lease.")
                      .on(Verb::list, this, &T::list, "Lists leases.", Access::sudo)
                      .heavy());
    out.push_back(schema::at("leases/lookup/{prefix...}", "Leases below a prefix.")
                      .on(Verb::list, this, &T::list, "Lists leases below a prefix.", Access::sudo)
                      .heavy());
    // Vault's old paths, without `leases/`, take the id in the path only (vault-api.md §1.0).
    out.push_back(schema::at("leases/renew", "Renewal of a lease.").on(Verb::write, this, &T::renew, "Renews a lease."));
    for (std::string_view pattern : {"leases/renew/{url_lease_id+}", "renew/{url_lease_id+}"})
      out.push_back(schema::at(pattern, "Renewal of a lease.").on(Verb::write, this, &T::renew, "Renews a lease."));
    out.push_back(schema::at("leases/revoke", "The end of a lease.").on(Verb::write, this, &T::revoke, "Revokes a lease."));
    for (std::string_view pattern : {"leases/revoke/{url_lease_id+}", "revoke/{url_lease_id+}"})
      out.push_back(schema::at(pattern, "The end of a lease.").on(Verb::write, this, &T::revoke, "Revokes a lease."));
    for (std::string_view pattern : {"leases/revoke-prefix/{prefix+}", "revoke-prefix/{prefix+}"})
      out.push_back(schema::at(pattern, "The end of all leases below a prefix.").on(Verb::write, this, &T::revoke_prefix, "Revokes all leases below a prefix.", Access::sudo));
    for (std::string_view pattern : {"leases/revoke-force/{prefix+}", "revoke-force/{prefix+}"})
      out.push_back(schema::at(pattern, "The same, whatever the engines say.").on(Verb::write, this, &T::revoke_force, "Forgets all leases below a prefix.", Access::sudo));
    out.push_back(schema::at("leases/tidy", "Tidying.").on(Verb::write, this, &T::tidy, "Nothing has to be tidied; answers as Vault does."));
    return out;
  }

 private:
  static const Snapshot& tokens(const Caller& c) { return spaces_of(c).read(token::space(c.tenant)); }
  Result<LeaseInfo> lookup(const Caller& c, const Snapshot&, const LeaseId& in) {
    if (in.id().empty()) return invalid("lease_id must be specified");
    const auto record = TRY(token::find_by_lease(tokens(c), in.id()));
    if (!record || record->expired(c.now)) return invalid("invalid lease");
    LeaseInfo out;
    out.id = in.id();
    out.issue_time = record->creation;
    out.path = record->path;
    if (record->expire != Time()) {
      out.expire_time = record->expire;
      out.renewable = record->renewable;
      out.ttl = std::max(Seconds(0), std::chrono::ceil<Seconds>(record->expire - c.now));
    }
    if (record->last_renewal != Time()) out.last_renewal = record->last_renewal;
    return out;
  }
  Result<schema::Keys> list(const Caller& c, const Snapshot&, const ListLeases& in) {
    std::string prefix = "lease/" + in.prefix;
    if (!prefix.ends_with('/')) prefix += '/';
    return schema::Keys{TRY(list_names(tokens(c), prefix, '/', in.page)), ""};
  }
  // The lease of a token is renewed with its token, so its login is checked again.
  Result<schema::Reply> renew(const Caller& c, Transaction&, const LeaseId& in) {
    const std::string id = TRY(id_of(in));
    const auto record = TRY(token::find_by_lease(tokens(c), id));
    if (!record) return invalid("lease not found");
    auto renewed = TRY(renew_token(c, record->id, in.increment, "lease not found"));
    schema::Reply out;
    out.form = schema::Reply::Form::enveloped;
    out.status = 200;
    out.lease = schema::Lease{id, renewed.record.ttl, true};
    out.warnings = std::move(renewed.warnings);
    return out;
  }
  Result<schema::Answer<Nothing>> revoke(const Caller& c, Session&, const LeaseId& in) {
    const std::string id = TRY(id_of(in));
    Runtime& runtime = *system_.runtime.load();
    const auto view = runtime.snapshot();
    const auto record = TRY(token::find_by_lease(*runtime.view(*view, token::space(c.tenant)), id));
    if (record) CHECK_OK(in.sync ? revoke_tree(runtime, record->id) : revoke_begin(runtime, record->id));
    return done(in.sync);
  }
  static schema::Answer<Nothing> done(bool sync) { return {{}, {}, sync ? 204 : 202}; }
  Result<schema::Answer<Nothing>> revoke_all(std::string prefix, bool sync) {
    // A prefix ends at a name: "auth/token/create" does not end "auth/token/create-orphan" (H07).
    while (prefix.ends_with('/')) prefix.pop_back();
    if (prefix.empty()) return invalid("a prefix must be given: all leases are not revoked at once");
    Runtime& runtime = *system_.runtime.load();
    CHECK_OK(begin_prefix_revocation(runtime, prefix));
    while (sync && !TRY(prefix_revocation_step(runtime, prefix))) {
      if (!system_.gate->is_open()) return fail(Code::sealed, "Vault is being sealed: the revocation is written down and goes on after the unseal");
    }
    return done(sync);
  }
  Result<schema::Answer<Nothing>> revoke_prefix(const Caller&, Session&, const Prefix& in) { return revoke_all(in.prefix, in.sync); }
  Result<schema::Answer<Nothing>> revoke_force(const Caller&, Session&, const Prefix& in) { return revoke_all(in.prefix, true); }
  // A revocation goes on until it is done, so none stays undone.
  static Result<bool> irrevocable(const CountQuery& in) {
    if (in.type.empty() || in.type == "irrevocable") return !in.type.empty();
    return invalid("type must be irrevocable");
  }
  Result<std::optional<CountReply>> count(const Caller&, const Snapshot&, const CountQuery& in) {
    return TRY(irrevocable(in)) ? std::optional<CountReply>(CountReply{}) : std::nullopt;
  }
  Result<std::optional<ListReply>> listed(const Caller&, const Snapshot&, const CountQuery& in) {
    return TRY(irrevocable(in)) ? std::optional<ListReply>(ListReply{}) : std::nullopt;
  }
  Result<schema::Answer<Nothing>> tidy(const Caller&, const Snapshot&, const schema::NoMembers&) {
    return schema::Answer<Nothing>{{}, {"Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs."}, 202};
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_leases_topic(System& system) { return std::make_unique<LeasesTopic>(system); }

}  // namespace coffer::core
