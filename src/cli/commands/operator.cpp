#include <fmt/format.h>

#include "base/clock.h"
#include "cli/commands/pgp_keys.h"
#include "cli/commands/seal_status.h"

namespace coffer::cli {
namespace {

struct Shares {
  std::int64_t shares = 0, threshold = 0;
};

Shares shares_of(const Context& context, std::string_view shares, std::string_view threshold, bool with_default) {
  Shares out{context.flags.integer(shares, 0), context.flags.integer(threshold, 0)};
  if (with_default && out.shares == 0) out.shares = 5;
  if (with_default && out.threshold == 0) out.threshold = 3;
  return out;
}

Expected<int> init_status(Context& context, Client& client) {
  Reply<MaybeAnswer> answer = client.read("sys/init");
  if (!answer) return std::unexpected(failed("Error checking init status: ", std::move(answer).error(), exit_local));
  const bool done = *answer && member_of(payload(**answer), "initialized").as_bool();
  if (context.is_table()) context.console.line(done ? "Vault is initialized" : "Vault is not initialized");
  else CHECK_OK(output_json(context, fmt::format("{{\"Initialized\":{}}}", done)));
  return done ? exit_ok : exit_server;
}

Expected<std::string> init_body(Context& context, const Shares& unseal, const Shares& recovery) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  writer.key("secret_shares").integer(unseal.shares);
  writer.key("secret_threshold").integer(unseal.threshold);
  writer.key("recovery_shares").integer(recovery.shares);
  writer.key("recovery_threshold").integer(recovery.threshold);
  if (context.flags.given("pgp-keys")) writer.key("pgp_keys").raw(TRY(pgp_keys_json(context.flags.text("pgp-keys"))));
  if (context.flags.given("recovery-pgp-keys"))
    writer.key("recovery_pgp_keys").raw(TRY(pgp_keys_json(context.flags.text("recovery-pgp-keys"))));
  if (context.flags.given("root-token-pgp-key"))
    writer.key("root_token_pgp_key").string(TRY(pgp_key_base64(context.flags.text("root-token-pgp-key"))));
  writer.end_object();
  return body;
}

std::string init_json(json::Value answer, const Shares& unseal, const Shares& recovery) {
  const auto list = [&](std::string_view name) {
    const json::Value value = member_of(answer, name);
    return value.is_array() ? std::string(value.raw()) : std::string("[]");
  };
  // A seal that opens itself keeps its keys: one share of one, as far as the operator is concerned.
  const bool has_keys = member_of(answer, "keys").size() > 0;
  std::string out;
  json::Writer(out)
      .begin_object()
      .key("unseal_keys_b64").raw(list("keys_base64"))
      .key("unseal_keys_hex").raw(list("keys"))
      .key("unseal_shares").integer(has_keys ? unseal.shares : 1)
      .key("unseal_threshold").integer(has_keys ? unseal.threshold : 1)
      .key("recovery_keys_b64").raw(list("recovery_keys_base64"))
      .key("recovery_keys_hex").raw(list("recovery_keys"))
      .key("recovery_keys_shares").integer(recovery.shares)
      .key("recovery_keys_threshold").integer(recovery.threshold)
      .key("root_token").string(text_of(answer, "root_token"))
      .end_object();
  return out;
}

void print_keys(Console& console, json::Value answer, std::string_view label, std::string_view hex, std::string_view base64) {
  const std::vector<json::Value> as_hex = member_of(answer, hex).elements();
  const std::vector<json::Value> as_base64 = member_of(answer, base64).elements();
  const std::vector<json::Value>& shown = as_base64.size() == as_hex.size() ? as_base64 : as_hex;
  for (std::size_t i = 0; i < shown.size(); ++i) console.line(fmt::format("{} Key {}: {}", label, i + 1, shown[i].text()));
}

void print_init(Context& context, json::Value answer, const Shares& unseal, const Shares& recovery) {
  Console& console = context.console;
  print_keys(console, answer, "Unseal", "keys", "keys_base64");
  print_keys(console, answer, "Recovery", "recovery_keys", "recovery_keys_base64");
  console.line("");
  console.line("Initial Root Token: " + text_of(answer, "root_token"));
  console.line("");
  if (member_of(answer, "keys").size() > 0) {
    console.line(wrap_words(fmt::format("Vault initialized with {} key shares and a key threshold of {}. Give the shares above to the people who keep "
                                        "them, over a safe channel: after every restart or seal, {} of them are needed before requests are served.",
                                        unseal.shares, unseal.threshold, unseal.threshold)));
    console.line("");
    console.line(wrap_words(fmt::format("The root key is stored nowhere in the clear. With fewer than {} shares left, what is stored cannot be opened "
                                        "again, by anybody.",
                                        unseal.threshold)));
    console.line("");
    console.line(wrap_words(fmt::format("\"{} operator rekey\" makes new shares out of enough of these.", context.world.program())));
  } else {
    console.line("Success! Vault is initialized");
  }
  if (member_of(answer, "recovery_keys").size() > 0) {
    console.line("");
    console.line(wrap_words(fmt::format("Recovery key initialized with {} key shares and a key threshold of {}. Give the shares above to the people who "
                                        "keep them, over a safe channel.",
                                        recovery.shares, recovery.threshold)));
  }
}

Expected<int> init(Context& context) {
  Client& client = *TRY(context.client());
  if (context.flags.boolean("status")) return init_status(context, client);
  bool recovery_seal = false;
  {
    const Client::Plain plain(client);
    Reply<MaybeAnswer> seal = client.read("sys/seal-status");
    if (!seal) return std::unexpected(failed("", std::move(seal).error()));
    recovery_seal = *seal && member_of(payload(**seal), "recovery_seal").as_bool();
  }
  const Shares unseal = shares_of(context, "key-shares", "key-threshold", !recovery_seal);
  const Shares recovery = shares_of(context, "recovery-shares", "recovery-threshold", recovery_seal);
  Reply<MaybeAnswer> answer = client.write("sys/init", TRY(init_body(context, unseal, recovery)));
  if (!answer) return std::unexpected(failed("Error initializing: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error initializing: the server gave no answer");
  if (!context.is_table()) return output_json(context, init_json(payload(**answer), unseal, recovery));
  print_init(context, payload(**answer), unseal, recovery);
  return exit_ok;
}

Expected<int> unseal(Context& context) {
  Client& client = *TRY(context.client());
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  if (context.flags.boolean("reset")) {
    writer.key("reset").boolean(true);
  } else {
    const SecretBytes key = TRY(operator_key(context, context.arguments.empty() ? "" : trim_space(context.arguments[0]),
                                             "Unseal Key (will be hidden): ", "unseal"));
    writer.key("key").string(key.reveal_text());
    if (context.flags.boolean("migrate")) writer.key("migrate").boolean(true);
  }
  writer.end_object();
  Reply<MaybeAnswer> answer = client.write("sys/unseal", std::move(body));
  if (!answer) {
    const char* prefix = context.flags.boolean("reset") ? "Error resetting unseal process: " : "Error unsealing: ";
    return std::unexpected(failed(prefix, std::move(answer).error()));
  }
  if (!*answer) return stop(exit_server, "Error unsealing: the server gave no answer");
  return output_seal_status(context, client, payload(**answer));
}

Expected<int> seal(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.write("sys/seal", "");
  if (!answer) return std::unexpected(failed("Error sealing: ", std::move(answer).error()));
  context.console.line("Success! Vault is sealed.");
  return exit_ok;
}

Expected<int> step_down(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.write("sys/step-down", "");
  if (!answer) return std::unexpected(failed("Error stepping down: ", std::move(answer).error()));
  context.console.line("Success! Stepped down: " + client.address());
  return exit_ok;
}

// "02 Jan 26 03:04 UTC", Go's RFC822.
std::string rfc822(std::string_view rfc3339_text) {
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Result<Time> time = parse_rfc3339(rfc3339_text);
  if (!time) return std::string(rfc3339_text);
  const auto day = std::chrono::floor<std::chrono::days>(*time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::minutes>(*time - day));
  return fmt::format("{:02} {} {:02} {:02}:{:02} UTC", static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()) % 100, clock.hours().count(), clock.minutes().count());
}

Expected<int> print_key_status(Context& context, Client& client, std::string_view success) {
  Reply<MaybeAnswer> answer = client.read("sys/key-status");
  if (!answer) return std::unexpected(failed("Error reading key status: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error reading key status: the server gave no answer");
  const json::Value status = payload(**answer);
  if (!context.is_table()) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    for (const char* name : {"term", "install_time", "encryptions"}) writer.key(name).raw(member_of(status, name).raw());
    writer.end_object();
    return output_json(context, out);
  }
  if (!success.empty()) context.console.line(std::string(success) + "\n");
  context.console.line(columns({{"Key Term", go_value(member_of(status, "term"))},
                                {"Install Time", rfc822(text_of(status, "install_time"))},
                                {"Encryption Count", go_value(member_of(status, "encryptions"))}}));
  return exit_ok;
}

Expected<int> key_status(Context& context) { return print_key_status(context, *TRY(context.client()), ""); }

Expected<int> rotate(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.write("sys/rotate", "");
  if (!answer) return std::unexpected(failed("Error rotating key: ", std::move(answer).error()));
  return print_key_status(context, client, "Success! Rotated key");
}

Expected<int> members(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.read("sys/ha-status");
  if (!answer) return std::unexpected(failed("", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "the server gave no answer");
  const json::Value body = payload(**answer);
  if (!context.is_table()) return output_value(context, body);
  std::vector<Row> rows{{"Host Name", "API Address", "Cluster Address", "Active Node", "Version", "Upgrade Version", "Redundancy Zone", "Last Echo"}};
  for (const json::Value& node : member_of(body, "nodes").elements())
    rows.push_back({text_of(node, "hostname"), text_of(node, "api_address"), text_of(node, "cluster_address"),
                    member_of(node, "active_node").as_bool() ? "true" : "false", text_of(node, "version"), text_of(node, "upgrade_version"),
                    text_of(node, "redundancy_zone"), text_of(node, "last_echo")});
  context.console.line(table(std::move(rows)));
  return exit_ok;
}

}  // namespace

void add_status_command(std::vector<CommandSpec>& table);

void add_operator_commands(std::vector<CommandSpec>& table) {
  constexpr FlagGroups usual = http_flags | format_flag;
  add_status_command(table);
  table.push_back({"operator", "", "Perform operator-specific tasks"});
  table.push_back(
      {"operator init", "", "Initialize a server",
       "Makes the keys of a new server: prints the shares of the unseal key (or the recovery key of a seal that opens itself) and the first root token, "
       "once. Exit code of -status: 0 initialised, 2 not, 1 unknown.",
       {{"Five shares, three of which unseal", "operator init"}, {"Shares encrypted for their keepers", "operator init -key-shares=3 -key-threshold=2 -pgp-keys=a.asc,b.asc,c.asc"}},
       {{"status", FlagKind::boolean, "Print whether the server is initialised.", "false"},
        {"key-shares", FlagKind::integer, "Number of shares of the unseal key.", {}, {}, "n"},
        {"key-threshold", FlagKind::integer, "Number of shares that unseal.", {}, {}, "t"},
        {"pgp-keys", FlagKind::text, "Files with OpenPGP public keys, one for each share, separated by commas."},
        {"root-token-pgp-key", FlagKind::text, "File with the OpenPGP public key for which the root token is encrypted."},
        {"recovery-shares", FlagKind::integer, "Number of shares of the recovery key."},
        {"recovery-threshold", FlagKind::integer, "Number of shares that make the recovery key."},
        {"recovery-pgp-keys", FlagKind::text, "As -pgp-keys, for the recovery shares."},
        {"stored-shares", FlagKind::integer, "Has no effect.", {}, {}, {}, {}, true}},
       usual, 0, 0, init});
  table.push_back({"operator unseal", "[KEY]", "Unseal the server",
                   "Gives the server one share of the unseal key. Without KEY it is asked for and not shown; \"-\" reads it from stdin.",
                   {{"Type a share", "operator unseal"}},
                   {{"reset", FlagKind::boolean, "Discard the shares given so far.", "false"},
                    {"migrate", FlagKind::boolean, "The share is for a change of the seal.", "false"}},
                   usual, 0, 1, unseal});
  table.push_back({"operator seal", "", "Seal the server", "Makes the server forget its keys. It serves nothing until it is unsealed again.", {}, {},
                   http_flags, 0, 0, seal});
  table.push_back({"operator key-status", "", "Print the state of the encryption key", {}, {}, {}, usual, 0, 0, key_status});
  table.push_back({"operator rotate", "", "Rotate the encryption key", "Adds a new key, which encrypts from now on; older data stays readable.", {}, {},
                   usual, 0, 0, rotate});
  table.push_back({"operator members", "", "List the nodes of the cluster", {}, {}, {}, usual, 0, 0, members});
  table.push_back({"operator step-down", "", "Have the active node step down", {}, {}, {}, http_flags, 0, 0, step_down});
}

}  // namespace coffer::cli
