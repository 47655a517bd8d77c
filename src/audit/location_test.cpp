#include "audit/sinks/location.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "audit/test_support.h"

namespace coffer::audit {
namespace {
using namespace testing;
using ::testing::HasSubstr;

class LocationTest : public ::testing::Test {
 protected:
  std::string open(const std::string& path, bool trusted = false, mode_t mode = 0600) {
    const auto opened = open_audit_file({path, trusted, {allowed, second}, mode});
    return opened ? "opened" : opened.error().message;
  }
  mode_t mode_of(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
  }
  void SetUp() override {
    std::filesystem::create_directories(allowed);
    std::filesystem::create_directories(second);
    std::filesystem::create_directories(outside);
  }
  TemporaryFolder folder;
  std::string allowed = folder.file("allowed"), second = folder.file("second"), outside = folder.file("outside");
};

TEST_F(LocationTest, OpensBeneathAllowedFoldersOnly) {
  EXPECT_EQ(open(allowed + "/a.log"), "opened");
  EXPECT_EQ(open(second + "/b.log"), "opened");
  EXPECT_EQ(open("c.log"), "opened");
  EXPECT_TRUE(std::filesystem::exists(allowed + "/c.log"));
  EXPECT_THAT(open("deeper/folder/d.log"), HasSubstr("does not exist"));
  EXPECT_FALSE(std::filesystem::exists(allowed + "/deeper"));
  std::filesystem::create_directories(allowed + "/one/two");
  EXPECT_EQ(open(allowed + "//one/two//e.log"), "opened");
  for (const std::string& path : {outside + "/x.log", allowed + "/../outside/x.log", std::string("../outside/x.log"), std::string("/etc/x.log"), allowed,
                                  allowed + "/", allowed + "x/y.log", std::string(), std::string("/"), std::string("."), std::string("a\nb")}) {
    const std::string problem = open(path);
    EXPECT_THAT(problem, HasSubstr("audit_dirs")) << path;
    EXPECT_EQ(problem.find(folder.path()), std::string::npos);
  }
  EXPECT_TRUE(std::filesystem::is_empty(outside));
}

TEST_F(LocationTest, LinksDoNotLeadOut) {
  std::filesystem::create_symlink(outside, allowed + "/out");
  std::filesystem::create_symlink(outside + "/target.log", allowed + "/link.log");
  EXPECT_NE(open(allowed + "/out/x.log"), "opened");
  EXPECT_NE(open(allowed + "/out/new/x.log"), "opened");
  EXPECT_NE(open(allowed + "/link.log"), "opened");
  write_file(outside + "/target.log", "");
  EXPECT_NE(open(allowed + "/link.log"), "opened");
  EXPECT_TRUE(std::filesystem::is_empty(outside) || std::filesystem::file_size(outside + "/target.log") == 0);
  EXPECT_FALSE(std::filesystem::exists(outside + "/new"));
  // The allowed folder itself may be a link, and may be named by its real path.
  std::filesystem::create_directory_symlink(allowed, folder.file("alias"));
  const auto opened = open_audit_file({allowed + "/real.log", false, {folder.file("alias")}, 0600});
  EXPECT_TRUE(opened.has_value());
}

TEST_F(LocationTest, TrustsPathsOfTheConfiguration) {
  EXPECT_EQ(open(outside + "/x.log", true), "opened");
  EXPECT_EQ(open(outside + "/made/y.log", true), "opened");
  EXPECT_EQ(open("/dev/null", true), "opened");
  EXPECT_NE(open(outside, true), "opened");
}

TEST_F(LocationTest, AppendsOnlyToAuditRecords) {
  const std::string path = allowed + "/file";
  const auto with = [&](std::string_view text) {
    write_file(path, text);
    const std::string result = open(path);
    EXPECT_EQ(read_file(path), text);
    return result;
  };
  EXPECT_EQ(with(""), "opened");
  EXPECT_EQ(with("{\"auth\":null,\"time\":\"2026-01-02T03:04:05.123456789Z\",\"type\":\"request\"}\n{}\n"), "opened");
  EXPECT_EQ(with("{\"time\":\"2026-01-02T03:04:05Z\",\"type\":\"request\",\"reque"), "opened");
  for (const std::string_view text : {"#!/bin/sh\n", "\n", "{}\n", "{\"time\":\"x\",\"type\":\"request\"}\n", "{\"type\":\"request\"}\n", "[1]\n",
                                      "{\"time\":\"2026-01-02T03:04:05Z\",\"type\":5}\n", "secret"})
    EXPECT_THAT(with(text), HasSubstr("something else")) << text;
  EXPECT_EQ(with("{\"time\":\"2026-01-02T03:04:05Z\",\"type\":\"request\",\"data\":\"" + std::string(100'000, 'x') + "\"}\n"), "opened");
}

TEST_F(LocationTest, ChangesNoModeOfAFileThatExists) {
  const mode_t old = ::umask(0);
  EXPECT_EQ(open(allowed + "/new.log"), "opened");
  EXPECT_EQ(mode_of(allowed + "/new.log"), 0600u);
  ::umask(0777);
  EXPECT_EQ(open(allowed + "/group.log", false, 0640), "opened");
  EXPECT_EQ(mode_of(allowed + "/group.log"), 0640u);
  ::umask(old);
  write_file(allowed + "/old.log", "");
  ::chmod((allowed + "/old.log").c_str(), 0664);
  EXPECT_EQ(open(allowed + "/old.log", false, 0640), "opened");
  EXPECT_EQ(mode_of(allowed + "/old.log"), 0664u);
}

TEST_F(LocationTest, ModesAreOctalAndNeverExecutable) {
  EXPECT_EQ(*parse_mode(""), 0600u);
  EXPECT_EQ(*parse_mode("0000"), 0600u);
  EXPECT_EQ(*parse_mode("0640"), 0640u);
  EXPECT_EQ(*parse_mode("644"), 0644u);
  for (const std::string_view text : {"0755", "0601", "4600", "rw-", "0o600", "99", "777777", "-1", "0600 "}) EXPECT_FALSE(parse_mode(text)) << text;
}

TEST_F(LocationTest, RefusesOtherKindsOfFile) {
  std::filesystem::create_directory(allowed + "/dir");
  EXPECT_NE(open(allowed + "/dir"), "opened");
  ASSERT_EQ(::mkfifo((allowed + "/fifo").c_str(), 0600), 0);
  EXPECT_THAT(open(allowed + "/fifo"), HasSubstr("nobody reads"));
}

}  // namespace
}  // namespace coffer::audit
