#pragma once
#include "audit/chain.h"
#include "audit/signer.h"

namespace coffer::audit {

// Where a line stands, for people.
struct Place {
  std::string_view file;
  std::uint64_t line = 0;
  [[nodiscard]] std::string text() const { return std::string(file) + ":" + std::to_string(line); }
};

// Checks lines one after the other; the first problem ends it. Places must outlive it.
class Verification {
 public:
  explicit Verification(const VerifyOptions& options);
  Result<void> begin();  // an unusable key
  // False once there is a problem. `complete`: whether the line ended in a line end.
  bool feed(std::string_view line, Place place, bool complete);
  [[nodiscard]] VerifyReport finish();

 private:
  struct Seen {
    std::string node;
    Form form;
    ChainHead last;
    Place at;                        // of the last record
    Place first_at;
    std::uint64_t checkpoint = 0;    // the record that the last checkpoint signs
    bool ends_in_checkpoint = false;
    std::uint64_t suspect = 0;       // a record whose hash did not match what the next one holds: which of both was changed?
    Place suspect_at;
  };
  struct BadLine {
    Place at;
    std::size_t size = 0;
    bool complete = true;
  };
  bool problem(std::uint64_t seq, std::string text);
  void note(std::string text);
  Seen* find(const ChainFields& fields);
  bool unchained(std::string_view line, Place place, bool complete);
  bool settle_bad_line(std::string_view type);
  bool first_of_chain(const ChainFields& fields, std::string_view type, Place place);
  bool follows(Seen& seen, const ChainFields& fields, std::string_view line, std::string_view type, Place place);
  bool out_of_order(const Seen& seen, const ChainFields& fields, Place place);
  bool bridges(const Seen& seen, std::string_view line, Place place);
  bool check_checkpoint(Seen& seen, const ChainFields& fields, std::string_view line, Place place);
  bool check_newest(const Seen& seen);
  bool check_signatures();

  VerifyOptions options_;
  VerifyReport report_;
  std::unique_ptr<Verifier> verifier_;
  std::vector<Seen> chains_;
  std::optional<BadLine> bad_;
  std::uint64_t foreign_ = 0, others_ = 0;
  bool newest_seen_ = false;
};

}  // namespace coffer::audit
