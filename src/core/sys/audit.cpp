#include "base/encoding.h"
#include "core/sys/audit_rows.h"
#include "core/sys/topics.h"

// Audit devices by API, the hash of a value as the log shows it, and which request headers are recorded (vault-api.md §1.8).
namespace coffer::core {
namespace {

using schema::Access;
using schema::field;
using schema::path;
using schema::Verb;

struct OnDevice {
  std::string path_;
  static constexpr auto fields() { return schema::Fields{path<&OnDevice::path_>("path", "Name of the device.")}; }
};
struct EnableDevice {
  std::string path_, type, description;
  bool local = false;
  schema::StringMap options;
  static constexpr auto fields() {
    using T = EnableDevice;
    return schema::Fields{path<&T::path_>("path", "Name of the device."), field<&T::type>("type", "file, syslog or socket.").open(),
                      field<&T::description>("description", "For people.").open(), field<&T::local>("local", "Accepted; every device is of this node.").open(),
                      field<&T::options>("options", "Where the device writes, and how.")};
  }
};
struct HashInput {
  std::string path_, input;
  static constexpr auto fields() {
    return schema::Fields{path<&HashInput::path_>("path", "Name of the device."), field<&HashInput::input>("input", "The value.")};
  }
};
struct HashReply {
  std::string hash;
  static constexpr auto fields() { return schema::Fields{field<&HashReply::hash>("hash", "As the audit log shows the value.").open()}; }
};
struct OneHeader {
  std::string header;
  static constexpr auto fields() { return schema::Fields{path<&OneHeader::header>("header", "Name of the header.")}; }
};
struct SetHeader {
  std::string header;
  bool hmac = false;
  static constexpr auto fields() {
    return schema::Fields{path<&SetHeader::header>("header", "Name of the header."), field<&SetHeader::hmac>("hmac", "Records its HMAC, not its value.").open()};
  }
};

std::string device_path(std::string_view text) {
  std::string out(text);
  while (out.ends_with('/')) out.pop_back();
  return out + "/";
}

class AuditTopic final : public Topic {
 public:
  explicit AuditTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using T = AuditTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("audit", "Audit devices.").on(Verb::read, this, &T::list, "Lists the enabled devices.", Access::sudo).repeats_data());
    out.push_back(schema::at("audit/{path+}", "An audit device.")
                      .on(Verb::write, this, &T::enable, "Enables a device.", Access::sudo)
                      .on(Verb::remove, this, &T::disable, "Disables a device.", Access::sudo));
    out.push_back(schema::at("audit-hash/{path+}", "Values as the audit log shows them.")
                      .on(Verb::write, this, &T::hash, "The hash of a value, for a search in the log.")
                      .repeats_data());
    out.push_back(schema::at("config/auditing/request-headers", "Request headers that are recorded.")
                      .on(Verb::read, this, &T::headers, "Lists them.", Access::sudo).repeats_data());
    out.push_back(schema::at("config/auditing/request-headers/{header}", "A request header that is recorded.")
                      .folds_names()
                      .on(Verb::read, this, &T::header, "Shows how.", Access::sudo)
                      .repeats_data()
                      .on(Verb::write, this, &T::set_header, "Records it from now on.", Access::sudo)
                      .on(Verb::remove, this, &T::remove_header, "Records it no longer.", Access::sudo));
    return out;
  }

 private:
  Result<schema::Custom> list(const Caller&, const Snapshot&, const schema::NoMembers&) {
    return schema::Custom{[devices = system_.audit.devices()](json::Writer& w) {
      w.begin_object();
      for (const auto& d : devices) {
        w.key(d.path).begin_object();
        const auto open_text = [&](std::string_view name, std::string_view value) {
          const json::Writer::Public clear(w);
          w.key(name).string(value);
        };
        open_text("description", d.description);
        {
          const json::Writer::Public clear(w);
          w.key("local").boolean(d.local);
        }
        w.key("options").begin_object();
        for (const auto& [name, value] : d.options) w.key(name).string(value);
        w.end_object();
        open_text("path", d.path);
        open_text("type", d.type);
        w.end_object();
      }
      w.end_object();
    }};
  }

