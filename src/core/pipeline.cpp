#include "core/pipeline.h"

#include "backend/session.h"
#include "base/log.h"
#include "core/envelope.h"
#include "core/issue.h"
#include "core/records.h"
#include "core/revoke.h"
#include "core/steps.h"

namespace coffer::core {
namespace {

constexpr std::size_t inline_body_limit = 64 << 10;  // larger bodies are worked on by a worker (design.md §3 "Inline means bounded")
constexpr std::size_t large_body = 1 << 20;          // larger ones wait for each other


bool is_callers_fault(Code code) {
  return code == Code::not_found || code == Code::unsupported_path || code == Code::unsupported_operation || code == Code::invalid_argument;
}

}  // namespace

Pipeline::Pipeline(Parts parts)
    : parts_(parts), workers_(parts.config.workers, 1024), logins_((parts.config.workers + 1) / 2, 128), large_bodies_(1, 64) {}
Pipeline::~Pipeline() { stop(); }

void Pipeline::handle(Request request, Loop& loop, Respond respond) {
  auto x = std::make_unique<Exchange>();
  x->request = std::move(request);
  x->loop = &loop;
  x->respond = std::move(respond);
  x->started = parts_.clock.now();
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  in_flight_.enter(*x);
  start(std::move(x));
}

void Pipeline::refuse(Request request, Loop* loop, Error error, Respond respond) {
  auto x = std::make_unique<Exchange>();
  x->request = std::move(request);
  x->loop = loop;
  x->on_io_thread = loop != nullptr;
  x->respond = std::move(respond);
  x->started = parts_.clock.now();
  in_flight_.enter(*x);
  x->ticket = parts_.gate.enter();
  fail_with(std::move(x), std::move(error));
}

// The order of the steps, and why.
void Pipeline::start(ExchangePtr x) {
  // 1. Rate quotas first: a refused request must cost next to nothing (L03).
  if (parts_.rates)
    if (auto admitted = parts_.rates->admit(x->request.path.view(), x->request.remote_address, x->rate); !admitted) {
      counters_.rate_limited.fetch_add(1, std::memory_order_relaxed);
      return fail_with(std::move(x), std::move(admitted).error());
    }
  // 2. The seal gate: without keys there is nothing to look at.
  x->ticket = parts_.gate.enter();
  if (!x->ticket) return start_sealed(std::move(x));
  x->runtime = runtime_.load();
  x->view = x->runtime->snapshot();
  if (auto settings = x->runtime->request_settings(x->view); settings) x->settings = *std::move(settings);
  else return fail_with(std::move(x), std::move(settings).error());
  // A browser's page of another origin is told off before anything is looked at on its behalf.
  if (auto judged = judge_origin(*x); !judged) return fail_with(std::move(x), std::move(judged).error());
  if (x->request.preflight) return finish(std::move(x));
  // 3. Where it goes. A miss, or a name that is none, is remembered, not answered: it must not tell mounts to strangers (C04).
  const auto located = locate(*x);
  if (!located && !is_callers_fault(located.error().code)) return fail_with(std::move(x), located.error());
  if (auto known = check_name_space(*x); !known) return fail_with(std::move(x), std::move(known).error());
  // 4. Who asks.
  if (auto known = authenticate(*x); !known) return fail_with(std::move(x), std::move(known).error());
  if (!located) x->outcome.error = located.error();
  else if (auto settled = settle_path(*x); !settled) return fail_with(std::move(x), std::move(settled).error());
  // 5. A use of a limited token is gone from here on, whatever follows.
  if (x->token && x->token->record.limited) return take_use(std::move(x));
  dispatch(std::move(x));
}

// While sealed only operations that say so are served; all others get one answer, before any token is looked at.
void Pipeline::start_sealed(ExchangePtr x) {
  std::string_view path = x->request.path.view();
  if (path.starts_with("sys/") && !x->request.preflight) {
    auto match = parts_.system.table.find(path.substr(4), x->request.verb);
    if (match.endpoint != nullptr && match.operation == nullptr &&
        std::any_of(match.endpoint->operations.begin(), match.endpoint->operations.end(), [](const auto& op) { return op.works_sealed; }))
      return fail_with(std::move(x), {Code::unsupported_operation, unsupported_verb(*match.endpoint)});
    if (match.operation != nullptr && match.operation->works_sealed && match.operation->access != schema::Access::sudo && match.operation->access != schema::Access::token) {
      x->endpoint = match.endpoint;
      x->operation = match.operation;
      x->captures = std::move(match.captures);
      return to_worker(std::move(x), &Pipeline::run_session);
    }
  }
  fail_with(std::move(x), {Code::sealed, "Vault is sealed"});
}

Result<void> Pipeline::locate(Exchange& x) {
  x.mounts = TRY(x.runtime->mounts(x.view));
  const auto route = x.mounts->route(x.request.path.view());
  if (route.mount == nullptr)
    return fail(Code::not_found, "no handler for route " + json::quoted(x.request.path.view()) + ". route entry not found.");
  x.mount = route.mount;
  x.rest = route.rest;
  auto match = x.mount->slot->table.find(x.rest, x.request.verb, action_of(x.request));
  x.endpoint = match.endpoint;
  if (x.request.help && (match.endpoint != nullptr || x.rest.empty())) return {};  // the mount itself has help too
  if (match.endpoint == nullptr) return fail(Code::unsupported_path, joined_error("unsupported path"));
  if (match.operation == nullptr) return fail(Code::unsupported_operation, unsupported_verb(*match.endpoint));
  x.operation = match.operation;
  x.captures = std::move(match.captures);
  if (x.request.by_action) x.request.verb = x.operation->verb;
  return fold_path(x);
}

Result<void> Pipeline::authenticate(Exchange& x) {
  const bool anyone = x.operation != nullptr && x.operation->access == schema::Access::anyone;
  // A login path that has no such verb answers without a token, as the login itself would.
  const bool open_endpoint = x.endpoint != nullptr && x.operation == nullptr && !x.request.help && !x.endpoint->operations.empty() &&
                             x.endpoint->operations.front().access == schema::Access::anyone;
  if (x.operation != nullptr && x.operation->own_token) return authenticate_own_token(x);
  if (anyone || open_endpoint) return {};
  if (x.request.token.empty()) {
    if (x.operation != nullptr && x.operation->access == schema::Access::optional) return {};
    return fail(Code::unauthenticated, "permission denied");
  }
  x.token = TRY(x.runtime->authenticate(x.request.token, x.view));
  if (!token_allows_address(x.token->record, x.request.remote_address)) return fail(Code::permission_denied, "permission denied");
  return {};
}

// Unwrapping and its look-up act on the token in the body, or on the caller's own when the body names none (vault-api.md §1.0).
Result<void> Pipeline::authenticate_own_token(Exchange& x) {
  // Parsed before anybody is known, on the connection's own thread: a token is not large.
  if (x.request.body_bytes > inline_body_limit) return fail(Code::too_large, "the request body is too large for what is asked");
  CHECK_OK(parse(x));
  const auto in_body = x.document ? x.document->root().find("token") : std::nullopt;
  const std::string_view body_token = in_body ? in_body->text() : std::string_view();
  const bool only_looks = x.operation->access == schema::Access::anyone;
  if (body_token.empty() || body_token == x.request.token) {
    x.acted_on = body_token.empty() ? x.request.token : body_token;
    if (x.acted_on.empty()) {
      if (x.operation->access == schema::Access::optional && x.operation->verb != schema::Verb::read) return fail(Code::unauthenticated, "error validating wrapping token: token is empty");
      return fail(Code::unauthenticated, "permission denied");
    }
    return {};
  }
  x.acted_on = body_token;
  if (x.request.token.empty()) {
    if (only_looks) return {};
    return fail(Code::unauthenticated, "permission denied");
  }
  x.token = TRY(x.runtime->authenticate(x.request.token, x.view));
  return {};
}

Result<void> Pipeline::parse(Exchange& x) {
  if (x.document || !x.request.parse_body) return {};
  x.document = TRY(x.request.parse_body());
  return {};
}

// A name of another API may fit two objects: which one is asked for is settled before policies look at the path.
Result<void> Pipeline::settle_path(Exchange& x) {
  if (!x.request.by_action || x.request.by_action->alternative.empty() || x.operation == nullptr || !x.operation->meant) return {};
  CHECK_OK(parse(x));
  const auto view = x.runtime->view(*x.view, x.mount->space);
  if (TRY(x.operation->meant(caller_of(x, nullptr), *view, x.input()))) return {};
  ByAction& action = *x.request.by_action;
  const CanonicalPath first = std::exchange(x.request.path, std::exchange(action.alternative, {}));
  const std::string suffix = std::exchange(action.scope.suffix, {});
  CHECK_OK(locate(x));
  const auto other = x.runtime->view(*x.view, x.mount->space);
  if (TRY(x.operation->meant(caller_of(x, nullptr), *other, x.input()))) return {};
  // Neither is there: the first is what the name says.
  x.request.path = first;
  action.scope.suffix = suffix;
  return locate(x);
}

void Pipeline::take_use(ExchangePtr x) {
  Runtime& runtime = *x->runtime;
  auto left = std::make_shared<std::optional<token::Record>>();
  auto pending = runtime.store().run([&runtime, left, id = x->token->record.id](storage::RawTransaction& raw) -> Result<void> {
    RequestSpaces spaces(raw, runtime.barrier());
    *left = TRY(token::take_use(spaces.write(token::space(root_tenant)), id));
    return {};
  });
  if (!pending) return fail_with(std::move(x), std::move(pending).error());
  runtime.store().commit(*std::move(pending), [this, left, held = std::move(x)](Result<storage::Position> done) mutable {
    Loop& loop = *held->loop;
    loop.post([this, left, x = std::move(held), done = std::move(done)]() mutable {
      if (!done) return fail_with(std::move(x), std::move(done).error());
      if (!*left) return fail_with(std::move(x), {Code::unauthenticated, "permission denied"});
      // The request goes on with the record that its own use was taken from, whatever others take meanwhile (H05).
      auto used = std::make_shared<LiveToken>(*x->token);
      used->record = **left;
      x->token = std::move(used);
      x->last_use = x->token->record.num_uses <= 0;
      x->view = x->runtime->snapshot();
      dispatch(std::move(x));
    });
  });
}

void Pipeline::dispatch(ExchangePtr x) {
  if (x->outcome.error) {
    // Nothing is there: the policy decides first, as it would for a path that exists.
    RequestSpaces spaces(*x->view, x->runtime->barrier());
    if (x->token)
      if (auto allowed = authorise(*x, spaces); !allowed) return fail_with(std::move(x), std::move(allowed).error());
    Error missing = *std::move(x->outcome.error);
    return fail_with(std::move(x), std::move(missing));
  }
  const bool off_thread = x->operation != nullptr && (x->operation->heavy || x->operation->handler.index() == 2 || x->request.body_bytes > inline_body_limit);
  if (off_thread && x->on_io_thread) return to_worker(std::move(x), &Pipeline::run);
  run(std::move(x));
}

// Where a request is worked on. A large body keeps its lane until it is answered: then the memory of its parts has gone back.
bool Pipeline::submit(Exchange& x, std::move_only_function<void()>& task) {
  if (x.request.body_bytes > large_body) {
    x.answered = std::make_shared<std::binary_semaphore>(0);
    std::move_only_function<void()> to_the_end = [work = std::move(task), answered = x.answered]() mutable {
      work();
      work = nullptr;
      answered->acquire();
    };
    return large_bodies_.submit(to_the_end);
  }
  const bool login = x.operation != nullptr && x.operation->login && x.operation->handler.index() == 2;
  return (login ? logins_ : workers_).submit(task);
}

void Pipeline::to_worker(ExchangePtr x, void (Pipeline::*step)(ExchangePtr)) {
  x->on_io_thread = false;
  auto held = std::make_shared<ExchangePtr>(std::move(x));  // comes back when the queue is full
  std::move_only_function<void()> task = [this, held, step] { (this->*step)(std::move(*held)); };
  if (!submit(**held, task)) {
    (*held)->on_io_thread = true;
    fail_with(std::move(*held), {Code::unavailable, "the server is overloaded; try again"});
  }
}

void Pipeline::run(ExchangePtr x) {
  // 6. The body is parsed only for callers who got this far.
  if (auto parsed = parse(*x); !parsed) return fail_with(std::move(x), std::move(parsed).error());
  if (auto open = check_lockout(*x); !open) return fail_with(std::move(x), std::move(open).error());
  if (x->request.help) return run_read(std::move(x));
  switch (x->operation->handler.index()) {
    case 0:
      // A read whose answer is wrapped makes a token, so it runs in a transaction.
      if (x->request.wrap_ttl) return run_write(std::move(x));
      return run_read(std::move(x));
    case 1: return run_write(std::move(x));
    default: return run_session(std::move(x));
  }
}

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

class WorkerSession final : public Session {
 public:
  WorkerSession(Exchange& x) : x_(x) {}
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
  void finish(std::function<Result<void>(Transaction&)> work) override { last_ = std::move(work); }
  void unless_recorded(std::function<bool()> undo) override { x_.undo = std::move(undo); }
  std::function<Result<void>(Transaction&)> last_;

