#include "crypto/kdf.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/must.h"

namespace coffer::crypto {

SecretBytes hkdf_sha256(std::span<const std::byte> key, std::string_view salt, std::string_view info, std::size_t size) {
  must(size <= 255 * sizeof(Digest256), "HKDF: size");
  const Digest256 no_salt{};
  Digest256 extracted = HmacSha256(salt.empty() ? std::span<const std::byte>(no_salt) : as_bytes(salt)).mac(coffer::as_text(key));
  const HmacSha256 expand(extracted);
  wipe(extracted.data(), extracted.size());
  SecretBytes out(size);
  Digest256 block{};
  std::size_t done = 0;
  for (unsigned counter = 1; done < size; ++counter) {
    const char number = static_cast<char>(counter);
    const std::string_view former = counter == 1 ? std::string_view() : as_text(block);
    block = expand.mac({former, info, std::string_view(&number, 1)});
    const std::size_t take = std::min(block.size(), size - done);
    std::memcpy(out.writable().data() + done, block.data(), take);
    done += take;
  }
  wipe(block.data(), block.size());
  return out;
}

}  // namespace coffer::crypto
