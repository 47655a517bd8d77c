#include "core/sys/mount_rows.h"

#include "base/encoding.h"
#include "base/log.h"
#include "core/access_keys/store.h"
#include "core/azure_apps/trust.h"
#include "core/revoke.h"
#include "core/sys/audit_rows.h"

namespace coffer::core {

Result<std::vector<MountEntry>> read_mount_rows(const Snapshot& sys) {
  std::vector<MountEntry> out;
  std::string after;
  for (;;) {
    const auto names = TRY(sys.children("mount/", '\0', after, 1000));
    for (const std::string& name : names)
      if (const auto text = TRY(sys.get("mount/" + name))) out.push_back(TRY(schema::from_json<MountEntry>(text->reveal_text())));
    if (names.size() < 1000) return out;
    after = names.back();
  }
}

Result<void> write_mount_row(Transaction& sys, const MountEntry& entry) { return sys.put("mount/" + entry.uuid, schema::to_json(entry)); }

void stamp_mount(MountEntry& entry, Random& random) {
  entry.uuid = make_uuid(random);
  std::array<std::byte, 4> bytes{};
  random.fill(bytes);
  entry.accessor = (entry.is_auth() ? "auth_" : "") + entry.type + "_" + hex_encode(as_text(bytes));
}

Result<void> finish_disable(Runtime& runtime, const std::string& uuid, const std::string& path) {
  // Tokens of an auth mount, by the leases below its path.
  if (path.starts_with("auth/"))
    for (;;) {
      const auto view = runtime.snapshot();
      const auto tokens = runtime.view(*view, token::space(root_tenant));
      const auto leases = TRY(tokens->children("lease/" + path, '\0', "", 200));
      for (const std::string& lease : leases)
        if (const auto record = TRY(token::find_by_lease(*tokens, path + lease))) CHECK_OK(revoke_tree(runtime, record->id));
      if (leases.size() < 200) break;
    }
  CHECK_OK(forget_access_keys(runtime, uuid));
  CHECK_OK(forget_trust(runtime, uuid));
  const KeySpace space{root_tenant, TRY(parse_mount_id(uuid))};
  for (bool more = true; more;) {
    auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
      Transaction& data = spaces.write(space);
      const auto names = TRY(data.children("", '\0', "", 1000));
      for (const std::string& name : names) data.erase(name);
      more = names.size() == 1000;
      if (!more) spaces.write(sys_space(root_tenant)).erase("doomed/" + uuid);
      return {};
    });
    if (!done) return std::unexpected(std::move(done).error());
  }
  return {};
}

Result<void> finish_doomed(Runtime& runtime) {
  const auto view = runtime.snapshot();
  const auto sys = runtime.view(*view, sys_space(root_tenant));
  for (const std::string& uuid : TRY(sys->children("doomed/", '\0', "", 100)))
    if (const auto path = TRY(sys->get("doomed/" + uuid))) CHECK_OK(finish_disable(runtime, uuid, std::string(path->reveal_text())));
  return {};
}

Result<SecretBytes> make_root_token(RequestSpaces& spaces, Runtime& runtime, SecretBytes given) {
  token::NewToken wanted;
  wanted.given_id = std::move(given);
  wanted.root_form = true;
  token::Record& t = wanted.record;
  t.path = "auth/token/root";
  t.display_name = "root";
  t.policies = {"root"};
  t.orphan = true;
  t.renewable = false;
  t.creation = runtime.clock().now();
  auto issued = TRY(token::create(spaces.write(token::space(root_tenant)), runtime.keys(), std::move(wanted), runtime.random()));
  return std::move(issued.token);
}

Result<void> enable_stored_audit_devices(Runtime& runtime, audit::Broker& audit) {
  const auto view = runtime.snapshot();
  const auto sys = runtime.view(*view, sys_space(root_tenant));
  for (const auto& device : TRY(read_audit_rows(*sys)))
    if (auto enabled = audit.enable(device, false); !enabled)
      return fail(Code::internal, "audit device " + device.path + " cannot be opened: " + enabled.error().message);
  return {};
}

}  // namespace coffer::core
