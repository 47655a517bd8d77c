#include <fmt/format.h>

#include "cli/commands/common.h"

namespace coffer::cli {
namespace {

using TextFields = std::map<std::string, std::string>;

// How a method of authentication is used from the command line.
struct Method {
  std::string_view name;
  std::string_view help;
  Expected<MaybeAnswer> (*sign_in)(Context&, Client&, TextFields);
};

Failure sign_in_failed(RequestError error) { return failed("Error authenticating: ", std::move(error)); }

Expected<std::string> ask_password(Context& context) {
  if (context.flags.boolean("non-interactive")) return stop(exit_server, "Error authenticating: 'password' not supplied and refusing to pull from stdin");
  Expected<SecretBytes> typed = context.console.ask_hidden("Password (will be hidden): ", context.world.persona != Persona::coffer);
  if (!typed) return stop(exit_server, "Error authenticating: cannot ask for the password: " + typed.error().text, "give password=... or password=-");
  return std::string(typed->reveal_text());
}

// The answer of auth/token/lookup-self in the shape of a login's.
std::string login_shape(json::Value data, std::string_view token) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("auth").begin_object();
  writer.key("client_token").string(token);
  writer.key("accessor").string(text_of(data, "accessor"));
  const json::Value policies = member_of(data, "policies");
  writer.key("policies").raw(policies.is_array() ? policies.raw() : "[]");
  writer.key("token_policies").raw(policies.is_array() ? policies.raw() : "[]");
  const json::Value identity = member_of(data, "identity_policies");
  writer.key("identity_policies").raw(identity.is_array() ? identity.raw() : "null");
  const json::Value meta = member_of(data, "meta");
  writer.key("metadata").raw(meta.is_object() ? meta.raw() : "null");
  writer.key("orphan").boolean(member_of(data, "orphan").as_bool());
  writer.key("entity_id").string(text_of(data, "entity_id"));
  writer.key("lease_duration").integer(member_of(data, "ttl").as_int().value_or(0));
  writer.key("renewable").boolean(member_of(data, "renewable").as_bool());
  writer.end_object().end_object();
  return out;
}

Expected<MaybeAnswer> sign_in_token(Context& context, Client& client, TextFields fields) {
  // "lookup=false" takes the token without asking the server about it.
  const bool asks = fields["lookup"] != "false" && !context.flags.boolean("token-only");
  if (!asks && (context.flags.boolean("output-curl-string") || context.flags.boolean("output-policy")))
    return usage_error(
        "this login makes no request, so that there is none to show: leave out -token-only and lookup=false, or the -output- flag");
  std::string token = trim_space(fields["token"]);
  if (token.empty()) {
    if (context.flags.boolean("non-interactive")) return stop(exit_server, "Error authenticating: 'token' not supplied and refusing to pull from stdin");
    Expected<SecretBytes> typed = context.console.ask_hidden("Token (will be hidden): ", context.world.persona != Persona::coffer);
    if (!typed) return stop(exit_server, "Error authenticating: cannot ask for the token: " + typed.error().text, "give it as the argument, or \"-\" to read it from stdin");
    token = trim_space(typed->reveal_text());
  }
  if (token.empty()) return stop(exit_server, "Error authenticating: a token must be passed to auth");
  client.set_token(SecretBytes::copy_of(std::string_view(token)));
  client.set_wrap_ttl("");  // what is stored must be the token
  std::string body;
  if (!asks) {
    body = "{\"auth\":" + json_pair("client_token", token) + "}";
  } else {
    Reply<MaybeAnswer> answer = client.read("auth/token/lookup-self");
    if (!answer) {
      RequestError error = std::move(answer).error();
      error.text = "error looking up token: " + error.text;
      return std::unexpected(sign_in_failed(std::move(error)));
    }
    if (!*answer) return stop(exit_server, "Error authenticating: empty response from lookup-self");
    body = login_shape((*answer)->data(), token);
  }
  Result<json::Document> document = json::Document::parse(body);
  if (!document) return stop(exit_server, "Error authenticating: " + document.error().message);
  return MaybeAnswer(Answer(200, std::move(body), std::move(*document)));
}

// Posts what is left in `fields` to auth/<mount>/login<suffix>.
Expected<MaybeAnswer> post_login(Client& client, TextFields fields, const std::string& suffix) {
  const std::string mount = trim_slashes(fields["mount"]);
  fields.erase("mount");
  Fields body;
  for (const auto& [name, value] : fields) body[name] = json::quoted(value);
  Reply<MaybeAnswer> answer = client.write(fmt::format("auth/{}/login{}", mount, suffix), to_json(body));
  if (!answer) return std::unexpected(sign_in_failed(std::move(answer).error()));
  return std::move(*answer);
}

Expected<MaybeAnswer> sign_in_user(Context& context, Client& client, TextFields fields) {
  std::string user = fields["username"];
  if (user.empty()) {
    user = context.world.environment.variable("LOGNAME");
    if (user.empty()) return stop(exit_server, "Error authenticating: 'username' must be specified");
  }
  if (fields["password"].empty()) fields["password"] = TRY(ask_password(context));
  fields.erase("username");
  return post_login(client, std::move(fields), "/" + user);
}

Expected<MaybeAnswer> sign_in_plain(Context&, Client& client, TextFields fields) { return post_login(client, std::move(fields), ""); }

constexpr std::string_view user_help =
    "  username=<string>  the user (default: the name of the login session)\n  password=<string>  asked for when not given; \"-\" reads it from stdin";

const Method methods[] = {
    {"token", "  token=<string>  the token; asked for when not given\n  lookup=false    do not ask the server about it", sign_in_token},
    {"userpass", user_help, sign_in_user},
    {"ldap", user_help, sign_in_user},
    {"radius", user_help, sign_in_user},
    {"okta", user_help, sign_in_user},
    {"approle", "  role_id=<string>    the role\n  secret_id=<string>  its secret", sign_in_plain},
    {"jwt", "  role=<string>  the role\n  jwt=<string>   the token of the identity provider", sign_in_plain},
    {"kubernetes", "  role=<string>  the role\n  jwt=<string>   the service account's token", sign_in_plain},
    {"github", "  token=<string>  a personal access token", sign_in_plain},
    {"cert", "  name=<string>  the certificate role; the certificate is that of -client-cert", sign_in_plain},
};

const Method* find_method(std::string_view name) {
  for (const Method& method : methods)
    if (method.name == name) return &method;
  return nullptr;
}

void warn_of_environment(Context& context) {
  if (const std::string source = context.world.environment.setting_source("TOKEN"); !source.empty())
    context.console.warn(wrap_words(fmt::format("WARNING! The {0} environment variable is set! Its value goes before the token that was just stored; unset "
                                                "{0} to use the new one.",
                                                source)) +
                         "\n");
}

// Follows wrapping until the token itself is there.
Expected<Answer> extract_token(Client& client, MaybeAnswer answer) {
  for (;;) {
    if (!answer) return stop(exit_server, "Error extracting token: empty response from auth helper");
    if (answer->auth().is_object()) return std::move(*answer);
    if (!answer->is_wrapped()) return stop(exit_server, "Error extracting token: no auth or wrapping info in response");
    if (text_of(answer->wrap_info(), "wrapped_accessor").empty())
      return stop(exit_server, "Error extracting token: wrapped response does not contain a token");
    client.set_token(SecretBytes::copy_of(std::string_view(text_of(answer->wrap_info(), "token"))));
    client.set_wrap_ttl("");
    Reply<MaybeAnswer> unwrapped = client.write("sys/wrapping/unwrap", "");
    if (!unwrapped) return std::unexpected(failed("Error extracting token: ", std::move(unwrapped).error()));
    answer = std::move(*unwrapped);
  }
}

Expected<TextFields> login_fields(Context& context, const std::string& method) {
  std::vector<std::string> arguments = context.arguments;
  if (method == "token" && !arguments.empty() && arguments[0].find('=') == std::string::npos) arguments[0].insert(0, "token=");
  Expected<TextFields> fields = parse_text_fields(arguments, 0, context.console);
  if (!fields) return usage_error("Error parsing configuration: " + fields.error().text);
  if ((*fields)["mount"].empty()) {
    const std::string path = context.flags.text("path");
    (*fields)["mount"] = path.empty() ? method : path;
  }
  return fields;
}

Expected<int> store_and_print(Context& context, const Answer& answer) {
  const bool token_only = context.flags.boolean("token-only");
  const bool no_store = context.flags.boolean("no-store") || token_only;
  const SecretBytes token = SecretBytes::copy_of(std::string_view(text_of(answer.auth(), "client_token")));
  if (!no_store) {
    if (const Expected<void> stored = context.token_helper().store(token); !stored) {
      context.console.error("Error storing token: " + stored.error().text);
      context.console.error(wrap_words("You are authenticated, but the token could not be kept. It is shown below.") + "\n");
      CHECK_OK(output_answer(context, answer));
      return exit_server;
    }
    warn_of_environment(context);
  } else if (!token_only) {
    context.console.warn(wrap_words("The token was not stored in token helper. Set the VAULT_TOKEN environment variable to the token below, or pass it "
                                    "with each request.") +
                         "\n");
  }
  if (context.flags.boolean("no-print")) return exit_ok;
  if (token_only) return output_field(context, answer, "token");
  if (!context.field().empty()) return output_field(context, answer, context.field());
  if (context.is_table() && !no_store)
    context.console.line(wrap_words(fmt::format("Success! You are now authenticated. The token information displayed below is already stored in the token "
                                                "helper, and later commands use it: \"{} login\" need not be run again.",
                                                context.world.program())) +
                         "\n");
  return output_answer(context, answer);
}

Expected<int> login(Context& context) {
  const bool token_only = context.flags.boolean("token-only");
  const bool keeps_wrapping = token_only || context.flags.boolean("no-store");
  if (context.flags.boolean("no-store") && context.flags.boolean("no-print")) return usage_error("-no-store and -no-print cannot be used together");
  std::string name = trim_slashes(context.flags.text("method"));
  if (name.empty()) name = "token";
  const Method* method = find_method(name);
  if (method == nullptr)
    return usage_error(wrap_words(fmt::format("Unknown auth method: {}. Use \"{} auth list\" to see which methods the server has; some can only be used "
                                              "through the HTTP API.",
                                              name, context.world.program())));
  TextFields fields = TRY(login_fields(context, name));
  Client& client = *TRY(context.client_without_token());
  MaybeAnswer answer = TRY(method->sign_in(context, client, std::move(fields)));
  if (answer && member_of(answer->auth(), "mfa_requirement").is_object()) {
    context.console.warn(wrap_words("This login needs a second factor. Validate it with a request to sys/mfa/validate.") + "\n");
    return output_answer(context, *answer);
  }
  if (answer && answer->is_wrapped() && keeps_wrapping)
    return token_only ? output_field(context, *answer, "wrapping_token") : output_answer(context, *answer);
  const Answer extracted = TRY(extract_token(client, std::move(answer)));
  return store_and_print(context, extracted);
}

}  // namespace

