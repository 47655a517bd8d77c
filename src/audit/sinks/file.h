#pragma once
#include "audit/sinks/location.h"
#include "audit/sinks/sink.h"

namespace coffer::audit {

struct FileOptions {
  Location location;
  bool sync = false;                  // fdatasync after each batch
  std::uint64_t rotate_bytes = 0;     // go on in a new file beyond this size; 0: never
  Duration rotate_age{};              // or after this time
  std::uint32_t rotate_max_files = 0; // keep so many former files; 0: all
  std::uint64_t reserve_bytes = 0;    // blocks kept allocated ahead of the end
};

// Appends to a regular file, of which other servers may hold the end too: O_APPEND, whole lines by one write. A full disk leaves no torn
// line: the file is cut back to its former end if nobody else has it open, and otherwise the torn line is closed later.
class FileSink final : public Sink {
 public:
  // Takes over the opened file, which is regular.
  static Result<std::unique_ptr<FileSink>> make(FileOptions options, OpenedFile opened, std::string_view node, Form form);
  // What the file held when it was opened; of an empty one what the file held that was rotated away before it.
  [[nodiscard]] const Tail& tail() const { return tail_; }
  // Device and inode: whether two devices mean the same file.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> identity() const { return {device_, inode_}; }

  [[nodiscard]] Outcome append(const Batch& batch) override;
  [[nodiscard]] Result<void> reopen() override;
  [[nodiscard]] std::uint64_t torn_bytes() const override { return torn_bytes_; }
  [[nodiscard]] bool look_after_target() override;
  [[nodiscard]] bool lost() const override { return unlinked_; }
  [[nodiscard]] bool wants_rotation(Time now) const override;
  [[nodiscard]] Result<std::string> rotate(Time now) override;

 private:
  FileSink(FileOptions options, std::string node, Form form) : options_(std::move(options)), node_(std::move(node)), form_(form) {}
  Result<void> adopt(OpenedFile opened);
  long write_lines(std::string_view text);
  Outcome after_failure(const Batch& batch, std::size_t written, int error);
  bool cut_back(std::size_t written);
  void reserve_ahead();
  // Names that rotation gave to former files, oldest first.
  [[nodiscard]] std::vector<std::string> former_files() const;
  [[nodiscard]] Tail tail_of_former() const;
  void remove_old_files();

  FileOptions options_;
  std::string node_;
  Form form_;
  OpenedFile file_;
  Tail tail_;
  std::uint64_t device_ = 0, inode_ = 0;
  std::uint64_t size_ = 0;       // where our last line ended
  std::uint64_t reserved_to_ = 0;
  std::uint64_t torn_bytes_ = 0;
  bool unlinked_ = false;        // what is written would be lost
  bool reserve_failed_ = false;
  mutable Time opened_at_{};
};

}  // namespace coffer::audit