 private:
  Exchange& x_;
};

// On a worker. The request is authorised and recorded before it acts; the last transaction writes what the handler asked for together with the
// token that the answer makes.
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
    WorkerSession session(*y);
    Caller caller = caller_of(*y, nullptr);
    // An operation that opens or closes the seal must not wait for itself.
    if (y->operation->works_sealed) y->ticket.release();
    auto reply = std::get<schema::Act>(y->operation->handler)(caller, session, y->input());
    if (!reply) return fail_with(std::move(y), std::move(reply).error());
    if (y->runtime == nullptr || (y->operation->works_sealed && !session.last_)) {
      y->outcome.repeats_data = y->operation->repeats_data;
      y->outcome.reply = *std::move(reply);
      return finish(std::move(y));
    }
    // Replies are made once, but the transaction may run twice: its parts are kept and copied into each run.
    const bool needs_transaction = session.last_ || reply->login || y->request.wrap_ttl;
    if (!needs_transaction) {
      const auto fresh = y->runtime->snapshot();
      RequestSpaces spaces(*fresh, y->runtime->barrier());
      if (auto done = complete(*y, spaces, *std::move(reply)); !done) return fail_with(std::move(y), std::move(done).error());
      return finish(std::move(y));
    }
    auto kept = std::make_shared<schema::Reply>(*std::move(reply));
    auto done = y->runtime->transact([&](RequestSpaces& spaces) -> Result<void> {
      y->made_tokens.clear();
      spaces.exchange = y.get();
      if (session.last_) CHECK_OK(session.last_(spaces.write(y->mount->space)));
      schema::Reply copy;
      copy.form = kept->form;
      copy.status = kept->status;
      copy.warnings = kept->warnings;
      copy.login = kept->login;
      copy.lease = kept->lease;
      copy.data = kept->data;
      return complete(*y, spaces, std::move(copy));
    });
    if (!done) return fail_with(std::move(y), std::move(done).error());
    y->position = *done;
    finish(std::move(y));
  });
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
  if (x.decision.allowed) return {};
  // These decide by themselves what to show to whom; no policy stands against them, and the audit record says so.
  if (x.operation != nullptr && x.operation->access == schema::Access::optional && !x.operation->own_token) {
    x.decision.allowed = true;
    x.decision.granted = 0;  // sudo without the capability of the verb is no sudo
    return {};
  }
  counters_.denied.fetch_add(1, std::memory_order_relaxed);
  if (x.request.by_action) x.outcome.principal = x.token->record.display_name;
  return fail(Code::permission_denied, joined_error("permission denied"));
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

