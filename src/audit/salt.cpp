#include "audit/audit.h"
#include "audit/sha256.h"

namespace coffer::audit {

namespace {
constexpr std::uint32_t block = 64;
using State = std::array<std::uint32_t, 8>;

// The state of SHA-256 after one block of the key under `pad` (RFC 2104).
State keyed_state(const std::array<std::uint8_t, block>& key, std::uint8_t pad) {
  std::array<char, block> bytes;
  for (std::size_t i = 0; i < block; ++i) bytes[i] = static_cast<char>(key[i] ^ pad);
  Sha256 hash;
  hash.update({bytes.data(), bytes.size()});
  const State state = hash.state();
  hash.wipe();
  wipe(bytes.data(), bytes.size());
  return state;
}
}  // namespace

// Both keyed states under a sequence lock, so that the key can change while others hash: readers take a copy and look again
// whether the version moved. All words are atomic; nothing waits but in the moment of a change.
struct Salt::Impl {
  std::atomic<std::uint32_t> version{0};
  std::array<std::atomic<std::uint32_t>, 8> inner{}, outer{};

  void read(State& in, State& out) const {
    for (;;) {
      const auto before = version.load(std::memory_order_acquire);
      if ((before & 1) != 0) continue;
      for (std::size_t i = 0; i < 8; ++i) in[i] = inner[i].load(std::memory_order_acquire);
      for (std::size_t i = 0; i < 8; ++i) out[i] = outer[i].load(std::memory_order_acquire);
      if (version.load(std::memory_order_relaxed) == before) return;
    }
  }
  void write(const State& in, const State& out) {
    version.fetch_add(1);
    for (std::size_t i = 0; i < 8; ++i) inner[i].store(in[i]);
    for (std::size_t i = 0; i < 8; ++i) outer[i].store(out[i]);
    version.fetch_add(1);
  }
};

Salt::Salt(SecretBytes key) : impl_(std::make_unique<Impl>()) { rekey(std::move(key)); }
Salt::~Salt() { impl_->write({}, {}); }

void Salt::rekey(SecretBytes key) {
  std::array<std::uint8_t, block> padded{};
  if (key.size() > block) {
    const Digest digest = sha256(key.reveal_text());
    std::copy(digest.begin(), digest.end(), padded.begin());
  } else if (!key.empty()) {
    std::memcpy(padded.data(), key.reveal().data(), key.size());
  }
  impl_->write(keyed_state(padded, 0x36), keyed_state(padded, 0x5c));
  wipe(padded.data(), padded.size());
}

void Salt::append_redacted(std::string_view scalar, std::string& out) {
  State inner, outer;
  impl_->read(inner, outer);
  const Digest digest = Sha256(inner, block).update(scalar).finish();
  out.append("hmac-sha256:");
  append_hex(out, Sha256(outer, block).update(digest).finish());
}

std::string Salt::redacted(std::string_view scalar) {
  std::string out;
  append_redacted(scalar, out);
  return out;
}

}  // namespace coffer::audit
