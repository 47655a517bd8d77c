#include "backend/listing.h"
#include "base/encoding.h"
#include "base/path.h"
#include "core/exchange.h"
#include "core/lockout.h"
#include "core/rate_limits.h"
#include "core/sys/topics.h"

// Rate quotas, and users who are locked out (vault-api.md §1.10).
namespace coffer::core {
namespace {

using schema::Access;
using schema::field;
using schema::path;
using schema::Verb;

struct QuotaName {
  std::string name;
  static constexpr auto fields() { return schema::Fields{path<&QuotaName::name>("name", "Name of the quota.")}; }
};
struct PutQuota {
  std::string name;
  std::optional<std::string> path_, role;
  std::optional<double> rate;
  std::optional<Seconds> interval, block_interval;
  std::optional<bool> inheritable;
  std::string type;
  static constexpr auto fields() {
    using T = PutQuota;
    return schema::Fields{path<&T::name>("name", "Name of the quota."), field<&T::path_>("path", "Path that it covers, with what lies below; empty for all.").open(),
                      field<&T::role>("role", "Must be empty.").open(), field<&T::rate>("rate", "Requests per interval and address.").open(),
                      field<&T::interval>("interval", "Length of the interval; a second when absent.").open(),
                      field<&T::block_interval>("block_interval", "How long an address is refused once it is over the rate.").open(),
                      field<&T::inheritable>("inheritable", "Whether it covers namespaces below.").open(), field<&T::type>("type", "rate-limit.").open()};
  }
};
struct QuotaReply {
  std::int64_t block_interval = 0;
  bool inheritable = false;
  std::int64_t interval = 1;
  std::string name, path_;
  double rate = 0;
  std::string role, type = "rate-limit";
  static constexpr auto fields() {
    using T = QuotaReply;
    return schema::Fields{field<&T::block_interval>("block_interval", "Seconds.").open(), field<&T::inheritable>("inheritable", "").open(),
                      field<&T::interval>("interval", "Seconds.").open(), field<&T::name>("name", "Its name.").open(), field<&T::path_>("path", "What it covers.").open(),
                      field<&T::rate>("rate", "Requests per interval and address.").open(), field<&T::role>("role", "Always empty.").open(),
                      field<&T::type>("type", "Always rate-limit.").open()};
  }
};
struct PutConfig {
  schema::Patch<QuotaConfig> changes;
  static constexpr auto fields() { return schema::Fields{schema::inlined<&PutConfig::changes>()}; }
};
struct LockedQuery {
  std::string mount_accessor;
  static constexpr auto fields() { return schema::Fields{field<&LockedQuery::mount_accessor>("mount_accessor", "Only users of this mount.").open()}; }
};
struct UnlockUser {
  std::string mount_accessor, alias_identifier;
  static constexpr auto fields() {
    return schema::Fields{path<&UnlockUser::mount_accessor>("mount_accessor", "Accessor of the auth mount."),
                      path<&UnlockUser::alias_identifier>("alias_identifier", "Name of the user.")};
  }
};

std::string quota_key(const std::string& name) { return "quota/" + name; }
class QuotasTopic final : public Topic {
 public:
  explicit QuotasTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using T = QuotasTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("quotas/config", "What holds for all quotas.")
                      .on(Verb::read, this, &T::config, "Shows it.")
                      .on(Verb::write, this, &T::put_config, "Changes it."));
    out.push_back(schema::at("quotas/rate-limit", "Rate quotas.").on(Verb::list, this, &T::list, "Lists them.").heavy());
    out.push_back(schema::at("quotas/rate-limit/{name}", "A rate quota.")
                      .on(Verb::read, this, &T::read, "Shows it.")
                      .on(Verb::write, this, &T::put, "Makes or changes it.")
                      .on(Verb::remove, this, &T::remove, "Removes it."));
    out.push_back(schema::at("locked-users", "Users who are locked out.").on(Verb::read, this, &T::locked_users, "Lists them."));
    out.push_back(schema::at("locked-users/{mount_accessor}/unlock/{alias_identifier}", "A user who is locked out.")
                      .folds_names()
                      .on(Verb::write, this, &T::unlock, "Lets the user log in again."));
    return out;
  }

 private:
  // The gate follows the store; one writer at a time, so that an older state never replaces a newer one.
  Result<void> change(Session& session, const std::function<Result<void>(Transaction&)>& work) {
    CHECK_OK(session.transact(work));
    const std::lock_guard lock(load_mutex_);
    return session.snapshot([&](const Snapshot& sys) { return system_.rates->load(sys); });
  }
  Result<QuotaConfig> config(const Caller&, const Snapshot& sys, const schema::NoMembers&) { return read_quota_config(sys); }
  Result<schema::Nothing> put_config(const Caller&, Session& session, const PutConfig& in) {
    CHECK_OK(change(session, [&](Transaction& sys) -> Result<void> {
      QuotaConfig config = TRY(read_quota_config(sys));
      CHECK_OK(in.changes.apply(config));
      return sys.put("config/quotas", schema::to_json(config));
    }));
    return schema::Nothing{};
  }

