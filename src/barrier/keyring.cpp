#include "barrier/keyring.h"

#include <set>

#include "crypto/aead.h"

namespace coffer::barrier {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t wrapped_bytes = 12 + key_bytes + 16;
constexpr std::size_t check_bytes = 32;
constexpr std::uint8_t format = 1;
constexpr std::size_t term_bytes = 4 + key_bytes + 8 + 8;
constexpr std::size_t data_key_bytes = 4 + 4 + 4 + wrapped_bytes;

SharedKey make_key(Random& random) {
  return std::make_shared<const crypto::GuardedKey>(crypto::random_secret(key_bytes, random));
}

std::string data_key_context(TenantId tenant, std::uint32_t term) {
  std::string out = "coffer data key";
  for (const std::uint32_t number : {tenant.value, term}) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((number >> shift) & 0xff));
  }
  return out;
}

std::string wrap(const Term& term, TenantId tenant, std::uint32_t of_term, const SecretBytes& key, Random& random) {
  return term.key->with([&](std::span<const std::byte> secret) {
    return crypto::seal_box(secret, data_key_context(tenant, of_term), key.reveal_text(), random);
  });
}

// Big-endian numbers and plain bytes into a block of the right size.
class Writer {
 public:
  explicit Writer(SecretBytes& out) : rest_(out.writable()) {}
  template <class T>
  void number(T value) {
    for (std::size_t i = sizeof(T); i-- > 0;) put(static_cast<std::byte>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff));
  }
  void bytes(std::span<const std::byte> data) {
    if (!data.empty()) std::memcpy(rest_.data(), data.data(), data.size());
    rest_ = rest_.subspan(data.size());
  }
  void bytes(std::string_view text) { bytes(std::as_bytes(std::span(text))); }
  void key(const SharedKey& key) {
    key->with([this](std::span<const std::byte> secret) { bytes(secret); });
  }

 private:
  void put(std::byte b) {
    rest_[0] = b;
    rest_ = rest_.subspan(1);
  }
  std::span<std::byte> rest_;
};

