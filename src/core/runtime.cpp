#include "core/runtime.h"

#include <thread>

#include "base/log.h"
#include "core/spaces.h"
#include "identity/store.h"
#include "policy/iam.h"

namespace coffer::core {

const Snapshot& RequestSpaces::read(KeySpace space) {
  if (transaction_) return write(space);
  for (const Entry& entry : entries_)
    if (entry.space == space) return *entry.snapshot;
  entries_.push_back({space, barrier::make_snapshot(*view_, barrier_, space)});
  return *entries_.back().snapshot;
}

Transaction& RequestSpaces::write(KeySpace space) {
  if (!transaction_) std::abort();  // a read operation must not write: our own fault, not the caller's
  for (const Entry& entry : entries_)
    if (entry.space == space) return static_cast<Transaction&>(*entry.snapshot);
  entries_.push_back({space, barrier::make_transaction(*transaction_, barrier_, space)});
  return static_cast<Transaction&>(*entries_.back().snapshot);
}

Runtime::Runtime(Parts parts)
    : parts_(std::move(parts)),
      tokens_(parts_.config.token_cache),
      access_keys_(parts_.config.token_cache, parts_.random),
      signed_tokens_(parts_.config.token_cache),
      token_prefix_(token::space(root_tenant).prefix() + "id/"),
      sys_prefix_(sys_space(root_tenant).prefix()),
      entity_prefix_(identity::space(root_tenant).prefix() + "entity/"),
      access_key_prefix_(access_key_space(root_tenant).prefix()),
      trust_prefix_(trust_space(root_tenant).prefix()) {
  parts_.store->observe(this);
}

Runtime::~Runtime() { parts_.store->close(); }

std::unique_ptr<Snapshot> Runtime::view(const storage::ReadView& raw, KeySpace space) const {
  return barrier::make_snapshot(raw, parts_.barrier, space);
}

Result<std::shared_ptr<const MountTable>> Runtime::mounts(const std::shared_ptr<const storage::ReadView>& at) {
  return mounts_.get(at, [&](const storage::ReadView& raw) -> Result<std::shared_ptr<const MountTable>> {
    const auto sys = view(raw, sys_space(root_tenant));
    std::vector<MountEntry> entries;
    std::string after;
    for (;;) {
      const auto names = TRY(sys->children("mount/", '\0', after, 1000));
      for (const std::string& name : names)
        if (const auto text = TRY(sys->get("mount/" + name))) entries.push_back(TRY(schema::from_json<MountEntry>(text->reveal_text())));
      if (names.size() < 1000) break;
      after = names.back();
    }
    return MountTable::make(std::move(entries), parts_.catalog, root_tenant, parts_.config.default_lease_ttl, parts_.config.max_lease_ttl);
  });
}

Result<std::shared_ptr<const RequestSettings>> Runtime::request_settings(const std::shared_ptr<const storage::ReadView>& at) {
  return request_settings_.get_unless_empty(at, [&](const storage::ReadView& raw) { return RequestSettings::load(*view(raw, sys_space(root_tenant))); });
}

Result<LiveTokenPtr> Runtime::compile(token::Record record, const storage::ReadView& at) {
  auto out = std::make_shared<LiveToken>();
  out->record = std::move(record);
  out->compiled_at = at.position();
  const auto sys = view(at, sys_space(root_tenant));
  std::optional<policy::IdentityContext> identity;
  if (!out->record.entity_id.empty()) {
    const auto space = view(at, identity::space(out->record.tenant));
    const auto entity = TRY(identity::find(*space, out->record.entity_id));
    if (!entity || entity->disabled) return fail(Code::permission_denied, "permission denied");
    identity = identity::context_of(*entity);
    out->identity_policies = entity->policies;
  }
  out->all_policies = out->record.policies;
  for (const auto& name : out->identity_policies)
    if (name != "root" && std::find(out->all_policies.begin(), out->all_policies.end(), name) == out->all_policies.end()) out->all_policies.push_back(name);
  std::sort(out->all_policies.begin(), out->all_policies.end());
  for (const std::string& name : out->all_policies)
    if (auto parsed = TRY(policies_.get(name, *sys, at.position()))) out->policies.push_back(std::move(parsed));
  out->session_policy = TRY(policy::iam::identity_document(out->record.session_policy));
  out->acl = acls_.get(out->policies, out->record.root(), identity ? &*identity : nullptr, parts_.clock.now());
  return LiveTokenPtr(std::move(out));
}

// The same token with its policies, and the entity that fills in their templates, as they are now.
Result<LiveTokenPtr> Runtime::refresh(LiveTokenPtr token, const storage::ReadView& at) {
  // A rule of its set has expired since.
  if (const auto changes = token->acl->changes_at(); changes && parts_.clock.now() >= *changes) return compile(token->record, at);
  const std::string& entity = token->record.entity_id;
  if (!entity.empty() && token->compiled_at < entities_.of(entity)) return compile(token->record, at);
  if (token->compiled_at >= policies_.last_change()) return token;
  const auto sys = view(at, sys_space(root_tenant));
  std::vector<policy::PolicyPtr> now;
  for (const std::string& name : token->all_policies)
    if (auto parsed = TRY(policies_.get(name, *sys, at.position()))) now.push_back(std::move(parsed));
  if (now != token->policies) return compile(token->record, at);
  auto same = std::make_shared<LiveToken>(*token);
  same->compiled_at = at.position();
  return LiveTokenPtr(std::move(same));
}

Result<LiveTokenPtr> Runtime::live(std::string_view id, const std::shared_ptr<const storage::ReadView>& at) {
  LiveTokenPtr token = tokens_.get(id);
  const LiveTokenPtr before = token;
  if (!token) {
    const auto space = view(*at, token::space(root_tenant));
    auto record = TRY(token::find(*space, id));
    if (!record) return LiveTokenPtr();
    token = TRY(compile(*std::move(record), *at));
  } else {
    token = TRY(refresh(token, *at));
  }
  if (token->record.expired(parts_.clock.now())) return LiveTokenPtr();
  if (token != before) {
    if (token->token_hmac.empty()) {
      // The audit log's form of token and accessor is made once, here; the token's text is not at hand for look-ups by accessor.
      auto marked = std::make_shared<LiveToken>(*token);
      marked->accessor_hmac = parts_.audit.salt().redacted(marked->record.accessor);
      token = std::move(marked);
    }
    tokens_.put(id, token, at->position());
  }
  return token;
}

Result<LiveTokenPtr> Runtime::authenticate(std::string_view text, const std::shared_ptr<const storage::ReadView>& at) {
  if (text.empty() || text.size() > 8192) return token::dead_token();
  const std::string id = parts_.keys->id_of(text);
  LiveTokenPtr token;
  if (text.starts_with("hvb.")) {
    token = tokens_.get(id);
    if (token) {
      const LiveTokenPtr before = token;
      token = TRY(refresh(token, *at));
      if (token != before) tokens_.put(id, token, at->position());
    } else {
      auto record = parts_.keys->open_batch(text);
      if (!record) return std::unexpected(std::move(record).error());
      token = TRY(compile(*std::move(record), *at));
      tokens_.put(id, token, at->position());
    }
    // A batch token dies with the parent that made it.
    if (!token->record.parent.empty() && !TRY(live(token->record.parent, at))) return token::dead_token();
    if (token->record.expired(parts_.clock.now())) return token::dead_token();
  } else {
    token = TRY(live(id, at));
  }
  if (!token) return token::dead_token();
  if (token->token_hmac.empty()) {
    auto marked = std::make_shared<LiveToken>(*token);
    marked->token_hmac = parts_.audit.salt().redacted(text);
    marked->accessor_hmac = marked->record.accessor.empty() ? std::string() : parts_.audit.salt().redacted(marked->record.accessor);
    token = std::move(marked);
    tokens_.put(id, token, at->position());
  }
  return token;
}

Result<std::shared_ptr<const Trust>> Runtime::trust(const std::shared_ptr<const storage::ReadView>& at) {
  return trust_.get_unless_empty(at, [&](const storage::ReadView& raw) -> Result<std::shared_ptr<const Trust>> {
    const auto table = TRY(mounts(at));
    return Trust::load(*view(raw, trust_space(root_tenant)), *table);
  });
}

Result<LiveTokenPtr> Runtime::authenticate_any(std::string_view text, const std::shared_ptr<const storage::ReadView>& at) {
  if (!is_signed_token(text)) return authenticate(text, at);
  const auto trusted = TRY(trust(at));
  if (!trusted || trusted->empty()) return authenticate(text, at);
  const auto refused = [] { return fail(Code::unauthenticated, "permission denied"); };
  const Time now = parts_.clock.now();
  const std::string id = parts_.keys->id_of(text);
  const auto known = signed_tokens_.get(id);
  LiveTokenPtr token;
  if (known && known->judged_by == trusted) {
    token = TRY(refresh(known->token, *at));
  } else {
    token::Record record = TRY(trusted->record_of(text, now));
    record.id = id;
    auto made = std::make_shared<LiveToken>(*TRY(compile(std::move(record), *at)));
    made->token_hmac = parts_.audit.salt().redacted(text);
    token = std::move(made);
  }
  if (token->record.expired(now)) return refused();
  if (!known || known->token != token) signed_tokens_.put(id, std::make_shared<const SignedToken>(trusted, token), at->position());
  return token;
}

Result<LiveTokenPtr> Runtime::authenticate(const Claim& claim, const std::shared_ptr<const storage::ReadView>& at, ActionScope& scope) {
  const auto ring = view(*at, access_key_space(root_tenant));
  Signer signer = TRY(access_keys_.resolve(claim, *ring, at->position(), *parts_.keys, parts_.clock.now()));
  LiveTokenPtr token = TRY(live(signer.token_id, at));
  scope.identity = std::move(signer.identity);
  if (!token) return fail(Code::unauthenticated, claim_unknown, "permission denied");
  if (!claim.session_token.empty()) scope.session_began = token->record.creation;
  const auto& roles = token->record.assumed_roles;
  // What ends a session ends those that it opened.
  for (std::size_t i = roles.size(); i-- > 0;) scope.identity = TRY(access_keys_.document_of_role(roles[i], *ring, at->position()));
  scope.session_policy = token->session_policy;
  return token;
}

Result<storage::Position> Runtime::transact(const std::function<Result<void>(RequestSpaces&)>& work) {
  return parts_.store->transact([this, &work](storage::RawTransaction& raw) {
    RequestSpaces spaces(raw, parts_.barrier);
    return work(spaces);
  });
}

void Runtime::applied(std::span<const storage::Change> changes, storage::Position position) {
  for (const storage::Change& change : changes) {
    const std::string_view key = change.key;
    made_.invalidate(key, position);
    if (key.starts_with(token_prefix_)) {
      tokens_.invalidate(key.substr(token_prefix_.size()), position);
    } else if (key.starts_with(sys_prefix_)) {
      const std::string_view name = key.substr(sys_prefix_.size());
      if (name.starts_with("mount/"))
        mounts_.invalidate(position), trust_.invalidate(position);
      else if (RequestSettings::concerned(name)) request_settings_.invalidate(position);
      else if (name.starts_with("policy/acl/")) policies_.invalidate(name.substr(std::string_view("policy/acl/").size()), position);
    } else if (key.starts_with(entity_prefix_)) {
      entities_.note(key.substr(entity_prefix_.size()), position);
    } else if (key.starts_with(access_key_prefix_)) {
      access_keys_.invalidate(key.substr(access_key_prefix_.size()), position);
    } else if (key.starts_with(trust_prefix_)) {
      trust_.invalidate(position);
    }
  }
}

void Runtime::salt_changed() {
  tokens_.clear();
  signed_tokens_.clear();
}

Gate::Ticket Gate::enter() {
  static std::atomic<unsigned> next{0};
  static thread_local const unsigned mine = next.fetch_add(1) % 16;
  auto& slot = slots_[mine].inside;
  slot.fetch_add(1, std::memory_order_seq_cst);
  Ticket ticket(&slot);
  if (!open_.load(std::memory_order_seq_cst)) return {};
  return ticket;
}

void Gate::close() {
  open_.store(false, std::memory_order_seq_cst);
  for (Slot& slot : slots_)
    while (slot.inside.load(std::memory_order_acquire) > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace coffer::core
