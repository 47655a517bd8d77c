#include "cli/help.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace coffer::cli {
namespace {

TEST(CommandTable, IsConsistent) {
  std::set<std::string_view> names;
  for (const CommandSpec& command : command_table()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name << " stands twice";
    if (const std::size_t space = command.name.rfind(' '); space != std::string_view::npos) {
      EXPECT_TRUE(names.contains(command.name.substr(0, space))) << command.name << " has no group before it";
    }
    std::set<std::string_view> flags;
    for (const FlagSpec& flag : all_flags(command)) {
      EXPECT_TRUE(flags.insert(flag.name).second) << command.name << " -" << flag.name;
      if (!flag.alias.empty()) {
        EXPECT_TRUE(flags.insert(flag.alias).second) << command.name << " -" << flag.alias;
      }
      if (!flag.hidden) {
        EXPECT_TRUE(flag.help.ends_with('.')) << command.name << " -" << flag.name;
      }
    }
  }
}

TEST(Reference, IsThePageInTheRepository) {
  std::ifstream in(COFFER_SOURCE_DIR "/docs/reference/cli.md");
  std::ostringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), reference_markdown()) << "make it anew: coffer docs cli >docs/reference/cli.md";
}

}  // namespace
}  // namespace coffer::cli
