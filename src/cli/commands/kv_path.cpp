#include "cli/commands/kv_path.h"

#include <fmt/format.h>

namespace coffer::cli {

std::string KvTarget::name() const {
  const std::string bare = trim_slashes(mount);
  if (path == bare || bare.empty()) return bare.empty() ? path : std::string();
  if (path.starts_with(mount)) return path.substr(mount.size());
  // The server names the mount with the namespace in front, which the user's path leaves out: drop leading segments until it fits.
  std::string_view rest = bare;
  while (true) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return path;
    rest.remove_prefix(slash + 1);
    if (path == rest) return {};
    if (path.starts_with(std::string(rest) + "/")) return path.substr(rest.size() + 1);
  }
}

std::string KvTarget::api(std::string_view area) const {
  if (!v2) return path;
  const std::string rest = name();
  const std::string front = path.substr(0, path.size() - rest.size());
  return join_path(join_path(front.empty() ? mount : front, area), rest);
}

Expected<KvTarget> kv_target_at(Client& client, std::string_view mount_flag, std::string_view argument) {
  const bool by_flag = !mount_flag.empty();
  const std::string asked = by_flag ? trim_slashes(mount_flag) : trim_slashes(argument);
  const bool previews = client.preview() != Preview::none;
  KvTarget target;
  const Client::Plain plain(client);
  Reply<MaybeAnswer> answer = client.read("sys/internal/ui/mounts/" + asked);
  if (!answer) {
    RequestError error = std::move(answer).error();
    if (previews && error.status == 403)
      error.text = fmt::format("The KV version of {} must be asked for before the request can be shown, and your token may not read it: run the command "
                               "again with a token that may.",
                               asked);
    if (error.denial) error.denial = Denial{"", asked};
    return std::unexpected(failed("", std::move(error)));
  }
  if (*answer) {  // servers without the probe answer 404: they have KV version 1
    const json::Value data = payload(**answer);
    target.mount = text_of(data, "path");
    target.v2 = text_of(member_of(data, "options"), "version") == "2";
  }
  if (!by_flag) target.path = asked;
  else target.path = join_path(target.mount.empty() ? asked : target.mount, argument);
  return target;
}

Expected<KvTarget> kv_target(Context& context, Client& client, std::string_view argument) {
  return kv_target_at(client, context.flags.text("mount"), argument);
}

Reply<MaybeAnswer> kv_read(Client& client, const std::string& api_path, std::int64_t version) {
  Query query;
  if (version > 0) query.emplace_back("version", std::to_string(version));
  return client.read(api_path, query);
}

void print_path_header(Context& context, const std::string& path, std::string_view title) {
  context.console.line(equals_header(title, path.size()));
  context.console.line(path);
  context.console.line("");
}

Expected<int> output_version_written(Context& context, Reply<MaybeAnswer> reply, const std::string& path, bool v2) {
  const bool plain = v2 && reply && *reply && context.is_table() && context.field().empty() && !(*reply)->is_wrapped();
  if (!plain) return output_written(context, std::move(reply), path);
  print_warnings(context, **reply);
  print_path_header(context, path, "Secret Path");
  const json::Value metadata = (*reply)->data();
  context.console.line(header_for("Metadata", metadata));
  return output_value(context, metadata);
}

FlagSpec kv_mount_flag() {
  return {"mount", FlagKind::text,
          "Where the KV engine is mounted; the argument is then the secret's name in it. Without the flag the argument begins with the mount."};
}

}  // namespace coffer::cli
