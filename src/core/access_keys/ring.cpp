#include "core/access_keys/ring.h"

#include <limits>

#include "base/encoding.h"
#include "core/access_keys/roles.h"
#include "core/runtime.h"
#include "core/spaces.h"
#include "policy/iam.h"

namespace coffer::core {
namespace {

constexpr Seconds use_precision{60};  // a key in constant use is noted once in this time
constexpr std::string_view session_prefix = "CofferSession1.";
constexpr std::size_t nonce_bytes = 16, token_id_bytes = 32;

std::unexpected<Error> refused(const char* why) { return fail(Code::unauthenticated, why, "permission denied"); }

// nonce ‖ seconds of the end, 8 bytes ‖ id of the token.
struct Session {
  std::string nonce, token_id;
  Time expires{};
};

std::string pack(const Session& session) {
  std::string out = session.nonce;
  const auto seconds = static_cast<std::uint64_t>(unix_seconds(session.expires));
  for (unsigned shift = 64; shift > 0; shift -= 8) out.push_back(static_cast<char>(seconds >> (shift - 8) & 0xff));
  return out + session.token_id;
}

std::optional<Session> unpack(std::string_view text) {
  if (!text.starts_with(session_prefix) || text.size() > 512) return std::nullopt;
  const auto bytes = base64url_decode(text.substr(session_prefix.size()));
  if (!bytes || bytes->size() != nonce_bytes + 8 + token_id_bytes) return std::nullopt;
  std::uint64_t seconds = 0;
  for (std::size_t i = 0; i < 8; ++i) seconds = seconds << 8 | static_cast<unsigned char>((*bytes)[nonce_bytes + i]);
  if (seconds > 8'000'000'000) return std::nullopt;
  return Session{bytes->substr(0, nonce_bytes), hex_encode(std::string_view(*bytes).substr(nonce_bytes + 8)), Time(Seconds(seconds))};
}

// The id goes with the session token: a public name of its nonce.
std::string session_key_id(std::string_view nonce) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out = "ASIA";
  for (const char c : nonce) out.push_back(alphabet[static_cast<unsigned char>(c) % alphabet.size()]);
  return out;
}

SecretBytes session_secret(const token::Keys& keys, std::string_view packed) {
  const SecretBytes derived = keys.derive("aws session secret", packed);
  std::string text = base64_encode(derived.reveal_text().substr(0, 30));
  SecretBytes out = SecretBytes::copy_of(text);
  wipe(text);
  return out;
}

}  // namespace

SessionCredentials make_session(const token::Keys& keys, std::string_view token_id, Time expires, Random& random) {
  std::array<std::byte, nonce_bytes> nonce{};
  random.fill(nonce);
  const auto raw_id = hex_decode(token_id);
  const std::string packed = pack({std::string(as_text(nonce)), raw_id ? *raw_id : std::string(), expires});
  return {session_key_id(as_text(nonce)), session_secret(keys, packed), std::string(session_prefix) + base64url_encode(packed), expires};
}

KeyRing::KeyRing(std::size_t capacity, Random& random) : live_(capacity), sessions_(capacity), roles_(capacity), nobody_(make_key_secret(random)) {}

Result<std::shared_ptr<const KeyRing::Live>> KeyRing::find(std::string_view id, const Snapshot& keys, storage::Position read_at) {
  if (auto known = live_.get(id)) return known;
  auto record = TRY(find_access_key(keys, id));
  if (!record) return std::shared_ptr<const Live>();
  auto made = std::make_shared<Live>();
  made->signer.token_id = std::move(record->token_id);
  made->signer.identity = TRY(policy::iam::identity_document(record->policy_document));
  made->disabled = record->disabled;
  made->secret = std::make_unique<const KeySecret>(std::move(record->secret));
  live_.put(id, made, read_at);
  return std::shared_ptr<const Live>(std::move(made));
}

Result<std::string> KeyRing::resolve_session(const Claim& claim, const token::Keys& token_keys, Time now) {
  if (const auto known = sessions_.get(claim.session_token); known && known->key_id == claim.key_id) {
    if (!claim.verify(known->secret)) return refused(claim_wrong);
    if (known->expires <= now) return refused(claim_expired);
    return known->token_id;
  }
  auto session = unpack(claim.session_token);
  if (session && session_key_id(session->nonce) != claim.key_id) session.reset();
  if (!session) {
    (void)claim.verify(nobody_);
    return refused(claim_unknown);
  }
  const auto raw_id = hex_decode(session->token_id);
  auto live = std::make_shared<const LiveSession>(
      claim.key_id, session->token_id, session->expires,
      session_secret(token_keys, pack({session->nonce, raw_id ? *raw_id : std::string(), session->expires})));
  if (!claim.verify(live->secret)) return refused(claim_wrong);
  if (session->expires <= now) return refused(claim_expired);
  // Only what its secret has signed is kept: anybody can make up session tokens.
  sessions_.put(claim.session_token, std::move(live), std::numeric_limits<storage::Position>::max());
  return std::move(session->token_id);
}

Result<Signer> KeyRing::resolve(const Claim& claim, const Snapshot& keys, storage::Position read_at, const token::Keys& token_keys, Time now) {
  if (!claim.session_token.empty()) return Signer{TRY(resolve_session(claim, token_keys, now)), nullptr};
  const auto key = TRY(find(claim.key_id, keys, read_at));
  const bool fits = claim.verify(key ? *key->secret : nobody_);
  if (!key) return refused(claim_unknown);
  if (!fits) return refused(claim_wrong);
  if (key->disabled) return refused(claim_unknown);
  note(claim.key_id, *key, now);
  return key->signer;
}

Result<std::shared_ptr<const policy::iam::Document>> KeyRing::document_of_role(std::string_view reference, const Snapshot& keys, storage::Position read_at) {
  const std::string_view role = reference.substr(0, reference.find('#'));
  auto live = roles_.get(role);
  if (!live) {
    const auto kept = TRY(find_key_role(keys, role));
    if (!kept) return refused(claim_unknown);
    live = std::make_shared<const LiveRole>(role_reference(role, kept->id), TRY(policy::iam::identity_document(kept->role.policy_document)));
    roles_.put(role, live, read_at);
  }
  if (live->reference != reference) return refused(claim_unknown);
  return live->document;
}

void KeyRing::invalidate(std::string_view key, storage::Position position) {
  if (key.starts_with(key_mark)) live_.invalidate(key.substr(key_mark.size()), position);
  else if (key.starts_with(role_mark)) roles_.invalidate(key.substr(role_mark.size()), position);
}

void KeyRing::note(std::string_view id, const Live& key, Time now) {
  const std::int64_t seconds = unix_seconds(now);
  std::int64_t before = key.noted.load(std::memory_order_relaxed);
  if (seconds - before < use_precision.count() || !key.noted.compare_exchange_strong(before, seconds, std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  uses_.insert_or_assign(std::string(id), now);
}

std::optional<Time> KeyRing::last_use(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = uses_.find(id);
  return found == uses_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> KeyRing::write_uses(Runtime& runtime) {
  std::map<std::string, Time, std::less<>> uses;
  {
    const std::lock_guard lock(mutex_);
    if (uses_.empty()) return {};
    uses = uses_;
  }
  auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
    Transaction& keys = spaces.write(access_key_space(root_tenant));
    for (const auto& [id, time] : uses)
      // A key that is gone leaves no mark.
      if (TRY(keys.get(std::string(key_mark) + id))) CHECK_OK(keys.put("used/" + id, std::to_string(unix_seconds(time))));
    return {};
  });
  if (!done) return std::unexpected(std::move(done).error());
  const std::lock_guard lock(mutex_);
  for (const auto& [id, time] : uses)
    if (const auto found = uses_.find(id); found != uses_.end() && found->second == time) uses_.erase(found);
  return {};
}

}  // namespace coffer::core
