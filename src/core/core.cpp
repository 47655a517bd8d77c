#include "core/core.h"

#include <pthread.h>

#include "base/log.h"
#include "core/chores.h"
#include "core/lockout.h"
#include "core/revoke.h"
#include "core/sys/mount_rows.h"

namespace coffer::core {
namespace {

constexpr std::string_view counter_key = "seal/counter";

// Mounts that every server has; sys, identity and token lie in fixed key spaces.
struct OwnMount {
  std::string_view path, type, description;
  bool local, seal_wrap;
};
constexpr OwnMount own_mounts[] = {
    {"cubbyhole/", "cubbyhole", "per-token private secret storage", true, false},
    {"identity/", "identity", "identity store", false, false},
    {"sys/", "system", "system endpoints used for control, policy and debugging", false, true},
    {"auth/token/", "token", "token based credentials", false, false},
};

// A warning about background work that goes on failing: once a minute, not at each attempt.
class Complaint {
 public:
  void about(std::string_view what, const Error& error, Clock& clock) {
    const auto now = clock.steady();
    if (said_ && now - *said_ < std::chrono::minutes(1)) return;
    said_ = now;
    log::warn("{}: {}", what, error.message);
  }
  void over() { said_.reset(); }

 private:
  std::optional<std::chrono::steady_clock::time_point> said_;
};

}  // namespace

Core::Core(Parts parts)
    : parts_(std::move(parts)),
      rates_(parts_.clock),
      system_{parts_.config, *parts_.seal, *parts_.audit, catalog_, parts_.clock, parts_.random, nullptr, {}, parts_.clock.now(), parts_.reload, {}, &rates_, nullptr, &gate_} {}

Result<std::unique_ptr<Core>> Core::make(Parts parts) {
  std::unique_ptr<Core> core(new Core(std::move(parts)));
  CHECK_OK(core->start());
  return core;
}

Result<void> Core::start() {
  const BackendServices services{parts_.clock, parts_.random, parts_.functions.get()};
  CHECK_OK(catalog_.add(MountClass::secret, "system", make_system_backend(system_), "The server itself."));
  CHECK_OK(catalog_.add(MountClass::secret, "identity", make_identity_backend(system_), "Entities and aliases."));
  CHECK_OK(catalog_.add(MountClass::auth, "token", make_token_backend(system_), "Tokens."));
  CHECK_OK(catalog_.add(MountClass::auth, "aws-keys", make_access_key_backend(system_), "Access keys of clients that speak AWS's API."));
  CHECK_OK(catalog_.add(MountClass::auth, "azure-apps", make_azure_app_backend(),
                        "Applications and trusted issuers of clients that speak Azure's API."));
  for (const BackendType& type : parts_.backends) CHECK_OK(catalog_.add(type, services));
  pipeline_ = std::make_unique<Pipeline>(Pipeline::Parts{parts_.config, *parts_.audit, parts_.clock, gate_, *catalog_.slots().front(), &rates_});
  system_.pipeline = pipeline_.get();
  rotations_ = std::make_unique<RotationScheduler>(
      RotationScheduler::Parts{system_, gate_, parts_.functions.get(), parts_.rotation, parts_.rotations_at_once});
  system_.rotations = &rotations_->counters();
  parts_.seal->listen(this);
  background_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "background");
    background();
  });
  return {};
}

Core::~Core() { stop(); }

