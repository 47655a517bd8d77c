#pragma once
#include <string>

#include "cli/commands/common.h"

namespace coffer::cli {

// Where a KV command acts: the mount that the server names for the path (sys/internal/ui/mounts), and the name of the secret in it.
struct KvTarget {
  std::string mount;  // with its trailing slash; "" on servers without the probe
  std::string path;   // mount and name, as the user gave them joined
  bool v2 = false;
  // The path of the API: "secret/data/app" for the area "data" of a v2 mount; the plain path of a v1 mount.
  [[nodiscard]] std::string api(std::string_view area) const;
  // The name without the mount.
  [[nodiscard]] std::string name() const;
};

// Asks the server for the mount of `argument`, or of -mount with the argument as the name in it.
[[nodiscard]] Expected<KvTarget> kv_target(Context& context, Client& client, std::string_view argument);
[[nodiscard]] Expected<KvTarget> kv_target_at(Client& client, std::string_view mount_flag, std::string_view argument);
// Reads a secret; a 404 that carries data or warnings is an answer (the metadata of a deleted version).
[[nodiscard]] Reply<MaybeAnswer> kv_read(Client& client, const std::string& api_path, std::int64_t version = 0);
// "=== Title ===" over the path, as Vault heads the output for a v2 secret.
void print_path_header(Context& context, const std::string& path, std::string_view title);
// What a write to a v2 mount answers: path header and metadata in table form.
[[nodiscard]] Expected<int> output_version_written(Context& context, Reply<MaybeAnswer> reply, const std::string& path, bool v2);
[[nodiscard]] FlagSpec kv_mount_flag();

}  // namespace coffer::cli
