#include "barrier/seal_file.h"

#include <fmt/format.h>

#include <charconv>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace coffer::barrier {
namespace {

constexpr std::string_view magic = "coffer-seal ";

void append_field(std::string& out, std::string_view field) { fmt::format_to(std::back_inserter(out), "{}:{};", field.size(), field); }

void write_config(json::Writer& writer, std::string_view name, const ShareConfig& config) {
  writer.key(name).begin_object();
  writer.key("shares").integer(config.shares).key("threshold").integer(config.threshold);
  writer.end_object();
}

void write_backup(json::Writer& writer, std::string_view name, const PgpBackup& backup) {
  writer.key(name).begin_object().key("nonce").string(backup.nonce).key("keys").begin_array();
  for (const auto& [fingerprint, messages] : backup.keys) {
    writer.begin_object().key("fingerprint").string(fingerprint).key("messages").begin_array();
    for (const auto& message : messages) writer.string(base64_encode(message));
    writer.end_array().end_object();
  }
  writer.end_array().end_object();
}

std::string body_of(const SealFile& file) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("initializing").boolean(file.initializing);
  writer.key("cluster_id").string(file.cluster_id).key("cluster_name").string(file.cluster_name);
  writer.key("seal_type").string(file.seal_type);
  write_config(writer, "barrier", file.barrier);
  if (file.recovery) write_config(writer, "recovery", *file.recovery);
  writer.key("root_key").begin_object().key("key_id").string(file.root_key.key_id);
  writer.key("sealed").string(base64_encode(file.root_key.sealed)).end_object();
  writer.key("keyring").string(base64_encode(file.keyring));
  if (file.barrier_backup) write_backup(writer, "barrier_backup", *file.barrier_backup);
  if (file.recovery_backup) write_backup(writer, "recovery_backup", *file.recovery_backup);
  writer.end_object();
  out.push_back('\n');
  return out;
}

// Members by name and type; the first that is missing or of another type makes the whole body damaged.
class Body {
 public:
  explicit Body(json::Value value) : value_(value) {}
  std::string text(std::string_view name) {
    const auto found = member(name);
    if (!found || !found->is_string()) return missing();
    return std::string(found->text());
  }
  std::string bytes(std::string_view name) {
    auto decoded = base64_decode(text(name));
    return decoded ? *std::move(decoded) : missing();
  }
  unsigned number(std::string_view name) {
    const auto found = member(name);
    const auto value = found ? found->as_int() : std::nullopt;
    if (!value || *value < 0 || *value > 255) {
      missing();
      return 0;
    }
    return static_cast<unsigned>(*value);
  }
  std::optional<json::Value> member(std::string_view name) const { return value_.find(name); }
  std::string missing() {
    ok_ = false;
    return {};
  }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  json::Value value_;
  bool ok_ = true;
};

std::optional<ShareConfig> read_config(Body& body, std::string_view name) {
  const auto found = body.member(name);
  if (!found) return std::nullopt;
  Body inner(*found);
  const ShareConfig config{inner.number("shares"), inner.number("threshold")};
  if (!inner.ok()) body.missing();
  return config;
}

std::optional<PgpBackup> read_backup(Body& body, std::string_view name) {
  const auto found = body.member(name);
  if (!found) return std::nullopt;
  Body inner(*found);
  PgpBackup backup;
  backup.nonce = inner.text("nonce");
  const auto keys = inner.member("keys");
  if (!keys) inner.missing();
  for (const json::Value entry : keys ? keys->elements() : std::vector<json::Value>()) {
    Body key(entry);
    auto& [fingerprint, messages] = backup.keys.emplace_back(key.text("fingerprint"), std::vector<std::string>());
    const auto list = key.member("messages");
    for (const json::Value message : list ? list->elements() : std::vector<json::Value>()) {
      auto decoded = base64_decode(message.text());
      if (decoded) messages.push_back(*std::move(decoded));
      if (!decoded) inner.missing();
    }
    if (!key.ok()) inner.missing();
  }
  if (!inner.ok()) body.missing();
  return backup;
}

