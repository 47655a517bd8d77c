#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "core/exchange.h"
#include "core/records.h"
#include "core/workers.h"

namespace coffer::core {

// Requests that run, for sys/in-flight-req. Sharded: entering and leaving costs one uncontended lock.
class InFlight {
 public:
  struct Item {
    std::string id, path, remote_address, client_id;
    schema::Verb verb;
    Time started{};
  };
  void enter(const Exchange& x);
  void leave(const Exchange& x);
  [[nodiscard]] std::vector<Item> list() const;
  [[nodiscard]] std::size_t count() const;

 private:
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_set<const Exchange*> running;
  };
  [[nodiscard]] static std::size_t shard_of(const Exchange& x) { return reinterpret_cast<std::uintptr_t>(&x) / 64 % 16; }
  std::array<Shard, 16> shards_;
};

// Counters for sys/metrics.
struct Counters {
  std::atomic<std::uint64_t> requests{0}, logins{0}, denied{0}, errors{0}, tokens_created{0}, audit_failures{0}, rate_limited{0};
};

// Decides before anything is looked at whether a request may go on (rate quotas). Safe from any thread.
class RateGate {
 public:
  virtual ~RateGate() = default;
  // `state` is set where callers are to be told how their quota stands.
  [[nodiscard]] virtual Result<void> admit(std::string_view path, std::string_view remote_address, std::optional<RateState>& state) = 0;
};

// The one gate (design.md §1.1, §3): every request of every door passes here, is authenticated, authorised and audited, and only then
// reaches a handler. The steps, in order, each with its reason, are in pipeline.cpp; how requests run and
// end is in pipeline_run.cpp, pipeline_session.cpp and pipeline_answer.cpp. Safe from any thread.
class Pipeline {
 public:
  struct Parts {
    const CoreConfig& config;
    audit::Broker& audit;
    Clock& clock;
    Gate& gate;
    const BackendSlot& system;  // sys/: some of it works while sealed
    RateGate* rates = nullptr;
  };
  explicit Pipeline(Parts parts);
  ~Pipeline();
  // `respond` is called once, on any thread. `loop` outlives the request.
  void handle(Request request, Loop& loop, Respond respond);
  // A request that its door could not read: nothing but its audit records remains to be made. Without a loop they are written, and
  // `respond` is called, before this returns.
  void refuse(Request request, Loop* loop, Error error, Respond respond);

  void set_runtime(Runtime* runtime) { runtime_.store(runtime); }  // null while sealed; the gate keeps readers out meanwhile
  [[nodiscard]] InFlight& in_flight() { return in_flight_; }
  [[nodiscard]] Counters& counters() { return counters_; }
  void stop() {
    workers_.stop();
    logins_.stop();
    large_bodies_.stop();
  }

 private:
  void start(ExchangePtr x);
  void start_sealed(ExchangePtr x);
  Result<void> locate(Exchange& x);
  Result<void> authenticate(Exchange& x);
  Result<void> authenticate_own_token(Exchange& x);
  Result<void> parse(Exchange& x);
  Result<void> settle_path(Exchange& x);
  void take_use(ExchangePtr x);
  void dispatch(ExchangePtr x);
  void run(ExchangePtr x);
  void run_read(ExchangePtr x);
  void run_write(ExchangePtr x);
  void run_session(ExchangePtr x);
  void act(ExchangePtr x);
  Result<void> complete_session(Exchange& x, const std::function<Result<void>(Transaction&)>& last, schema::Reply reply);
  void commit(ExchangePtr x, storage::Store::PendingPtr pending);
  Result<void> execute(Exchange& x, RequestSpaces& spaces);
  Result<void> authorise(Exchange& x, RequestSpaces& spaces);
  Result<bool> granted_otherwise(Exchange& x, RequestSpaces& spaces);
  Result<schema::Reply> invoke(Exchange& x, RequestSpaces& spaces);
  Result<void> complete(Exchange& x, RequestSpaces& spaces, schema::Reply reply);
  Result<void> check_lockout(Exchange& x);
  void count_failed_login(ExchangePtr x);
  Caller caller_of(const Exchange& x, RequestSpaces* spaces) const;
  void fail_with(ExchangePtr x, Error error);
  void finish(ExchangePtr x);
  void after_audit(ExchangePtr x, bool ok);
  void answer(ExchangePtr x);
  void record(ExchangePtr x, Recorded what, std::move_only_function<void(ExchangePtr, bool)> next);
  void continue_on_loop(ExchangePtr x, void (Pipeline::*step)(ExchangePtr));
  // False when the lane's queue is full.
  [[nodiscard]] bool submit(Exchange& x, std::move_only_function<void()>& task);
  void to_worker(ExchangePtr x, void (Pipeline::*step)(ExchangePtr));

  Parts parts_;
  std::atomic<Runtime*> runtime_{nullptr};
  InFlight in_flight_;
  Counters counters_;
  Workers workers_;
  Workers logins_;        // password hashing: a flood of it must not hold up what else the workers do
  Workers large_bodies_;  // one at a time: each is copied a few times before it is stored
};

}  // namespace coffer::core
