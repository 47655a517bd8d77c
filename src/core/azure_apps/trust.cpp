#include "core/azure_apps/trust.h"

#include <algorithm>

#include "base/log.h"
#include "base/utf8.h"
#include "core/mounts.h"
#include "core/runtime.h"
#include "core/spaces.h"

namespace coffer::core {
namespace {

constexpr Seconds leeway{60};  // clocks differ; a token's end is its end all the same

std::unexpected<Error> refused() { return fail(Code::unauthenticated, "permission denied"); }

// Every record below `prefix` of mounts that are there, with its mount: visit(mount, name, text).
template <class Visit>
Result<void> each_record(const Snapshot& records, std::string_view prefix, const MountTable& mounts, Visit visit) {
  for (const auto& mount : mounts.all()) {
    if (mount->entry.type != "azure-apps") continue;
    const std::string folder = std::string(prefix) + mount->entry.uuid + "/";
    std::string after;
    for (;;) {
      const auto names = TRY(records.children(folder, '\0', after, 1000));
      for (const std::string& name : names)
        if (const auto text = TRY(records.get(folder + name))) CHECK_OK(visit(*mount, name, text->reveal_text()));
      if (names.size() < 1000) break;
      after = names.back();
    }
  }
  return {};
}

bool fits(const ClaimGrant& grant, const crypto::Claims& claims) {
  const auto& wanted = grant.values.items;
  return std::ranges::any_of(claims.texts(grant.claim),
                             [&](std::string_view value) { return std::ranges::find(wanted, value) != wanted.end(); });
}

// Who it is, in the words of the audit log: the first of these that is there.
std::string_view name_in(const crypto::Claims& claims) {
  for (const std::string_view name : {"preferred_username", "upn", "unique_name", "appid", "azp", "oid", "sub"})
    if (const std::string_view text = claims.text(name); !text.empty()) return utf8_prefix(text, 256);
  return {};
}

token::Record record(const Trust::Issuer& issuer, const crypto::Claims& claims, Time now) {
  token::Record out;
  out.kind = token::Kind::batch;
  out.path = issuer.mount_path + "bearer";
  const std::string_view name = name_in(claims);
  out.display_name = issuer.mount_path.substr(5, issuer.mount_path.size() - 6) + (name.empty() ? "" : "-") + std::string(name);
  for (const ClaimGrant& grant : issuer.grants)
    if (fits(grant, claims)) out.policies.insert(out.policies.end(), grant.token_policies.items.begin(), grant.token_policies.items.end());
  std::ranges::sort(out.policies);
  out.policies.erase(std::ranges::unique(out.policies).begin(), out.policies.end());
  for (const std::string_view claim : {"iss", "tid", "oid", "appid", "azp", "sub"})
    if (const std::string_view text = claims.text(claim); !text.empty()) out.meta.emplace_back(claim, utf8_prefix(text, 512));
  out.mount_accessor = issuer.mount_accessor;
  out.orphan = true;
  out.renewable = false;
  out.creation = claims.time("iat").value_or(now);
  out.expire = claims.time("exp").value_or(now);
  out.ttl = out.creation_ttl = out.explicit_max_ttl = std::chrono::floor<Seconds>(out.expire - out.creation);
  return out;
}

}  // namespace

std::string issuer_key(std::string_view mount, std::string_view name) {
  return std::string("issuer/").append(mount).append("/").append(name);
}
std::string grant_key(std::string_view mount, std::string_view name) {
  return std::string("grant/").append(mount).append("/").append(name);
}

Result<std::shared_ptr<const Trust>> Trust::load(const Snapshot& records, const MountTable& mounts) {
  auto out = std::make_shared<Trust>();
  std::vector<std::string> names;  // of out->issuers_, in the same order
  CHECK_OK(each_record(records, "issuer/", mounts, [&](const Mount& mount, const std::string& name, std::string_view text) -> Result<void> {
    const TrustedIssuer stored = TRY(schema::from_json<TrustedIssuer>(text));
    auto keys = crypto::VerificationKeys::load(stored.public_keys, stored.jwks);
    if (!keys) {
      log::error("the keys of the trusted issuer {} cannot be read: its tokens are refused", name);
      return {};
    }
    names.push_back(name);
    out->issuers_.push_back(
        {mount.entry.uuid, mount.entry.path, mount.entry.accessor, stored.issuer, stored.bound_audiences.items, {}, *std::move(keys)});
    return {};
  }));
  CHECK_OK(each_record(records, "grant/", mounts, [&](const Mount& mount, const std::string&, std::string_view text) -> Result<void> {
    const ClaimGrant grant = TRY(schema::from_json<ClaimGrant>(text));
    for (std::size_t i = 0; i < names.size(); ++i)
      if (out->issuers_[i].mount == mount.entry.uuid && names[i] == grant.issuer) out->issuers_[i].grants.push_back(grant);
    return {};
  }));
  return std::shared_ptr<const Trust>(std::move(out));
}

std::optional<crypto::Claims> Trust::signed_by_issuer_of(std::string_view mount, std::string_view token, Time now) const {
  const auto unread = crypto::Claims::unverified(token);
  if (!unread) return std::nullopt;
  for (const Issuer& issuer : issuers_) {
    if (issuer.mount != mount || issuer.issuer != unread->text("iss")) continue;
    const auto payload = issuer.keys.verify(token, now);
    if (!payload) continue;
    if (auto claims = crypto::Claims::parse(*payload)) return *std::move(claims);
  }
  return std::nullopt;
}

Result<token::Record> Trust::record_of(std::string_view token, Time now) const {
  const auto unread = crypto::Claims::unverified(token);
  if (!unread) return refused();
  for (const Issuer& issuer : issuers_) {
    if (issuer.audiences.empty() || issuer.issuer != unread->text("iss")) continue;
    const auto payload = issuer.keys.verify(token, now);
    const auto claims = payload ? crypto::Claims::parse(*payload) : Result<crypto::Claims>(std::unexpected(payload.error()));
    if (!claims || claims->at(now, leeway) != crypto::Claims::Span::within) continue;
    const bool for_us = std::ranges::any_of(claims->texts("aud"), [&](std::string_view audience) {
      return std::ranges::find(issuer.audiences, audience) != issuer.audiences.end();
    });
    if (!for_us) continue;
    token::Record out = record(issuer, *claims, now);
    if (out.expired(now)) continue;
    return out;
  }
  return refused();
}

bool is_signed_token(std::string_view text) { return text.starts_with("eyJ") && std::ranges::count(text, '.') == 2; }

Result<void> forget_trust(Runtime& runtime, std::string_view mount) {
  for (bool more = true; more;) {
    auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
      Transaction& records = spaces.write(trust_space(root_tenant));
      more = false;
      for (const std::string& folder : {issuer_key(mount, ""), grant_key(mount, "")}) {
        const auto names = TRY(records.children(folder, '\0', "", 500));
        for (const std::string& name : names) records.erase(folder + name);
        more = more || names.size() == 500;
      }
      return {};
    });
    if (!done) return std::unexpected(std::move(done).error());
  }
  return {};
}

}  // namespace coffer::core
