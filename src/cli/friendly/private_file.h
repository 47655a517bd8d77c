#pragma once
#include <string>
#include <string_view>

#include "cli/environment.h"
#include "cli/failure.h"

namespace coffer::cli {

// A folder of this user alone on a file system in memory, with one file in it; overwritten and removed when the object goes, with whatever
// an editor left beside it.
class PrivateFile {
 public:
  // `name` is the file's; fails where no file system in memory is to be had.
  [[nodiscard]] static Expected<PrivateFile> make(const Environment& environment, std::string_view name, std::string_view content);
  PrivateFile(PrivateFile&& other) noexcept : folder_(std::exchange(other.folder_, {})), path_(std::move(other.path_)) {}
  PrivateFile& operator=(PrivateFile&&) = delete;
  ~PrivateFile();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Expected<void> write(std::string_view content) const;

 private:
  PrivateFile(std::string folder, std::string path) : folder_(std::move(folder)), path_(std::move(path)) {}
  std::string folder_, path_;
};

// Replaces a file by another text: written beside and renamed, with the mode given.
[[nodiscard]] Expected<void> replace_file(const std::string& path, std::string_view content, unsigned mode);

}  // namespace coffer::cli