  // The device must work before it is kept; one that cannot be kept is closed again.
  Result<schema::Nothing> enable(const Caller&, Session& session, const EnableDevice& in) {
    if (!system_.config.audit_by_api) return invalid("cannot enable audit device via API: the server's configuration forbids it; declare the device there");
    if (in.path_.empty()) return invalid("the device needs a name: write to sys/audit/<name>");
    audit::DeviceOptions device{device_path(in.path_), in.type, in.description, in.local, {in.options.begin(), in.options.end()}};
    CHECK_OK(system_.audit.enable(device, false));
    auto kept = session.transact([&](Transaction& sys) { return write_audit_row(sys, device); });
    if (!kept) {
      (void)system_.audit.disable(device.path);
      return std::unexpected(std::move(kept).error());
    }
    return schema::Nothing{};
  }
  // The row goes first: a device must not come back after it was reported gone.
  Result<schema::Nothing> disable(const Caller&, Session& session, const OnDevice& in) {
    const std::string name = device_path(in.path_);
    const auto devices = system_.audit.devices();
    if (std::none_of(devices.begin(), devices.end(), [&](const auto& d) { return d.path == name; })) return schema::Nothing{};
    CHECK_OK(session.transact([&](Transaction& sys) -> Result<void> {
      erase_audit_row(sys, name);
      return {};
    }));
    CHECK_OK(system_.audit.disable(name));
    return schema::Nothing{};
  }

  Result<HashReply> hash(const Caller&, const Snapshot&, const HashInput& in) {
    if (in.input.empty()) return invalid("the \"input\" parameter is empty");
    const std::string name = device_path(in.path_);
    const auto devices = system_.audit.devices();
    if (std::none_of(devices.begin(), devices.end(), [&](const auto& d) { return d.path == name; }))
      return invalid("unknown audit backend " + json::quoted(name));
    return HashReply{system_.audit.salt().redacted(in.input)};
  }

  // Headers are kept under their lower-case name.
  Result<schema::Custom> headers(const Caller&, const Snapshot& sys, const schema::NoMembers&) {
    return schema::Custom{[rows = TRY(read_recorded_headers(sys))](json::Writer& w) {
      const json::Writer::Public clear(w);
      w.begin_object().key("headers").begin_object();
      for (const auto& [name, how] : rows) w.key(name).begin_object().key("hmac").boolean(how.hmac).end_object();
      w.end_object().end_object();
    }};
  }
  Result<schema::Custom> header(const Caller& c, const Snapshot& sys, const OneHeader& in) {
    const auto text = TRY(sys.get(recorded_header_key(in.header)));
    if (!text) return invalid("Could not find header in config");
    const bool hmac = TRY(schema::from_json<RecordedHeader>(text->reveal_text())).hmac;
    // Shown as the caller spelled it.
    const std::string_view path = c.path.substr(0, c.path.ends_with('/') ? c.path.size() - 1 : c.path.size());
    return schema::Custom{[name = std::string(path.substr(path.rfind('/') + 1)), hmac](json::Writer& w) {
      const json::Writer::Public clear(w);
      w.begin_object().key(name).begin_object().key("hmac").boolean(hmac).end_object().end_object();
    }};
  }
  Result<schema::Nothing> set_header(const Caller&, Transaction& sys, const SetHeader& in) {
    CHECK_OK(sys.put(recorded_header_key(in.header), schema::to_json(RecordedHeader{in.hmac})));
    return schema::Nothing{};
  }
  Result<schema::Nothing> remove_header(const Caller&, Transaction& sys, const OneHeader& in) {
    sys.erase(recorded_header_key(in.header));
    return schema::Nothing{};
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_audit_topic(System& system) { return std::make_unique<AuditTopic>(system); }

}  // namespace coffer::core
