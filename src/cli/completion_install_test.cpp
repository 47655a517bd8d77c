#include "cli/completion_install.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/testing.h"

namespace coffer::cli::testing {
namespace {

class AutocompleteTest : public CommandTest {
 protected:
  AutocompleteTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "coffer-rc-XXXXXX").string();
    home_ = ::mkdtemp(folder.data());
    environment["HOME"] = home_.string();
  }
  ~AutocompleteTest() override { std::filesystem::remove_all(home_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(home_ / name) << text; }
  std::string text(const std::string& name) {
    std::ifstream in(home_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // What a shell is offered for a line; bash tells its key.
  std::string offers(const std::string& line, bool bash = true) {
    environment["COMP_LINE"] = line;
    environment["COMP_POINT"] = std::to_string(line.size());
    environment["COMP_KEY"] = bash ? "9" : "";
    EXPECT_EQ(run({"vault", "word", "word before"}), 0);
    for (const char* name : {"COMP_LINE", "COMP_POINT", "COMP_KEY"}) environment.erase(name);
    EXPECT_EQ(console.err, "");
    return console.out;
  }
  std::filesystem::path home_;
};

TEST_F(AutocompleteTest, SetsUpTheShellsThatThereAre) {
  EXPECT_EQ(run({"-autocomplete-install"}), 1);  // there is none
  write(".bashrc", "export A=1");
  ASSERT_EQ(::chmod((home_ / ".bashrc").c_str(), 0600), 0);
  write(".zshrc", "autoload -U +X bashcompinit && bashcompinit\n");
  std::filesystem::create_directories(home_ / ".config" / "fish");
  EXPECT_EQ(run({"-autocomplete-install"}), 0);
  EXPECT_EQ(text(".bashrc"), "export A=1\ncomplete -C vault vault\n");
  EXPECT_EQ(text(".zshrc"), "autoload -U +X bashcompinit && bashcompinit\ncomplete -o nospace -C vault vault\n");
  EXPECT_NE(text(".config/fish/completions/vault.fish").find("COMP_LINE"), std::string::npos);
  EXPECT_EQ(std::filesystem::status(home_ / ".bashrc").permissions(), static_cast<std::filesystem::perms>(0600));
  EXPECT_EQ(run({"--autocomplete-install"}), 0);  // once is enough
  EXPECT_EQ(text(".bashrc"), "export A=1\ncomplete -C vault vault\n");
  EXPECT_EQ(run({"-autocomplete-uninstall"}), 0);
  EXPECT_EQ(text(".bashrc"), "export A=1\n");
  EXPECT_EQ(text(".zshrc"), "autoload -U +X bashcompinit && bashcompinit\n");
  EXPECT_FALSE(std::filesystem::exists(home_ / ".config/fish/completions/vault.fish"));
  EXPECT_EQ(run({"-autocomplete-uninstall"}), 0);
}

TEST_F(AutocompleteTest, ALinkStaysALink) {
  write("dotfile", "");
  std::filesystem::create_symlink(home_ / "dotfile", home_ / ".bashrc");
  EXPECT_EQ(run({"-autocomplete-install"}), 0);
  EXPECT_TRUE(std::filesystem::is_symlink(home_ / ".bashrc"));
  EXPECT_EQ(text("dotfile"), "complete -C vault vault\n");
}

TEST_F(AutocompleteTest, AnswersTheLineThatIsTyped) {
  EXPECT_EQ(offers("vault opera"), "operator\n");
  EXPECT_NE(offers("vault kv ").find("get\n"), std::string::npos);
  EXPECT_EQ(offers("vault kv get -form"), "-format=\n");
  EXPECT_EQ(offers("vault kv get -format=js"), "json\n");
  EXPECT_EQ(offers("vault kv get -format=js", false), "-format=json\n");
  server.on("GET /v1/sys/internal/ui/mounts", R"({"data":{"secret":{"secret/":{"type":"kv"},"team/":{"type":"kv"}}}})");
  EXPECT_EQ(offers("vault kv get te"), "team/\n");
  environment["COMP_LINE"] = "vault opera and more";
  environment["COMP_POINT"] = "11";  // what is behind the cursor does not count
  EXPECT_EQ(run({}), 0);
  EXPECT_EQ(console.out, "operator\n");
  environment["COMP_POINT"] = "99999999999999999999";
  EXPECT_EQ(run({}), 0);
}

}  // namespace
}  // namespace coffer::cli::testing
