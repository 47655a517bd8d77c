#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/cidr.h"
#include "server/config/reader.h"

namespace coffer::config {

namespace {

hcl::Position place(const Listener& listener) { return {listener.file, listener.line, 1}; }

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]:") || address.starts_with("localhost:");
}

// "host:port", "[v6]:port" or ":port", which means every address.
void check_address(Reader& reader, Listener& listener) {
  const hcl::Position at = place(listener);
  std::string& address = listener.address;
  if (listener.type == ListenerType::unix_socket) {
    if (!address.starts_with('/'))
      reader.wrong(at, "listener \"unix\" needs the absolute path of a socket", "write address = \"/run/coffer/coffer.sock\"");
    return;
  }
  if (address.find("{{") != std::string::npos)
    return reader.wrong(at, "listener: address templates are not supported", "write the address itself, or \":8200\" for all");
  const std::size_t colon = address.rfind(':');
  const bool bracketed = address.starts_with('['),
             closed = !bracketed || (colon != std::string::npos && colon > 0 && address[colon - 1] == ']');
  const bool plain_v6 = !bracketed && colon != std::string::npos && address.find(':') != colon;
  unsigned port = 0;
  const char* end = address.data() + address.size();
  const bool numeric =
      colon != std::string::npos && colon + 1 < address.size() && std::from_chars(address.data() + colon + 1, end, port).ptr == end;
  if (!closed || plain_v6 || !numeric || port > 65535)
    return reader.wrong(at, fmt::format("listener: \"{}\" is no address with a port", address),
                        "write for instance \"127.0.0.1:8200\", \"[::1]:8200\" or \":8200\"");
  if (colon == 0) address = "[::]" + address;
}

void check_readable(Reader& reader, const Listener& listener, std::string_view name, const std::string& path) {
  if (path.empty() || ::access(path.c_str(), R_OK) == 0) return;
  reader.wrong(place(listener), fmt::format("{} = \"{}\": {}", name, path, std::strerror(errno)),
               "relative paths begin in the folder where the server was started");
}

void check_tls(Reader& reader, const Listener& listener, bool check_files) {
  const hcl::Position at = place(listener);
  const bool certificate = !listener.tls_cert_file.empty(), key = !listener.tls_key_file.empty();
  if (listener.tls_disable) {
    if (listener.type == ListenerType::tcp && !is_loopback(listener.address))
      reader.note(at, fmt::format("tls_disable: secrets travel in the clear on {}, which is no loopback address", listener.address));
    return;
  }
  if (listener.type == ListenerType::unix_socket && !certificate && !key) return;
  if (!certificate || !key) {
    reader.wrong(at,
                 fmt::format("listener \"tcp\" on {} has no {}", listener.address,
                             certificate ? "tls_key_file"
                             : key       ? "tls_cert_file"
                                         : "certificate"),
                 "give tls_cert_file and tls_key_file, or write tls_disable = true for plain HTTP");
    return;
  }
  if (listener.tls_min_version > listener.tls_max_version)
    reader.wrong(at, "tls_min_version is above tls_max_version", "leave both out for TLS 1.2 and 1.3");
  if (listener.tls_require_and_verify_client_cert && listener.tls_disable_client_certs)
    reader.wrong(at, "tls_require_and_verify_client_cert contradicts tls_disable_client_certs", "keep one of them");
  if (listener.tls_require_and_verify_client_cert && listener.tls_client_ca_file.empty())
    reader.wrong(at, "tls_require_and_verify_client_cert needs tls_client_ca_file",
                 "name the file with the certificates of those who sign clients' certificates");
  if (!check_files) return;
  check_readable(reader, listener, "tls_cert_file", listener.tls_cert_file);
  check_readable(reader, listener, "tls_key_file", listener.tls_key_file);
  check_readable(reader, listener, "tls_client_ca_file", listener.tls_client_ca_file);
}

void check_blocks(Reader& reader, const hcl::Position& at, std::string_view key, const std::vector<std::string>& blocks) {
  for (const std::string& block : blocks)
    if (!check_cidr(block)) reader.wrong(at, fmt::format("{}: \"{}\" is no address and no block of addresses", key, block), "write \"10.0.0.1\" or \"10.0.0.0/8\"");
}

void check_limits(Reader& reader, const Listener& listener) {
  const hcl::Position at = place(listener);
  if (listener.max_request_size <= 0 || listener.max_request_size > (std::int64_t{1} << 31))
    reader.wrong(at, "max_request_size must be between 1 and 2147483648 bytes", "leave it out for 33554432");
  if (listener.x_forwarded_for_hop_skips < 0) reader.wrong(at, "x_forwarded_for_hop_skips cannot be negative");
  check_blocks(reader, at, "x_forwarded_for_authorized_addrs", listener.x_forwarded_for_authorized_addrs);
  check_blocks(reader, at, "proxy_protocol_authorized_addrs", listener.proxy_protocol_authorized_addrs);
  if (listener.x_forwarded_for_authorized_addrs.empty() && listener.x_forwarded_for_hop_skips > 0)
    reader.wrong(at, "x_forwarded_for_hop_skips is set, and no proxy is trusted", "add x_forwarded_for_authorized_addrs = [\"10.0.0.0/8\"] or the like");
  const bool needs_addresses =
      listener.proxy_protocol == ProxyProtocol::allow_authorized || listener.proxy_protocol == ProxyProtocol::deny_unauthorized;
  if (needs_addresses && listener.proxy_protocol_authorized_addrs.empty())
    reader.wrong(at, "proxy_protocol_behavior names authorised addresses, and there are none",
                 "add proxy_protocol_authorized_addrs = [\"10.0.0.0/8\"] or the like");
}

}  // namespace

void check(Reader& reader, Config& config, const LoadOptions& options) {
  const std::string first = config.listeners.empty() ? "" : config.listeners.front().file;
  if (config.listeners.empty()) {
    reader.problems.push_back({"", 0, 0, "no listener is configured",
                               "add listener \"tcp\" { address = \"127.0.0.1:8200\" tls_cert_file = \"cert.pem\" tls_key_file = "
                               "\"key.pem\" }, or tls_disable = true for plain HTTP"});
  }
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    Listener& listener = config.listeners[i];
    check_address(reader, listener);
    check_tls(reader, listener, options.check_files);
    check_limits(reader, listener);
    const auto same = [&](const Listener& other) { return other.address == listener.address && !other.address.ends_with(":0"); };
    if (std::any_of(config.listeners.begin(), config.listeners.begin() + static_cast<std::ptrdiff_t>(i), same))
      reader.wrong(place(listener), fmt::format("two listeners on {}", listener.address), "remove one, or give it another port");
  }
  if (config.max_lease_ttl == Seconds{}) config.max_lease_ttl = Config{}.max_lease_ttl;
  if (config.default_lease_ttl == Seconds{}) config.default_lease_ttl = std::min(Config{}.default_lease_ttl, config.max_lease_ttl);
  if (config.default_lease_ttl > config.max_lease_ttl)
    reader.problems.push_back({first, 0, 0,
                               fmt::format("default_lease_ttl ({} s) is above max_lease_ttl ({} s)", config.default_lease_ttl.count(),
                                           config.max_lease_ttl.count()),
                               "raise max_lease_ttl"});
}

}  // namespace coffer::config
