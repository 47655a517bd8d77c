// Every file of a state, damaged in every way that a disk or a person manages: either nothing is lost, or there is a clear error.
#include <filesystem>
#include <random>

#include "storage/conformance.h"
#include "storage/rocksdb/faulty_files.h"
#include "storage/rocksdb/open_on.h"
#include "storage/rocksdb/test_folder.h"

namespace coffer::storage::conformance {
namespace {

constexpr Position batches = 60;
constexpr Position batches_in_logs = 1'500;

std::string key_of(Position i) { return "secret/" + std::to_string(i); }
std::string value_at(Position i) { return std::string(300, static_cast<char>('a' + i % 26)) + std::to_string(i); }

class DamageTest : public ::testing::Test {
 protected:
  TestFolder folder_{TestFolder::fast_parent()};
  std::map<std::string, std::string> good_;

  // Tables of an earlier opening, and a log of the last one.
  void SetUp() override {
    Position position = 0;
    for (int opening = 0; opening < 3; ++opening) {
      auto state = open_rocksdb_state(folder_.options());
      ASSERT_TRUE(state);
      for (Position i = 0; i < batches / 3; ++i) {
        ++position;
        ASSERT_TRUE((*state)->apply(Batch{position, {put(key_of(position), value_at(position))}}, position, 1, true));
      }
    }
    good_ = folder_.read_all();
  }

  // What became of the data: "whole", or the first error. Anything else fails the test.
  std::string outcome() {
    auto state = open_rocksdb_state(folder_.options());
    if (!state) {
      EXPECT_TRUE(state.error().code == Code::corrupt || state.error().code == Code::unavailable) << state.error().message;
      EXPECT_EQ(state.error().message.find(folder_.path().string()), std::string::npos) << state.error().message;
      return state.error().message;
    }
    EXPECT_EQ((*state)->head()->position, batches);
    const auto view = (*state)->snapshot();
    std::string damage = "whole";
    for (Position i = 1; i <= batches; ++i) {
      std::string value;
      const auto found = view->get(key_of(i), value);
      if (found) {
        EXPECT_TRUE(*found && value == value_at(i)) << "silently lost or changed: " << key_of(i);
      } else {
        EXPECT_EQ(found.error().code, Code::corrupt);
        EXPECT_EQ(found.error().message.find('/'), std::string::npos) << found.error().message;
        damage = found.error().message;
      }
    }
    if (const auto all = view->scan("", "", batches + 10)) {
      EXPECT_EQ(all->size(), batches);
    } else {
      EXPECT_EQ(all.error().code, Code::corrupt);
    }
    (void)view->children("secret/", '/', "", 0);
    return damage;
  }
};

TEST_F(DamageTest, FlippedBytesAreNoticedOrHarmless) {
  const char* const seed = std::getenv("COFFER_TEST_SEED");  // to look further than the usual run
  std::mt19937 random(seed ? static_cast<unsigned>(std::atoi(seed)) : 7U);
  for (const auto& [name, bytes] : good_) {
    if (bytes.empty()) continue;
    std::vector<std::size_t> places{0, 9, 20, 40, 70, 4095, 4096, 4097, bytes.size() - 1, bytes.size() / 2};
    for (int i = 0; i < 8; ++i) places.push_back(random() % bytes.size());
    for (int i = 0; i < 12 && bytes.size() > 4096; ++i) places.push_back(4096 + random() % (bytes.size() - 4096));
    int noticed = 0;
    for (const std::size_t place : places) {
      if (place >= bytes.size()) continue;
      std::string damaged = bytes;
      damaged[place] = static_cast<char>(damaged[place] ^ (1 << (random() % 8)));
      folder_.replace_all(good_);
      folder_.write(name, damaged);
      SCOPED_TRACE(name + " flipped at " + std::to_string(place));
      const std::string found = outcome();
      noticed += found != "whole" ? 1 : 0;
      if (found != "whole" && !found.starts_with("stored data fails")) {
        EXPECT_NE(found.find(name), std::string::npos) << found;
      }
    }
    RecordProperty("noticed in " + name, noticed);
    // The old options, the identity and the name of a former process are read by nobody.
    const bool unread = name.starts_with("OPTIONS") || name == "IDENTITY" || name == "coffer.lock";
    if (!unread) {
      EXPECT_GT(noticed, 0) << name;
    }
  }
}

// A damaged length makes RocksDB take the rest of a manifest for a torn tail, and forget the tables that it names.
TEST_F(DamageTest, NoBitOfTheManifestCanHideATable) {
  const auto manifest = std::find_if(good_.begin(), good_.end(), [](const auto& file) { return file.first.starts_with("MANIFEST"); });
  ASSERT_NE(manifest, good_.end());
  int noticed = 0;
  for (std::size_t place = 4096; place < manifest->second.size(); ++place) {
    std::string damaged = manifest->second;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << (place % 8)));
    folder_.replace_all(good_);
    folder_.write(manifest->first, damaged);
    SCOPED_TRACE("flipped at " + std::to_string(place));
    noticed += outcome() != "whole" ? 1 : 0;
  }
  EXPECT_GT(noticed, 100);
}

