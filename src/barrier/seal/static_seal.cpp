#include "barrier/seal/static_seal.h"

#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret_source.h"
#include "crypto/aead.h"
#include "crypto/guarded_key.h"

namespace coffer::barrier {
namespace {

constexpr std::size_t key_bytes = 32;

// The 32 bytes themselves, 64 hexadecimal digits or base64; line ends and blanks around a text do not count.
Result<SecretBytes> parse_key(const SecretBytes& raw, std::string_view setting) {
  if (raw.size() == key_bytes) return raw.clone();
  std::string_view text = raw.reveal_text();
  const auto blank = [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  if (text.size() == key_bytes) return SecretBytes::copy_of(text);
  auto decoded = text.size() == 2 * key_bytes ? hex_decode(text) : base64_decode(text);
  if (decoded && decoded->size() == key_bytes) {
    SecretBytes key = SecretBytes::copy_of(*decoded);
    wipe(*decoded);
    return key;
  }
  if (decoded) wipe(*decoded);
  return invalid(fmt::format("seal \"static\": {}: the key must have 32 bytes, as they are, in hexadecimal or in base64", setting));
}

struct NamedKey {
  std::string id;
  crypto::GuardedKey key;
};

class StaticSeal final : public Seal {
 public:
  StaticSeal(NamedKey current, std::optional<NamedKey> previous) : current_(std::move(current)), previous_(std::move(previous)) {}
  [[nodiscard]] std::string_view type() const override { return "static"; }

  [[nodiscard]] Result<WrappedKey> wrap(const SecretBytes& root_key, std::string_view context) const override {
    return WrappedKey{current_.id, current_.key.with([&](std::span<const std::byte> key) {
                        return crypto::seal_box(key, context, root_key.reveal_text(), system_random());
                      })};
  }

  [[nodiscard]] Result<SecretBytes> unwrap(const WrappedKey& wrapped, std::string_view context) const override {
    const NamedKey* named = nullptr;
    if (wrapped.key_id == current_.id) named = &current_;
    if (!named && previous_ && wrapped.key_id == previous_->id) named = &*previous_;
    if (!named) {
      return invalid(fmt::format("seal \"static\": the data is sealed by the key {:?}, which is neither current_key_id nor previous_key_id",
                                 wrapped.key_id));
    }
    auto root_key = named->key.with([&](std::span<const std::byte> key) { return crypto::open_box(key, context, wrapped.sealed); });
    if (!root_key) return invalid(fmt::format("seal \"static\": the key {:?} is not the one that sealed this data", wrapped.key_id));
    return root_key;
  }

  [[nodiscard]] bool outdated(const WrappedKey& wrapped) const override { return wrapped.key_id != current_.id; }

 private:
  NamedKey current_;
  std::optional<NamedKey> previous_;
};

Result<NamedKey> named_key(const std::string& id, const std::string& source, const std::string& which) {
  if (id.empty()) return invalid(fmt::format("seal \"static\": {}_id is missing", which));
  if (source.empty()) return invalid(fmt::format("seal \"static\": {} is missing", which));
  const SecretBytes raw = TRY(read_secret_source(source, fmt::format("seal \"static\": {}", which)));
  return NamedKey{id, crypto::GuardedKey(TRY(parse_key(raw, which)))};
}

}  // namespace

Result<std::unique_ptr<Seal>> make_static_seal(const StaticSealConfig& config) {
  NamedKey current = TRY(named_key(config.current_key_id, config.current_key, "current_key"));
  std::optional<NamedKey> previous;
  if (!config.previous_key_id.empty() || !config.previous_key.empty()) {
    previous = TRY(named_key(config.previous_key_id, config.previous_key, "previous_key"));
    if (previous->id == current.id) return invalid("seal \"static\": current_key_id and previous_key_id must differ");
  }
  return std::make_unique<StaticSeal>(std::move(current), std::move(previous));
}

}  // namespace coffer::barrier
