#include "core/sys/mount_entry.h"

#include "base/brief.h"
#include "base/path.h"

namespace coffer::core {
namespace {

void encode_list(json::Writer& w, std::string_view key, const std::vector<std::string>& list) {
  if (list.empty()) return;
  w.key(key);
  schema::Codec<std::vector<std::string>>::encode(w, list);
}

Seconds seconds_of(const std::string& text) {
  const auto d = parse_duration(text);
  return d ? std::chrono::duration_cast<Seconds>(*d) : Seconds(0);
}

// Numbers, though they came as texts. A tuning shows them under names of their own, like Vault.
void encode_lockout(json::Writer& w, const LockoutConfig& c, bool tuning) {
  const auto name = [&](std::string_view own, std::string_view tuned) { return tuning ? tuned : own; };
  w.key(name("lockout_counter_reset", "user_lockout_counter_reset_duration")).integer(seconds_of(c.lockout_counter_reset).count());
  w.key(name("lockout_disable", "user_lockout_disable")).boolean(c.lockout_disable);
  w.key(name("lockout_duration", "user_lockout_duration")).integer(seconds_of(c.lockout_duration).count());
  w.key(name("lockout_threshold", "user_lockout_threshold")).integer(std::strtoll(c.lockout_threshold.c_str(), nullptr, 10));
}

Result<void> check_lockout(const LockoutConfig& c) {
  const std::string& threshold = c.lockout_threshold;
  if (threshold.size() > 9 || threshold.find_first_not_of("0123456789") != threshold.npos)
    return invalid("unable to parse user lockout threshold " + json::quoted(brief(threshold)) + ": it must be a whole number");
  for (const auto* text : {&c.lockout_duration, &c.lockout_counter_reset})
    if (TRY(parse_duration(*text)) < Duration(0)) return invalid("the user lockout's durations must not be negative");
  return {};
}

// Members that the config of a mount and its tune have in common.
void encode_shared(json::Writer& w, const MountEntry& e, bool tuning) {
  encode_list(w, "audit_non_hmac_request_keys", e.audit_non_hmac_request_keys);
  encode_list(w, "audit_non_hmac_response_keys", e.audit_non_hmac_response_keys);
  encode_list(w, "passthrough_request_headers", e.passthrough_request_headers);
  encode_list(w, "allowed_response_headers", e.allowed_response_headers);
  if (!e.listing_visibility.empty()) w.key("listing_visibility").string(e.listing_visibility);
  if (e.is_auth()) w.key("token_type").string(e.token_type.empty() ? std::string_view("default-service") : std::string_view(e.token_type));
  if (!e.user_lockout_config) return;
  if (!tuning) w.key("user_lockout_config").begin_object();
  encode_lockout(w, *e.user_lockout_config, tuning);
  if (!tuning) w.end_object();
}

void encode_options(json::Writer& w, const MountEntry& e) {
  w.key("options").begin_object();
  for (const auto& [key, value] : e.options) w.key(key).string(value);
  w.end_object();
}

Result<Seconds> read_ttl(const std::string& text, std::string_view name) {
  if (text == "system") return Seconds(0);
  const auto d = parse_duration(text);
  if (!d) return invalid("unable to parse " + std::string(name) + " TTL of " + text + ": " + d.error().message);
  if (*d < Duration(0)) return invalid(std::string(name) + " TTL must not be negative");
  return std::chrono::duration_cast<Seconds>(*d);
}

}  // namespace

Result<void> apply_config(MountEntry& e, const MountConfig& c) {
  // An empty text leaves a TTL as it is; "system" and 0 take it back.
  if (c.default_lease_ttl && !c.default_lease_ttl->empty()) e.default_lease_ttl = TRY(read_ttl(*c.default_lease_ttl, "default"));
  if (c.max_lease_ttl && !c.max_lease_ttl->empty()) e.max_lease_ttl = TRY(read_ttl(*c.max_lease_ttl, "max"));
  if (c.description) e.description = *c.description;
  if (c.listing_visibility) {
    if (!c.listing_visibility->empty() && *c.listing_visibility != "unauth" && *c.listing_visibility != "hidden") return invalid("invalid listing_visibility " + std::string(brief(*c.listing_visibility)));
    e.listing_visibility = *c.listing_visibility;
  }
  if (c.token_type) {
    bool known = c.token_type->empty();
    for (std::string_view type : {"default-service", "default-batch", "service", "batch"}) known = known || *c.token_type == type;
    if (!known) return invalid("invalid value for 'token_type'");
    if (!e.is_auth()) return invalid("'token_type' can only be modified on auth mounts");
    e.token_type = *c.token_type;
  }
  if (c.force_no_cache) e.force_no_cache = *c.force_no_cache;
  if (c.plugin_version) e.plugin_version = *c.plugin_version;
  if (c.audit_non_hmac_request_keys) e.audit_non_hmac_request_keys = *c.audit_non_hmac_request_keys;
  if (c.audit_non_hmac_response_keys) e.audit_non_hmac_response_keys = *c.audit_non_hmac_response_keys;
  if (c.passthrough_request_headers) e.passthrough_request_headers = *c.passthrough_request_headers;
  if (c.allowed_response_headers) e.allowed_response_headers = *c.allowed_response_headers;
  if (c.user_lockout_config) {
    LockoutConfig lockout = *c.user_lockout_config;
    if (!lockout.lockout_counter_reset_duration.empty()) lockout.lockout_counter_reset = std::exchange(lockout.lockout_counter_reset_duration, {});
    CHECK_OK(check_lockout(lockout));
    e.user_lockout_config = std::move(lockout);
  }
  if (c.options) {
    for (const auto& [key, value] : *c.options) e.options.insert_or_assign(key, value);
    e.has_options = true;
  }
  return {};
}

void encode_mount(json::Writer& w, const MountEntry& e, std::string_view extra_path) {
  const bool own = e.type == "system" || e.type == "identity" || e.type == "cubbyhole" || e.type == "token";
  const json::Writer::Public open(w);
  w.begin_object();
  w.key("type").string(e.type).key("description").string(e.description).key("accessor").string(e.accessor);
  w.key("local").boolean(e.local).key("seal_wrap").boolean(e.seal_wrap).key("external_entropy_access").boolean(e.external_entropy_access);
  if (e.has_options || !e.options.empty() || !own) encode_options(w, e);
  else w.key("options").null();
  w.key("uuid").string(e.uuid).key("plugin_version").string("").key("running_plugin_version").string("v1.18.5+builtin.vault").key("running_sha256").string("");
  if (!own) w.key("deprecation_status").string("supported");
  w.key("config").begin_object();
  w.key("default_lease_ttl").integer(e.default_lease_ttl.count()).key("max_lease_ttl").integer(e.max_lease_ttl.count()).key("force_no_cache").boolean(e.force_no_cache);
  encode_shared(w, e, false);
  w.end_object();
  if (!extra_path.empty()) w.key("path").string(extra_path);
  w.end_object();
}

void encode_tune(json::Writer& w, const Mount& mount) {
  const MountEntry& e = mount.entry;
  const json::Writer::Public open(w);
  w.begin_object();
  w.key("description").string(e.description).key("default_lease_ttl").integer(mount.info.default_ttl.count()).key("max_lease_ttl").integer(mount.info.max_ttl.count());
  w.key("force_no_cache").boolean(e.force_no_cache);
  if (!e.options.empty()) encode_options(w, e);
  encode_shared(w, e, true);
  w.end_object();
}

Result<std::string> mount_path(std::string_view given) {
  while (given.starts_with('/')) given.remove_prefix(1);
  while (given.ends_with('/')) given.remove_suffix(1);
  if (given.empty()) return invalid("mount path must not be empty");
  const auto path = TRY(CanonicalPath::from_decoded(given));
  if (given.front() == ' ' || given.back() == ' ') return invalid("mount path must not begin or end with a space");
  return path.str() + "/";
}

}  // namespace coffer::core