  Result<schema::Keys> list(const Caller&, const Snapshot& sys, const schema::Page& in) {
    return schema::Keys{TRY(list_names(sys, "quota/", '\0', in)), ""};
  }
  Result<std::optional<QuotaReply>> read(const Caller&, const Snapshot& sys, const QuotaName& in) {
    const auto text = TRY(sys.get(quota_key(in.name)));
    if (!text) return std::optional<QuotaReply>{};
    const auto q = TRY(schema::from_json<RateQuota>(text->reveal_text()));
    return std::optional(QuotaReply{q.block_interval.count(), q.inheritable, q.interval.count(), q.name, q.path, q.rate, q.role, "rate-limit"});
  }
  Result<schema::Nothing> put(const Caller&, Session& session, const PutQuota& in) {
    const std::string covered = !in.path_ ? std::string() : in.path_->starts_with('/') ? in.path_->substr(1) : *in.path_;
    Runtime& runtime = *system_.runtime.load();
    const auto mounts = TRY(runtime.mounts(runtime.snapshot()));
    if (!covered.empty() && mounts->route(covered).mount == nullptr) return invalid("invalid mount path");
    CHECK_OK(change(session, [&](Transaction& sys) -> Result<void> {
      RateQuota q;
      if (const auto text = TRY(sys.get(quota_key(in.name)))) q = TRY(schema::from_json<RateQuota>(text->reveal_text()));
      q.name = in.name;
      if (in.rate) q.rate = *in.rate;
      if (!(q.rate > 0) || q.rate > 1e12) return invalid("'rate' is invalid");
      if (in.interval) q.interval = std::max(*in.interval, Seconds(1));
      if (in.block_interval) q.block_interval = *in.block_interval;
      if (in.path_) q.path = covered;
      if (in.role && !in.role->empty()) return invalid("'role' cannot be used: quotas are counted by path and address; leave it out");
      if (in.inheritable) q.inheritable = *in.inheritable;
      for (const RateQuota& other : TRY(read_rate_quotas(sys)))
        if (other.name != q.name && other.path == q.path) return invalid("quota rule with similar properties exists under the name " + json::quoted(other.name));
      return sys.put(quota_key(q.name), schema::to_json(q));
    }));
    return schema::Nothing{};
  }
  Result<schema::Nothing> remove(const Caller&, Session& session, const QuotaName& in) {
    CHECK_OK(change(session, [&](Transaction& sys) -> Result<void> {
      sys.erase(quota_key(in.name));
      return {};
    }));
    return schema::Nothing{};
  }

  using Locked = std::vector<std::pair<std::string, std::vector<std::string>>>;  // by accessor
  Result<Locked> read_locked(const Caller& c, const Snapshot& sys, const std::string& only) {
    Locked out;
    const Exchange& x = exchange_of(c);
    for (std::string accessor : TRY(sys.children("lockout/", '/', "", 100'000))) {
      if (accessor.ends_with('/')) accessor.pop_back();
      const Mount* mount = x.mounts->by_accessor(accessor);
      if (mount == nullptr || (!only.empty() && only != accessor)) continue;
      const LockoutRules rules = lockout_rules(*mount, system_.config);
      std::vector<std::string> names;
      const std::string prefix = "lockout/" + accessor + "/";
      for (const std::string& name : TRY(sys.children(prefix, '\0', "", 100'000)))
        if (const auto row = TRY(read_lockout(sys, prefix + name)); row && locked(*row, rules, c.now)) names.push_back(TRY(hex_decode(name)));
      if (!names.empty()) out.emplace_back(accessor, std::move(names));
    }
    return out;
  }
  Result<schema::Custom> locked_users(const Caller& c, const Snapshot& sys, const LockedQuery& in) {
    return schema::Custom{[list = TRY(read_locked(c, sys, in.mount_accessor))](json::Writer& w) {
      std::int64_t total = 0;
      for (const auto& [accessor, names] : list) total += static_cast<std::int64_t>(names.size());
      const auto number = [&](std::string_view name, std::int64_t value) {
        const json::Writer::Public clear(w);
        w.key(name).integer(value);
      };
      w.begin_object().key("by_namespace").begin_array().begin_object();
      number("counts", total);
      w.key("mount_accessors").begin_array();
      for (const auto& [accessor, names] : list) {
        w.begin_object().key("alias_identifiers").begin_array();
        for (const auto& name : names) w.string(name);
        w.end_array();
        number("counts", static_cast<std::int64_t>(names.size()));
        w.key("mount_accessor").string(accessor).end_object();
      }
      w.end_array().key("namespace_id").string("root").key("namespace_path").string("").end_object().end_array();
      number("total", total);
      w.end_object();
    }};
  }
  Result<schema::Nothing> unlock(const Caller& c, Transaction& sys, const UnlockUser& in) {
    if (exchange_of(c).mounts->by_accessor(in.mount_accessor) == nullptr) return invalid("invalid mount accessor");
    const auto name = TRY(NormalizedName::from(in.alias_identifier));
    sys.erase(lockout_key(in.mount_accessor, name.view()));
    return schema::Nothing{};
  }

  System& system_;
  std::mutex load_mutex_;
};

}  // namespace

std::unique_ptr<Topic> make_quotas_topic(System& system) { return std::make_unique<QuotasTopic>(system); }

}  // namespace coffer::core