std::string login_method_help(std::string_view name, std::string_view program) {
  const Method* method = find_method(name);
  if (method == nullptr) return {};
  return fmt::format("Usage: {} login -method={} [CONFIG K=V...]\n\nConfiguration:\n\n{}\n  mount=<string>  where the method is enabled (default: {})",
                     program, name, method->help, name);
}

void add_login_commands(std::vector<CommandSpec>& table) {
  table.push_back(
      {"login", "[AUTH K=V...]", "Authenticate locally",
       "Signs in and keeps the token for later commands. The method is token unless -method says otherwise; its token may be the argument, \"-\" reads it "
       "from stdin, and without either it is asked for.",
       {{"With a token, typed unseen", "login"},
        {"With name and password", "login -method=userpass username=maya"},
        {"As a machine", "login -method=approle role_id=... secret_id=@/run/secrets/id"}},
       {{"method", FlagKind::text, "Type of the method, not its path.", "token"},
        {"path", FlagKind::text, "Where the method is enabled, when not at its type's name."},
        {"no-store", FlagKind::boolean, "Do not keep the token.", "false"},
        {"no-print", FlagKind::boolean, "Do not print the token.", "false"},
        {"token-only", FlagKind::boolean, "Print the token alone, unchecked, and do not keep it.", "false"}},
       http_flags | format_flag | field_flag, 0, -1, login});
}

}  // namespace coffer::cli
