#include "barrier/seal/static_seal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "crypto/guarded_key.h"

namespace coffer::barrier {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t largest_file = 4096;

// A file of at most a few hundred bytes: a key in one of its forms, maybe with a line end.
Result<SecretBytes> read_key_file(const std::string& path, std::string_view setting) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return invalid(fmt::format("seal \"static\": {}: the key file cannot be opened: {}", setting, std::strerror(errno)));
  SecretBytes buffer(largest_file);
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < largest_file && (got = ::read(fd, buffer.writable().data() + size, largest_file - size)) > 0) size += static_cast<std::size_t>(got);
  struct stat info {};
  const bool open_to_all = ::fstat(fd, &info) == 0 && (info.st_mode & S_IROTH) != 0;
  ::close(fd);
  if (got < 0) return invalid(fmt::format("seal \"static\": {}: the key file cannot be read", setting));
  if (size == largest_file) return invalid(fmt::format("seal \"static\": {}: the key file is too long for a key", setting));
  if (open_to_all) log::warn("seal \"static\": {}: every user of this machine can read the key file; give it mode 0400", setting);
  return SecretBytes::copy_of(buffer.reveal().first(size));
}

Result<SecretBytes> read_source(std::string_view value, std::string_view setting) {
  const auto after = [value](std::string_view scheme) { return std::string(value.substr(scheme.size())); };
  if (value.starts_with("file://")) return read_key_file(after("file://"), setting);
  if (value.starts_with("env://")) {
    const char* text = std::getenv(after("env://").c_str());
    if (!text) return invalid(fmt::format("seal \"static\": {}: the environment variable that it names is not set", setting));
    return SecretBytes::copy_of(std::string_view(text));
  }
  if (value.starts_with("credential://")) {
    const std::string name = after("credential://");
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (!folder) return invalid(fmt::format("seal \"static\": {}: there is no $CREDENTIALS_DIRECTORY; use LoadCredential= in the unit", setting));
    if (name.empty() || name.find('/') != std::string::npos) return invalid(fmt::format("seal \"static\": {}: not a credential's name", setting));
    return read_key_file(std::string(folder) + "/" + name, setting);
  }
  return SecretBytes::copy_of(value);
}

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
  const SecretBytes raw = TRY(read_source(source, which));
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
