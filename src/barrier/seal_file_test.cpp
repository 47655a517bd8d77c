#include "barrier/seal_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "barrier/seal/seal_store.h"
#include "barrier/seal/static_seal.h"
#include "base/encoding.h"
#include "crypto/aead.h"

namespace coffer::barrier {
namespace {

using testing::HasSubstr;

SealFile sample() {
  SealFile file;
  file.cluster_id = "id";
  file.cluster_name = "a \"name\"";
  file.seal_type = "static";
  file.recovery = ShareConfig{5, 3};
  file.root_key = {"key-1", std::string("\0\1\xff", 3)};
  file.keyring = std::string(300, '\x90');
  file.recovery_backup = PgpBackup{"nonce", {{"aa", {"m1", "m2"}}, {"bb", {"m3"}}}};
  return file;
}

TEST(SealFile, RoundTrips) {
  const std::string text = encode(sample());
  const auto file = parse_seal_file(text, "core/seal.json");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(encode(*file), text);
  EXPECT_EQ(file->root_key.sealed, sample().root_key.sealed);
  EXPECT_EQ(file->recovery->threshold, 3u);
  EXPECT_FALSE(file->barrier_backup);
  EXPECT_EQ(file->recovery_backup->keys[0].second.size(), 2u);
}

TEST(SealFile, EveryCutAndEveryFlipIsFoundAndNamed) {
  const std::string text = encode(sample());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto cut = parse_seal_file(text.substr(0, i), "core/seal.json");
    ASSERT_FALSE(cut) << i;
    EXPECT_EQ(cut.error().code, Code::corrupt);
    EXPECT_THAT(cut.error().message, HasSubstr("core/seal.json"));
    std::string flipped = text;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    EXPECT_FALSE(parse_seal_file(flipped, "core/seal.json")) << i;
  }
  EXPECT_THAT(parse_seal_file(text.substr(0, text.size() - 5), "f").error().message, HasSubstr("truncated"));
  EXPECT_THAT(parse_seal_file(text + "x", "f").error().message, HasSubstr("more in it"));
  EXPECT_THAT(parse_seal_file("coffer-seal 2 1 x\n", "f").error().message, HasSubstr("format 2"));
}

TEST(SealFile, BindsItsPlainPartToTheKeyring) {
  SealFile file = sample();
  const std::string before = file.keyring_context();
  file.recovery->threshold = 1;
  EXPECT_NE(file.keyring_context(), before);
  file = sample();
  file.cluster_id = "i";
  file.cluster_name = "da \"name\"";
  EXPECT_NE(file.keyring_context(), before);
}

class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "/coffer-seal-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

unsigned mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

TEST(SealStore, ReplacesTheFileWhole) {
  const Folder folder;
  const std::string data = folder.path() + "/data";
  {
    auto store = open_file_seal_store(data).value();
    EXPECT_FALSE(store->read().value());
    ASSERT_TRUE(store->write("one"));
    ASSERT_TRUE(store->write("two"));
    EXPECT_EQ(store->read().value(), "two");
    EXPECT_EQ(mode_of(data + "/core"), 0700u);
    EXPECT_EQ(mode_of(data + "/core/seal.json"), 0600u);
    EXPECT_EQ(open_file_seal_store(data).error().code, Code::unavailable);  // locked
    EXPECT_EQ(open_file_seal_store(data).error().message.find(folder.path()), std::string::npos);
  }
  std::ofstream(data + "/core/seal.json.new") << "torn";
  const auto again = open_file_seal_store(data).value();
  EXPECT_FALSE(std::filesystem::exists(data + "/core/seal.json.new"));
  EXPECT_EQ(again->read().value(), "two");
}

TEST(SealStore, AFullDiskChangesNothing) {
  const Folder folder;
  auto store = open_file_seal_store(folder.path()).value();
  ASSERT_TRUE(store->write("one"));
  // A folder in the place of the temporary file makes every write fail, as a full disk does.
  std::filesystem::create_directory(folder.path() + "/core/seal.json.new");
  const auto failed = store->write("two");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message.find(folder.path()), std::string::npos);
  EXPECT_EQ(store->read().value(), "one");
}

TEST(StaticSeal, TakesKeysInAllForms) {
  const std::string key = "0123456789abcdef0123456789ABCDEF";
  const Folder folder;
  const auto file = [&](const std::string& name, const std::string& content) {
    std::ofstream(folder.path() + "/" + name) << content;
    return "file://" + folder.path() + "/" + name;
  };
  ::setenv("COFFER_TEST_KEY", base64_encode(key).c_str(), 1);
  ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  const SecretBytes root_key = crypto::random_secret(32, system_random());
  const auto first = make_static_seal({"one", hex_encode(key), "", ""}).value();
  const WrappedKey wrapped = first->wrap(root_key, "context").value();
  EXPECT_EQ(wrapped.key_id, "one");
  for (const std::string& source : {key, hex_encode(key), base64_encode(key), file("raw", key), file("hex", hex_encode(key) + "\n"),
                                    file("b64", base64_encode(key) + "\r\n"), std::string("env://COFFER_TEST_KEY"), std::string("credential://raw")}) {
    const auto seal = make_static_seal({"one", source, "", ""});
    ASSERT_TRUE(seal) << source << ": " << seal.error().message;
    EXPECT_TRUE((*seal)->unwrap(wrapped, "context").value() == root_key);
    EXPECT_FALSE((*seal)->unwrap(wrapped, "other cluster"));
    EXPECT_FALSE((*seal)->outdated(wrapped));
  }
  const auto next = make_static_seal({"two", std::string(32, 'n'), "one", key}).value();
  EXPECT_TRUE(next->unwrap(wrapped, "context").value() == root_key);
  EXPECT_TRUE(next->outdated(wrapped));
  EXPECT_THAT(make_static_seal({"two", std::string(32, 'n'), "", ""}).value()->unwrap(wrapped, "context").error().message, HasSubstr("\"one\""));
  EXPECT_FALSE(make_static_seal({"one", std::string(32, 'n'), "", ""}).value()->unwrap(wrapped, "context"));
}

TEST(StaticSeal, NamesTheSettingThatIsWrongAndNoKey) {
  const auto message = [](const StaticSealConfig& config) { return make_static_seal(config).error().message; };
  EXPECT_THAT(message({"", "x", "", ""}), HasSubstr("current_key_id is missing"));
  EXPECT_THAT(message({"a", "", "", ""}), HasSubstr("current_key is missing"));
  EXPECT_THAT(message({"a", "too-short", "", ""}), HasSubstr("32 bytes"));
  EXPECT_THAT(message({"a", "too-short", "", ""}), testing::Not(HasSubstr("too-short")));
  EXPECT_THAT(message({"a", "file:///no/such/file", "", ""}), HasSubstr("cannot be opened"));
  EXPECT_THAT(message({"a", "file:///dev/zero", "", ""}), HasSubstr("too long"));
  EXPECT_THAT(message({"a", "env://COFFER_NOT_SET_AT_ALL", "", ""}), HasSubstr("not set"));
  EXPECT_THAT(message({"a", "credential://../x", "", ""}), HasSubstr("credential"));
  EXPECT_THAT(message({"a", std::string(32, 'k'), "a", std::string(32, 'p')}), HasSubstr("must differ"));
  EXPECT_THAT(message({"a", std::string(32, 'k'), "", std::string(32, 'p')}), HasSubstr("previous_key_id is missing"));
}

}  // namespace
}  // namespace coffer::barrier
