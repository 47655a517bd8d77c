#include "cli/completion_install.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "cli/friendly/private_file.h"

namespace coffer::cli {
namespace {

namespace fs = std::filesystem;

// A start file and what stands in it for this program.
struct StartFile {
  std::string_view shell;
  fs::path path;
  std::vector<std::string> lines;
  bool own = false;  // the whole file is this program's
};

// The first file that is there; "" without one.
fs::path first_of(const fs::path& home, std::initializer_list<std::string_view> names) {
  std::error_code ignored;
  for (const std::string_view name : names)
    if (fs::is_regular_file(home / name, ignored)) return home / name;
  return {};
}

std::vector<StartFile> start_files(const World& world) {
  std::vector<StartFile> out;
  const fs::path home = world.environment.home();
  if (home.empty()) return out;
  const std::string_view program = world.program();
  if (fs::path file = first_of(home, {".bashrc", ".bash_profile", ".bash_login", ".profile"}); !file.empty())
    out.push_back({"bash", std::move(file), {fmt::format("complete -C {0} {0}", program)}});
  if (fs::path file = first_of(home, {".zshrc"}); !file.empty())
    out.push_back({"zsh", std::move(file), {"autoload -U +X bashcompinit && bashcompinit", fmt::format("complete -o nospace -C {0} {0}", program)}});
  std::error_code ignored;
  if (const fs::path folder = home / ".config" / "fish"; fs::is_directory(folder, ignored))
    out.push_back({"fish",
                   folder / "completions" / fmt::format("{}.fish", program),
                   {fmt::format("complete -c {0} -f -a '(env COMP_LINE=(commandline -cp) {0})'", program)},
                   true});
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}
bool has(const std::vector<std::string>& lines, std::string_view line) { return std::ranges::find(lines, line) != lines.end(); }

// Written beside and renamed, so that no start file is ever half there; a link to one stays a link.
Expected<void> replace(const fs::path& path, std::string_view text) {
  std::error_code failed;
  const fs::path real = fs::exists(path, failed) ? fs::canonical(path, failed) : path;
  struct stat before{};
  const bool there = ::stat(real.c_str(), &before) == 0;
  CHECK_OK(replace_file(real.string(), text, there ? before.st_mode & 07777U : 0644U));
  // Who does it as another user (sudo) leaves the file to its owner.
  if (there && before.st_uid != ::geteuid() && ::chown(real.c_str(), before.st_uid, before.st_gid) != 0)
    return stop(exit_local, fmt::format("{} could not be given back to its owner", real.string()));
  return {};
}

Expected<void> add_to(const StartFile& file) {
  std::error_code failed;
  if (file.own) fs::create_directories(file.path.parent_path(), failed);
  std::string text = fs::exists(file.path, failed) ? TRY(read_file(file.path.string())) : std::string();
  const std::vector<std::string> lines = lines_of(text);
  if (!text.empty() && text.back() != '\n') text += '\n';
  for (const std::string& line : file.lines)
    if (!has(lines, line)) text += line + "\n";
  return replace(file.path, text);
}

// A line that other programs' completion may stand on stays.
Expected<void> take_from(const StartFile& file) {
  std::string text;
  for (const std::string& line : lines_of(TRY(read_file(file.path.string()))))
    if (line != file.lines.back()) text += line + "\n";
  return replace(file.path, text);
}

bool is_set_up(const StartFile& file) {
  const auto text = read_file(file.path.string());
  return text && has(lines_of(*text), file.lines.back());
}

}  // namespace

std::optional<std::vector<std::string>> words_to_complete(const Environment& environment) {
  std::string line = environment.variable("COMP_LINE");
  if (line.empty()) return std::nullopt;
  if (const std::string point = environment.variable("COMP_POINT"); !point.empty())
    line.resize(std::min<std::size_t>(line.size(), std::strtoul(point.c_str(), nullptr, 10)));
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (c != ' ' && c != '\t') words.back() += c;
    else if (!words.back().empty()) words.emplace_back();
  }
  words.erase(words.begin());
  if (words.empty()) words.emplace_back();
  return words;
}

std::string_view offered_part(const Environment& environment, std::string_view offer, std::string_view unfinished) {
  // Of the shells that ask so, bash alone tells the key.
  if (environment.variable("COMP_KEY").empty() || unfinished.find('=') == std::string_view::npos) return offer;
  return offer.substr(std::min(offer.find('=') + 1, offer.size()));
}

Expected<int> install_completion(World& world) {
  const std::vector<StartFile> files = start_files(world);
  if (files.empty()) return stop(exit_local, "No shell to set completion up for: there is no .bashrc, .zshrc or .config/fish in the home folder.", "make one of them, or see coffer completion -help");
  for (const StartFile& file : files) {
    if (is_set_up(file)) {
      world.console->line(fmt::format("{}: {} has it already", file.shell, file.path.string()));
      continue;
    }
    CHECK_OK(add_to(file));
    world.console->line(fmt::format("{}: added to {}; it works in shells that you open from now on", file.shell, file.path.string()));
  }
  return exit_ok;
}

Expected<int> uninstall_completion(World& world) {
  for (const StartFile& file : start_files(world)) {
    if (!is_set_up(file)) continue;
    std::error_code failed;
    if (file.own) fs::remove(file.path, failed);
    else CHECK_OK(take_from(file));
    world.console->line(fmt::format("{}: taken out of {}", file.shell, file.path.string()));
  }
  return exit_ok;
}

}  // namespace coffer::cli