// The other way; after a read past the end everything is zero and `ok` is false.
class Reader {
 public:
  explicit Reader(std::string_view in) : rest_(in) {}
  template <class T>
  T number() {
    std::uint64_t value = 0;
    for (const char c : bytes(sizeof(T))) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<T>(value);
  }
  std::string_view bytes(std::size_t size) {
    if (rest_.size() < size) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  SharedKey key() { return std::make_shared<const crypto::GuardedKey>(std::as_bytes(std::span(bytes(key_bytes)))); }
  // Whether `count` items of `size` bytes can still come: checked before anything is made for them.
  bool expect(std::size_t count, std::size_t size) { return ok_ = ok_ && count <= rest_.size() / size; }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

Result<void> check(const Keyring& keyring) {
  if (keyring.terms.empty()) return fail(Code::corrupt, "the keyring holds no term");
  for (std::size_t i = 1; i < keyring.terms.size(); ++i) {
    if (keyring.terms[i - 1].number >= keyring.terms[i].number) return fail(Code::corrupt, "the keyring's terms are out of order");
  }
  for (const auto& [id, key] : keyring.data_keys) {
    if (!keyring.find_term(key.wrapped_by)) return fail(Code::corrupt, "the keyring lacks the key of a namespace's key");
  }
  return {};
}

}  // namespace

const Term* Keyring::find_term(std::uint32_t number) const {
  for (const auto& term : terms) {
    if (term.number == number) return &term;
  }
  return nullptr;
}

Result<SecretBytes> Keyring::data_key(TenantId tenant, std::uint32_t term) const {
  const auto found = data_keys.find({tenant, term});
  const Term* by = found == data_keys.end() ? nullptr : find_term(found->second.wrapped_by);
  if (!by) return fail(Code::corrupt, "the keyring holds no key for this namespace and term");
  return by->key->with(
      [&](std::span<const std::byte> secret) { return crypto::open_box(secret, data_key_context(tenant, term), found->second.wrapped); });
}

void Keyring::add_term(Time now, Random& random) {
  std::set<TenantId> tenants;
  for (const auto& [id, key] : data_keys) tenants.insert(id.first);
  terms.push_back({terms.empty() ? 1 : active().number + 1, make_key(random), now, 0});
  for (const TenantId tenant : tenants) add_namespace(tenant, random);
}

void Keyring::add_namespace(TenantId tenant, Random& random) {
  const std::uint32_t term = active().number;
  if (data_keys.contains({tenant, term})) return;
  data_keys[{tenant, term}] = {term, wrap(active(), tenant, term, crypto::random_secret(key_bytes, random), random)};
}

Result<void> Keyring::destroy_namespace(TenantId tenant, Time now, Random& random) {
  std::erase_if(data_keys, [tenant](const auto& entry) { return entry.first.first == tenant; });
  add_term(now, random);
  const Term& fresh = active();
  for (auto& [id, key] : data_keys) {
    if (key.wrapped_by == fresh.number) continue;
    const SecretBytes opened = TRY(data_key(id.first, id.second));
    key = {fresh.number, wrap(fresh, id.first, id.second, opened, random)};
  }
  terms.erase(terms.begin(), terms.end() - 1);
  return {};
}

Keyring make_keyring(Time now, Random& random) {
  Keyring keyring;
  keyring.file_key = make_key(random);
  keyring.derivation = make_key(random);
  keyring.add_term(now, random);
  keyring.add_namespace(root_tenant, random);
  return keyring;
}

SecretBytes encode(const Keyring& keyring) {
  SecretBytes out(1 + 8 * 4 + 1 + 2 * key_bytes + 1 + keyring.recovery_check.size() + 4 + keyring.terms.size() * term_bytes + 4 +
                  keyring.data_keys.size() * data_key_bytes);
  Writer writer(out);
  writer.number(format);
  writer.number(keyring.counter);
  writer.number(keyring.confirmed);
  writer.number(keyring.rotation.max_operations);
  writer.number(keyring.rotation.interval.count());
  writer.number(static_cast<std::uint8_t>(keyring.rotation.enabled ? 1 : 0));
  writer.key(keyring.file_key);
  writer.key(keyring.derivation);
  writer.number(static_cast<std::uint8_t>(keyring.recovery_check.size()));
  writer.bytes(keyring.recovery_check);
  writer.number(static_cast<std::uint32_t>(keyring.terms.size()));
  for (const auto& term : keyring.terms) {
    writer.number(term.number);
    writer.key(term.key);
    writer.number(term.installed.time_since_epoch().count());
    writer.number(term.encryptions);
  }
  writer.number(static_cast<std::uint32_t>(keyring.data_keys.size()));
  for (const auto& [id, key] : keyring.data_keys) {
    writer.number(id.first.value);
    writer.number(id.second);
    writer.number(key.wrapped_by);
    writer.bytes(key.wrapped);
  }
  return out;
}

Result<Keyring> decode_keyring(std::string_view bytes) {
  Reader reader(bytes);
  if (reader.number<std::uint8_t>() != format) return fail(Code::corrupt, "the keyring has a format that this version does not know");
  Keyring keyring;
  keyring.counter = reader.number<std::uint64_t>();
  keyring.confirmed = reader.number<std::uint64_t>();
  keyring.rotation.max_operations = reader.number<std::uint64_t>();
  keyring.rotation.interval = Seconds(reader.number<Seconds::rep>());
  keyring.rotation.enabled = reader.number<std::uint8_t>() != 0;
  if (!reader.expect(2, key_bytes)) return fail(Code::corrupt, "the keyring is cut short");
  keyring.file_key = reader.key();
  keyring.derivation = reader.key();
  const auto check_size = reader.number<std::uint8_t>();
  if (check_size != 0 && check_size != check_bytes) return fail(Code::corrupt, "the keyring's recovery check has a wrong length");
  keyring.recovery_check = reader.bytes(check_size);
  const auto terms = reader.number<std::uint32_t>();
  if (!reader.expect(terms, term_bytes)) return fail(Code::corrupt, "the keyring is cut short");
  for (std::uint32_t i = 0; i < terms; ++i) {
    Term term;
    term.number = reader.number<std::uint32_t>();
    term.key = reader.key();
    term.installed = Time(Duration(reader.number<Duration::rep>()));
    term.encryptions = reader.number<std::uint64_t>();
    keyring.terms.push_back(std::move(term));
  }
  const auto data_keys = reader.number<std::uint32_t>();
  if (!reader.expect(data_keys, data_key_bytes)) return fail(Code::corrupt, "the keyring is cut short");
  for (std::uint32_t i = 0; i < data_keys; ++i) {
    const TenantId tenant{reader.number<std::uint32_t>()};
    const auto term = reader.number<std::uint32_t>();
    DataKey& key = keyring.data_keys[{tenant, term}];
    key.wrapped_by = reader.number<std::uint32_t>();
    key.wrapped = reader.bytes(wrapped_bytes);
  }
  if (!reader.done()) return fail(Code::corrupt, "the keyring has a wrong length");
  CHECK_OK(check(keyring));
  return keyring;
}

}  // namespace coffer::barrier