// What every answer goes through: only the core's own mounts may hand out tokens; logins become tokens; wrapped answers are put away.
Result<void> Pipeline::complete(Exchange& x, RequestSpaces& spaces, schema::Reply reply) {
  const bool own = x.mount->entry.type == "token" || x.mount->entry.type == "system";
  if (!own) {
    reply.auth.reset();
    reply.wrap.reset();
    if (!x.mount->entry.is_auth()) reply.login.reset();
  }
  if (reply.login) {
    reply.auth = TRY(issue_login(x, spaces, *reply.login, reply.warnings));
    reply.login.reset();
    if (x.failed_before) spaces.write(sys_space(root_tenant)).erase(x.lockout_key);
    counters_.logins.fetch_add(1, std::memory_order_relaxed);
  }
  if (reply.form == schema::Reply::Form::enveloped && !x.request.by_action && x.document && x.document->root().is_object() && x.operation->verb != schema::Verb::list) {
    for (std::string& warning : parameter_warnings(x)) reply.warnings.push_back(std::move(warning));
  }
  x.outcome.reply = std::move(reply);
  x.outcome.repeats_data = x.operation->repeats_data;
  x.outcome.mount_type = x.mount->entry.type;
  const bool wraps = x.request.wrap_ttl && x.outcome.reply.form == schema::Reply::Form::enveloped && x.outcome.reply.status == 200 && !x.outcome.reply.wrap;
  if (wraps) {
    std::string envelope;
    append_envelope(envelope, x.request.id, x.outcome);
    WrapRequest wanted{*x.request.wrap_ttl, x.request.path.str(), wrapped_accessor_of(x)};
    x.outcome.reply.wrap = TRY(issue_wrapping(x, spaces, wanted, envelope));
    wipe(envelope);
  }
  return {};
}

