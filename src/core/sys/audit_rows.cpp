#include "core/sys/audit_rows.h"

#include "base/encoding.h"
#include "schema/field.h"

namespace coffer::core {
namespace {
struct AuditRow {
  std::string path, type, description;
  bool local = false;
  schema::StringMap options;
  static constexpr auto fields() {
    using T = AuditRow;
    using schema::field;
    return schema::Fields{field<&T::path>("path", ""), field<&T::type>("type", ""), field<&T::description>("description", ""), field<&T::local>("local", ""),
                      field<&T::options>("options", "")};
  }
};
std::string key_of(std::string_view path) { return "audit/" + hex_encode(path); }
}  // namespace

Result<std::vector<audit::DeviceOptions>> read_audit_rows(const Snapshot& sys) {
  std::vector<audit::DeviceOptions> out;
  for (const std::string& name : TRY(sys.children("audit/", '\0', "", 1000))) {
    const auto text = TRY(sys.get("audit/" + name));
    if (!text) continue;
    AuditRow row = TRY(schema::from_json<AuditRow>(text->reveal_text()));
    out.push_back({row.path, row.type, row.description, row.local, {row.options.begin(), row.options.end()}});
  }
  return out;
}

Result<void> write_audit_row(Transaction& sys, const audit::DeviceOptions& d) {
  return sys.put(key_of(d.path), schema::to_json(AuditRow{d.path, d.type, d.description, d.local, {d.options.begin(), d.options.end()}}));
}

void erase_audit_row(Transaction& sys, std::string_view path) { sys.erase(key_of(path)); }

}  // namespace coffer::core
