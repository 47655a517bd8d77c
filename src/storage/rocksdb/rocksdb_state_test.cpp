#include "storage/rocksdb/rocksdb_state.h"

#include <sys/stat.h>

#include <filesystem>

#include "storage/conformance.h"
#include "storage/rocksdb/test_folder.h"

namespace coffer::storage::conformance {
namespace {

namespace fs = std::filesystem;

struct RocksdbHarness {
  static constexpr bool durable = true;
  TestFolder folder;
  std::unique_ptr<State> open() {
    auto state = open_rocksdb_state(folder.options());
    if (!state) throw std::runtime_error(state.error().message);
    return *std::move(state);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Rocksdb, StateConformance, RocksdbHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Rocksdb, StoreConformance, RocksdbHarness);

class RocksdbTest : public ::testing::Test {
 protected:
  TestFolder folder_;
  std::unique_ptr<State> open() {
    auto state = open_rocksdb_state(folder_.options());
    EXPECT_TRUE(state) << state.error().message;
    return state ? *std::move(state) : nullptr;
  }
  Error refusal(RocksdbOptions options) {
    auto state = open_rocksdb_state(std::move(options));
    EXPECT_FALSE(state);
    return state ? Error{} : state.error();
  }
};

TEST_F(RocksdbTest, FilesAreForTheirOwnerAloneWhateverTheUmask) {
  const mode_t before = ::umask(0);
  {
    auto state = open();
    ASSERT_TRUE(state->apply(Batch{1, {put("a", "1")}}, 1, 1, true));
  }
  auto state = open();
  ::umask(before);
  struct stat found{};
  ASSERT_EQ(::stat(folder_.path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0700U);
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    ASSERT_EQ(::stat(entry.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0600U) << entry.path();
  }
}

TEST_F(RocksdbTest, NoFileShowsANameOrAValue) {
  {
    auto state = open();
    ASSERT_TRUE(state->apply(Batch{1, {put("readable-name", "readable-value")}}, 1, 1, true));
  }
  open().reset();  // recovery makes a table of it
  for (const auto& [name, bytes] : folder_.read_all()) {
    EXPECT_EQ(bytes.find("readable"), std::string::npos) << name;
    if (name != "coffer.lock" && name != "high-water" && name != "LOCK") {
      EXPECT_TRUE(bytes.starts_with("CofferF1")) << name;
    }
  }
}

TEST_F(RocksdbTest, ASecondOpeningIsToldWhoHoldsTheFolder) {
  auto state = open();
  const Error error = refusal(folder_.options());
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_NE(error.message.find("in use by another server (process " + std::to_string(::getpid())), std::string::npos) << error.message;
  state.reset();
  EXPECT_TRUE(open());
}

TEST_F(RocksdbTest, AWrongKeyIsNamedAsSuch) {
  {
    auto state = open();
    ASSERT_TRUE(state->apply(Batch{1, {put("a", "1")}}, 1, 1, true));
  }
  auto options = folder_.options();
  options.file_key = SecretBytes::copy_of(std::string(32, 'w'));
  const Error error = refusal(std::move(options));
  EXPECT_NE(error.message.find("another"), std::string::npos) << error.message;
  options = folder_.options();
  options.file_key = SecretBytes(16);
  EXPECT_EQ(refusal(std::move(options)).code, Code::invalid_argument);
  EXPECT_TRUE(open());  // nothing was changed
}

TEST_F(RocksdbTest, AnOlderCopyIsRefusedUnlessAccepted) {
  auto state = open();
  ASSERT_TRUE(state->apply(Batch{1, {put("a", "1")}}, 1, 1, true));
  state.reset();
  const auto older = folder_.read_all();
  state = open();
  ASSERT_TRUE(state->apply(Batch{2, {put("a", "2")}}, 2, 1, true));
  EXPECT_EQ(state->highest_seen(), 2U);
  state.reset();
  const auto newer = folder_.read_all();
  folder_.replace_all(older);
  folder_.write("high-water", newer.at("high-water"));
  const Error error = refusal(folder_.options());
  EXPECT_EQ(error.code, Code::corrupt);
  EXPECT_NE(error.message.find("position 1, but 2"), std::string::npos) << error.message;
  auto options = folder_.options();
  options.accept_older_data = true;
  auto accepted = open_rocksdb_state(std::move(options));
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ((*accepted)->head()->position, 1U);
  EXPECT_EQ((*accepted)->highest_seen(), 2U);
  accepted->reset();
  EXPECT_TRUE(open());
}

TEST_F(RocksdbTest, LostFilesAreNotReplacedByAnEmptyStore) {
  {
    auto state = open();
    ASSERT_TRUE(state->apply(Batch{1, {put("a", "1")}}, 1, 1, true));
  }
  fs::remove(folder_.path() / "CURRENT");
  EXPECT_NE(refusal(folder_.options()).message.find("CURRENT"), std::string::npos);
  for (const auto& [name, bytes] : folder_.read_all()) {
    if (name != "high-water") fs::remove(folder_.path() / name);
  }
  EXPECT_EQ(refusal(folder_.options()).code, Code::corrupt);
}

TEST_F(RocksdbTest, ACheckpointIsAStateOfItsOwn) {
  auto state = open();
  ASSERT_TRUE(state->apply(Batch{1, {put("a", "1")}}, 1, 1, true));
  const std::string copy = folder_.path() / "copy";
  ASSERT_TRUE(state->checkpoint(copy));
  EXPECT_EQ(state->checkpoint(copy).error().code, Code::invalid_argument);
  ASSERT_TRUE(state->apply(Batch{2, {put("a", "2")}}, 2, 1, true));
  auto options = folder_.options();
  options.path = copy;
  auto other = open_rocksdb_state(std::move(options));
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ((*other)->head()->position, 1U);
  EXPECT_EQ(value_of(*(*other)->snapshot(), "a"), "1");
}

TEST_F(RocksdbTest, ALogThatWasJustMadeIsNoDamage) {
  {
    auto state = open();
    ASSERT_TRUE(state->apply(Batch{1, {put("a", "1")}}, 1, 1, true));
  }
  // Killed between the making of a log and its header, or in the midst of the header.
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}}) {
    folder_.write("900000.log", std::string(size, 'x'));
    auto state = open();
    ASSERT_TRUE(state) << size;
    EXPECT_EQ(value_of(*state->snapshot(), "a"), "1");
  }
}

}  // namespace
}  // namespace coffer::storage::conformance
