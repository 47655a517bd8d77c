// SealManager's root token generation: shareholders together make a root token that only the one who asked can read.
#include <fmt/format.h>

#include "barrier/ceremony_state.h"
#include "base/encoding.h"

namespace coffer::barrier {
namespace {

RootGeneration status_of(const std::optional<RootCeremony>& root, unsigned required) {
  RootGeneration out;
  out.required = required;
  if (!root) return out;
  out.nonce = root->nonce;
  out.started = true;
  out.progress = root->given.count();
  if (root->pgp_key) out.pgp_fingerprint = root->pgp_key->fingerprint();
  return out;
}

// The token XOR the OTP, or the message to the PGP key's holder.
Result<std::string> encode_token(const RootCeremony& root, const SecretBytes& token) {
  if (root.pgp_key) return base64_encode(TRY(root.pgp_key->encrypt(token.reveal_text())));
  if (token.size() != root.otp.size()) return fail(Code::internal, "the root token has a length that no OTP fits");
  std::string mixed(token.size(), '\0');
  for (std::size_t i = 0; i < mixed.size(); ++i) mixed[i] = static_cast<char>(token.reveal_text()[i] ^ root.otp.reveal_text()[i]);
  return base64_raw_encode(mixed);
}

}  // namespace

Result<RootGeneration> SealManager::generate_root_status() const {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  if (s.sealed) return vault_is_sealed();
  return status_of(s.root, s.required_shares().threshold);
}

Result<RootGeneration> SealManager::generate_root_init(std::string_view otp, std::string_view pgp_key, std::string_view initiator) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  if (s.sealed) return vault_is_sealed();
  if (!otp.empty() && !pgp_key.empty()) return invalid("give either otp or pgp_key, not both");
  if (!otp.empty() && otp.size() != root_token_length) return invalid("OTP string has incorrect length");
  std::optional<crypto::PgpKey> receiver;
  if (!pgp_key.empty()) {
    auto parsed = crypto::PgpKey::parse(pgp_key);
    if (!parsed) return fail(parsed.error().code, "error parsing PGP key: " + parsed.error().message);
    receiver = *std::move(parsed);
  }
  if (s.root) return invalid("root generation already in progress");
  const bool make_otp = otp.empty() && !receiver;
  std::string made = make_otp ? make_base62(root_token_length, s.options.random) : std::string();
  s.root.emplace();
  static_cast<Ceremony&>(*s.root) = s.begin(initiator);
  s.root->otp = SecretBytes::copy_of(make_otp ? std::string_view(made) : otp);
  s.root->pgp_key = std::move(receiver);
  RootGeneration out = status_of(s.root, s.required_shares().threshold);
  out.otp = std::move(made);
  return out;
}

Result<RootGeneration> SealManager::generate_root_update(const SecretBytes& key, std::string_view nonce,
                                                         const std::function<Result<SecretBytes>()>& make_token) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  if (s.sealed) return vault_is_sealed();
  CHECK_OK(check_share_length(key));
  if (!s.root) return invalid("no root generation in progress");
  if (!constant_time_equal(nonce, s.root->nonce)) {
    return invalid(fmt::format("incorrect nonce supplied; nonce for this root generation operation is \"{}\"", s.root->nonce));
  }
  if (!s.root->given.add(key)) return invalid("given key has already been provided during this generation operation");
  const unsigned required = s.required_shares().threshold;
  if (s.root->given.count() < required) return status_of(s.root, required);
  CHECK_OK(s.authorise(TRY(s.root->given.combine())));
  RootGeneration out = status_of(s.root, required);
  out.encoded_token = TRY(encode_token(*s.root, TRY(make_token())));
  out.progress = required;
  out.complete = true;
  out.started = false;
  s.root.reset();
  return out;
}

Result<void> SealManager::generate_root_cancel(std::string_view nonce, std::string_view initiator) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  if (s.sealed) return vault_is_sealed();
  if (!s.root) return {};
  CHECK_OK(s.may_cancel(*s.root, nonce, initiator));
  s.root.reset();
  return {};
}

Result<SecretBytes> decode_root_token(std::string_view encoded, std::string_view otp) {
  while (encoded.ends_with('=')) encoded.remove_suffix(1);
  auto bytes = base64_raw_decode(encoded);
  if (!bytes) return invalid("the encoded token is not in base64");
  if (bytes->size() != otp.size()) return invalid("the encoded token and the OTP differ in length");
  SecretBytes token(otp.size());
  for (std::size_t i = 0; i < otp.size(); ++i) token.writable()[i] = static_cast<std::byte>((*bytes)[i] ^ otp[i]);
  return token;
}

}  // namespace coffer::barrier
