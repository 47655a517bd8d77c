#include "audit/device.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>

#include "base/json.h"

namespace coffer::audit {
namespace {

// Options by name; each one that is read is crossed off, so that what is left was misspelt.
class Options {
 public:
  explicit Options(const DeviceOptions& device) : all_(device.options), used_(device.options.size()) {}

  std::string_view text(std::string_view name, std::string_view absent = "") {
    std::string_view found = absent;
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (all_[i].first == name) used_[i] = true, found = all_[i].second;
    return found;
  }
  // As Go's ParseBool.
  Result<bool> boolean(std::string_view name, bool absent) {
    const std::string_view value = text(name);
    if (value.empty()) return absent;
    for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
      if (value == yes) return true;
    for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
      if (value == no) return false;
    return invalid("the option " + std::string(name) + " must be true or false");
  }
  Result<std::uint64_t> number(std::string_view name) {
    const std::string_view value = text(name);
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
    if (!value.empty() && (error != std::errc() || end != value.data() + value.size()))
      return invalid("the option " + std::string(name) + " must be a whole number");
    return out;
  }
  Result<Duration> duration(std::string_view name, Duration absent = {}) {
    const std::string_view value = text(name);
    if (value.empty()) return absent;
    auto parsed = parse_duration(value);
    if (!parsed || *parsed < Duration{}) return invalid("the option " + std::string(name) + " must be a duration such as 24h");
    return parsed;
  }
  Result<void> nothing_left(std::string_view type) {
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (!used_[i]) return invalid("audit devices of type " + std::string(type) + " have no option " + json::quoted(all_[i].first));
    return {};
  }

 private:
  const std::vector<std::pair<std::string, std::string>>& all_;
  std::vector<bool> used_;
};

Result<void> parse_common(Options& options, DeviceSettings& settings) {
  const std::string_view format = options.text("format", "json");
  if (format == "jsonx") return invalid("the format jsonx is not supported; leave the option format out, and convert JSON where XML is needed");
  if (format != "json") return invalid("the option format must be json");
  if (!options.text("prefix").empty())
    return invalid("the option prefix is not supported, since it would let the caller choose what a file begins with; leave it out");
  settings.form.raw = TRY(options.boolean("log_raw", false));
  settings.form.plain_accessor = !TRY(options.boolean("hmac_accessor", true));
  settings.form.elide_lists = TRY(options.boolean("elide_list_responses", false));
  if (settings.form.raw) settings.form.plain_accessor = false;  // raw records show it anyway
  settings.skip_test = TRY(options.boolean("skip_test", false));
  return {};
}

Result<void> parse_file(Options& options, FileOptions& file) {
  const std::string_view path = options.text("path");
  file.location.path = options.text("file_path", path);
  if (file.location.path.empty()) return invalid("file_path is required");
  file.location.mode = TRY(parse_mode(options.text("mode")));
  file.sync = TRY(options.boolean("sync", false));
  file.rotate_bytes = TRY(options.number("rotate_bytes"));
  if (file.rotate_bytes != 0 && file.rotate_bytes < 1024) return invalid("the option rotate_bytes must be 1024 or more");
  file.rotate_age = TRY(options.duration("rotate_duration"));
  if (file.rotate_age != Duration{} && file.rotate_age < std::chrono::seconds(1)) return invalid("the option rotate_duration must be 1s or more");
  const std::uint64_t files = TRY(options.number("rotate_max_files"));
  if (files > 100'000) return invalid("the option rotate_max_files must be 100000 or less");
  file.rotate_max_files = static_cast<std::uint32_t>(files);
  file.reserve_bytes = TRY(options.number("reserve_bytes"));
  if (file.reserve_bytes > (1ull << 40)) return invalid("the option reserve_bytes must be 1 TiB or less");
  return {};
}

Result<void> parse_socket(Options& options, DeviceSettings& settings) {
  settings.socket.address = options.text("address");
  settings.socket.type = options.text("socket_type", "tcp");
  settings.socket.location.path = settings.socket.address;
  settings.deadline = TRY(options.duration("write_timeout", std::min<Duration>(settings.deadline, std::chrono::seconds(2))));
  if (settings.deadline < std::chrono::milliseconds(1) || settings.deadline > std::chrono::seconds(60))
    return invalid("the option write_timeout must be between 1ms and 60s");
  return check_socket_options(settings.socket);
}

// The sink of `discard`: its records are chained and go nowhere.
class DiscardSink final : public Sink {
 public:
  Outcome append(const Batch& batch) override { return {batch.lines.size(), std::nullopt}; }
};

std::unique_ptr<Output> queued(const DeviceOptions& device, const DeviceSettings& settings, std::unique_ptr<BlockingSink> sink) {
  return std::make_unique<Output>(device.path, settings.form, std::make_unique<QueuedSink>(std::move(sink), settings.deadline));
}

Result<std::unique_ptr<Output>> open_file(const DeviceOptions& device, const DeviceSettings& settings, std::string_view node) {
  const Location& location = settings.file.location;
  if (location.path == "discard") return std::make_unique<Output>(device.path, settings.form, std::make_unique<DiscardSink>());
  if (location.path == "stdout") {
    Fd copy(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!copy) return invalid("the server has no standard output");
    return queued(device, settings, make_stream_sink(std::move(copy), {}));
  }
  OpenedFile opened = TRY(open_audit_file(location));
  if (!opened.regular) return queued(device, settings, make_stream_sink(std::move(opened.file), location));
  return std::make_unique<Output>(device.path, settings.form, TRY(FileSink::make(settings.file, std::move(opened), node, settings.form)));
}

}  // namespace

Result<DeviceSettings> parse_device(const DeviceOptions& device, bool trusted, const BrokerOptions& broker) {
  DeviceSettings settings;
  settings.deadline = broker.deadline;
  Options options(device);
  if (device.type != "file" && device.type != "syslog" && device.type != "socket")
    return invalid("unknown backend type: " + json::quoted(device.type));
  CHECK_OK(parse_common(options, settings));
  if (device.type == "file") {
    CHECK_OK(parse_file(options, settings.file));
  } else if (device.type == "socket") {
    CHECK_OK(parse_socket(options, settings));
  } else {
    settings.syslog.facility = TRY(parse_facility(options.text("facility", "AUTH")));
    settings.syslog.tag = options.text("tag", "coffer");
    if (settings.syslog.tag.size() > 32 || settings.syslog.tag.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") !=
                                               std::string::npos)
      return invalid("the option tag must be up to 32 letters, digits and any of - _ . /");
  }
  CHECK_OK(options.nothing_left(device.type));
  for (Location* location : {&settings.file.location, &settings.socket.location}) {
    location->trusted = trusted;
    location->folders = broker.audit_dirs;
  }
  return settings;
}

Result<std::unique_ptr<Output>> open_output(const DeviceOptions& device, const DeviceSettings& settings, std::string_view node) {
  if (device.type == "socket") return queued(device, settings, make_socket_sink(settings.socket));
  if (device.type == "syslog") return queued(device, settings, make_syslog_sink(settings.syslog));
  return open_file(device, settings, node);
}

}  // namespace coffer::audit
