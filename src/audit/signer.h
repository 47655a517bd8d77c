#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "audit/chain.h"

namespace coffer::audit {

// What a checkpoint's signature covers. The text that is signed is written out in checkpoint_text(): one line per field.
struct Checkpoint {
  std::string_view node, form, time;
  ChainHead head;              // of the record before the checkpoint's own
  std::uint64_t position = 0;  // highest commit position acknowledged so far
};

// The Ed25519 key (RFC 8032) that signs checkpoints; the key is derived from the seal's root, so that only an unsealed server can sign.
class Signer {
 public:
  static Result<std::unique_ptr<Signer>> make(const SecretBytes& seed);  // 32 bytes
  virtual ~Signer() = default;
  [[nodiscard]] virtual std::string sign(std::string_view text) const = 0;  // hex
  [[nodiscard]] virtual const std::string& public_key() const = 0;         // hex
};
// Whether `signature` (hex) is that key's (hex) over the text.
class Verifier {
 public:
  static Result<std::unique_ptr<Verifier>> make(std::string_view public_key);
  virtual ~Verifier() = default;
  [[nodiscard]] virtual bool verify(std::string_view text, std::string_view signature) const = 0;
};

[[nodiscard]] std::string checkpoint_text(const Checkpoint& checkpoint);
// The body (no closing brace) of a signed checkpoint record.
[[nodiscard]] std::string checkpoint_body(const Checkpoint& checkpoint, const Signer& signer);

}  // namespace coffer::audit
