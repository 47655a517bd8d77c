#pragma once
// For tests: a folder for a state, gone with the object, and ways to look at and to damage its files.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "storage/rocksdb/rocksdb_state.h"

namespace coffer::storage {

class TestFolder {
 public:
  explicit TestFolder(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = parent / "coffer-storage-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    root_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  // In memory where there is such a place: for tests that open a state hundreds of times.
  static std::filesystem::path fast_parent() {
    const std::filesystem::path memory = "/dev/shm";
    return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  }

  [[nodiscard]] std::filesystem::path path() const { return root_ / "data"; }
  [[nodiscard]] RocksdbOptions options() const {
    RocksdbOptions out;
    out.path = path();
    out.file_key = SecretBytes::copy_of(std::string(32, 'k'));
    out.reserve_bytes = 0;
    return out;
  }
  [[nodiscard]] std::map<std::string, std::string> read_all() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::ostringstream bytes;
      bytes << file.rdbuf();
      out[entry.path().filename()] = bytes.str();
    }
    return out;
  }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path() / name, std::ios::binary | std::ios::trunc) << bytes;
  }
  void replace_all(const std::map<std::string, std::string>& files) const {
    std::filesystem::remove_all(path());
    std::filesystem::create_directories(path());
    for (const auto& [name, bytes] : files) write(name, bytes);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace coffer::storage
