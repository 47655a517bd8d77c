// A stored record: any bytes are refused without harm, and what the barrier made opens only where it belongs.
#include <cstdint>
#include <cstdlib>

#include "barrier/keyring_barrier.h"
#include "base/encoding.h"

using namespace coffer;

namespace {

barrier::KeyringBarrier& open_barrier() {
  static barrier::KeyringBarrier barrier;
  static const bool ready = [] {
    auto keyring = barrier::make_keyring(Time{}, system_random());
    keyring.add_term(Time{}, system_random());
    keyring.terms.back().encryptions = ~0ULL;
    barrier.install(std::make_shared<const barrier::Keyring>(std::move(keyring)), 0);
    return true;
  }();
  if (!ready) std::abort();
  return barrier;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto& barrier = open_barrier();
  const std::string_view input = as_text(std::as_bytes(std::span(data, size)));
  const std::string_view key = input.substr(0, size / 3);
  const std::string_view rest = input.substr(size / 3);
  if (barrier.decrypt(root_tenant, key, rest)) std::abort();  // nobody else has the key

  const auto stored = barrier.encrypt(root_tenant, key, rest);
  if (!stored) std::abort();
  const auto opened = barrier.decrypt(root_tenant, key, *stored);
  if (!opened || opened->reveal_text() != rest) std::abort();
  std::string changed = *stored;
  const std::size_t at = size == 0 ? 0 : data[0] * changed.size() / 256;
  changed[at] = static_cast<char>(changed[at] ^ (1 << (size % 8)));
  if (barrier.decrypt(root_tenant, key, changed)) std::abort();
  if (barrier.decrypt(root_tenant, std::string(key) + "x", *stored)) std::abort();
  return 0;
}
