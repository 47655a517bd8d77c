#include "core/records.h"

#include "core/access_keys/store.h"
#include "core/envelope.h"
#include "core/error_text.h"
#include "core/pipeline.h"

namespace coffer::core {
namespace {

std::string_view operation_name(const Exchange& x) {
  if (x.request.help) return "help";
  if (x.request.preflight) return "options";
  if (x.request.verb == schema::Verb::write && x.creating) return "create";
  return schema::verb_name(x.request.verb);
}

bool listed(const std::vector<std::string>& keys, std::string_view name) { return std::find(keys.begin(), keys.end(), name) != keys.end(); }

// The body: members that the operation declares keep their names, what it declares open stays in clear; all else is hashed, names of unknown
// members too (S8, K04). While sealed no value is kept at all.
void append_data(std::string& out, const Exchange& x, audit::Salt& salt) {
  if (!x.document || !x.document->root().is_object()) return;
  // What was refused may be anything, a password in the wrong place too: the promise of an open field holds for what was accepted.
  const bool refused = x.outcome.error && x.outcome.error->code == Code::invalid_argument;
  json::Writer w(out, &salt);
  w.begin_object();
  for (const auto& [name, value] : x.document->root().members()) {
    const schema::FieldInfo* known = nullptr;
    if (x.operation != nullptr)
      for (const auto& f : x.operation->request)
        if (f.name == name) known = &f;
    // A name that the mount's tuning lets be shown was chosen by an operator, not by the caller.
    const bool listed_key = x.mount && listed(x.mount->entry.audit_non_hmac_request_keys, name);
    if (known || listed_key) w.key(name);
    else w.foreign_key(name);
    if (x.runtime == nullptr) {
      w.null();
      continue;
    }
    const json::Writer::Public open(w, listed_key || (known && known->show == schema::Show::open && !refused));
    w.raw(value.raw());
  }
  w.end_object();
}

void append_reply_data(std::string& out, const Exchange& x, audit::Salt& salt) {
  const schema::Reply& reply = x.outcome.reply;
  if (!reply.data || reply.wrap) return;
  if (x.mount && !x.mount->entry.audit_non_hmac_response_keys.empty()) {
    std::string plain;
    json::Writer plain_writer(plain);
    reply.data->encode(plain_writer);
    if (const auto document = json::Document::parse(plain); document && document->root().is_object()) {
      json::Writer w(out, &salt);
      w.begin_object();
      for (const auto& [name, value] : document->root().members()) {
        const bool clear = listed(x.mount->entry.audit_non_hmac_response_keys, name);
        const json::Writer::Public open(w, clear);
        w.foreign_key(name).raw(value.raw());
      }
      w.end_object();
      wipe(plain);
      return;
    }
    wipe(plain);
  }
  json::Writer w(out, &salt);
  reply.data->encode(w);
}

// Scratch memory of this thread, kept between requests.
struct Scratch {
  std::string data, data_raw, headers, error, reply, reply_raw, auth, wrap, secret;
  void clear() {
    data.clear();
    wipe(data_raw);
    headers.clear();
    error.clear();
    reply.clear();
    wipe(reply_raw);
    auth.clear();
    wrap.clear();
    secret.clear();
  }
};
Scratch& scratch() {
  static thread_local Scratch s;
  s.clear();
  return s;
}

struct Described {
  audit::Event event;
  audit::Auth auth;
};

void describe(const Exchange& x, Described& out) {
  audit::Event& e = out.event;
  e.time = x.started;
  e.id = x.request.id;
  e.operation = operation_name(x);
  e.path = x.request.path.view();
  if (x.request.by_action) {
    e.action = x.request.by_action->scope.action;
    e.principal = x.request.by_action->scope.principal;
    // Whoever could not be told who he is named an access key all the same. Ids are public; what does not look like one may be a secret in its place.
    if (const Claim* claim = x.request.by_action->claim.get(); e.principal.empty() && claim != nullptr && is_key_id(claim->key_id) && claim->key_id.size() <= 24)
      e.principal = claim->key_id;
  }
  e.remote_address = x.request.remote_address;
  e.remote_port = x.request.remote_port;
  e.wrap_ttl = x.request.wrap_ttl ? x.request.wrap_ttl->count() : 0;
  if (x.mount) {
    e.mount_point = x.mount->entry.path;
    e.mount_type = x.mount->entry.type;
    e.mount_accessor = x.mount->entry.accessor;
    e.mount_class = x.mount->entry.is_auth() ? "auth" : "secret";
  }
  audit::Auth& a = out.auth;
  if (x.token) {
    const token::Record& t = x.token->record;
    a.client_token_hmac = x.token->token_hmac;
    a.accessor_hmac = x.token->accessor_hmac;
    a.accessor = t.accessor;
    a.display_name = t.display_name;
    a.entity_id = t.entity_id;
    a.token_type = t.kind == token::Kind::batch ? "batch" : "service";
    a.policies = x.token->all_policies;
    a.token_policies = t.policies;
    a.identity_policies = x.token->identity_policies;
    a.metadata = t.meta;
    a.token_ttl = t.ttl.count();
    a.token_issue_time = t.creation;
    a.num_uses = static_cast<std::uint32_t>(std::max<std::int64_t>(0, t.num_uses));
    a.allowed = x.decision.allowed;
    a.granting_policies = x.decision.granting_policies;
  } else {
    a.client_token = x.request.token;
    a.allowed = !x.outcome.error;
  }
  e.auth = &a;
}

}  // namespace

bool is_ceremony(const Exchange& x) { return x.operation != nullptr && x.operation->works_sealed && x.operation->handler.index() == 2; }

void add_records(Exchange& x, Recorded what, audit::Broker& audit, audit::Records& out) {
  Scratch& s = scratch();
  audit::Salt& salt = audit.salt();
  const bool raw = audit.wants_raw() && x.runtime != nullptr;
  Described d;
  describe(x, d);
  append_data(s.data, x, salt);
  if (raw && x.document) s.data_raw = x.document->root().raw();
  if (x.settings && !x.settings->recorded.empty()) append_recorded_headers(s.headers, x.request, x.settings->recorded, salt);
  d.event.headers_json = s.headers;
  if (x.outcome.error) append_error_text(s.error, x, salt);
  d.event.error = s.error;
  d.event.request_data = s.data;
  d.event.request_data_raw = s.data_raw;
  if (what != Recorded::response) out.request(audit, d.event);
  if (what == Recorded::request) return;
  const schema::Reply& reply = x.outcome.reply;
  audit::ResponseEvent r;
  r.request = &d.event;
  r.position = x.position;
  r.status = x.outcome.error ? 0 : reply.status;  // each API has its own status for an error
  if (!x.outcome.error) {
    append_reply_data(s.reply, x, salt);
    if (raw && reply.data && !reply.wrap) {
      json::Writer w(s.reply_raw);
      reply.data->encode(w);
    }
    if (reply.auth && !reply.wrap) {
      json::Writer w(s.auth, &salt);
      encode_auth(w, *reply.auth);
    }
    if (reply.wrap) {
      json::Writer w(s.wrap, &salt);
      encode_wrap_info(w, *reply.wrap);
    }
    if (reply.lease && !reply.lease->id.empty()) s.secret = "{\"lease_id\":" + json::quoted(reply.lease->id) + "}";
    r.data = s.reply;
    r.data_raw = s.reply_raw;
    r.auth_json = s.auth;
    r.wrap_info_json = s.wrap;
    r.secret_json = s.secret;
    r.warnings = reply.warnings;
  }
  out.response(audit, r);
}

// Requests of one pass of an io thread's loop whose records leave together: one lock, one write (design.md §8).
namespace {
struct Waiting {
  ExchangePtr exchange;
  std::move_only_function<void(ExchangePtr, bool)> next;
};
struct PassBatch {
  std::vector<Waiting> waiting;
  audit::Records records;
};
// Steps that follow may begin the next batch, so this one is taken out first; its memory goes back when they are done.
void flush(audit::Broker& audit, PassBatch& batch) {
  static thread_local PassBatch writing;
  std::swap(writing.waiting, batch.waiting);
  std::swap(writing.records, batch.records);
  const bool ok = audit.write(writing.records).has_value();
  writing.records.clear();
  for (Waiting& w : writing.waiting) w.next(std::move(w.exchange), ok);
  writing.waiting.clear();
}
}  // namespace

void Pipeline::record(ExchangePtr x, Recorded what, std::move_only_function<void(ExchangePtr, bool)> next) {
  const bool ceremony = is_ceremony(*x);
  if (!x->on_io_thread || ceremony) {
    audit::Records records;
    add_records(*x, what, parts_.audit, records);
    const bool ok = parts_.audit.write(records, ceremony ? audit::Kind::ceremony : audit::Kind::traffic).has_value();
    return next(std::move(x), ok);
  }
  static thread_local PassBatch batch;
  Loop& loop = *x->loop;
  add_records(*x, what, parts_.audit, batch.records);
  batch.waiting.push_back({std::move(x), std::move(next)});
  if (batch.waiting.size() == 1) loop.at_end_of_pass([this] { flush(parts_.audit, batch); });
}

}  // namespace coffer::core
