#include "core/pipeline.h"

#include "backend/session.h"
#include "core/records.h"

// What runs a request that acts outside the store, on a worker.
namespace coffer::core {

namespace {

class WorkerSession final : public Session {
 public:
  explicit WorkerSession(Exchange& x) : x_(x) {}
  Result<void> snapshot(const std::function<Result<void>(const Snapshot&)>& work) override {
    if (x_.runtime == nullptr) return fail(Code::sealed, "Vault is sealed");
    const auto raw = x_.runtime->snapshot();
    return work(*x_.runtime->view(*raw, x_.mount->space));
  }
  Result<void> transact(const std::function<Result<void>(Transaction&)>& work) override {
    if (x_.runtime == nullptr) return fail(Code::sealed, "Vault is sealed");
    auto done = x_.runtime->transact([&](RequestSpaces& spaces) { return work(spaces.write(x_.mount->space)); });
    if (!done) return std::unexpected(std::move(done).error());
    x_.position = *done;
    return {};
  }
  void finish(std::function<Result<void>(Transaction&)> work) override { last = std::move(work); }
  void unless_recorded(std::function<bool()> undo) override { x_.undo = std::move(undo); }
  std::function<Result<void>(Transaction&)> last;  // what finish() was given

 private:
  Exchange& x_;
};

}  // namespace

// On a worker. The request is authorised and recorded before it acts.
void Pipeline::run_session(ExchangePtr x) {
  if (x->runtime != nullptr) {
    const auto fresh = x->runtime->snapshot();
    RequestSpaces spaces(*fresh, x->runtime->barrier());
    spaces.exchange = x.get();
    if (auto allowed = authorise(*x, spaces); !allowed) return fail_with(std::move(x), std::move(allowed).error());
  } else if (auto parsed = parse(*x); !parsed) {
    return fail_with(std::move(x), std::move(parsed).error());
  }
  if (auto fit = x->operation->check(x->input()); !fit) return fail_with(std::move(x), std::move(fit).error());
  record(std::move(x), Recorded::request, [this](ExchangePtr y, bool ok) {
    if (!ok) return after_audit(std::move(y), false);
    y->request_recorded = true;
    act(std::move(y));
  });
}

void Pipeline::act(ExchangePtr x) {
  WorkerSession session(*x);
  Caller caller = caller_of(*x, nullptr);
  // An operation that opens or closes the seal must not wait for itself.
  if (x->operation->works_sealed) x->ticket.release();
  auto reply = std::get<schema::Act>(x->operation->handler)(caller, session, x->input());
  if (!reply) return fail_with(std::move(x), std::move(reply).error());
  if (x->runtime == nullptr || (x->operation->works_sealed && !session.last)) {
    x->outcome.repeats_data = x->operation->repeats_data;
    x->outcome.reply = *std::move(reply);
    return finish(std::move(x));
  }
  if (auto done = complete_session(*x, session.last, *std::move(reply)); !done) return fail_with(std::move(x), std::move(done).error());
  finish(std::move(x));
}

// The last transaction writes what the handler asked for together with the token that the answer makes. The reply is made once, but the
// transaction may run twice: its parts are kept and copied into each run.
Result<void> Pipeline::complete_session(Exchange& x, const std::function<Result<void>(Transaction&)>& last, schema::Reply reply) {
  const bool needs_transaction = last || reply.login || x.request.wrap_ttl;
  if (!needs_transaction) {
    const auto fresh = x.runtime->snapshot();
    RequestSpaces spaces(*fresh, x.runtime->barrier());
    return complete(x, spaces, std::move(reply));
  }
  x.position = TRY(x.runtime->transact([&](RequestSpaces& spaces) -> Result<void> {
    x.made_tokens.clear();
    spaces.exchange = &x;
    if (last) CHECK_OK(last(spaces.write(x.mount->space)));
    schema::Reply copy;
    copy.form = reply.form;
    copy.status = reply.status;
    copy.warnings = reply.warnings;
    copy.login = reply.login;
    copy.lease = reply.lease;
    copy.data = reply.data;
    return complete(x, spaces, std::move(copy));
  }));
  return {};
}

}  // namespace coffer::core
