#include <unistd.h>

#include <array>

#include "base/encoding.h"
#include "core/pipeline.h"
#include "core/rotation/scheduler.h"
#include "core/sys/topics.h"

// The server's configuration as clients see it, and what tells how it is doing.
namespace coffer::core {
namespace {

using schema::Access;
using schema::CommaList;
using schema::field;
using schema::Omit;
using schema::path;
using schema::Verb;

struct CorsReply {
  bool enabled = false;
  Omit<std::vector<std::string>> allowed_origins, allowed_headers;
  Omit<bool> allow_credentials;
  static constexpr auto fields() {
    using T = CorsReply;
    return schema::Fields{field<&T::enabled>("enabled", "Whether browsers of other origins may call.").open(),
                      field<&T::allowed_origins>("allowed_origins", "Which origins.").open(),
                      field<&T::allowed_headers>("allowed_headers", "Headers that they may send.").open(),
                      field<&T::allow_credentials>("allow_credentials", "Whether with cookies.").open()};
  }
};
struct PutCors {
  CommaList allowed_origins, allowed_headers;
  bool allow_credentials = false;
  std::optional<bool> enable;
  static constexpr auto fields() {
    using T = PutCors;
    return schema::Fields{field<&T::allowed_origins>("allowed_origins", "Origins, or * for all.").open(),
                      field<&T::allowed_headers>("allowed_headers", "Headers beside the usual ones.").open(),
                      field<&T::allow_credentials>("allow_credentials", "Whether with cookies.").open(), field<&T::enable>("enable", "Turns it on or off.").open()};
  }
};
struct HeaderName {
  std::string header;
  bool multivalue = false;
  static constexpr auto fields() {
    return schema::Fields{path<&HeaderName::header>("header", "Name of the header."),
                      field<&HeaderName::multivalue>("multivalue", "Shows all values as a list.").open()};
  }
};
struct PutHeader {
  std::string header;
  std::vector<std::string> values;
  bool multivalue = false;
  static constexpr auto fields() {
    using T = PutHeader;
    return schema::Fields{path<&T::header>("header", "Name of the header."), field<&T::values>("values", "Its values."),
                      field<&T::multivalue>("multivalue", "Shows all values as a list.").open()};
  }
};
struct HeaderRow {
  std::vector<std::string> values;
  static constexpr auto fields() { return schema::Fields{field<&HeaderRow::values>("values", "")}; }
};
struct Subsystem {
  std::string subsystem;
  static constexpr auto fields() { return schema::Fields{path<&Subsystem::subsystem>("subsystem", "What is to be read anew: license.")}; }
};
struct MetricsQuery {
  std::string format;
  static constexpr auto fields() { return schema::Fields{field<&MetricsQuery::format>("format", "prometheus, or JSON when absent.").open()}; }
};

constexpr std::string_view ui_headers = "config/ui-headers/";

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}
std::string_view method_of(schema::Verb verb) {
  switch (verb) {
    case Verb::read: return "GET";
    case Verb::list: return "LIST";
    case Verb::scan: return "SCAN";
    case Verb::write: return "PUT";
    case Verb::patch: return "PATCH";
    case Verb::remove: return "DELETE";
  }
  return "";
}

struct Metric {
  std::string_view name, help;
  std::uint64_t value;
  bool counter;
};

class ConfigTopic final : public Topic {
 public:
  explicit ConfigTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    add_config(out);
    add_state(out);
    return out;
  }

 private:
  using T = ConfigTopic;
  void add_config(std::vector<schema::Endpoint>& out) {
    out.push_back(schema::at("config/cors", "Calls from browsers of other origins.")
                      .on(Verb::read, this, &T::cors, "Shows what is allowed.", Access::sudo).repeats_data()
                      .on(Verb::write, this, &T::put_cors, "Allows origins.", Access::sudo)
                      .on(Verb::remove, this, &T::remove_cors, "Allows none.", Access::sudo));
    out.push_back(schema::at("config/ui/headers", "Headers of the user interface's answers.").on(Verb::list, this, &T::list_headers, "Lists them.", Access::sudo));
    out.push_back(schema::at("config/ui/headers/{header}", "A header of the user interface's answers.")
                      .on(Verb::read, this, &T::header, "Shows it.", Access::sudo)
                      .on(Verb::write, this, &T::put_header, "Sets it.", Access::sudo)
                      .on(Verb::remove, this, &T::remove_header, "Leaves it out.", Access::sudo));
    out.push_back(schema::at("config/state/sanitized", "The configuration without secrets.").on(Verb::read, this, &T::sanitized, "Shows it.", Access::sudo));
    out.push_back(schema::at("config/reload/{subsystem}", "Reading files anew.").on(Verb::write, this, &T::reload, "Reads them anew.", Access::sudo));
  }
  void add_state(std::vector<schema::Endpoint>& out) {
    out.push_back(schema::at("version-history", "Versions that ran on this store.").on(Verb::list, this, &T::versions, "Lists them."));
    out.push_back(schema::at("in-flight-req", "Requests that run.").on(Verb::read, this, &T::in_flight, "Lists them.", Access::sudo));
    const Access metrics = system_.config.unauthenticated_metrics ? Access::anyone : Access::token;
    out.push_back(schema::at("metrics", "Counters.").on(Verb::read, this, &T::metrics, "Shows them as JSON or for Prometheus.", metrics));
    out.push_back(schema::at("ha-status", "Nodes of the cluster.").on(Verb::read, this, &T::ha_status, "Lists them.").repeats_data());
    out.push_back(schema::at("replication/status", "Replication.").on(Verb::read, this, &T::replication, "There is none."));
  }

