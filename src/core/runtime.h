#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "audit/audit.h"
#include "barrier/ceremony.h"
#include "core/access_keys/ring.h"
#include "core/acl_cache.h"
#include "core/azure_apps/trust.h"
#include "core/config.h"
#include "core/live.h"
#include "core/mounts.h"
#include "core/request_settings.h"
#include "storage/store.h"
#include "token/store.h"

namespace coffer::core {

// The core's own key space: mount/<uuid>, policy/acl/<name>, policy/password/<name>, config/<topic>, quota/<name>, lockout/<accessor>/<name>.
[[nodiscard]] inline KeySpace sys_space(TenantId tenant) { return core_space(tenant, "sys"); }

// Wrapped answers, by the id of their wrapping token.
[[nodiscard]] inline KeySpace wrapping_space(TenantId tenant) { return core_space(tenant, "wrapping"); }

// Everything that exists only while the server is unsealed: the open store, the token keys, and what is kept in memory of both. Made when the
// seal opens, gone when it closes; a request that runs holds a Gate ticket, so it never sees it go. Safe from any thread.
class Runtime final : public storage::Observer {
 public:
  struct Parts {
    std::unique_ptr<storage::Store> store;
    barrier::Barrier& barrier;
    std::unique_ptr<token::Keys> keys;
    const BackendCatalog& catalog;
    const CoreConfig& config;
    audit::Broker& audit;
    Clock& clock;
    Random& random;
  };
  explicit Runtime(Parts parts);
  ~Runtime() override;

  [[nodiscard]] storage::Store& store() { return *parts_.store; }
  [[nodiscard]] barrier::Barrier& barrier() { return parts_.barrier; }
  [[nodiscard]] const token::Keys& keys() const { return *parts_.keys; }
  [[nodiscard]] const BackendCatalog& catalog() const { return parts_.catalog; }
  [[nodiscard]] const CoreConfig& config() const { return parts_.config; }
  [[nodiscard]] Clock& clock() { return parts_.clock; }
  [[nodiscard]] Random& random() { return parts_.random; }
  [[nodiscard]] std::shared_ptr<const storage::ReadView> snapshot() const { return parts_.store->snapshot(); }
  [[nodiscard]] std::unique_ptr<Snapshot> view(const storage::ReadView& raw, KeySpace space) const;

  [[nodiscard]] Result<std::shared_ptr<const MountTable>> mounts(const std::shared_ptr<const storage::ReadView>& at);
  // CORS and recorded headers; null while neither is configured.
  [[nodiscard]] Result<std::shared_ptr<const RequestSettings>> request_settings(const std::shared_ptr<const storage::ReadView>& at);
  // The token behind a text: known, not expired. Code::unauthenticated otherwise.
  [[nodiscard]] Result<LiveTokenPtr> authenticate(std::string_view text, const std::shared_ptr<const storage::ReadView>& at);
  // The token that an access key stands for, once the claim's signature fits. Every refusal costs the same; its type tells which it is.
  // `scope` is told of the policy that the key itself has.
  [[nodiscard]] Result<LiveTokenPtr> authenticate(const Claim& claim, const std::shared_ptr<const storage::ReadView>& at, ActionScope& scope);
  // The same of a text that may be a token which a trusted issuer has signed: judged once, kept until its end, dropped when what is trusted changes.
  [[nodiscard]] Result<LiveTokenPtr> authenticate_any(std::string_view text, const std::shared_ptr<const storage::ReadView>& at);
  // The issuers whose signatures are believed; null where it is known that there are none.
  [[nodiscard]] Result<std::shared_ptr<const Trust>> trust(const std::shared_ptr<const storage::ReadView>& at);
  // By id; null when there is none, or it has expired.
  [[nodiscard]] Result<LiveTokenPtr> live(std::string_view id, const std::shared_ptr<const storage::ReadView>& at);
  // Compiles the policies of a record that is not (or not yet) stored.
  [[nodiscard]] Result<LiveTokenPtr> compile(token::Record record, const storage::ReadView& at);
  [[nodiscard]] PolicyCache& policies() { return policies_; }
  [[nodiscard]] KeyRing& access_keys() { return access_keys_; }
  // What handlers made of records, by stored key (backend/memory.h). Whatever is written under a key drops what was made of it.
  [[nodiscard]] LiveCache<void>& made() { return made_; }

  // A transaction over the store's key spaces, waiting until it is durable. Not for an io thread.
  [[nodiscard]] Result<storage::Position> transact(const std::function<Result<void>(class RequestSpaces&)>& work);

  void applied(std::span<const storage::Change> changes, storage::Position position) override;
  void salt_changed();  // the audit salt is a new one: drops what was hashed under the old

 private:
  [[nodiscard]] Result<LiveTokenPtr> refresh(LiveTokenPtr token, const storage::ReadView& at);
  Parts parts_;
  TokenCache tokens_;
  PolicyCache policies_;
  AclCache acls_;
  LastChanges entities_;
  KeyRing access_keys_;
  LiveCache<void> made_{1024};
  struct SignedToken {
    std::shared_ptr<const Trust> judged_by;
    LiveTokenPtr token;
  };
  LiveCache<SignedToken> signed_tokens_;
  Derived<MountTable> mounts_;
  Derived<RequestSettings> request_settings_;
  Derived<Trust> trust_;
  std::string token_prefix_, sys_prefix_, entity_prefix_, access_key_prefix_, trust_prefix_;
};

// Lets requests in while the server is unsealed, and lets the seal wait for those that run. Safe from any thread.
class Gate {
 public:
  class Ticket {
   public:
    Ticket() = default;
    explicit Ticket(std::atomic<std::int64_t>* slot) : slot_(slot) {}
    Ticket(Ticket&& o) noexcept : slot_(std::exchange(o.slot_, nullptr)) {}
    Ticket& operator=(Ticket&& o) noexcept {
      std::swap(slot_, o.slot_);
      return *this;
    }
    ~Ticket() { release(); }
    void release() {
      if (slot_) slot_->fetch_sub(1, std::memory_order_acq_rel);
      slot_ = nullptr;
    }
    explicit operator bool() const { return slot_ != nullptr; }

   private:
    std::atomic<std::int64_t>* slot_ = nullptr;
  };
  // An empty ticket when the gate is closed.
  [[nodiscard]] Ticket enter();
  void open() { open_.store(true, std::memory_order_seq_cst); }
  [[nodiscard]] bool is_open() const { return open_.load(std::memory_order_relaxed); }
  // Refuses new ones and waits for those inside.
  void close();

 private:
  struct alignas(64) Slot {
    std::atomic<std::int64_t> inside{0};
  };
  std::atomic<bool> open_{false};
  std::array<Slot, 16> slots_;
};

}  // namespace coffer::core