TEST_F(DamageTest, CutFilesAreNoticedOrHarmless) {
  for (const auto& [name, bytes] : good_) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{4100}, bytes.size() / 2,
                                   bytes.size() - std::min<std::size_t>(bytes.size(), 1)}) {
      if (size >= bytes.size()) continue;
      folder_.replace_all(good_);
      folder_.write(name, bytes.substr(0, size));
      SCOPED_TRACE(name + " cut to " + std::to_string(size) + " of " + std::to_string(bytes.size()));
      const std::string found = outcome();
      // The last record of a manifest may be one without which all is still there: outcome() has looked.
      const bool manifest = name.starts_with("MANIFEST") && size <= 4100;
      if (name.ends_with(".sst") || name.ends_with(".log") || manifest || name == "CURRENT") {
        EXPECT_NE(found, "whole");
      }
    }
  }
}

TEST_F(DamageTest, MissingFilesAreNoticedOrHarmless) {
  for (const auto& [name, bytes] : good_) {
    auto rest = good_;
    rest.erase(name);
    folder_.replace_all(rest);
    SCOPED_TRACE(name + " removed");
    const std::string found = outcome();
    const bool matters = name.ends_with(".sst") || name.ends_with(".log") || name.starts_with("MANIFEST") || name == "CURRENT";
    if (matters) {
      EXPECT_NE(found, "whole");
    }
  }
}

TEST_F(DamageTest, FilesThatChangedPlacesAreNoticed) {
  std::vector<std::string> tables;
  for (const auto& [name, bytes] : good_) {
    if (name.ends_with(".sst")) tables.push_back(name);
  }
  ASSERT_GE(tables.size(), 2U);
  folder_.write(tables[0], good_.at(tables[1]));
  folder_.write(tables[1], good_.at(tables[0]));
  EXPECT_NE(outcome(), "whole");
}

// A process killed while a table is being made leaves two logs. What is cut off the older one lies between acknowledged batches.
TEST(DamagedLogs, TheOlderOfTwoLogsCannotLoseBatchesUnnoticed) {
  TestFolder folder{TestFolder::fast_parent()};
  auto options = folder.options();
  options.memtable_bytes = 256U << 10U;
  auto faults = std::make_shared<FileFaults>();
  std::map<std::string, std::string> killed;
  {
    auto state = open_rocksdb_state_on(std::move(options), std::make_shared<FaultyFiles>(faults));
    ASSERT_TRUE(state);
    faults->hold_tables = true;
    std::size_t logs = 0;
    for (Position i = 1; i <= batches_in_logs && logs < 2; ++i) {
      ASSERT_TRUE((*state)->apply(Batch{i, {put(key_of(i), value_at(i))}}, i, 1, true));
      killed = folder.read_all();
      logs = static_cast<std::size_t>(std::count_if(killed.begin(), killed.end(), [](const auto& f) { return f.first.ends_with(".log"); }));
    }
    ASSERT_EQ(logs, 2U);
    const Position last = (*state)->head()->position;
    for (Position i = last + 1; i <= last + 5; ++i) {
      ASSERT_TRUE((*state)->apply(Batch{i, {put(key_of(i), value_at(i))}}, i, 1, true));
    }
    killed = folder.read_all();
    faults->hold_tables = false;
  }
  const auto older = std::find_if(killed.begin(), killed.end(), [](const auto& f) { return f.first.ends_with(".log"); });
  const auto expect_refusal = [&](const std::string& damaged, const std::string& what) {
    folder.replace_all(killed);
    folder.write(older->first, damaged);
    const auto state = open_rocksdb_state(folder.options());
    ASSERT_FALSE(state) << what;
    EXPECT_EQ(state.error().code, Code::corrupt) << what << state.error().message;
    for (const auto& [name, bytes] : folder.read_all()) {
      if (name.ends_with(".log")) {
        EXPECT_EQ(bytes, name == older->first ? damaged : killed.at(name)) << "a refused opening changes nothing";
      }
    }
  };
  const std::string& bytes = older->second;
  for (const std::size_t cut : {std::size_t{1}, std::size_t{100}, bytes.size() / 2, bytes.size() - 4096, bytes.size()}) {
    expect_refusal(bytes.substr(0, bytes.size() - cut), "cut by " + std::to_string(cut));
  }
  std::mt19937 random(3);
  for (int i = 0; i < 100; ++i) {
    std::string damaged = bytes;
    const std::size_t place = 4096 + random() % (bytes.size() - 4096);
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << (random() % 8)));
    expect_refusal(damaged, "flipped at " + std::to_string(place));
  }
  // Length fields near the end of the log: flips there make a record reach past the end.
  for (std::size_t place = bytes.size() - 700; place < bytes.size(); ++place) {
    std::string damaged = bytes;
    damaged[place] = static_cast<char>(damaged[place] ^ 0x40);
    expect_refusal(damaged, "flipped at " + std::to_string(place));
  }
  auto removed = killed;
  removed.erase(older->first);
  folder.replace_all(removed);
  EXPECT_FALSE(open_rocksdb_state(folder.options()));
  folder.replace_all(killed);
  auto state = open_rocksdb_state(folder.options());
  ASSERT_TRUE(state) << state.error().message;
}

}  // namespace
}  // namespace coffer::storage::conformance
