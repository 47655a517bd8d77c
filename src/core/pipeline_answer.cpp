#include "core/pipeline.h"

#include "base/log.h"
#include "core/envelope.h"
#include "core/issue.h"
#include "core/records.h"
#include "core/revoke.h"
#include "core/steps.h"

// How every request ends: tokens and wrapping, its audit record, its answer.
namespace coffer::core {

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
    // What is wrapped is the envelope alone: members of data beside it would come back beside the unwrapper's own.
    x.outcome.repeats_data = false;
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
    Runtime& runtime = *x->runtime;  // before `x` is moved: arguments are evaluated in no order
    revoke_in_background(runtime, std::move(ids), [this, held = std::move(x)]() mutable {
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
