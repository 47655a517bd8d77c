#include <fmt/format.h>

#include "base/encoding.h"
#include "server/config/reader.h"

namespace coffer::config {

namespace {

constexpr std::string_view acme = "certificates by ACME are not built; give tls_cert_file and tls_key_file";

// Go's names of the suites that the server may offer in TLS 1.2, and OpenSSL's.
constexpr std::pair<std::string_view, std::string_view> suites[] = {
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"},
};

void read_cipher_suites(Reader& reader, const hcl::Entry& entry, Listener& into) {
  std::vector<std::string> names, offered;
  reader.read(entry, names);
  for (const std::string& name : names) {
    const auto* known = std::ranges::find(suites, std::string_view(name), &std::pair<std::string_view, std::string_view>::first);
    if (known != std::end(suites)) {
      offered.emplace_back(known->second);
    } else if (name == "TLS_AES_128_GCM_SHA256" || name == "TLS_AES_256_GCM_SHA384" || name == "TLS_CHACHA20_POLY1305_SHA256") {
      reader.note(entry.value.at, fmt::format("{} belongs to TLS 1.3, whose suites are always offered", name));
    } else {
      std::vector<std::string_view> all;
      for (const auto& [go, openssl] : suites) all.push_back(go);
      const std::string_view near = policy::closest(name, all);
      reader.wrong(entry.value.at, fmt::format("\"tls_cipher_suites\": {} is unknown or too weak", name),
                   near.empty() ? "leave the setting out for safe suites" : fmt::format("did you mean {}?", near));
    }
  }
  into.tls_cipher_suites = fmt::format("{}", fmt::join(offered, ":"));
}

template <std::string Listener::* Member>
void read_tls_version(Reader& reader, const hcl::Entry& entry, Listener& into) {
  constexpr std::pair<std::string_view, std::string_view> versions[] = {{"tls12", "tls12"}, {"tls13", "tls13"}};
  std::string word;
  reader.read(entry, word);
  if (word == "tls10" || word == "tls11") {
    reader.wrong(entry.value.at, fmt::format("\"{}\": {} is broken and not offered", entry.name(), word), "write \"tls12\" or \"tls13\"");
    return;
  }
  std::string_view chosen = into.*Member;
  reader.choose<std::string_view>(entry, versions, chosen);
  into.*Member = chosen;
}

void read_socket_mode(Reader& reader, const hcl::Entry& entry, Listener& into) {
  const std::string text = reader.scalar(entry).value_or("");
  if (text.empty() || text.size() > 4 || text.find_first_not_of("01234567") != std::string::npos) {
    reader.wrong(entry.value.at, "\"socket_mode\" expected an octal file mode", "write for instance \"0660\"");
    return;
  }
  into.socket_mode = static_cast<unsigned>(std::stoul(text, nullptr, 8));
}

void read_role(Reader& reader, const hcl::Entry& entry, Listener&) {
  std::string role;
  reader.read(entry, role);
  if (role != "" && role != "default")
    reader.wrong(entry.value.at, fmt::format("\"role\": \"{}\" is not supported: this listener would serve everything", role),
                 "remove the listener, or the role");
}

void read_apis(Reader& reader, const hcl::Entry& entry, Listener& into) {
  constexpr std::pair<std::string_view, bool Apis::*> known[] = {{"vault", &Apis::vault}, {"aws", &Apis::aws}, {"azure", &Apis::azure}};
  std::vector<std::string> words;
  reader.read(entry, words);
  if (words.empty()) return reader.wrong(entry.value.at, "\"apis\" names none: the listener would serve nothing", "leave it out for all, or write for instance [\"aws\"]");
  into.apis = {false, false, false};
  for (const std::string& word : words) {
    const auto* found = std::ranges::find(known, std::string_view(word), &std::pair<std::string_view, bool Apis::*>::first);
    if (found != std::end(known)) {
      into.apis.*(found->second) = true;
      continue;
    }
    std::vector<std::string_view> names;
    for (const auto& [name, api] : known) names.push_back(name);
    return reader.refuse_word(entry, word, names);
  }
}

bool is_status(std::string_view key) {
  if (key == "default") return true;
  if (key.size() != 3 || key[0] < '1' || key[0] > '5') return false;
  return key.substr(1) == "xx" || key.find_first_not_of("0123456789") == std::string_view::npos;
}

void read_headers(Reader& reader, const hcl::Entry& status, Listener& into) {
  if (!is_status(status.name())) {
    reader.wrong(status.keys.front().at, fmt::format("custom_response_headers: \"{}\" is no status", status.name()),
                 "allowed: default, 2xx and the like, 404 and the like");
    return;
  }
  Listener::ResponseHeaders headers{std::string(status.name()), {}};
  for (const hcl::Value* object : reader.objects(status)) {
    for (const hcl::Entry& header : object->entries) {
      std::vector<std::string> values;
      if (header.value.is(hcl::Kind::string)) {
        values.push_back(header.value.text);  // a value may hold commas
      } else {
        reader.read(header, values);
      }
      const bool good =
          header.name().find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == std::string_view::npos &&
          !header.name().empty();
      for (const std::string& value : values) {
        if (good && value.find_first_of("\r\n") == std::string::npos && !ascii_lower(header.name()).starts_with("x-vault-")) {
          headers.headers.emplace_back(header.name(), value);
        } else {
          reader.wrong(header.keys.front().at, fmt::format("custom_response_headers: \"{}\" cannot be set", header.name()),
                       "names are letters, digits and '-', not X-Vault-…; values are one line");
        }
      }
    }
  }
  into.custom_response_headers.push_back(std::move(headers));
}

void read_custom_headers(Reader& reader, const hcl::Entry& entry, Listener& into) {
  for (const hcl::Value* object : reader.objects(entry)) {
    for (const hcl::Entry& status : object->entries) read_headers(reader, status, into);
  }
}

void read_proxy_protocol(Reader& reader, const hcl::Entry& entry, Listener& into) {
  constexpr std::pair<std::string_view, ProxyProtocol> behaviors[] = {{"use_always", ProxyProtocol::use_always},
                                                                      {"allow_authorized", ProxyProtocol::allow_authorized},
                                                                      {"deny_unauthorized", ProxyProtocol::deny_unauthorized}};
  reader.choose<ProxyProtocol>(entry, behaviors, into.proxy_protocol);
}

template <bool Listener::* Member, const char* Name>
void read_access_block(Reader& reader, const hcl::Entry& entry, Listener& into) {
  static constexpr Setting<Listener> table[] = {
      setting<Member>(Name, "Without a token."), without_effect<Listener>("disallow_metrics", "metrics are served where policies allow them")};
  for (const hcl::Value* object : reader.objects(entry)) read_object<Listener>(reader, *object, entry.name(), table, into);
}
constexpr char metrics_flag[] = "unauthenticated_metrics_access", pprof_flag[] = "unauthenticated_pprof_access",
               in_flight_flag[] = "unauthenticated_in_flight_requests_access";

constexpr std::string_view json_limits = "limits of JSON are the server's own", agent_only = "it belongs to the agent",
                           own_cors = "CORS is set with sys/config/cors";

constexpr Setting<Listener> table[] = {
    setting<&Listener::address>("address", "Host and port (default 127.0.0.1:8200); of a `unix` listener the path of the socket."),
    setting<&Listener::cluster_address>("cluster_address", "Where other nodes reach this one."),
    setting<&Listener::tls_disable>("tls_disable", "Serve plain HTTP. Beyond the loopback address the server warns of it."),
    setting<&Listener::tls_cert_file>("tls_cert_file", "PEM file with the certificate and its chain; read again at SIGHUP."),
    setting<&Listener::tls_key_file>("tls_key_file", "PEM file with its private key."),
    setting<&Listener::tls_client_ca_file>("tls_client_ca_file", "Authorities of clients' certificates."),
    {"tls_min_version", read_tls_version<&Listener::tls_min_version>, "`tls12` or `tls13`."},
    {"tls_max_version", read_tls_version<&Listener::tls_max_version>, "`tls12` or `tls13`."},
    {"tls_cipher_suites", read_cipher_suites, "Suites of TLS 1.2, by Go's names; leave it out for safe ones."},
    setting<&Listener::tls_require_and_verify_client_cert>("tls_require_and_verify_client_cert", "Refuse clients without a certificate of `tls_client_ca_file`."),
    setting<&Listener::tls_disable_client_certs>("tls_disable_client_certs", "Do not ask clients for a certificate."),
    without_effect<Listener>("tls_prefer_server_cipher_suites", "the order of suites is the server's choice"),
    setting<&Listener::http_read_header_timeout>("http_read_header_timeout", "How long a request's header may take (default 10s)."),
    setting<&Listener::http_read_timeout>("http_read_timeout", "How long its body may stand still."),
    setting<&Listener::http_write_timeout>("http_write_timeout", "How long a reader may leave an answer unread."),
    setting<&Listener::http_idle_timeout>("http_idle_timeout", "How long a connection may be idle."),
    setting<&Listener::max_request_size>("max_request_size", "Bytes of a body at most (default 32 MiB)."),
    setting<&Listener::max_request_duration>("max_request_duration", "How long a request may take (default 90s)."),
    without_effect<Listener>("max_request_json_memory", json_limits),
    without_effect<Listener>("max_request_json_strings", json_limits),
    without_effect<Listener>("max_json_depth", json_limits),
    without_effect<Listener>("max_json_string_value_length", json_limits),
    without_effect<Listener>("max_json_object_entry_count", json_limits),
    without_effect<Listener>("max_json_array_element_count", json_limits),
    setting<&Listener::require_request_header>("require_request_header", "Refuse requests without the header `X-Vault-Request: true`."),
    setting<&Listener::disable_unauthed_rekey_endpoints>("disable_unauthed_rekey_endpoints", "Ask for a token to rekey (default true)."),
    setting<&Listener::disable_unauthed_generate_root_endpoints>("disable_unauthed_generate_root_endpoints", "Ask for a token to generate a root token (default true)."),
    {"telemetry", read_access_block<&Listener::unauthenticated_metrics_access, metrics_flag>, "`unauthenticated_metrics_access = true` serves `sys/metrics` without a token."},
    pending<Listener>({"profiling", read_access_block<&Listener::unauthenticated_pprof_access, pprof_flag>, "Profiles without a token."}),
    pending<Listener>({"inflight_requests_logging", read_access_block<&Listener::unauthenticated_in_flight_requests_access, in_flight_flag>, "`sys/in-flight-req` without a token."}),
    setting<&Listener::x_forwarded_for_authorized_addrs>("x_forwarded_for_authorized_addrs", "Proxies whose X-Forwarded-For names the client."),
    setting<&Listener::x_forwarded_for_hop_skips>("x_forwarded_for_hop_skips", "How many entries of it to pass over, from the right."),
    setting<&Listener::x_forwarded_for_reject_not_present>("x_forwarded_for_reject_not_present", "Refuse their requests without it."),
    setting<&Listener::x_forwarded_for_reject_not_authorized>("x_forwarded_for_reject_not_authorized", "Refuse it from others."),
    refused<Listener>("x_forwarded_for_client_cert_header", "client certificates come from TLS only"),
    {"proxy_protocol_behavior", read_proxy_protocol, "Whose PROXY header is believed: `use_always`, `allow_authorized` or `deny_unauthorized`."},
    setting<&Listener::proxy_protocol_authorized_addrs>("proxy_protocol_authorized_addrs", "Addresses of proxies, with CIDR ranges."),
    {"custom_response_headers", read_custom_headers, "Headers to add to answers, by status."},
    {"socket_mode", read_socket_mode, "Mode of a socket's file, in octal (default 0600)."},
    setting<&Listener::socket_user>("socket_user", "Owner of the socket."),
    setting<&Listener::socket_group>("socket_group", "Group of the socket."),
    {"apis", read_apis, "Which of the APIs `vault`, `aws` and `azure` it serves (default: all)."},
    {"role", read_role, "Only `default`."},
    without_effect<Listener>("purpose", "`apis` chooses what a listener serves"),
    without_effect<Listener>("agent_api", agent_only),
    without_effect<Listener>("proxy_api", agent_only),
    without_effect<Listener>("cors_enabled", own_cors),
    without_effect<Listener>("cors_allowed_origins", own_cors),
    without_effect<Listener>("cors_allowed_headers", own_cors),
    without_effect<Listener>("disable_request_limiter", "requests are limited by budgets"),
    without_effect<Listener>("disable_replication_status_endpoints", "there is no replication"),
    refused<Listener>("chroot_namespace", "the listener would serve all namespaces"),
    refused<Listener>("redact_addresses", "answers would show addresses"),
    refused<Listener>("redact_cluster_name", "answers would show the cluster's name"),
    refused<Listener>("redact_version", "answers would show the version"),
    refused<Listener>("tls_acme_cache_path", acme),
    refused<Listener>("tls_acme_ca_directory", acme),
    refused<Listener>("tls_acme_test_ca_directory", acme),
    refused<Listener>("tls_acme_ca_root", acme),
    refused<Listener>("tls_acme_eab_key_id", acme),
    refused<Listener>("tls_acme_eab_mac_key", acme),
    refused<Listener>("tls_acme_key_type", acme),
    refused<Listener>("tls_acme_email", acme),
    refused<Listener>("tls_acme_domains", acme),
    refused<Listener>("tls_acme_disable_http_challenge", acme),
    refused<Listener>("tls_acme_disable_alpn_challenge", acme),
};

}  // namespace

void describe_listener(std::string& out) { describe<Listener>(out, "listener", table); }

void read_listeners(Reader& reader, const hcl::Entry& entry, Config& into) {
  auto blocks = hcl::blocks(entry, 1);
  if (!blocks) return reader.wrong(blocks.error(), entry.keys.front().at.file);
  for (const hcl::Block& block : *blocks) {
    const hcl::Key& type = *block.labels.front();
    Listener listener;
    listener.file = type.at.file;
    listener.line = type.at.line;
    const std::string word = ascii_lower(type.text);
    if (word == "unix") {
      listener.type = ListenerType::unix_socket;
      listener.address.clear();
    } else if (word != "tcp") {
      constexpr std::string_view types[] = {"tcp", "unix"};
      const std::string_view near = policy::closest(word, types);
      reader.wrong(type.at, fmt::format("unsupported listener type \"{}\"", type.text),
                   near.empty() ? "allowed: tcp, unix" : fmt::format("did you mean \"{}\"?", near));
      continue;
    }
    read_object<Listener>(reader, *block.body, "listener", table, listener);
    into.listeners.push_back(std::move(listener));
  }
}

}  // namespace coffer::config
