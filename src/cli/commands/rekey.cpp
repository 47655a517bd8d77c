#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/commands/common.h"
#include "cli/commands/pgp_keys.h"

namespace coffer::cli {
namespace {

struct Target {
  bool recovery = false;
  [[nodiscard]] std::string base() const { return recovery ? "sys/rekey-recovery-key" : "sys/rekey"; }
  [[nodiscard]] std::string backup() const { return recovery ? "sys/rekey/recovery-key-backup" : "sys/rekey/backup"; }
  [[nodiscard]] std::string_view title() const { return recovery ? "Recovery" : "Unseal"; }
  [[nodiscard]] std::string_view name() const { return recovery ? "recovery" : "unseal"; }
};

Expected<Target> target_of(const Context& context) {
  const std::string given = ascii_lower(trim_space(context.flags.text("target")));
  if (given == "barrier") return Target{false};
  if (given == "recovery" || given == "hsm") return Target{true};
  return usage_error("Unknown target: " + context.flags.text("target"), "choose barrier or recovery");
}

std::int64_t number(json::Value object, std::string_view name) { return member_of(object, name).as_int().value_or(0); }

Expected<int> print_status(Context& context, json::Value status, bool verification) {
  if (!context.is_table()) return output_value(context, status);
  const auto flag = [&](std::string_view name) { return std::string(member_of(status, name).as_bool() ? "true" : "false"); };
  std::vector<Row> rows{{"Key", "Value"}};
  if (!verification) rows.push_back({"Nonce", text_of(status, "nonce")});
  rows.push_back({"Started", flag("started")});
  const bool started = member_of(status, "started").as_bool();
  if (verification) {
    rows.push_back({"New Shares", std::to_string(number(status, "n"))});
    rows.push_back({"New Threshold", std::to_string(number(status, "t"))});
    rows.push_back({"Verification Nonce", text_of(status, "nonce")});
    rows.push_back({"Verification Progress", fmt::format("{}/{}", number(status, "progress"), number(status, "t"))});
  } else if (started) {
    const std::int64_t progress = number(status, "progress"), required = number(status, "required");
    rows.push_back({"Rekey Progress", fmt::format("{}/{}{}", progress, required, progress == required ? " (verification in progress)" : "")});
    rows.push_back({"New Shares", std::to_string(number(status, "n"))});
    rows.push_back({"New Threshold", std::to_string(number(status, "t"))});
    rows.push_back({"Verification Required", flag("verification_required")});
    if (!text_of(status, "verification_nonce").empty()) rows.push_back({"Verification Nonce", text_of(status, "verification_nonce")});
  }
  if (const json::Value fingerprints = member_of(status, "pgp_fingerprints"); !verification && fingerprints.size() > 0) {
    rows.push_back({"PGP Fingerprints", go_value(fingerprints)});
    rows.push_back({"Backup", flag("backup")});
  }
  context.console.line(table(std::move(rows)));
  return exit_ok;
}

Expected<int> show_status(Context& context, Client& client, const Target& target, bool verification) {
  Reply<MaybeAnswer> answer = client.read(target.base() + (verification ? "/verify" : "/init"));
  if (!answer) return std::unexpected(failed("Error reading rekey status: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error reading rekey status: the server gave no answer");
  return print_status(context, payload(**answer), verification);
}

void warn_of_loss(Context& context, const Target& target, bool encrypted) {
  if (!context.is_table()) return;
  if (!encrypted)
    context.console.warn(wrap_words(fmt::format(
        "WARNING! If you lose the keys after they are returned, there is no recovery. Consider canceling this operation and starting again with -pgp-keys, "
        "which encrypts the new {} keys, and -backup, which keeps the encrypted keys until -backup-delete.",
        target.name())));
  else
    context.console.warn(wrap_words(fmt::format(
        "WARNING! The new {} keys will be encrypted, but not backed up: if you lose what is returned, it cannot be had again. Consider canceling this "
        "operation and starting again with -backup.",
        target.name())));
  context.console.line("");
}

Expected<int> init(Context& context, Client& client, const Target& target) {
  const bool encrypted = context.flags.given("pgp-keys");
  const bool backup = context.flags.boolean("backup");
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  writer.key("secret_shares").integer(context.flags.integer("key-shares", 5));
  writer.key("secret_threshold").integer(context.flags.integer("key-threshold", 3));
  if (encrypted) writer.key("pgp_keys").raw(TRY(pgp_keys_json(context.flags.text("pgp-keys"))));
  writer.key("backup").boolean(backup);
  writer.key("require_verification").boolean(context.flags.boolean("verify"));
  writer.end_object();
  Reply<MaybeAnswer> answer = client.write(target.base() + "/init", std::move(body));
  if (!answer) return std::unexpected(failed("Error initializing rekey: ", std::move(answer).error()));
  if (!encrypted || !backup) warn_of_loss(context, target, encrypted);
  if (!*answer) return show_status(context, client, target, false);
  return print_status(context, payload(**answer), false);
}

Expected<int> cancel(Context& context, Client& client, const Target& target) {
  const std::string nonce = context.flags.text("nonce");
  Reply<MaybeAnswer> answer = client.remove(target.base() + (context.flags.boolean("verify") ? "/verify" : "/init"), {},
                                            nonce.empty() ? std::string() : json_pair("nonce", nonce));
  if (!answer) return std::unexpected(failed("Error canceling rekey: ", std::move(answer).error()));
  context.console.line("Success! Canceled rekeying (if it was started)");
  return exit_ok;
}

void print_new_keys(Context& context, json::Value answer) {
  Console& console = context.console;
  const std::vector<json::Value> hex = member_of(answer, "keys").elements(), base64 = member_of(answer, "keys_base64").elements();
  const std::vector<json::Value> fingerprints = member_of(answer, "pgp_fingerprints").elements();
  console.line("");
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const std::string_view key = base64.size() == hex.size() ? base64[i].text() : hex[i].text();
    if (i < fingerprints.size()) console.line(fmt::format("Key {} fingerprint: {}; value: {}", i + 1, fingerprints[i].text(), key));
    else console.line(fmt::format("Key {}: {}", i + 1, key));
  }
  console.line("");
  console.line("Operation nonce: " + text_of(answer, "nonce"));
}

Expected<int> finish(Context& context, Client& client, const Target& target, json::Value before, json::Value answer) {
  if (!context.is_table()) return output_value(context, answer);
  Console& console = context.console;
  print_new_keys(context, answer);
  if (member_of(answer, "pgp_fingerprints").size() > 0 && member_of(answer, "backup").as_bool()) {
    console.line("");
    console.line(wrap_words(fmt::format("The encrypted {} keys are backed up on the server. They stay there until \"{} operator rekey -backup-delete{}\".",
                                        target.name(), context.world.program(), target.recovery ? " -target=recovery" : "")));
  }
  console.line("");
  const std::int64_t n = number(before, "n"), t = number(before, "t");
  if (!member_of(before, "verification_required").as_bool()) {
    console.line(wrap_words(fmt::format("Vault {} keys rekeyed with {} key shares and a key threshold of {}. Give the shares above to the people who keep "
                                        "them, over a safe channel; the former shares are void.",
                                        target.name(), n, t)));
    return exit_ok;
  }
  console.line(wrap_words(fmt::format("Vault has created a new {} key, split into {} key shares and a key threshold of {}. These will not be active until "
                                      "after verification is complete.",
                                      target.name(), n, t)));
  console.line("");
  console.warn(wrap_words("Keep the current shares until then: canceling, or sealing the server, discards the new shares and leaves the current ones valid."));
  console.line("");
  console.warn(wrap_words("The verification status, with the nonce that it needs, is this:"));
  console.line("");
  return show_status(context, client, target, true);
}

Expected<int> provide(Context& context, Client& client, const Target& target, const std::string& argument) {
  const bool verify = context.flags.boolean("verify");
  const std::string area = target.base() + (verify ? "/verify" : "");
  Reply<MaybeAnswer> before = client.read(verify ? area : area + "/init");
  if (!before) return std::unexpected(failed("Error getting rekey status: ", std::move(before).error()));
  const json::Value status = *before ? payload(**before) : json::Value();
  if (!member_of(status, "started").as_bool())
    return usage_error(wrap_words(fmt::format("No rekey is in progress. Start a rekey process by running \"{} operator rekey -init\".", context.world.program())));
  std::string nonce = context.flags.text("nonce");
  if (argument.empty()) nonce = text_of(status, "nonce");
  const std::string prompt =
      argument.empty() ? fmt::format("Rekey operation nonce: {}\n{} Key (will be hidden): ", nonce, target.title()) : std::string();
  const SecretBytes key = TRY(operator_key(context, argument, prompt, target.name()));
  if (nonce.empty()) return usage_error("Missing nonce value: specify it via the -nonce flag");
  std::string body;
  json::Writer(body).begin_object().key("key").string(key.reveal_text()).key("nonce").string(nonce).end_object();
  Reply<MaybeAnswer> answer = client.write(verify ? area : area + "/update", std::move(body));
  if (!answer) return std::unexpected(failed("Error posting unseal key: ", std::move(answer).error()));
  if (!*answer || !member_of(payload(**answer), "complete").as_bool()) return show_status(context, client, target, verify);
  if (!verify) return finish(context, client, target, status, payload(**answer));
  context.console.line("Rekey verification successful. The rekey operation is complete and the new\nkeys are now active.");
  return exit_ok;
}

Expected<int> retrieve_backup(Context& context, Client& client, const Target& target) {
  Reply<MaybeAnswer> answer = client.read(target.backup());
  if (!answer) return std::unexpected(failed("Error retrieving rekey stored keys: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error retrieving rekey stored keys: no backed-up keys found");
  return output_answer(context, **answer);
}

Expected<int> delete_backup(Context& context, Client& client, const Target& target) {
  Reply<MaybeAnswer> answer = client.remove(target.backup());
  if (!answer) return std::unexpected(failed("Error deleting rekey stored keys: ", std::move(answer).error()));
  context.console.line("Success! Delete stored keys (if they existed)");
  return exit_ok;
}

Expected<int> rekey(Context& context) {
  const Target target = TRY(target_of(context));
  Client& client = *TRY(context.client());
  const Flags& flags = context.flags;
  if (flags.boolean("backup-delete")) return delete_backup(context, client, target);
  if (flags.boolean("backup-retrieve")) return retrieve_backup(context, client, target);
  if (flags.boolean("cancel")) return cancel(context, client, target);
  if (flags.boolean("init")) return init(context, client, target);
  if (flags.boolean("status")) return show_status(context, client, target, flags.boolean("verify"));
  return provide(context, client, target, context.arguments.empty() ? "" : trim_space(context.arguments[0]));
}

// OpenBao's name for the same.
Expected<int> rotate_keys(Context& context) { return rekey(context); }

}  // namespace

void add_rekey_commands(std::vector<CommandSpec>& table) {
  const std::vector<FlagSpec> flags{
      {"init", FlagKind::boolean, "Start; -key-shares, -key-threshold, -pgp-keys, -backup and -verify say what is to come.", "false"},
      {"cancel", FlagKind::boolean, "Give up what was started.", "false"},
      {"status", FlagKind::boolean, "Print how far it is.", "false"},
      {"key-shares", FlagKind::integer, "Number of new shares.", "5", {}, "n"},
      {"key-threshold", FlagKind::integer, "Number of new shares that are needed.", "3", {}, "t"},
      {"nonce", FlagKind::text, "The nonce that -init printed; needed with a key as argument."},
      {"target", FlagKind::text, "Which key.", "barrier", {}, {}, "barrier|recovery"},
      {"verify", FlagKind::boolean, "With -init: the new shares must be verified before they count. Else: act on that verification.", "false"},
      {"pgp-keys", FlagKind::text, "Files with OpenPGP public keys, one for each new share, separated by commas."},
      {"backup", FlagKind::boolean, "Keep the encrypted new shares on the server; with -pgp-keys.", "false"},
      {"backup-delete", FlagKind::boolean, "Delete the shares that are kept.", "false"},
      {"backup-retrieve", FlagKind::boolean, "Print the shares that are kept.", "false"},
  };
  const std::string_view description =
      "Makes new shares of the unseal key (or of the recovery key), given enough of the present ones. -init starts; then each keeper gives a share.";
  table.push_back({"operator rekey", "[KEY]", "Generate new unseal keys", description,
                   {{"Start", "operator rekey -init -key-shares=5 -key-threshold=3"}, {"Give a share", "operator rekey"}}, flags, http_flags | format_flag, 0, 1,
                   rekey});
  table.push_back({"operator rotate-keys", "[KEY]", "Generate new unseal keys", description, {{"Start", "operator rotate-keys -init"}}, flags,
                   http_flags | format_flag, 0, 1, rotate_keys});
}

}  // namespace coffer::cli
