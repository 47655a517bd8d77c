#include "cli/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace coffer::cli {
namespace {

// A path under the user's home.
std::string expand_home(const std::string& path, const Environment& environment) {
  if (path == "~") return environment.home();
  if (path.starts_with("~/")) return environment.home() + path.substr(1);
  return path;
}

Expected<ConnectionOptions> connection_options(const Flags& flags, const Environment& environment) {
  ConnectionOptions out;
  // An agent stands between when it is named.
  const std::string agent = flags.text("agent-address");
  out.address = agent.empty() ? flags.text("address") : agent;
  const std::size_t scheme_end = out.address.find("://");
  if (scheme_end != std::string::npos && scheme_end != 0)
    if (const std::string scheme = ascii_lower(out.address.substr(0, scheme_end));
        scheme != "http" && scheme != "https" && scheme != "unix")
      return usage_error(fmt::format("the address \"{}\" has an unsupported scheme \"{}\"", out.address, scheme),
                         "begin it with https://, http:// or unix://");
  if (!out.address.starts_with("http://") && !out.address.starts_with("https://") && !out.address.starts_with("unix://"))
    return usage_error(fmt::format("the address \"{}\" has no scheme", out.address), "begin it with https://, http:// or unix://");
  out.ca_cert = expand_home(flags.text("ca-cert"), environment);
  out.ca_path = expand_home(flags.text("ca-path"), environment);
  out.ca_cert_bytes = environment.setting("CACERT_BYTES");
  out.client_cert = expand_home(flags.text("client-cert"), environment);
  out.client_key = expand_home(flags.text("client-key"), environment);
  if (out.client_cert.empty() != out.client_key.empty()) return usage_error("both client cert and client key must be provided");
  out.tls_server_name = flags.text("tls-server-name");
  out.skip_verify = flags.boolean("tls-skip-verify");
  out.follow_redirect = !flags.boolean("disable-redirects");
  out.proxy = environment.setting("PROXY_ADDR");
  if (out.proxy.empty()) out.proxy = environment.setting("HTTP_PROXY");
  if (const std::string timeout = environment.setting("CLIENT_TIMEOUT"); !timeout.empty()) {
    const Result<Duration> parsed = parse_duration(timeout);
    if (!parsed) return usage_error(fmt::format("{} is no duration: {}", environment.setting_source("CLIENT_TIMEOUT"), timeout));
    out.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(*parsed);
  }
  if (const std::string retries = environment.setting("MAX_RETRIES"); !retries.empty()) {
    const auto [end, fault] = std::from_chars(retries.data(), retries.data() + retries.size(), out.max_retries);
    if (fault != std::errc() || end != retries.data() + retries.size())
      return usage_error(fmt::format("{} is no number: {}", environment.setting_source("MAX_RETRIES"), retries));
    if (out.max_retries < 0 || out.max_retries > 100) return usage_error(fmt::format("{} must be from 0 to 100", environment.setting_source("MAX_RETRIES")));
  }
  return out;
}

// Names may carry anything but what would end the header line.
bool header_safe(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

Expected<std::vector<std::pair<std::string, std::string>>> extra_headers(const Flags& flags) {
  std::vector<std::pair<std::string, std::string>> out;
  for (auto& [name, value] : flags.map("header")) {
    if (ascii_lower(name).starts_with("x-vault-"))
      return usage_error(fmt::format("failed to setup Headers[{}]: names that begin with 'X-Vault-' are the program's own", name));
    if (name.empty() || !header_safe(name) || !header_safe(value)) return usage_error("a header may not hold line breaks");
    out.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

}  // namespace

Expected<Client*> Context::client() { return make_client(true); }
Expected<Client*> Context::client_without_token() { return make_client(false); }

Expected<Client*> Context::make_client(bool with_token) {
  if (!client_) {
    ClientOptions options = TRY(client_options(with_token));
    std::unique_ptr<Transport> transport = world.make_transport(options.connection);
    client_ = std::make_unique<Client>(std::move(options), std::move(transport));
  }
  return client_.get();
}

Expected<ClientOptions> Context::client_options(bool with_token) {
  ClientOptions out;
  out.connection = TRY(connection_options(flags, world.environment));
  out.program = std::string(world.program());
  out.headers = TRY(extra_headers(flags));
  std::string name_space = flags.given("ns") ? flags.text("ns") : flags.text("namespace");
  if (name_space == "root" || name_space == "/" || name_space == "(not set)") name_space.clear();
  out.name_space = with_trailing_slash(name_space);
  if (const Duration ttl = flags.duration("wrap-ttl"); ttl > Duration::zero()) out.wrap_ttl = go_duration(ttl);
  out.mfa = flags.list("mfa");
  out.policy_override = flags.boolean("policy-override");
  if (flags.boolean("output-curl-string")) out.preview = Preview::curl;
  if (flags.boolean("output-policy")) out.preview = Preview::policy;
  if (with_token) out.token = TRY(token_helper().current());
  if (!header_safe(out.token.reveal_text()) || !header_safe(out.name_space))
    return usage_error("the token or namespace holds a line break", "look at VAULT_TOKEN and ~/.vault-token");
  return out;
}

std::string Context::format() const {
  std::string format = ascii_lower(flags.text("format"));
  if (flags.boolean("json")) format = "json";
  if (format == "yml") format = "yaml";
  return format.empty() ? "table" : format;
}

Expected<void> Context::confirm(std::string_view question) {
  if (flags.boolean("yes")) return {};
  if (flags.boolean("non-interactive") || !console.in_is_terminal())
    return usage_error(fmt::format("not done without a yes: {}", question), "say it with --yes");
  const std::string answer = TRY(console.ask(fmt::format("{} [y/N] ", question)));
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return usage_error("nothing was changed");
}

std::string trim_space(std::string_view text) {
  constexpr std::string_view space = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(space) - first + 1));
}

std::string trim_slashes(std::string_view path) {
  std::string out = trim_space(path);
  out = single_slashes(out);
  if (out.ends_with('/')) out.pop_back();
  if (out.starts_with('/')) out.erase(0, 1);
  return out;
}

std::string single_slashes(std::string_view path) {
  std::string out(path);
  out.erase(std::unique(out.begin(), out.end(), [](char a, char b) { return a == '/' && b == '/'; }), out.end());
  return out;
}

std::string with_trailing_slash(std::string_view path) {
  std::string out = trim_slashes(path);
  if (!out.empty()) out.push_back('/');
  return out;
}

std::string join_path(std::string_view a, std::string_view b) {
  std::string out = trim_slashes(a);
  const std::string rest = trim_slashes(b);
  if (!out.empty() && !rest.empty()) out.push_back('/');
  return out + rest;
}

std::string wrap_words(std::string_view text, std::size_t indent) {
  constexpr std::size_t width = 78;
  std::string out;
  std::size_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::size_t length = end - at;
    if (length > 0) {
      if (column == 0) {
        out.append(indent, ' ');
        column = indent;
      } else if (column + 1 + length > width) {
        out.push_back('\n');
        out.append(indent, ' ');
        column = indent;
      } else {
        out.push_back(' ');
        ++column;
      }
      out.append(text.substr(at, length));
      column += length;
    }
    at = end + 1;
  }
  return out;
}

}  // namespace coffer::cli
