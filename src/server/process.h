#pragma once
#include <string>

#include "base/result.h"

// What the server does with its own process.
namespace coffer::server {

// No core files, no debugger, private files, no signal by a broken pipe (security.md §6); freed memory goes back.
void harden_process();

// `log_file`: from now on standard error, where the log goes, is that file; made (0600) where it is not there, else appended to. Called again it
// opens the file anew, after a rotation.
[[nodiscard]] Result<void> log_to_file(const std::string& path);

// `pid_file`: holds the number of this process while it lives.
class PidFile {
 public:
  PidFile() = default;
  static Result<PidFile> write(std::string path);
  PidFile(PidFile&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  PidFile& operator=(PidFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~PidFile();  // removes it

 private:
  std::string path_;
};

}  // namespace coffer::server
