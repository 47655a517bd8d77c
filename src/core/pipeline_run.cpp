#include "core/pipeline.h"

#include "core/envelope.h"
#include "core/records.h"
#include "core/steps.h"

// What runs a request that has come through the first steps: its decision, its handler, its commit.
namespace coffer::core {

void Pipeline::run_read(ExchangePtr x) {
  RequestSpaces spaces(*x->view, x->runtime->barrier());
  spaces.exchange = x.get();
  if (auto done = execute(*x, spaces); !done) return fail_with(std::move(x), std::move(done).error());
  finish(std::move(x));
}

void Pipeline::run_write(ExchangePtr x) {
  Exchange* const raw_x = x.get();
  auto pending = x->runtime->store().run([this, raw_x](storage::RawTransaction& raw) -> Result<void> {
    // May run twice: what the first run found out is made anew.
    raw_x->made_tokens.clear();
    raw_x->outcome = {};
    RequestSpaces spaces(raw, raw_x->runtime->barrier());
    spaces.exchange = raw_x;
    return execute(*raw_x, spaces);
  });
  if (!pending) return fail_with(std::move(x), std::move(pending).error());
  // 8. The request record is written before the batch is committed: what cannot be audited does not happen.
  if (!parts_.audit.enabled()) return commit(std::move(x), *std::move(pending));
  record(std::move(x), Recorded::request, [this, held = *std::move(pending)](ExchangePtr y, bool ok) mutable {
    if (!ok) return after_audit(std::move(y), false);
    y->request_recorded = true;
    commit(std::move(y), std::move(held));
  });
}

void Pipeline::commit(ExchangePtr x, storage::Store::PendingPtr pending) {
  Runtime& runtime = *x->runtime;
  runtime.store().commit(std::move(pending), [this, held = std::move(x)](Result<storage::Position> done) mutable {
    if (done) held->position = *done;
    else held->outcome.error = std::move(done).error();
    continue_on_loop(std::move(held), &Pipeline::finish);
  });
}

void Pipeline::continue_on_loop(ExchangePtr x, void (Pipeline::*step)(ExchangePtr)) {
  // A worker's request goes on where it is: on the committer's thread nothing may block, so it goes back to its io thread.
  x->on_io_thread = true;
  Loop& loop = *x->loop;
  loop.post([this, step, x = std::move(x)]() mutable { (this->*step)(std::move(x)); });
}

Caller Pipeline::caller_of(const Exchange& x, RequestSpaces* spaces) const {
  Caller c;
  c.request_id = x.request.id;
  c.now = x.started;
  if (x.token) {
    const token::Record& t = x.token->record;
    c.entity_id = t.entity_id;
    c.display_name = t.display_name;
    c.token_id = t.id;
    c.token_accessor = t.accessor;
    c.token_type = t.kind == token::Kind::batch ? "batch" : "service";
    c.policies = x.token->all_policies;
    c.root = x.token->acl->is_root();
    c.sudo = c.root || (x.decision.allowed && (x.decision.granted & policy::sudo) != 0);
  }
  c.creating = x.creating;
  c.remote_address = x.request.remote_address;
  c.client_certificate = x.request.client_certificate;
  c.path = x.request.path.view();
  c.wrap_ttl = x.request.wrap_ttl;
  c.mount = x.mount ? &x.mount->info : nullptr;
  c.scope = x.request.by_action ? &x.request.by_action->scope : nullptr;
  c.authority = &x.authority;
  c.memory = spaces != nullptr && !spaces->writable() ? &x.memory : nullptr;
  c.keys = x.runtime != nullptr ? &x.keys : nullptr;
  c.spaces = spaces;
  return c;
}

// 7. May it? Decided on the same snapshot or transaction that the handler will see.
Result<void> Pipeline::authorise(Exchange& x, RequestSpaces& spaces) {
  if (!x.token) return {};  // authenticate() has seen to it that none is needed
  if (x.operation != nullptr && x.operation->exists && x.request.verb == schema::Verb::write && !x.outcome.error) {
    const Caller caller = caller_of(x, &spaces);
    x.creating = !TRY(x.operation->exists(caller, spaces.read(x.mount->space), x.input()));
  }
  if (x.request.help) {  // open to every valid token
    x.decision.allowed = true;
    return {};
  }
  policy::Query query;
  query.path = x.request.path.view();
  query.wanted = capability_of(x.request.verb, x.creating);
  query.needs_sudo = x.operation != nullptr && x.operation->access == schema::Access::sudo;
  if (x.document) query.parameters = x.document->root();
  query.wrap_ttl = x.request.wrap_ttl;
  if (x.mount != nullptr) query.folds_after = folds_after(x.mount->entry, x.endpoint);
  x.decision = decide(*x.token->acl, query, x.folded);
  if (TRY(granted_otherwise(x, spaces))) x.decision.allowed = true;
  if (x.decision.allowed) return {};
  // These decide by themselves what to show to whom; no policy stands against them, and the audit record says so.
  if (x.operation != nullptr && x.operation->access == schema::Access::optional && !x.operation->own_token) {
    x.decision.allowed = true;
    x.decision.granted = 0;  // sudo without the capability of the verb is no sudo
    return {};
  }
  counters_.denied.fetch_add(1, std::memory_order_relaxed);
  return fail(Code::permission_denied, joined_error("permission denied"));
}

// Beside the server's policies stand those of another API: of who signed, and of the object. They are asked where they can change the answer; what the
// object's own policy denies to a caller whom the server's let in, its handler tells.
Result<bool> Pipeline::granted_otherwise(Exchange& x, RequestSpaces& spaces) {
  if (!x.request.by_action || x.operation == nullptr || !x.operation->grants || x.outcome.error) return false;
  if (x.decision.reason == policy::Decision::Reason::denied) return false;
  if (x.decision.allowed && !x.request.by_action->scope.has_documents()) return false;
  auto granted = x.operation->grants(caller_of(x, &spaces), spaces.read(x.mount->space), x.input());
  if (!granted) {
    x.decision = {};
    counters_.denied.fetch_add(1, std::memory_order_relaxed);
  }
  return granted;
}

Result<schema::Reply> Pipeline::invoke(Exchange& x, RequestSpaces& spaces) {
  Caller caller = caller_of(x, &spaces);
  // What a login stands on must hold when it is used, not when the request came: it may have waited (A04).
  if (x.operation->login) caller.now = parts_.clock.now();
  if (const auto* read = std::get_if<schema::Read>(&x.operation->handler)) return (*read)(caller, spaces.read(x.mount->space), x.input());
  return std::get<schema::Write>(x.operation->handler)(caller, spaces.write(x.mount->space), x.input());
}

Result<void> Pipeline::execute(Exchange& x, RequestSpaces& spaces) {
  CHECK_OK(authorise(x, spaces));
  if (x.request.help) {
    x.outcome.reply = help_reply(x, parts_.config.api_version);
    return {};
  }
  if (x.token && x.token->record.wrapping && x.mount->entry.type == "cubbyhole") {
    x.outcome.reply = TRY(wrapped_by_cubbyhole(x, spaces));
    return {};
  }
  return complete(x, spaces, TRY(invoke(x, spaces)));
}

}  // namespace coffer::core
