#include <fmt/format.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cli/friendly/store.h"

namespace coffer::cli {
namespace {

enum class Verdict : std::uint8_t { good, warning, failure };

struct Finding {
  Verdict verdict;
  std::string check, message, fix;
};

class Doctor {
 public:
  explicit Doctor(Context& context) : context_(context) {}

  std::vector<Finding> examine() {
    check_local();
    Expected<Client*> client = context_.client();
    if (!client) {
      add(Verdict::failure, "client", client.error().text, client.error().next);
      return std::move(findings_);
    }
    if (check_server(**client)) check_token(**client);
    return std::move(findings_);
  }

 private:
  void add(Verdict verdict, std::string check, std::string message, std::string fix = {}) {
    findings_.push_back({verdict, std::move(check), std::move(message), std::move(fix)});
  }

  void check_local() {
    const Environment& environment = context_.world.environment;
    const std::string address = context_.flags.text("address");
    const std::string source = environment.setting_source("ADDR");
    add(Verdict::good, "address", fmt::format("{} ({})", address, context_.flags.given("address") ? "-address" : source.empty() ? "default" : source));
    if (address.starts_with("http://") && !address.starts_with("http://127.") && !address.starts_with("http://localhost") && !address.starts_with("http://[::1]"))
      add(Verdict::failure, "encryption", "the connection is not encrypted: everyone between can read token and secrets", "use an https:// address");
    if (context_.flags.boolean("tls-skip-verify"))
      add(Verdict::failure, "certificate", "the server's certificate is not checked", "unset VAULT_SKIP_VERIFY and name its authority in VAULT_CACERT");
    for (const char* name : {"ca-cert", "client-cert", "client-key"})
      if (const std::string file = context_.flags.text(name); !file.empty() && !read_file(file))
        add(Verdict::failure, name, fmt::format("{} cannot be read", file), fmt::format("look at -{}", name));
    struct stat info {};
    const std::string token_file = environment.setting("TOKEN_PATH").empty() ? environment.home() + "/.vault-token" : environment.setting("TOKEN_PATH");
    if (::stat(token_file.c_str(), &info) == 0 && (info.st_mode & 077U) != 0)
      add(Verdict::failure, "token file", fmt::format("{} can be read by others", token_file), fmt::format("chmod 600 {}", token_file));
  }

  bool check_server(Client& client) {
    const Query all_ok{{"standbyok", "true"}, {"sealedcode", "299"}, {"uninitcode", "299"}, {"standbycode", "299"}};
    const auto before = std::chrono::steady_clock::now();
    const Reply<MaybeAnswer> answer = client.read("sys/health", all_ok);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - before);
    if (!answer || !*answer) {
      add(Verdict::failure, "server", answer ? "the server gave no answer" : answer.error().text, answer ? "" : answer.error().next);
      return false;
    }
    const json::Value health = payload(**answer);
    add(Verdict::good, "server", fmt::format("answers in {} ms, version {}", took.count(), text_of(health, "version")));
    check_clock(health);
    if (!member_of(health, "initialized").as_bool()) {
      add(Verdict::failure, "state", "the server is not initialised", "coffer operator init");
      return false;
    }
    if (member_of(health, "sealed").as_bool()) {
      add(Verdict::failure, "state", "the server is sealed", "coffer operator unseal");
      return false;
    }
    add(Verdict::good, "state", "unsealed");
    return true;
  }

  void check_clock(json::Value health) {
    const std::optional<std::int64_t> server = member_of(health, "server_time_utc").as_int();
    if (!server) return;
    const std::int64_t off = unix_seconds(system_clock().now()) - *server;
    if (off > 5 || off < -5) add(Verdict::warning, "clock", fmt::format("this clock differs from the server's by {} s", off), "let both follow an NTP server");
    else add(Verdict::good, "clock", "agrees with the server's");
  }

  void check_token(Client& client) {
    if (client.token().empty()) {
      add(Verdict::warning, "token", "there is none", "coffer login");
      return;
    }
    const Reply<MaybeAnswer> answer = client.read("auth/token/lookup-self");
    if (!answer || !*answer) {
      add(Verdict::failure, "token", answer ? "the server does not know it" : "the server refuses it; it may have expired", "coffer login");
      return;
    }
    const json::Value data = (*answer)->data();
    const std::int64_t ttl = member_of(data, "ttl").as_int().value_or(0);
    std::string policies;
    bool root = false;
    for (const json::Value& policy : member_of(data, "policies").elements()) {
      policies += (policies.empty() ? "" : ", ") + std::string(policy.text());
      root = root || policy.text() == "root";
    }
    const bool endless = member_of(data, "expire_time").is_null();
    add(Verdict::good, "token", fmt::format("valid, {}, policies {}", endless ? "without end" : "for another " + human_seconds(ttl), policies));
    if (root) add(Verdict::warning, "token", "it is a root token, which may do everything", "log in as somebody with policies for daily work");
    if (!endless && ttl < 600)
      add(Verdict::warning, "token", "it ends soon", member_of(data, "renewable").as_bool() ? "coffer token renew" : "coffer login");
  }

  Context& context_;
  std::vector<Finding> findings_;
};

std::string_view name_of(Verdict verdict) {
  return verdict == Verdict::good ? "ok" : verdict == Verdict::warning ? "warn" : "FAIL";
}

Expected<int> doctor(Context& context) {
  const std::vector<Finding> findings = Doctor(context).examine();
  const bool failed = std::any_of(findings.begin(), findings.end(), [](const Finding& one) { return one.verdict == Verdict::failure; });
  if (!context.is_table()) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const Finding& finding : findings)
      writer.begin_object()
          .key("result").string(name_of(finding.verdict))
          .key("check").string(finding.check)
          .key("message").string(finding.message)
          .key("fix").string(finding.fix)
          .end_object();
    writer.end_array();
    CHECK_OK(output_json(context, out));
    return failed ? exit_local : exit_ok;
  }
  for (const Finding& finding : findings) {
    context.console.line(fmt::format("{:<5} {:<12} {}", name_of(finding.verdict), finding.check, finding.message));
    if (!finding.fix.empty()) context.console.line(fmt::format("{:<18} fix: {}", "", finding.fix));
  }
  return failed ? exit_local : exit_ok;
}

}  // namespace

void add_doctor_command(std::vector<CommandSpec>& table) {
  table.push_back({"doctor", "", "Check the way to the server and your token",
                   "Checks address, encryption, certificate files, server, clock and token, and says how to mend what is wrong. Exit code 1 when something is.",
                   {{"Is all well", "doctor"}, {"For a script", "doctor -format=json"}}, {}, http_flags | format_flag, 0, 0, doctor, Audience::coffer});
}

}  // namespace coffer::cli
