#include "cli/friendly/store.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace coffer::cli {
namespace {

bool is_conflict(const RequestError& error) {
  return error.status == 400 && error.mentions("check-and-set parameter did not match");
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

SecretVersion version_of(json::Value metadata) {
  SecretVersion out;
  out.number = member_of(metadata, "version").as_int().value_or(0);
  out.created = text_of(metadata, "created_time");
  out.deleted = text_of(metadata, "deletion_time");
  out.destroyed = member_of(metadata, "destroyed").as_bool();
  if (const json::Value custom = member_of(metadata, "custom_metadata"); custom.is_object()) out.custom_metadata = std::string(custom.raw());
  return out;
}

}  // namespace

Failure explain(const Context& context, std::string_view what, std::string_view capability, std::string_view api_path, RequestError error) {
  if (!error.preview.empty()) return Failure{exit_ok, {}, {}, std::move(error.preview), {}};
  const std::string_view program = context.world.program();
  if (error.status == 0)
    return Failure{exit_server, fmt::format("Cannot {}: the server gave no answer. {}", what, error.text), std::move(error.next), {}, {}};
  if (error.status == 403)
    return Failure{exit_server,
                   fmt::format("Denied: your token may not {} {}.", upper(capability), api_path),
                   fmt::format("{0} why -capability={1} {2}   (which rule decides)\n      {0} login   (if the token has expired)", program,
                               capability, api_path),
                   {},
                   Denial{std::string(capability), std::string(api_path)}};
  if (error.status == 503 && error.mentions("sealed"))
    return Failure{exit_server, fmt::format("Cannot {}: the server is sealed.", what), fmt::format("{} operator unseal", program), {}, {}};
  std::string reasons;
  for (const std::string& reason : error.errors) reasons += (reasons.empty() ? "" : "; ") + trim_space(reason);
  if (reasons.empty()) reasons = fmt::format("the server answered {}", error.status);
  return Failure{exit_server, fmt::format("Cannot {}: {}", what, reasons), std::move(error.next), {}, {}};
}

Expected<KvTarget> SecretStore::place(std::string_view path) {
  const std::string clean = trim_slashes(path);
  for (const KvTarget& mount : known_mounts_) {
    if (!(clean + "/").starts_with(mount.mount)) continue;
    KvTarget target = mount;
    target.path = clean;
    return target;
  }
  Expected<KvTarget> target = kv_target_at(client_, context_.flags.text("mount"), clean);
  if (!target) {
    Failure failure = std::move(target).error();
    if (failure.text.find("preflight capability check") != std::string::npos)
      return std::unexpected(Failure{exit_server,
                                     fmt::format("Denied: there is no secret that your token may reach at \"{}\".", clean),
                                     fmt::format("{} ls   (what you may reach)", context_.world.program()),
                                     {},
                                     std::move(failure.denial)});
    return std::unexpected(std::move(failure));
  }
  if (!target->mount.empty() && (clean + "/").starts_with(target->mount)) known_mounts_.push_back(*target);
  return target;
}

Expected<std::optional<SecretVersion>> SecretStore::read(const KvTarget& target, std::int64_t version) {
  const std::string path = target.api("data");
  Reply<MaybeAnswer> answer = kv_read(client_, path, target.v2 ? version : 0);
  if (!answer) return std::unexpected(explain(context_, "read " + target.path, "read", path, std::move(answer).error()));
  if (!*answer || !(*answer)->data().is_object()) return std::optional<SecretVersion>();
  const json::Value data = (*answer)->data();
  if (!target.v2) {
    SecretVersion out;
    out.fields = std::string(data.raw());
    return out;
  }
  SecretVersion out = version_of(member_of(data, "metadata"));
  const json::Value fields = member_of(data, "data");
  out.fields = fields.is_object() ? std::string(fields.raw()) : std::string();
  return out;
}

Expected<SecretVersion> SecretStore::need(const KvTarget& target, std::int64_t version) {
  std::optional<SecretVersion> found = TRY(read(target, version));
  const std::string_view program = context_.world.program();
  if (!found)
    return stop(exit_server, version > 0 ? fmt::format("{} has no version {}.", target.path, version) : fmt::format("There is no secret at {}.", target.path),
                version > 0 ? fmt::format("{} history {}", program, target.path) : fmt::format("{} ls {}", program, target.mount));
  if (!found->has_fields())
    return stop(exit_server, fmt::format("Version {} of {} is {}.", found->number, target.path, found->destroyed ? "destroyed" : "deleted"),
                found->destroyed ? fmt::format("{} history {}", program, target.path) : fmt::format("{} undo {}", program, target.path));
  return std::move(*found);
}

Expected<std::optional<std::int64_t>> SecretStore::write(const KvTarget& target, const std::string& fields, std::int64_t cas) {
  const std::string path = target.api("data");
  std::string body = fields;
  if (target.v2) {
    body.clear();
    json::Writer writer(body);
    writer.begin_object().key("data").raw(fields).key("options").begin_object();
    if (cas >= 0) writer.key("cas").integer(cas);
    writer.end_object().end_object();
  }
  Reply<MaybeAnswer> answer = client_.write(path, std::move(body));
  if (!answer) {
    if (is_conflict(answer.error())) return std::optional<std::int64_t>();
    return std::unexpected(explain(context_, "write " + target.path, "update", path, std::move(answer).error()));
  }
  return std::optional<std::int64_t>(*answer ? member_of((*answer)->data(), "version").as_int().value_or(0) : 0);
}

Expected<std::int64_t> SecretStore::merge(const KvTarget& target, const std::string& changes) {
  const Result<json::Document> patch = json::Document::parse(changes);
  if (!patch) return usage_error(patch.error().message);
  for (int attempt = 0; attempt < 5; ++attempt) {
    const std::optional<SecretVersion> now = TRY(read(target));
    const Result<json::Document> before = json::Document::parse(now && now->has_fields() ? now->fields : "{}");
    if (!before) return stop(exit_server, before.error().message);
    const std::string merged = json::merge_patch(before->root(), patch->root());
    if (const std::optional<std::int64_t> number = TRY(write(target, merged, now ? now->number : 0))) return *number;
  }
  return stop(exit_server, fmt::format("Cannot write {}: others change it all the time.", target.path), "try again");
}

Expected<std::vector<std::string>> SecretStore::list(const KvTarget& target) {
  const std::string path = target.api("metadata");
  Reply<MaybeAnswer> answer = client_.list(path);
  if (!answer) return std::unexpected(explain(context_, "list " + target.path, "list", path + "/", std::move(answer).error()));
  std::vector<std::string> names;
  (void)list_keys(*answer, names);
  std::sort(names.begin(), names.end());
  return names;
}

Expected<void> SecretStore::walk(const std::string& folder, const std::function<Expected<void>(const std::string&)>& visit) {
  const KvTarget target = TRY(place(folder));
  for (const std::string& name : TRY(list(target))) {
    const std::string path = trim_slashes(folder) + "/" + name;
    if (name.ends_with('/')) CHECK_OK(walk(path, visit));
    else CHECK_OK(visit(path));
  }
  return {};
}

Expected<std::vector<SecretVersion>> SecretStore::versions(const KvTarget& target) {
  std::vector<SecretVersion> out;
  if (!target.v2) {
    if (TRY(read(target))) out.emplace_back();
    return out;
  }
  const std::string path = target.api("metadata");
  Reply<MaybeAnswer> answer = client_.read(path);
  if (!answer) return std::unexpected(explain(context_, "read the history of " + target.path, "read", path, std::move(answer).error()));
  if (!*answer) return out;
  for (const auto& [number, metadata] : member_of((*answer)->data(), "versions").members()) {
    SecretVersion version = version_of(metadata);
    version.number = std::atoll(std::string(number).c_str());
    version.fields.clear();
    out.push_back(std::move(version));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return out;
}

Expected<void> SecretStore::remove(const KvTarget& target, bool with_history) {
  const std::string path = target.api(with_history ? "metadata" : "data");
  if (Reply<MaybeAnswer> answer = client_.remove(path); !answer)
    return std::unexpected(explain(context_, "delete " + target.path, "delete", path, std::move(answer).error()));
  return {};
}

Expected<void> SecretStore::undelete(const KvTarget& target, std::int64_t version) {
  const std::string path = target.api("undelete");
  if (Reply<MaybeAnswer> answer = client_.write(path, fmt::format("{{\"versions\":[{}]}}", version)); !answer)
    return std::unexpected(explain(context_, "undelete " + target.path, "update", path, std::move(answer).error()));
  return {};
}

Expected<void> SecretStore::set_custom_metadata(const KvTarget& target, const std::string& metadata) {
  const std::string path = target.api("metadata");
  if (Reply<MaybeAnswer> answer = client_.write(path, "{\"custom_metadata\":" + metadata + "}"); !answer)
    return std::unexpected(explain(context_, "write the metadata of " + target.path, "update", path, std::move(answer).error()));
  return {};
}

Expected<std::vector<std::string>> SecretStore::mounts() {
  Reply<MaybeAnswer> answer = client_.read("sys/internal/ui/mounts");
  if (!answer) return std::unexpected(explain(context_, "list the mounts", "read", "sys/internal/ui/mounts", std::move(answer).error()));
  std::vector<std::string> out;
  if (!*answer) return out;
  for (const auto& [path, mount] : sorted_members(member_of((*answer)->data(), "secret"))) {
    const std::string type = text_of(mount, "type");
    if (type == "kv" || type == "generic") out.emplace_back(path);
  }
  return out;
}

Progress::Progress(Console& console, std::string_view what)
    : console_(console), what_(what), start_(std::chrono::steady_clock::now()), last_(start_) {}

Progress::~Progress() {
  if (shown_) console_.write_err("\r\x1b[K");
}

void Progress::step(std::size_t done, std::size_t of) {
  const auto now = std::chrono::steady_clock::now();
  if (!console_.err_is_terminal() || now - start_ < std::chrono::milliseconds(500) || now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  shown_ = true;
  if (of == 0) {
    console_.write_err(fmt::format("\r\x1b[K{} {}", what_, done));
    return;
  }
  constexpr std::size_t width = 30;
  const std::size_t full = std::min(width, done * width / of);
  console_.write_err(fmt::format("\r\x1b[K{} [{}{}] {}/{}", what_, std::string(full, '#'), std::string(width - full, '.'), done, of));
}

Expected<Reference> parse_reference(std::string_view text, bool field_without_scheme) {
  Reference out;
  const bool scheme = text.starts_with("coffer://");
  if (scheme) text.remove_prefix(9);
  const std::size_t hash = scheme || field_without_scheme ? text.find('#') : std::string_view::npos;
  out.path = std::string(text.substr(0, hash));
  if (hash != std::string_view::npos) {
    std::string_view rest = text.substr(hash + 1);
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
      out.version = std::atoll(std::string(rest.substr(at + 1)).c_str());
      if (out.version <= 0) return usage_error(fmt::format("\"{}\" is no version number", rest.substr(at + 1)), "coffer://mount/path#field@3");
      rest = rest.substr(0, at);
    }
    out.field = std::string(rest);
  }
  if (trim_slashes(out.path).empty()) return usage_error("a path is needed", "coffer://mount/path#field, or mount/path");
  return out;
}

}  // namespace coffer::cli
