#include "core/pipeline.h"

#include "backend/session.h"
#include "base/log.h"
#include "core/access_keys/principal.h"
#include "core/envelope.h"
#include "core/issue.h"
#include "core/records.h"
#include "core/refusals.h"
#include "core/revoke.h"
#include "core/steps.h"
#include "schema/types.h"

namespace coffer::core {
namespace {

constexpr std::size_t inline_body_limit = 64 << 10;  // larger bodies are worked on by a worker (design.md §3 "Inline means bounded")
constexpr std::size_t large_body = 1 << 20;          // larger ones wait for each other

bool is_callers_fault(Code code) {
  return code == Code::not_found || code == Code::unsupported_path || code == Code::unsupported_operation || code == Code::invalid_argument;
}

// Of the token that is shown, where it is bound to addresses.
Result<void> check_address(const Exchange& x) {
  if (token_allows_address(x.token->record, x.request.remote_address)) return {};
  return fail(Code::permission_denied, address_refused, "permission denied");
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
  // 5. A use of a limited token is gone from here on, whatever follows; but some operations only tell what the token is good for.
  if (x->token && x->token->record.limited) {
    if (x->operation == nullptr || !x->operation->keeps_use) return take_use(std::move(x));
    if (x->token->record.num_uses <= 0) return fail_with(std::move(x), token::dead_token().error());
  }
  dispatch(std::move(x));
}

// While sealed only operations that say so are served; all others get one answer, before any token is looked at.
void Pipeline::start_sealed(ExchangePtr x) {
  std::string_view path = x->request.path.view();
  if (path.starts_with("sys/") && !x->request.preflight) {
    auto match = parts_.system.table.find(path.substr(4), x->request.verb, action_of(x->request));
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
  if (x.request.by_action && x.request.by_action->claim) {
    x.token = TRY(x.runtime->authenticate(*x.request.by_action->claim, x.view, x.request.by_action->scope));
  } else if (x.request.token.empty()) {
    if (x.operation != nullptr && x.operation->access == schema::Access::optional) return {};
    return fail(Code::unauthenticated, "permission denied");
  } else if (x.request.by_action && x.request.by_action->takes_signed_tokens) {
    x.token = TRY(x.runtime->authenticate_any(x.request.token, x.view));
  } else {
    x.token = TRY(x.runtime->authenticate(x.request.token, x.view));
  }
  if (x.request.by_action) x.request.by_action->scope.principal = principal_arn(x.request.by_action->scope, x.token->record);
  CHECK_OK(check_address(x));
  // Only Vault's API unwraps: elsewhere the one use of a wrapping token would be gone for nothing.
  if (x.request.by_action && x.token->record.wrapping) return fail(Code::permission_denied, "permission denied");
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
  return check_address(x);
}

Result<void> Pipeline::parse(Exchange& x) {
  if (x.document || !x.request.parse_body) return {};
  x.document = TRY(x.request.parse_body());
  if (x.request.by_action) {
    x.request.by_action->scope.body = x.document->root();
    x.request.by_action->scope.fields = x.operation ? &x.operation->request : nullptr;
    if (x.request.by_action->typed && x.operation)
      if (auto fits = schema::check_types(x.operation->request, x.document->root()); !fits)
        return fail(Code::invalid_argument, "SerializationException", std::move(fits).error().message);
  }
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
      if (!*left) return fail_with(std::move(x), token::dead_token().error());
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

}  // namespace coffer::core