void Core::stop() {
  {
    const std::lock_guard lock(wake_mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_all();
  if (background_.joinable()) background_.join();
  if (rotations_) rotations_->stop();
  parts_.seal->seal();
  pipeline_->stop();
}

Result<void> Core::open_runtime(bool fresh) {
  auto state = TRY(parts_.open_state(TRY(parts_.seal->file_key()), fresh));
  auto store = TRY(storage::Store::open(std::move(state)));
  auto keys = token::Keys::make(TRY(parts_.seal->sub_key(barrier::SubKey::token_hash)), TRY(parts_.seal->sub_key(barrier::SubKey::batch_token)), parts_.random);
  runtime_ = std::make_unique<Runtime>(Runtime::Parts{std::move(store), parts_.seal->barrier(), std::move(keys), catalog_, parts_.config, *parts_.audit,
                                                      parts_.clock, parts_.random});
  return {};
}

Result<void> Core::ensure_own_mounts(RequestSpaces& spaces) {
  Transaction& sys = spaces.write(sys_space(root_tenant));
  const auto rows = TRY(read_mount_rows(sys));
  for (const OwnMount& own : own_mounts) {
    if (std::any_of(rows.begin(), rows.end(), [&](const MountEntry& row) { return row.path == own.path; })) continue;
    MountEntry entry;
    entry.path = own.path;
    entry.type = own.type;
    entry.description = own.description;
    entry.local = own.local;
    entry.seal_wrap = own.seal_wrap;
    if (entry.type == "identity") entry.passthrough_request_headers = {"Authorization"};
    if (entry.type == "system") entry.passthrough_request_headers = {"Accept"};
    if (entry.is_auth()) entry.token_type = "default-service";
    stamp_mount(entry, parts_.random);
    CHECK_OK(write_mount_row(sys, entry));
  }
  return {};
}

Result<void> Core::write_first_records(RequestSpaces& spaces, SecretBytes& root_token) {
  CHECK_OK(ensure_own_mounts(spaces));
  CHECK_OK(spaces.write(sys_space(root_tenant)).put("policy/acl/default", policy::default_policy_text()));
  auto issued = TRY(make_root_token(spaces, *runtime_, SecretBytes::copy_of(parts_.config.dev_root_token)));
  root_token = std::move(issued);
  return {};
}

// Makes the store of a new server, durably, and the first root token; followed by closing().
Result<SecretBytes> Core::initialize(bool leftovers) {
  CHECK_OK(open_runtime(true));
  (void)leftovers;
  SecretBytes root_token;
  auto done = runtime_->transact([&](RequestSpaces& spaces) { return write_first_records(spaces, root_token); });
  if (!done) return std::unexpected(std::move(done).error());
  return root_token;
}

Result<void> Core::opened() {
  CHECK_OK(open_runtime(false));
  // A store or a seal file that is older than the other was put back (N2).
  const auto view = runtime_->snapshot();
  const auto sys = runtime_->view(*view, sys_space(root_tenant));
  std::optional<std::uint64_t> held;
  if (const auto text = TRY(sys->get(counter_key))) held = std::strtoull(std::string(text->reveal_text()).c_str(), nullptr, 10);
  CHECK_OK(parts_.seal->check_store(held));
  const std::uint64_t counter = TRY(parts_.seal->rollback_counter());
  auto done = runtime_->transact([&](RequestSpaces& spaces) -> Result<void> {
    CHECK_OK(ensure_own_mounts(spaces));
    return spaces.write(sys_space(root_tenant)).put(counter_key, std::to_string(counter));
  });
  if (!done) return std::unexpected(std::move(done).error());
  CHECK_OK(parts_.seal->confirm_store(counter));
  if (parts_.audit->highest_position() > runtime_->store().position())
    return fail(Code::corrupt, "the store is older than its audit log: changes that were acknowledged are missing. Restore the newest copy of the data folder");
  parts_.audit->unsealed(TRY(parts_.seal->sub_key(barrier::SubKey::audit_salt)), TRY(parts_.seal->sub_key(barrier::SubKey::audit_signing_seed)));
  CHECK_OK(enable_stored_audit_devices(*runtime_, *parts_.audit));
  const auto opened_view = runtime_->snapshot();
  CHECK_OK(rates_.load(*runtime_->view(*opened_view, sys_space(root_tenant))));
  system_.runtime = runtime_.get();
  doomed_checked_ = false;
  pipeline_->set_runtime(runtime_.get());
  rotations_->opened();
  gate_.open();
  return {};
}

void Core::closing() {
  rotations_->closing();
  gate_.close();
  pipeline_->set_runtime(nullptr);
  system_.runtime = nullptr;
  rates_.clear();
  const std::lock_guard lock(background_mutex_);
  if (runtime_) {
    parts_.audit->sealed();
    runtime_.reset();
  }
}

// Each second: what is due expires and rotates, the audit chain is signed, the keyring looked after. Every few seconds: the mounts' own chores.
void Core::background() {
  constexpr auto between_chores = std::chrono::seconds(5), between_lockouts = std::chrono::seconds(60);
  Complaint expiry, keyring, chores, uses, rotations, lockouts;
  auto next_chores = parts_.clock.steady() + between_chores, next_lockouts = parts_.clock.steady() + between_lockouts;
  std::unique_lock lock(wake_mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, std::chrono::milliseconds(250));
    if (stopping_) return;
    lock.unlock();
    {
      const std::lock_guard use(background_mutex_);
      if (Runtime* runtime = system_.runtime.load()) {
        for (std::size_t rounds = 0; rounds < 20 && system_.runtime.load() == runtime; ++rounds) {
          const auto ended = expire_due(*runtime, 200);
          if (!ended) expiry.about("expired tokens could not be revoked", ended.error(), parts_.clock);
          else expiry.over();
          if (!ended || *ended < 200) break;
        }
        for (std::size_t rounds = 0; rounds < 20 && system_.runtime.load() == runtime; ++rounds) {
          const auto done = revoke_pending(*runtime);
          if (!done) log::warn("leases could not be revoked by prefix: {}", done.error().message);
          if (!done || *done) break;
        }
        if (const auto done = rotations_->poll(*runtime); !done) rotations.about("rotations that are due could not be looked up", done.error(), parts_.clock);
        else rotations.over();
        if (parts_.clock.steady() >= next_chores) {
          next_chores = parts_.clock.steady() + between_chores;
          if (const auto done = do_chores(*runtime); !done) chores.about("a mount could not do its chores", done.error(), parts_.clock);
          // When access keys were last used: kept apart from requests, written together.
          if (const auto done = runtime->access_keys().write_uses(*runtime); !done) uses.about("last uses of access keys could not be written", done.error(), parts_.clock);
          else uses.over();
        }
        if (parts_.clock.steady() >= next_lockouts) {
          next_lockouts = parts_.clock.steady() + between_lockouts;
          if (const auto done = forget_lockouts(*runtime, parts_.config); !done) lockouts.about("lockouts that are over could not be removed", done.error(), parts_.clock);
          else lockouts.over();
        }
      }
    }
    parts_.audit->checkpoint();
    if (!parts_.seal->sealed())
      if (const auto done = parts_.seal->maintain(); !done && done.error().code != Code::sealed) keyring.about("the keyring could not be kept up", done.error(), parts_.clock);
    lock.lock();
  }
}

}  // namespace coffer::core
