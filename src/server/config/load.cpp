#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "server/config/reader.h"

namespace coffer::config {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_file = 1 << 20;

std::expected<std::string, Problem> read_file(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(largest_file + 1, '\0');
  if (!in)
    return std::unexpected(Problem{path, 0, 0, fmt::format("cannot be read: {}", errno != 0 ? std::strerror(errno) : "unknown reason"),
                                   "check the path after -config and the file's mode"});
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return std::unexpected(Problem{path, 0, 0, "cannot be read", "check the file"});
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// Left behind by editors, or hidden.
bool is_stray(std::string_view name) {
  return name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'));
}

// The configuration files that a path stands for.
std::expected<std::vector<std::string>, Problem> files_of(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector{path};
  std::vector<std::string> files;
  for (fs::directory_iterator i(path, error), end; !error && i != end; i.increment(error)) {
    const std::string name = i->path().filename().string();
    std::error_code ignored;
    if (!is_stray(name) && (name.ends_with(".hcl") || name.ends_with(".json")) && !i->is_directory(ignored))
      files.push_back(i->path().string());
  }
  if (error) return std::unexpected(Problem{path, 0, 0, "cannot be read: " + error.message(), "check the folder's mode"});
  if (files.empty())
    return std::unexpected(Problem{path, 0, 0, "no file in this folder ends in .hcl or .json", "name the configuration file itself"});
  std::ranges::sort(files);
  return files;
}

Config begin(const LoadOptions& options) {
  Config config;
  if (!options.dev) return config;
  Listener listener;
  listener.address = options.dev->listen_address;
  listener.tls_cert_file = options.dev->tls_cert_file;
  listener.tls_key_file = options.dev->tls_key_file;
  listener.tls_disable = listener.tls_cert_file.empty() && listener.tls_key_file.empty();
  listener.file = "-dev";
  config.dev = true;
  config.ui = true;
  config.listeners.push_back(std::move(listener));
  config.storage = {StorageType::memory, "inmem", {}, {}};
  config.telemetry.prometheus_retention_time = Seconds(24 * 3600);
  config.telemetry.disable_hostname = true;
  config.raw_storage_endpoint = true;
  return config;
}

void add_text(Reader& reader, std::string_view text, std::string_view file, Config& config) {
  auto document = hcl::parse(text, file);
  if (!document) return reader.wrong(document.error(), file);
  read_document(reader, *document, config);
}

std::expected<Config, std::vector<Problem>> finish(Reader reader, Config config, const LoadOptions& options) {
  // With a file unread, what is missing may have stood in it.
  if (reader.problems.empty() || !config.listeners.empty()) check(reader, config, options);
  if (!config.dev && config.storage.type == StorageType::rocksdb && config.storage.path.empty() && reader.problems.empty()) {
    config.storage.path = "/var/lib/coffer";
    reader.notes.push_back({"", 0, 0, "no storage is configured: data are kept in /var/lib/coffer", {}});
  }
  if (!reader.problems.empty()) return std::unexpected(std::move(reader.problems));
  config.notes = std::move(reader.notes);
  return config;
}

}  // namespace

std::expected<Config, std::vector<Problem>> load(std::span<const std::string> paths, const LoadOptions& options) {
  Reader reader;
  Config config = begin(options);
  for (const std::string& path : paths) {
    auto files = files_of(path);
    if (!files) {
      reader.problems.push_back(std::move(files).error());
      continue;
    }
    for (const std::string& file : *files) {
      auto text = read_file(file);
      if (text) {
        add_text(reader, *text, file, config);
      } else {
        reader.problems.push_back(std::move(text).error());
      }
    }
  }
  return finish(std::move(reader), std::move(config), options);
}

std::expected<Config, std::vector<Problem>> parse(std::string_view text, std::string_view file, const LoadOptions& options) {
  Reader reader;
  Config config = begin(options);
  add_text(reader, text, file, config);
  return finish(std::move(reader), std::move(config), options);
}

}  // namespace coffer::config