std::optional<SealFile> read_body(json::Value value) {
  Body body(value);
  SealFile file;
  const auto initializing = body.member("initializing");
  if (!initializing || !initializing->is_bool()) return std::nullopt;
  file.initializing = initializing->as_bool();
  file.cluster_id = body.text("cluster_id");
  file.cluster_name = body.text("cluster_name");
  file.seal_type = body.text("seal_type");
  const auto barrier = read_config(body, "barrier");
  file.recovery = read_config(body, "recovery");
  const auto root_key = body.member("root_key");
  if (!barrier || !root_key) return std::nullopt;
  file.barrier = *barrier;
  Body inner(*root_key);
  file.root_key = {inner.text("key_id"), inner.bytes("sealed")};
  file.keyring = body.bytes("keyring");
  file.barrier_backup = read_backup(body, "barrier_backup");
  file.recovery_backup = read_backup(body, "recovery_backup");
  if (!body.ok() || !inner.ok()) return std::nullopt;
  return file;
}

// Takes the digits before `end` off the front.
std::optional<std::size_t> take_number(std::string_view& text, char end) {
  std::size_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || at == text.data() + text.size() || *at != end) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()) + 1);
  return value;
}

}  // namespace

std::string SealFile::root_key_context() const {
  std::string out = "coffer root key;";
  append_field(out, cluster_id);
  return out;
}

std::string SealFile::keyring_context() const {
  std::string out = "coffer keyring;";
  for (const std::string_view field : {std::string_view(cluster_id), std::string_view(cluster_name), std::string_view(seal_type)}) append_field(out, field);
  const ShareConfig extra = recovery.value_or(ShareConfig{});
  fmt::format_to(std::back_inserter(out), "{},{},{},{}", barrier.shares, barrier.threshold, extra.shares, extra.threshold);
  return out;
}

std::string encode(const SealFile& file) {
  const std::string body = body_of(file);
  return fmt::format("{}{} {} {}\n{}", magic, SealFile::format, body.size(), hex_encode(crypto::as_text(crypto::sha256(body))), body);
}

Result<SealFile> parse_seal_file(std::string_view text, std::string_view name) {
  const auto damaged = [name](std::string_view what) {
    return fail(Code::corrupt, fmt::format("the seal file {} {}; put back a copy of it, without which the data cannot be opened", name, what));
  };
  if (!text.starts_with(magic)) {
    return damaged(text.empty() ? "is empty" : magic.starts_with(text) ? "is truncated" : "is damaged: it does not begin as a seal file does");
  }
  text.remove_prefix(magic.size());
  const auto version = take_number(text, ' ');
  if (!version) return damaged("is damaged in its first line");
  if (*version != SealFile::format) {
    return fail(Code::corrupt, fmt::format("the seal file {} has format {}, and this version knows only {}; use a newer server", name, *version, SealFile::format));
  }
  const auto size = take_number(text, ' ');
  const auto line_end = text.find('\n');
  if (!size || line_end == std::string_view::npos) return damaged("is truncated or damaged in its first line");
  const std::string_view checksum = text.substr(0, line_end);
  const std::string_view body = text.substr(line_end + 1);
  if (body.size() < *size) return damaged(fmt::format("is truncated: {} of {} bytes are there", body.size(), *size));
  if (body.size() > *size) return damaged("is damaged: there is more in it than was written");
  if (hex_encode(crypto::as_text(crypto::sha256(body))) != checksum) return damaged("is damaged: its checksum does not match");
  const auto document = json::Document::parse(body);
  if (!document) return damaged("is damaged: it is not JSON");
  auto file = read_body(document->root());
  if (!file) return damaged("is damaged: a member is missing or has a wrong type");
  return *std::move(file);
}

}  // namespace coffer::barrier