  Result<CorsReply> cors(const Caller&, const Snapshot& sys, const schema::NoMembers&) {
    const auto text = TRY(sys.get(cors_key));
    if (!text) return CorsReply{};
    const auto row = TRY(schema::from_json<Cors>(text->reveal_text()));
    CorsReply out;
    out.enabled = true;
    out.allowed_origins.value = row.allowed_origins;
    out.allowed_headers.value = row.headers();
    out.allow_credentials.value = row.allow_credentials;
    return out;
  }
  Result<schema::Nothing> put_cors(const Caller&, Transaction& sys, const PutCors& in) {
    const auto& origins = in.allowed_origins.items;
    if (origins.empty()) return invalid("at least one origin or the wildcard must be provided");
    if (origins.size() > 1 && std::find(origins.begin(), origins.end(), "*") != origins.end())
      return invalid("to allow all origins the '*' must be the only value for allowed_origins");
    if (in.enable == std::optional(false)) sys.erase(cors_key);
    else CHECK_OK(sys.put(cors_key, schema::to_json(Cors{origins, in.allowed_headers.items, in.allow_credentials})));
    return schema::Nothing{};
  }
  Result<schema::Nothing> remove_cors(const Caller&, Transaction& sys, const schema::NoMembers&) {
    sys.erase(cors_key);
    return schema::Nothing{};
  }

  static std::string header_key(std::string_view name) { return std::string(ui_headers).append(name); }
  Result<schema::Keys> list_headers(const Caller&, const Snapshot& sys, const schema::NoMembers&) { return schema::Keys{TRY(sys.children(ui_headers, '\0', "", 1000)), ""}; }
  Result<std::optional<schema::Custom>> header(const Caller&, const Snapshot& sys, const HeaderName& in) {
    const auto text = TRY(sys.get(header_key(in.header)));
    if (!text) return std::optional<schema::Custom>{};
    auto row = TRY(schema::from_json<HeaderRow>(text->reveal_text()));
    return std::optional(schema::Custom{[row = std::move(row), all = in.multivalue](json::Writer& w) {
      w.begin_object();
      if (all) {
        w.key("values").begin_array();
        for (const auto& value : row.values) w.string(value);
        w.end_array();
      } else {
        w.key("value").string(row.values.empty() ? std::string_view() : std::string_view(row.values.front()));
      }
      w.end_object();
    }});
  }
  // Vault answers this write with an envelope whose data is null.
  Result<schema::Reply> put_header(const Caller&, Transaction& sys, const PutHeader& in) {
    if (in.values.empty()) return invalid("`values` must be a non-empty list of strings");
    if (ascii_lower(in.header).starts_with("x-vault-")) return invalid("X-Vault headers cannot be set");
    for (const auto& value : in.values)
      if (value.find_first_of("\r\n") != std::string::npos) return invalid("a header's value cannot hold line breaks");
    CHECK_OK(sys.put(header_key(in.header), schema::to_json(HeaderRow{in.values})));
    schema::Reply out;
    out.form = schema::Reply::Form::enveloped;
    out.status = 200;
    return out;
  }
  Result<schema::Nothing> remove_header(const Caller&, Transaction& sys, const HeaderName& in) {
    sys.erase(header_key(in.header));
    return schema::Nothing{};
  }
  Result<schema::Custom> sanitized(const Caller&, const Snapshot&, const schema::NoMembers&) {
    return schema::Custom{[this](json::Writer& w) {
      const json::Writer::Public clear(w);
      w.raw(system_.config.sanitized_json);
    }};
  }
  Result<schema::Nothing> reload(const Caller&, Session&, const Subsystem& in) {
    if (in.subsystem != "license") return invalid("unable to reload " + json::quoted(in.subsystem) + ": there is only \"license\"");
    if (system_.reload) system_.reload();
    return schema::Nothing{};
  }

