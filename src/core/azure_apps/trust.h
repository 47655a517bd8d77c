#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "core/azure_apps/requests.h"
#include "crypto/claims.h"
#include "crypto/jws.h"
#include "storage/view.h"
#include "token/record.h"

// Issuers that are trusted, one key space per tenant, so that tokens can be judged before the request's mount is known:
//   issuer/<uuid of the mount>/<name>    a TrustedIssuer
//   grant/<uuid of the mount>/<name>     a ClaimGrant
namespace coffer::core {

class MountTable;
class Runtime;

[[nodiscard]] inline KeySpace trust_space(TenantId tenant) { return core_space(tenant, "azure-apps"); }
[[nodiscard]] std::string issuer_key(std::string_view mount, std::string_view name);
[[nodiscard]] std::string grant_key(std::string_view mount, std::string_view name);

// All that is trusted, its keys loaded. Immutable; safe from any thread.
class Trust {
 public:
  struct Issuer {
    std::string mount;  // uuid
    std::string mount_path, mount_accessor;
    std::string issuer;
    std::vector<std::string> audiences;  // of bearer tokens; empty: its tokens are none
    std::vector<ClaimGrant> grants;
    crypto::VerificationKeys keys;
  };
  static Result<std::shared_ptr<const Trust>> load(const Snapshot& records, const MountTable& mounts);
  [[nodiscard]] bool empty() const { return issuers_.empty(); }
  // The claims of a token that an issuer of this mount has signed, whatever they say beside; nothing where none has.
  [[nodiscard]] std::optional<crypto::Claims> signed_by_issuer_of(std::string_view mount, std::string_view token, Time now) const;
  // What a bearer token stands for: a token of this server that is nowhere stored, with the policies that grants give, good until the bearer's end. Its id is
  // still to be set. Code::unauthenticated where it is none, or no longer.
  [[nodiscard]] Result<token::Record> record_of(std::string_view token, Time now) const;

 private:
  std::vector<Issuer> issuers_;
};

// Whether a text has the form of a signed token.
[[nodiscard]] bool is_signed_token(std::string_view text);
// What a mount that is gone trusted.
[[nodiscard]] Result<void> forget_trust(Runtime& runtime, std::string_view mount);

}  // namespace coffer::core
