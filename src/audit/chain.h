#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/audit.h"
#include "audit/sha256.h"

// The hash chain (security.md N1). A record's line is
//
//   <body>,"chain":{"seq":N,"prev":"<64 hex>","node":"…","start":"…"[,"form":"…"]}}\n
//
// where <body> is the record without its closing brace. The record's hash is SHA-256( SHA-256(<body>) ‖ the rest of the line without its
// newline ), so that each byte of the line counts, while the long part is hashed by the thread that made it and only the short part under
// the broker's lock. `prev` is the hash of the record before, in the same node's chain of the same form; of the first one it is zeros.
// `seq` counts from 1. `start` names the process.
namespace coffer::audit {

struct ChainFields {
  std::uint64_t seq = 0;
  Digest prev{};
  std::string_view node, start;  // escaped as in the line; views into it
  Form form;
  std::size_t body_size = 0;     // bytes of the line before the chain's comma
};

[[nodiscard]] std::string_view form_name(Form form);  // "" for the default one
// The chain fields at the end of a line (without its newline); nothing when they are not there, to the letter.
[[nodiscard]] std::optional<ChainFields> parse_chain(std::string_view line);
[[nodiscard]] Digest line_hash(std::string_view line, std::size_t body_size);
// The value of `"type"` of a line of ours; "" for other lines.
[[nodiscard]] std::string_view record_type(std::string_view line);
// Whether the line is an audit record of any server of this API: a JSON object with "type" and "time".
[[nodiscard]] bool is_audit_record(std::string_view line);

// One line of a batch: where it ends in the batch's text, and the chain's state after it.
struct Line {
  std::size_t end = 0;
  ChainHead head;
};
// Whole lines for one chain.
struct Batch {
  std::string text;
  std::vector<Line> lines;
  ChainHead before;
  void clear() {
    text.clear();
    lines.clear();
  }
  [[nodiscard]] const ChainHead& head_after(std::size_t count) const { return count == 0 ? before : lines[count - 1].head; }
};

// Appends records to batches. Not thread-safe: under the broker's lock.
class Chain {
 public:
  Chain(Form form, std::string_view node, std::string_view start);
  [[nodiscard]] const ChainHead& head() const { return head_; }
  [[nodiscard]] Form form() const { return form_; }
  void set_head(const ChainHead& head) { head_ = head; }
  void begin(Batch& batch) const;
  // `body`: a record without its closing brace; `digest` of it.
  void add(Batch& batch, std::string_view body, const Digest& digest);
  void add(Batch& batch, std::string_view body) { add(batch, body, sha256(body)); }

 private:
  Form form_;
  std::string tail_;  // after `prev`
  ChainHead head_;
};

}  // namespace coffer::audit