  Result<schema::Keys> versions(const Caller&, const Snapshot&, const schema::NoMembers&) {
    std::string info;
    json::Writer w(info);
    w.begin_object().key(system_.config.api_version).begin_object();
    w.key("build_date").string(system_.config.build_date).key("commit_date").string("").key("previous_version").null();
    w.key("timestamp_installed").string(rfc3339(system_.started)).end_object().end_object();
    return schema::Keys{{system_.config.api_version}, std::move(info)};
  }
  Result<schema::Bare<schema::Custom>> in_flight(const Caller&, Session&, const schema::NoMembers&) {
    return schema::Bare<schema::Custom>{{[list = system_.pipeline->in_flight().list()](json::Writer& w) {
      w.begin_object();
      for (const auto& item : list) {
        w.key(item.id).begin_object();
        const json::Writer::Public clear(w);
        w.key("start_time").string(rfc3339(item.started)).key("client_remote_address").string(item.remote_address);
        w.key("request_path").string("/v1/" + item.path).key("request_method").string(method_of(item.verb));
        w.key("client_id").string(item.client_id).end_object();
      }
      w.end_object();
    }}};
  }

  std::vector<Metric> measured() const {
    const Counters& c = system_.pipeline->counters();
    const auto count = [](const std::atomic<std::uint64_t>& n) { return n.load(std::memory_order_relaxed); };
    return {{"vault.core.unsealed", "Whether the server is unsealed.", system_.runtime.load() != nullptr ? 1u : 0u, false},
            {"vault.core.active", "Whether this node is the active one.", system_.runtime.load() != nullptr ? 1u : 0u, false},
            {"vault.core.in_flight_requests", "Requests that run.", system_.pipeline->in_flight().count(), false},
            {"vault.core.handle_request", "Requests that came in.", count(c.requests), true},
            {"vault.core.handle_login_request", "Logins that succeeded.", count(c.logins), true},
            {"vault.core.check_token.denied", "Requests that a policy denied.", count(c.denied), true},
            {"vault.core.request_errors", "Requests that were answered with an error.", count(c.errors), true},
            {"vault.token.creation", "Tokens that were made.", count(c.tokens_created), true},
            {"vault.audit.log_request_failure", "Requests that could not be audited.", count(c.audit_failures), true},
            {"vault.quota.rate_limit.violation", "Requests over a rate quota.", count(c.rate_limited), true},
            {"coffer.rotation.succeeded", "Rotations that were completed.", count(system_.rotations->succeeded), true},
            {"coffer.rotation.failed", "Attempts at a rotation that failed and are made again.", count(system_.rotations->failed), true},
            {"coffer.rotation.abandoned", "Rotations that were given up after their last attempt.", count(system_.rotations->abandoned), true}};
  }
  Result<schema::Raw> metrics(const Caller&, Session&, const MetricsQuery& in) {
    if (in.format != "" && in.format != "prometheus") return invalid("metric response format " + json::quoted(in.format) + " is unknown: leave it out, or use prometheus");
    schema::Raw out;
    if (in.format == "prometheus") {
      out.content_type = "text/plain; version=0.0.4; charset=utf-8";
      for (const Metric& m : measured()) {
        std::string name(m.name);
        std::replace(name.begin(), name.end(), '.', '_');
        out.bytes += "# HELP " + name + " " + std::string(m.help) + "\n# TYPE " + name + (m.counter ? " counter\n" : " gauge\n");
        out.bytes += name + " " + std::to_string(m.value) + "\n";
      }
      return out;
    }
    json::Writer w(out.bytes);
    const auto list = [&](std::string_view title, bool counters) {
      w.key(title).begin_array();
      for (const Metric& m : measured()) {
        if (m.counter != counters) continue;
        const auto value = static_cast<std::int64_t>(m.value);
        w.begin_object().key("Name").string(m.name);
        if (counters) w.key("Count").integer(value).key("Sum").integer(value);
        else w.key("Value").integer(value);
        w.key("Labels").begin_object().end_object().end_object();
      }
      w.end_array();
    };
    w.begin_object().key("Timestamp").string(rfc3339(system_.clock.now()));
    list("Gauges", false);
    w.key("Points").begin_array().end_array();
    list("Counters", true);
    w.key("Samples").begin_array().end_array().end_object();
    return out;
  }
  Result<schema::Custom> ha_status(const Caller&, const Snapshot&, const schema::NoMembers&) {
    return schema::Custom{[this](json::Writer& w) {
      const json::Writer::Public clear(w);
      w.begin_object().key("nodes").begin_array().begin_object();
      w.key("active_node").boolean(true).key("api_address").string(system_.config.api_address).key("cluster_address").string(system_.config.cluster_address);
      w.key("hostname").string(host_name()).key("last_echo").null().key("version").string(system_.config.api_version);
      w.end_object().end_array().end_object();
    }};
  }
  Result<schema::Custom> replication(const Caller&, const Snapshot&, const schema::NoMembers&) {
    return schema::Custom{[](json::Writer& w) {
      const json::Writer::Public clear(w);
      w.begin_object();
      for (const std::string_view kind : {"dr", "performance"}) w.key(kind).begin_object().key("mode").string("disabled").end_object();
      w.end_object();
    }};
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_config_topic(System& system) { return std::make_unique<ConfigTopic>(system); }

}  // namespace coffer::core
