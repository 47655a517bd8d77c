#include <fmt/format.h>

#include "base/encoding.h"
#include "base/random.h"
#include "cli/commands/common.h"
#include "cli/commands/pgp_keys.h"

namespace coffer::cli {
namespace {

constexpr std::size_t default_otp_length = 28;  // of a root token: "hvs." and 24 characters

std::string attempt_path(const Context& context) {
  return context.flags.boolean("recovery-token") ? "sys/generate-recovery-token/attempt" : "sys/generate-root/attempt";
}
std::string update_path(const Context& context) {
  return context.flags.boolean("recovery-token") ? "sys/generate-recovery-token/update" : "sys/generate-root/update";
}

Expected<int> print_status(Context& context, json::Value status) {
  if (!context.is_table()) return output_value(context, status);
  const auto flag = [&](std::string_view name) { return std::string(member_of(status, name).as_bool() ? "true" : "false"); };
  std::vector<Row> rows;
  rows.push_back({"Nonce", text_of(status, "nonce")});
  rows.push_back({"Started", flag("started")});
  rows.push_back({"Progress", fmt::format("{}/{}", go_value(member_of(status, "progress")), go_value(member_of(status, "required")))});
  rows.push_back({"Complete", flag("complete")});
  if (const std::string fingerprint = text_of(status, "pgp_fingerprint"); !fingerprint.empty()) rows.push_back({"PGP Fingerprint", fingerprint});
  if (const std::string token = text_of(status, "encoded_token"); !token.empty()) rows.push_back({"Encoded Token", token});
  else if (const std::string root = text_of(status, "encoded_root_token"); !root.empty()) rows.push_back({"Encoded Root Token", root});
  if (const std::string otp = text_of(status, "otp"); !otp.empty()) {
    context.console.warn(wrap_words("A One-Time-Password has been generated for you and is shown in the OTP field. Keep it safe: without it the resulting "
                                    "token cannot be decoded."));
    rows.push_back({"OTP", otp});
  }
  if (const std::int64_t length = member_of(status, "otp_length").as_int().value_or(0); length != 0) rows.push_back({"OTP Length", std::to_string(length)});
  context.console.line(columns(rows));
  return exit_ok;
}

Expected<Answer> read_status(Context& context, Client& client) {
  Reply<MaybeAnswer> answer = client.read(attempt_path(context));
  if (!answer) return std::unexpected(failed("Error getting root generation status: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error getting root generation status: the server gave no answer");
  return std::move(**answer);
}

Expected<int> generate_otp(Context& context) {
  // Without a server the length is that of the tokens that servers make.
  std::size_t length = default_otp_length;
  Client& client = *TRY(context.client());
  if (Reply<MaybeAnswer> answer = client.read(attempt_path(context)); answer && *answer) {
    const std::int64_t told = member_of(payload(**answer), "otp_length").as_int().value_or(0);
    if (told > 0 && told < 1000) length = static_cast<std::size_t>(told);
  } else if (!answer && !answer.error().preview.empty()) {
    return std::unexpected(failed("", std::move(answer).error()));
  }
  const std::string otp = make_base62(length);
  if (!context.is_table()) return output_json(context, fmt::format("{{\"otp\":{},\"otp_length\":{}}}", json::quoted(otp), otp.size()));
  print_raw(context, otp);
  return exit_ok;
}

// Undoes token XOR otp (vault-api.md §2.7). Needs no server.
Expected<int> decode(Context& context) {
  std::string encoded = context.flags.text("decode");
  const std::string otp = context.flags.text("otp");
  if (otp.empty()) return usage_error("Missing otp: use -otp to supply it");
  if (encoded == "-") {
    encoded = context.flags.boolean("non-interactive") ? std::string() : TRY(context.console.read_all());
    if (trim_space(encoded).empty()) return usage_error("Missing encoded value. When using -decode=\"-\" value must be passed via stdin.");
  }
  encoded = trim_space(encoded);
  while (encoded.ends_with('=')) encoded.pop_back();
  Result<std::string> bytes = base64_raw_decode(encoded);
  if (!bytes) bytes = base64url_decode(encoded);
  if (!bytes) return usage_error("Error decoding root token: error decoding base64'd value: " + bytes.error().message);
  if (bytes->size() != otp.size())
    return usage_error(fmt::format("Error decoding root token: the encoded token has {} bytes, the otp {}; they must be equally long", bytes->size(), otp.size()));
  std::string token(otp.size(), '\0');
  for (std::size_t i = 0; i < token.size(); ++i) token[i] = static_cast<char>((*bytes)[i] ^ otp[i]);
  if (!valid_utf8(token)) return usage_error("Error decoding root token: the otp does not belong to this token");
  if (!context.is_table()) return output_json(context, json_pair("token", token));
  print_raw(context, token);
  wipe(token);
  return exit_ok;
}

Expected<int> init(Context& context, Client& client) {
  const std::string otp = context.flags.text("otp"), pgp_key = context.flags.text("pgp-key");
  if (!otp.empty() && !pgp_key.empty()) return usage_error("Error initializing: cannot specify both -otp and -pgp-key");
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  if (!otp.empty()) writer.key("otp").string(otp);
  if (!pgp_key.empty()) writer.key("pgp_key").string(TRY(pgp_key_base64(pgp_key)));
  writer.end_object();
  Reply<MaybeAnswer> answer = client.write(attempt_path(context), std::move(body));
  if (!answer) return std::unexpected(failed("Error initializing root generation: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error initializing root generation: the server gave no answer");
  return print_status(context, payload(**answer));
}

Expected<int> provide(Context& context, Client& client, const std::string& argument) {
  const Answer before = TRY(read_status(context, client));
  const json::Value status = payload(before);
  if (!member_of(status, "started").as_bool()) {
    context.console.error(wrap_words(fmt::format("No root generation is in progress. Start a root generation by running \"{} operator generate-root -init\".",
                                                 context.world.program())));
    context.console.warn(wrap_words(fmt::format("An OTP of your own must have {} characters.", go_value(member_of(status, "otp_length")))));
    return exit_local;
  }
  std::string nonce = context.flags.text("nonce");
  if (argument.empty()) nonce = text_of(status, "nonce");
  const std::string prompt = argument.empty() ? fmt::format("Operation nonce: {}\nUnseal Key (will be hidden): ", nonce) : std::string();
  const SecretBytes key = TRY(operator_key(context, argument, prompt, "unseal"));
  if (nonce.empty()) return usage_error("Missing nonce value: specify it via the -nonce flag");
  std::string body;
  json::Writer(body).begin_object().key("key").string(key.reveal_text()).key("nonce").string(nonce).end_object();
  Reply<MaybeAnswer> answer = client.write(update_path(context), std::move(body));
  if (!answer) return std::unexpected(failed("Error posting unseal key: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error posting unseal key: the server gave no answer");
  return print_status(context, payload(**answer));
}

Expected<int> cancel(Context& context, Client& client) {
  Reply<MaybeAnswer> answer = client.remove(attempt_path(context));
  if (!answer) return std::unexpected(failed("Error canceling root token generation: ", std::move(answer).error()));
  context.console.line("Success! Root token generation canceled (if it was started)");
  return exit_ok;
}

Expected<int> generate_root(Context& context) {
  const Flags& flags = context.flags;
  if (flags.given("decode")) return decode(context);
  if (flags.boolean("generate-otp")) return generate_otp(context);
  Client& client = *TRY(context.client());
  if (flags.boolean("cancel")) return cancel(context, client);
  if (flags.boolean("init")) return init(context, client);
  if (flags.boolean("status")) {
    const Answer answer = TRY(read_status(context, client));
    return print_status(context, payload(answer));
  }
  return provide(context, client, context.arguments.empty() ? "" : trim_space(context.arguments[0]));
}

}  // namespace

void add_generate_root_commands(std::vector<CommandSpec>& table) {
  table.push_back(
      {"operator generate-root", "[KEY]", "Generate a new root token",
       "Makes a root token out of enough shares. -init starts and prints a one-time password; then each keeper gives a share; the last answer holds the "
       "token XORed with the password (or encrypted for -pgp-key), which -decode undoes without a server.",
       {{"Start", "operator generate-root -init"},
        {"Give a share", "operator generate-root"},
        {"Decode the result", "operator generate-root -decode=ZQIA... -otp=3JhHkONiyiaNYj14nnD9xZQS"}},
       {{"init", FlagKind::boolean, "Start.", "false"},
        {"cancel", FlagKind::boolean, "Give up what was started.", "false"},
        {"status", FlagKind::boolean, "Print how far it is.", "false"},
        {"decode", FlagKind::text, "The encoded token to decode with -otp; \"-\" reads it from stdin."},
        {"generate-otp", FlagKind::boolean, "Print a one-time password for -init.", "false"},
        {"otp", FlagKind::text, "The one-time password, for -init or -decode."},
        {"pgp-key", FlagKind::text, "File with the OpenPGP public key for which the token is encrypted, instead of a one-time password."},
        {"nonce", FlagKind::text, "The nonce that -init printed; needed with a key as argument."},
        {"recovery-token", FlagKind::boolean, "Make a token for a server in recovery mode.", "false"}},
       http_flags | format_flag, 0, 1, generate_root});
}

}  // namespace coffer::cli