void Pipeline::fail_with(ExchangePtr x, Error error) {
  if (x->undo) (void)std::exchange(x->undo, {})();
  if (error.code == Code::bad_credentials && !x->lockout_key.empty()) {
    x->outcome.error = std::move(error);
    return count_failed_login(std::move(x));
  }
  x->outcome.error = std::move(error);
  finish(std::move(x));
}

// 9. The answer is recorded before it leaves.
void Pipeline::finish(ExchangePtr x) {
  if (x->outcome.error) counters_.errors.fetch_add(1, std::memory_order_relaxed);
  if (!parts_.audit.enabled() && !x->request_recorded) return after_audit(std::move(x), true);
  const Recorded what = x->request_recorded ? Recorded::response : Recorded::both;
  record(std::move(x), what, [this](ExchangePtr y, bool ok) { after_audit(std::move(y), ok); });
}

void Pipeline::after_audit(ExchangePtr x, bool ok) {
  if (!ok) {
    counters_.audit_failures.fetch_add(1, std::memory_order_relaxed);
    const bool undone = !x->undo || std::exchange(x->undo, {})();
    const bool wrote = x->position != 0 || !undone;
    x->outcome = {};
    x->outcome.error = Error{Code::internal, wrote ? "internal error: the answer could not be audited and is withheld; the change may have taken effect"
                                                   : "internal error: the request could not be audited and was refused"};
  }
  // Tokens whose text nobody was told must not live on.
  if (x->runtime != nullptr && ((!ok && !x->made_tokens.empty()) || x->last_use)) {
    std::vector<std::string> ids = ok ? std::vector<std::string>() : x->made_tokens;
    if (x->last_use) ids.push_back(x->token->record.id);
    revoke_in_background(*x->runtime, std::move(ids), [this, held = std::move(x)]() mutable {
      Loop& loop = *held->loop;
      loop.post([this, x = std::move(held)]() mutable { answer(std::move(x)); });
    });
    return;
  }
  answer(std::move(x));
}

void Pipeline::answer(ExchangePtr x) {
  in_flight_.leave(*x);
  x->outcome.rate = x->rate;
  if (x->origin_allowed) x->outcome.cors = {x->settings, &*x->settings->cors};
  x->respond(x->request, x->outcome);
  if (const auto waited = std::move(x->answered)) {
    x.reset();  // with what it holds of the body
    waited->release();
  }
}

}  // namespace coffer::core
