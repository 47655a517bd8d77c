#include "barrier/keyring_barrier.h"

namespace coffer::barrier {
namespace {

using crypto::Aes256Gcm;

std::unexpected<Error> is_sealed() { return fail(Code::sealed, "Vault is sealed"); }

void put_number(char* out, std::uint32_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) out[i] = static_cast<char>(value & 0xff);
}

// format ‖ tenant ‖ stored key ‖ term: of fixed length but for the key, so that no two places have the same.
void build_aad(std::string& out, TenantId tenant, std::string_view stored_key, std::uint32_t term) {
  out.resize(1 + 4 + stored_key.size() + 4);
  out[0] = static_cast<char>(KeyringBarrier::format);
  put_number(out.data() + 1, tenant.value);
  stored_key.copy(out.data() + 5, stored_key.size());
  put_number(out.data() + 5 + stored_key.size(), term);
}

}  // namespace

void KeyringBarrier::install(std::shared_ptr<const Keyring> keyring, std::uint64_t used) {
  const std::lock_guard lock(mutex_);
  const bool new_term = !keyring_ || keyring_->active().number != keyring->active().number;
  if (new_term) used_ = used;
  reserved_ = keyring->active().encryptions;
  keyring_ = std::move(keyring);
  revision_.store(++last_revision_, std::memory_order_release);
}

void KeyringBarrier::clear() {
  {
    const std::lock_guard lock(mutex_);
    revision_ = 0;
    keyring_ = nullptr;
    reserved_ = 0;
  }
  threads_.clear();
}

Result<void> KeyringBarrier::refresh(ThreadCiphers& mine) const {
  const std::lock_guard lock(mutex_);
  if (!keyring_) return is_sealed();
  for (auto& place : mine.places) place = {};
  mine.active_term = keyring_->active().number;
  mine.revision = last_revision_;
  return {};
}

Result<Aes256Gcm*> KeyringBarrier::cipher_for(ThreadCiphers& mine, TenantId tenant, std::uint32_t term) const {
  auto& place = mine.places[(tenant.value * 7 + term) % mine.places.size()];
  if (place.term == term && place.tenant == tenant) [[likely]] return &*place.cipher;
  std::shared_ptr<const Keyring> keyring;
  {
    const std::lock_guard lock(mutex_);
    keyring = keyring_;
  }
  if (!keyring) return is_sealed();
  const SecretBytes key = TRY(keyring->data_key(tenant, term));
  place.term = 0;
  place.cipher.emplace(key.reveal().first<Aes256Gcm::key_bytes>());
  place.tenant = tenant;
  place.term = term;
  return &*place.cipher;
}

Result<void> KeyringBarrier::count_encryption() {
  const std::uint64_t made = used_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (made <= reserved_.load(std::memory_order_relaxed)) [[likely]] return {};
  if (sealed()) return is_sealed();
  return reserve_ ? reserve_() : Result<void>{};
}

Result<std::string> KeyringBarrier::encrypt(TenantId tenant, std::string_view stored_key, std::string_view plain) {
  // Outside the thread's lock: it may write the seal file and install keys.
  CHECK_OK(count_encryption());
  return threads_.with([&](ThreadCiphers& mine) -> Result<std::string> {
    const std::uint64_t revision = revision_.load(std::memory_order_acquire);
    if (revision == 0) return is_sealed();
    if (mine.revision != revision) CHECK_OK(refresh(mine));
    Aes256Gcm* cipher = TRY(cipher_for(mine, tenant, mine.active_term));
    std::string out(overhead + plain.size(), '\0');
    out[0] = static_cast<char>(format);
    put_number(out.data() + 1, mine.active_term);
    const auto bytes = std::as_writable_bytes(std::span(out)).subspan(header_bytes);
    const auto nonce = bytes.first<Aes256Gcm::nonce_bytes>();
    random_.fill(nonce);
    build_aad(mine.aad, tenant, stored_key, mine.active_term);
    cipher->seal(nonce, mine.aad, plain, bytes.subspan(Aes256Gcm::nonce_bytes));
    return out;
  });
}

Result<SecretBytes> KeyringBarrier::decrypt(TenantId tenant, std::string_view stored_key, std::string_view stored) const {
  if (sealed()) return is_sealed();
  if (stored.size() < overhead) return fail(Code::corrupt, "a stored record is cut short");
  if (static_cast<std::uint8_t>(stored[0]) != format) return fail(Code::corrupt, "a stored record has a format that this version does not know");
  std::uint32_t term = 0;
  for (const char c : stored.substr(1, 4)) term = term << 8 | static_cast<unsigned char>(c);
  if (term == 0) return fail(Code::corrupt, "a stored record names no key");
  return threads_.with([&](ThreadCiphers& mine) -> Result<SecretBytes> {
    const std::uint64_t revision = revision_.load(std::memory_order_acquire);
    if (revision == 0) return is_sealed();
    if (mine.revision != revision) CHECK_OK(refresh(mine));
    Aes256Gcm* cipher = TRY(cipher_for(mine, tenant, term));
    const auto body = stored.substr(header_bytes);
    const auto nonce = std::as_bytes(std::span(body)).first<Aes256Gcm::nonce_bytes>();
    build_aad(mine.aad, tenant, stored_key, term);
    SecretBytes plain(stored.size() - overhead);
    if (!cipher->open(nonce, mine.aad, body.substr(Aes256Gcm::nonce_bytes), plain.writable())) {
      return fail(Code::corrupt, "a stored record fails its check: it was changed, or it belongs elsewhere");
    }
    return plain;
  });
}

}  // namespace coffer::barrier
