#include "engines/kv/kv2.h"

// Names of secrets and folders.
namespace coffer::kv {
namespace {

// A list with the metadata of each secret beside it (OpenBao's detailed-metadata).
Result<schema::Keys> with_details(const Snapshot& view, Time now, std::string_view folder, bool deep, const schema::Page& page) {
  schema::Keys out{TRY(list(view, folder, deep, page)), ""};
  if (out.keys.empty()) return out;
  json::Writer info(out.key_info);
  info.begin_object();
  for (const std::string& key : out.keys) {
    if (key.ends_with('/')) continue;
    std::string name(folder);
    if (!name.empty()) name.push_back('/');
    name += key;
    const auto object = TRY(load(view, name, now));
    if (!object) continue;
    info.key(key);
    schema::encode(info, TRY(describe_object(view, name, object->object)));
  }
  info.end_object();
  return out;
}

}  // namespace

Result<schema::Keys> Kv2::list_metadata(const Caller&, const Snapshot& view, const ListFolder& in) {
  return schema::Keys{TRY(list(view, in.path, false, in.page)), ""};
}
Result<schema::Keys> Kv2::scan_metadata(const Caller&, const Snapshot& view, const ListFolder& in) {
  return schema::Keys{TRY(list(view, in.path, true, in.page)), ""};
}
Result<schema::Keys> Kv2::list_detailed(const Caller& caller, const Snapshot& view, const ListFolder& in) {
  return with_details(view, caller.now, in.path, false, in.page);
}
Result<schema::Keys> Kv2::scan_detailed(const Caller& caller, const Snapshot& view, const ListFolder& in) {
  return with_details(view, caller.now, in.path, true, in.page);
}

}  // namespace coffer::kv
