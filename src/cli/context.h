#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client/client.h"
#include "cli/client/token_helper.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/environment.h"
#include "cli/flags/flags.h"
#include "cli/flags/key_values.h"

namespace coffer::cli {

// Under which name the program was called.
enum class Persona : std::uint8_t { coffer, vault, bao };

// The world of one run of the program; tests put other things in.
struct World {
  Persona persona = Persona::coffer;
  Environment environment;
  Console* console = nullptr;
  std::function<std::unique_ptr<Transport>(ConnectionOptions)> make_transport = make_curl_transport;
  [[nodiscard]] std::string_view program() const {  // as the user types it
    return persona == Persona::vault ? "vault" : persona == Persona::bao ? "bao" : "coffer";
  }
};

// What a handler gets: its command line, and what it may use. One thread uses it.
class Context {
 public:
  Context(World& its_world, const CommandSpec& its_command, ParsedArguments parsed)
      : world(its_world),
        command(its_command),
        flags(std::move(parsed.flags)),
        arguments(std::move(parsed.arguments)),
        separator(parsed.separator),
        console(*its_world.console) {}

  World& world;
  const CommandSpec& command;
  Flags flags;
  std::vector<std::string> arguments;
  std::optional<std::size_t> separator;  // how many arguments stood before "--"
  Console& console;

  // The client for the server that flags and environment name, with the caller's token; made once. Without a token where none is known.
  [[nodiscard]] Expected<Client*> client();
  // The same without looking for a token (login).
  [[nodiscard]] Expected<Client*> client_without_token();
  [[nodiscard]] TokenHelper token_helper() const { return TokenHelper(world.environment); }
  // table, json, yaml, pretty or raw; `yml` is yaml.
  [[nodiscard]] std::string format() const;
  [[nodiscard]] bool is_table() const { return format() == "table"; }
  // "-field", "" when not given.
  [[nodiscard]] std::string field() const { return flags.text("field"); }
  // Whether the program is called coffer, and may say more than Vault's would.
  [[nodiscard]] bool friendly() const { return world.persona == Persona::coffer; }
  // Asks before something is lost; --yes answers. Without a terminal nothing is asked and the command stops.
  [[nodiscard]] Expected<void> confirm(std::string_view question);

 private:
  [[nodiscard]] Expected<ClientOptions> client_options(bool with_token);
  [[nodiscard]] Expected<Client*> make_client(bool with_token);
  std::unique_ptr<Client> client_;
};

// The path with one slash where several follow each other, as Vault's command sends it: the server takes one spelling alone.
[[nodiscard]] std::string single_slashes(std::string_view path);
// The same without slashes and white space at its ends.
[[nodiscard]] std::string trim_slashes(std::string_view path);
// The path with exactly one slash at its end, and none in front.
[[nodiscard]] std::string with_trailing_slash(std::string_view path);
[[nodiscard]] std::string trim_space(std::string_view text);
// Parts joined by single slashes, as Go's path.Join does for names without dots.
[[nodiscard]] std::string join_path(std::string_view a, std::string_view b);
// Words wrapped at 78 columns, each line behind `indent` spaces.
[[nodiscard]] std::string wrap_words(std::string_view text, std::size_t indent = 0);

}  // namespace coffer::cli
