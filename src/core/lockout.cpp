#include "core/lockout.h"

#include "base/encoding.h"
#include "core/pipeline.h"

namespace coffer::core {

LockoutRules lockout_rules(const Mount& mount, const CoreConfig& config) {
  LockoutRules rules{config.lockout_threshold, config.lockout_duration, config.lockout_reset, config.lockout_disabled};
  if (const auto& own = mount.entry.user_lockout_config) {
    if (!own->lockout_threshold.empty()) rules.threshold = std::strtoll(own->lockout_threshold.c_str(), nullptr, 10);
    const auto take = [](const std::string& text, Seconds& to) {
      if (const auto d = parse_duration(text); d && !text.empty() && *d > Duration(0)) to = std::chrono::duration_cast<Seconds>(*d);
    };
    take(own->lockout_duration, rules.duration);
    take(own->lockout_counter_reset, rules.reset);
    rules.disabled = rules.disabled || own->lockout_disable;
  }
  return rules;
}

std::string lockout_key(std::string_view accessor, std::string_view name) {
  return std::string("lockout/").append(accessor).append("/") + hex_encode(name);
}

Result<std::optional<LockoutRow>> read_lockout(const Snapshot& sys, const std::string& key) {
  const auto text = TRY(sys.get(key));
  if (!text) return std::optional<LockoutRow>{};
  return std::optional<LockoutRow>(TRY(schema::from_json<LockoutRow>(text->reveal_text())));
}

bool locked(const LockoutRow& row, const LockoutRules& rules, Time now) {
  return !rules.disabled && row.failures >= rules.threshold && now < row.last + rules.duration;
}

namespace {

constexpr std::size_t rows_at_once = 500;

// Whether a row counts no longer: neither towards a lockout nor as one.
bool over(const LockoutRow& row, const MountTable& mounts, std::string_view key, const CoreConfig& config, Time now) {
  const std::string_view rest = key.substr(std::string_view("lockout/").size());
  const Mount* mount = mounts.by_accessor(rest.substr(0, rest.find('/')));
  if (mount == nullptr) return true;
  const LockoutRules rules = lockout_rules(*mount, config);
  return now > row.last + std::max(rules.duration, rules.reset);
}

}  // namespace

Result<void> forget_lockouts(Runtime& runtime, const CoreConfig& config) {
  const auto at = runtime.snapshot();
  const auto mounts = TRY(runtime.mounts(at));
  const auto view = runtime.view(*at, sys_space(root_tenant));
  const Time now = runtime.clock().now();
  std::string after;
  for (;;) {
    const auto names = TRY(view->children("lockout/", '\0', after, rows_at_once));
    std::vector<std::string> old;
    for (const std::string& name : names) {
      const auto row = TRY(read_lockout(*view, "lockout/" + name));
      if (row && over(*row, *mounts, "lockout/" + name, config, now)) old.push_back("lockout/" + name);
    }
    if (!old.empty()) {
      auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
        Transaction& sys = spaces.write(sys_space(root_tenant));
        for (const std::string& key : old)
          if (const auto row = TRY(read_lockout(sys, key)); row && over(*row, *mounts, key, config, now)) sys.erase(key);
        return {};
      });
      if (!done) return std::unexpected(std::move(done).error());
    }
    if (names.size() < rows_at_once) return {};
    after = names.back();
  }
}

Result<void> Pipeline::check_lockout(Exchange& x) {
  if (x.operation == nullptr || !x.operation->lockout_name || x.runtime == nullptr) return {};
  const LockoutRules rules = lockout_rules(*x.mount, parts_.config);
  if (rules.disabled) return {};
  const auto name = NormalizedName::from(x.operation->lockout_name(x.input()));
  if (!name) return {};  // the handler refuses such a name
  x.lockout_key = lockout_key(x.mount->entry.accessor, name->view());
  // As it is now: failures count that came while this login waited for its turn.
  const auto fresh = x.runtime->snapshot();
  const auto row = TRY(read_lockout(*x.runtime->view(*fresh, sys_space(root_tenant)), x.lockout_key));
  x.failed_before = row.has_value();
  if (row && locked(*row, rules, x.started)) return fail(Code::permission_denied, "permission denied");
  return {};
}

// A kept effect: durable before the refusal leaves, whatever else failed.
void Pipeline::count_failed_login(ExchangePtr x) {
  Runtime& runtime = *x->runtime;
  const LockoutRules rules = lockout_rules(*x->mount, parts_.config);
  auto pending = runtime.store().run([&runtime, rules, key = x->lockout_key, now = x->started](storage::RawTransaction& raw) -> Result<void> {
    RequestSpaces spaces(raw, runtime.barrier());
    Transaction& sys = spaces.write(sys_space(root_tenant));
    LockoutRow row = TRY(read_lockout(sys, key)).value_or(LockoutRow{});
    if (now > row.last + rules.reset) row.failures = 0;
    ++row.failures;
    row.last = now;
    return sys.put(key, schema::to_json(row));
  });
  if (!pending) return finish(std::move(x));
  runtime.store().commit(*std::move(pending), [this, held = std::move(x)](Result<storage::Position>) mutable {
    continue_on_loop(std::move(held), &Pipeline::finish);
  });
}

}  // namespace coffer::core
