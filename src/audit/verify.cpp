#include "audit/verify.h"

#include "audit/encode.h"
#include "audit/sinks/tail.h"

namespace coffer::audit {
namespace {

constexpr std::size_t most_notes = 1000;

// Records with which a file may begin although the chain is older: each says why.
bool may_begin_a_file(std::string_view type) {
  constexpr std::string_view types[] = {"start", "enable", "reopen", "rotate", "gap", "recovery"};
  return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

std::string range(std::uint64_t from, std::uint64_t to) {
  return from == to ? "record " + std::to_string(from) + " is" : "records " + std::to_string(from) + " to " + std::to_string(to) + " are";
}

// An audit record without any trace of a chain. One changed byte cannot remove both traces from a record of ours.
bool of_another_server(std::string_view line) {
  return is_audit_record(line) && line.find(R"("chain":{)") == std::string_view::npos && line.find(R"("prev":")") == std::string_view::npos;
}

std::string escaped(std::string_view text) {
  std::string out;
  append_text(out, text);
  return out;
}

std::optional<ChainHead> read_head(const json::Value& object) {
  const auto seq = object.find("seq"), hash = object.find("hash");
  ChainHead head;
  if (!seq || !hash || !seq->as_int() || !parse_hex(hash->text(), head.hash)) return std::nullopt;
  head.seq = static_cast<std::uint64_t>(*seq->as_int());
  return head;
}

}  // namespace

Verification::Verification(const VerifyOptions& options) : options_(options) {
  report_.public_key = options.public_key;
  options_.node = escaped(options.node);
}

Result<void> Verification::begin() {
  if (!report_.public_key.empty()) verifier_ = TRY(Verifier::make(report_.public_key));
  return {};
}

bool Verification::problem(std::uint64_t seq, std::string text) {
  report_.first_bad_seq = seq;
  report_.first_problem = std::move(text);
  return false;
}

void Verification::note(std::string text) {
  if (report_.notes.size() < most_notes) report_.notes.push_back(std::move(text));
}

Verification::Seen* Verification::find(const ChainFields& fields) {
  for (Seen& seen : chains_)
    if (seen.form == fields.form && seen.node == fields.node) return &seen;
  return nullptr;
}

bool Verification::feed(std::string_view line, Place place, bool complete) {
  const auto fields = parse_chain(line);
  if (!fields) return unchained(line, place, complete);
  if (!options_.node.empty() && fields->node != options_.node) {
    ++others_;
    return true;
  }
  const std::string_view type = record_type(line);
  if (!settle_bad_line(type)) return false;
  Seen* seen = find(*fields);
  if (seen == nullptr) {
    if (!first_of_chain(*fields, type, place)) return false;
    seen = &chains_.back();
  } else if (!follows(*seen, *fields, line, type, place)) {
    return false;
  }
  seen->last = {fields->seq, line_hash(line, fields->body_size)};
  seen->at = place;
  seen->ends_in_checkpoint = false;
  ++report_.records;
  report_.position = std::max(report_.position, acknowledged_position(line.substr(0, fields->body_size)));
  if (!complete) note("the last line (" + place.text() + ") lacks its line end; the server adds it when it starts");
  if (type == "checkpoint" && !check_checkpoint(*seen, *fields, line, place)) return false;
  return check_newest(*seen);
}

// A line without chain fields: of another server, before ours; or torn; or put there.
bool Verification::unchained(std::string_view line, Place place, bool complete) {
  if (chains_.empty() && complete && of_another_server(line)) {
    ++foreign_;
    return true;
  }
  if (!settle_bad_line("")) return false;
  bad_ = BadLine{place, line.size(), complete};
  return true;
}

bool Verification::settle_bad_line(std::string_view type) {
  if (!bad_) return true;
  if (type != "recovery") {
    const std::uint64_t seq = chains_.empty() ? 1 : chains_.front().last.seq + 1;
    return problem(seq, bad_->at.text() + ": the line after record " + std::to_string(seq - 1) +
                            " is no record of this log: it was changed or inserted, and no recovery record says that it was torn");
  }
  note(bad_->at.text() + ": a line of " + std::to_string(bad_->size) + " bytes was torn by a crash or a full disk, and closed by a recovery record");
  bad_.reset();
  return true;
}

bool Verification::first_of_chain(const ChainFields& fields, std::string_view type, Place place) {
  const std::string seq = std::to_string(fields.seq);
  if (fields.seq == 1 && fields.prev != Digest{}) return problem(1, place.text() + ": record 1 names a record before it");
  if (fields.seq != 1 && !may_begin_a_file(type))
    return problem(fields.seq, place.text() + ": the log of node " + std::string(fields.node) + " begins with record " + seq +
                                   ", which is not the first of a file: earlier records were removed, or are in a file that was not given");
  if (fields.seq != 1) note(place.text() + ": begins with record " + seq + " (" + std::string(type) + "); earlier ones are elsewhere");
  Seen seen;
  seen.node = fields.node;
  seen.form = fields.form;
  seen.first_at = place;
  chains_.push_back(std::move(seen));
  return true;
}

bool Verification::follows(Seen& seen, const ChainFields& fields, std::string_view line, std::string_view type, Place place) {
  const bool in_order = fields.seq == seen.last.seq + 1;
  const bool linked = fields.prev == seen.last.hash;
  if (seen.suspect != 0) {
    // If this record fits the one before, that one was left as it was, and the one before it was changed.
    const bool first_changed = in_order && linked;
    return problem(first_changed ? seen.suspect : seen.suspect + 1,
                   (first_changed ? seen.suspect_at : seen.at).text() + ": record " +
                       std::to_string(first_changed ? seen.suspect : seen.suspect + 1) + " was changed: its hash is not the one that the next record holds");
  }
  if (in_order && linked) {
    if (type == "start") note(place.text() + ": the server started (record " + std::to_string(fields.seq) + ")");
    if (type == "rotate") note(place.text() + ": the log goes on in a new file");
    return true;
  }
  if ((type == "gap" || type == "recovery") && fields.seq > seen.last.seq && bridges(seen, line.substr(0, fields.body_size), place)) return true;
  if (!in_order) return out_of_order(seen, fields, place);
  seen.suspect = seen.last.seq;
  seen.suspect_at = seen.at;
  return true;
}

bool Verification::out_of_order(const Seen& seen, const ChainFields& fields, Place place) {
  const std::uint64_t expected = seen.last.seq + 1;
  const std::string here = place.text() + ": record " + std::to_string(fields.seq);
  if (fields.prev == seen.last.hash)
    return problem(expected, place.text() + ": record " + std::to_string(expected) + " was changed: it calls itself " + std::to_string(fields.seq));
  if (fields.seq < expected)
    return problem(fields.seq, here + " appears again after record " + std::to_string(seen.last.seq) +
                                   ": it was duplicated, moved, inserted, or comes from an older file");
  return problem(expected, here + " follows record " + std::to_string(seen.last.seq) + ": " + range(expected, fields.seq - 1) +
                               " missing or moved");
}

// A record that says why this file lacks some: one of its entries must name exactly the record that stands here before it.
bool Verification::bridges(const Seen& seen, std::string_view body, Place place) {
  const auto document = json::Document::parse(std::string(body) + "}");
  const auto devices = document ? document->root().find("devices") : std::nullopt;
  if (!devices) return false;
  for (const json::Value& device : devices->elements()) {
    const auto after = device.find("after"), name = device.find("device"), missing = device.find("missing");
    if (!after || !name || !missing || read_head(*after) != seen.last) continue;
    note(place.text() + ": " + std::string(missing->raw()) + " records after record " + std::to_string(seen.last.seq) +
         " are not in this file: " + std::string(name->text()) + " was off or failing; look for them in the other devices");
    return true;
  }
  return false;
}

bool Verification::check_checkpoint(Seen& seen, const ChainFields& fields, std::string_view line, Place place) {
  const std::string number = std::to_string(fields.seq);
  const auto document = json::Document::parse(line);
  const auto object = document ? document->root().find("checkpoint") : std::nullopt;
  const auto head = object ? read_head(*object) : std::nullopt;
  const auto key = object ? object->find("public_key") : std::nullopt, signature = object ? object->find("signature") : std::nullopt;
  const auto position = object ? object->find("position") : std::nullopt;
  if (!head || !key || !signature || !position || !position->as_int())
    return problem(fields.seq, place.text() + ": record " + number + " is not a well-formed checkpoint");
  if (report_.public_key.empty()) {
    auto verifier = Verifier::make(key->text());
    if (!verifier) return problem(fields.seq, place.text() + ": checkpoint " + number + " holds no usable public key");
    verifier_ = *std::move(verifier);
    report_.public_key = key->text();
  }
  if (key->text() != report_.public_key)
    return problem(fields.seq, place.text() + ": checkpoint " + number + " is signed by another key (" + std::string(key->text()) +
                                   "): these records come from another server");
  const std::string time(document->root().find("time")->text());
  const Checkpoint checkpoint{fields.node, form_name(fields.form), time, *head, static_cast<std::uint64_t>(*position->as_int())};
  if (head->seq + 1 != fields.seq || head->hash != fields.prev || !verifier_->verify(checkpoint_text(checkpoint), signature->text()))
    return problem(fields.seq, place.text() + ": the signature of checkpoint " + number + " does not fit the records before it");
  seen.checkpoint = head->seq;
  seen.ends_in_checkpoint = true;
  ++report_.checkpoints;
  return true;
}

bool Verification::check_newest(const Seen& seen) {
  if (!options_.newest || &seen != &chains_.front() || seen.last.seq != options_.newest->seq) return true;
  newest_seen_ = true;
  return seen.last.hash == options_.newest->hash ||
         problem(seen.last.seq, seen.at.text() + ": record " + std::to_string(seen.last.seq) +
                                    " is not the one that the server wrote: an older or foreign file was put in its place");
}

// One key signs all: what another server (or nobody) signed was put in between.
bool Verification::check_signatures() {
  for (const Seen& seen : chains_) {
    if (seen.checkpoint != 0) continue;
    if (!report_.public_key.empty())
      return problem(seen.last.seq, seen.first_at.text() + ": no checkpoint of that key signs the records of node " + seen.node + " that begin here");
    if (seen.last.seq != 0) note("no checkpoint signs these records: they agree with each other, but anybody could have made them");
  }
  return true;
}

VerifyReport Verification::finish() {
  bool ok = report_.first_problem.empty();
  for (const Seen& seen : chains_) {
    if (ok && seen.suspect != 0)
      ok = problem(seen.suspect, seen.suspect_at.text() + ": record " + std::to_string(seen.suspect) + " or the next one was changed: their hashes differ");
  }
  if (ok && bad_ && !bad_->complete) note(bad_->at.text() + ": the last line is torn; the server closes it when it starts");
  else if (ok) ok = settle_bad_line("");
  if (!chains_.empty()) {
    const Seen& first = chains_.front();
    report_.last = first.last;
    report_.unsigned_tail = first.ends_in_checkpoint ? 0 : first.last.seq - first.checkpoint;
    if (ok && options_.newest && first.last.seq < options_.newest->seq)
      ok = problem(first.last.seq + 1, first.at.text() + ": the log ends with record " + std::to_string(first.last.seq) + ", but record " +
                                           std::to_string(options_.newest->seq) + " was written: its end was cut off, or an older file put in its place");
  }
  ok = ok && check_signatures();
  if (report_.unsigned_tail != 0 && report_.checkpoints != 0)
    note("the last " + std::to_string(report_.unsigned_tail) + " records are not signed yet: whether more followed cannot be told");
  if (foreign_ != 0) note(std::to_string(foreign_) + " lines of another server come first; they are not part of a chain");
  if (others_ != 0) note(std::to_string(others_) + " records of other nodes were left out");
  if (ok && report_.records == 0) ok = problem(0, "there is no record of this log in the files");
  report_.ok = ok;
  return std::move(report_);
}

}  // namespace coffer::audit
