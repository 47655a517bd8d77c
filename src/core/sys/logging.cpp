#include "base/brief.h"
#include "base/log.h"
#include "core/sys/topics.h"

// The server's operational log: its level, and reading it from afar. There is one logger, "core".
namespace coffer::core {
namespace {

using schema::Access;
using schema::field;
using schema::Verb;

struct LoggerName {
  std::string name;
  static constexpr auto fields() { return schema::Fields{schema::path<&LoggerName::name>("name", "core.")}; }
};
struct SetLevel {
  std::string name;
  std::optional<std::string> level;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&SetLevel::name>("name", "core."),
                      field<&SetLevel::level>("level", "trace, debug, info, warn, error or off.").open()};
  }
};
struct Monitor {
  std::string log_level = "info", log_format = "standard";
  static constexpr auto fields() {
    return schema::Fields{field<&Monitor::log_level>("log_level", "trace, debug, info, warn or error: the least that is shown.").open(),
                      field<&Monitor::log_format>("log_format", "standard or json.").open()};
  }
};

constexpr std::string_view only_logger = "core", levels = "use trace, debug, info, warn, error or off";

Result<void> check_name(const std::string& name) {
  if (name.empty() || name == only_logger) return {};
  return invalid("logger " + json::quoted(name) + " not found");
}

schema::Custom shown() {
  return {[](json::Writer& w) {
    const json::Writer::Public open(w);
    w.begin_object().key(only_logger).string(log::level_name(log::level())).end_object();
  }};
}

class LoggingTopic final : public Topic {
 public:
  explicit LoggingTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using T = LoggingTopic;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("loggers", "Levels of the log.")
                      .on(Verb::read, this, &T::all, "Shows them.", Access::sudo)
                      .on(Verb::write, this, &T::set, "Sets the level until the next start.", Access::sudo)
                      .on(Verb::remove, this, &T::reset, "Goes back to the configured level.", Access::sudo));
    out.push_back(schema::at("loggers/{name}", "The level of a logger.")
                      .on(Verb::read, this, &T::one, "Shows it.", Access::sudo)
                      .on(Verb::write, this, &T::set, "Sets it until the next start.", Access::sudo)
                      .on(Verb::remove, this, &T::reset_one, "Goes back to the configured level.", Access::sudo));
    out.push_back(schema::at("monitor", "The log, as it is written.")
                      .on(Verb::read, this, &T::monitor, "Sends lines of the log until the caller goes."));
    return out;
  }

 private:
  Result<schema::Custom> all(const Caller&, const Snapshot&, const schema::NoMembers&) { return shown(); }
  Result<schema::Custom> one(const Caller&, const Snapshot&, const LoggerName& in) {
    CHECK_OK(check_name(in.name));
    return shown();
  }
  Result<schema::Nothing> set(const Caller&, Session&, const SetLevel& in) {
    CHECK_OK(check_name(in.name));
    if (!in.level) return invalid("level is required");
    if (in.level->empty()) return invalid("level is empty");
    log::Level level{};
    if (!log::parse_level(*in.level, level))
      return invalid("invalid level provided: " + json::quoted(brief(*in.level)) + "; " + std::string(levels));
    log::set_level(level);
    return schema::Nothing{};
  }
  Result<schema::Nothing> reset_one(const Caller& c, Session& session, const LoggerName& in) {
    CHECK_OK(check_name(in.name));
    return reset(c, session, {});
  }
  Result<schema::Nothing> reset(const Caller&, Session&, const schema::NoMembers&) {
    log::Level level = log::Level::info;
    (void)log::parse_level(system_.config.log_level, level);
    log::set_level(level);
    return schema::Nothing{};
  }

  // Ends when the server is sealed: who may read the log is not known then.
  Result<schema::Raw> monitor(const Caller&, Session&, const Monitor& in) {
    log::Level level{};
    if (!log::parse_level(in.log_level, level) || level == log::Level::off)
      return invalid("unknown log level " + json::quoted(brief(in.log_level)) + "; use trace, debug, info, warn or error");
    if (in.log_format != "standard" && in.log_format != "json")
      return invalid("unknown log format " + json::quoted(brief(in.log_format)) + "; use standard or json");
    schema::Raw out;
    out.content_type = in.log_format == "json" ? "application/x-ndjson" : "text/plain; charset=utf-8";
    out.stream = [this, tap = log::Tap::open(level, in.log_format == "json")](std::string& piece) {
      piece.append(tap->read(std::chrono::milliseconds(250)));
      return system_.runtime.load() != nullptr;
    };
    return out;
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_logging_topic(System& system) { return std::make_unique<LoggingTopic>(system); }

}  // namespace coffer::core
