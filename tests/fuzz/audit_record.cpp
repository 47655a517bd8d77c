#include <cstdint>
#include <cstdlib>
#include <string>

#include "audit/audit.h"
#include "audit/chain.h"
#include "audit/sinks/tail.h"
#include "audit/tail.h"
#include "base/encoding.h"
#include "base/json.h"

// Any event becomes one line of valid JSON in every form, its chain fields read back as written, and people can be shown it without
// control characters. Any other bytes are refused by the readers of lines without harm.
namespace {
using namespace coffer;
using namespace coffer::audit;

void require(bool fact) {
  if (!fact) std::abort();
}

// Cuts the input into pieces at each 0xff.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : text_(text) {}
  std::string_view next() {
    const std::size_t end = std::min(text_.find('\xff'), text_.size());
    const std::string_view piece = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    return piece;
  }

 private:
  std::string_view text_;
};

// A JSON object with what is left: valid if the input is, and redacted; or the input itself where that is JSON.
std::string object_of(std::string_view text, json::Redactor* redactor) {
  const auto document = json::Document::parse(text);
  if (redactor == nullptr && document && document->root().is_object() && valid_utf8(text)) return std::string(text);
  std::string out;
  json::Writer writer(out, redactor);
  writer.begin_object().foreign_key(redactor == nullptr ? "key" : text).string(redactor == nullptr ? "value" : text).end_object();
  return out;
}

void check_line(const std::string& body) {
  Chain chain(Form{}, "node", "start");
  Batch batch;
  chain.begin(batch);
  chain.add(batch, std::string_view(body).substr(0, body.size() - 1));
  require(batch.text.find('\n') == batch.text.size() - 1);
  const std::string_view line = std::string_view(batch.text).substr(0, batch.text.size() - 1);
  require(json::Document::parse(line).has_value());
  const auto fields = parse_chain(line);
  require(fields && fields->seq == 1 && fields->node == "node" && fields->start == "start" && fields->body_size == body.size() - 1);
  require(line_hash(line, fields->body_size) == chain.head().hash);
  require(is_audit_record(line));
  Filter all;
  all.type = record_type(line);
  const auto shown = render(line, all, false);
  require(shown && *shown);
  for (const char c : **shown) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Salt salt(SecretBytes::copy_of("fuzz"));
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)parse_chain(input);
  (void)record_type(input);
  (void)acknowledged_position(input);
  (void)render(input, {}, true);

  Pieces pieces(input);
  Auth auth;
  Event event;
  ResponseEvent response;
  event.path = pieces.next();
  event.operation = pieces.next();
  event.id = pieces.next();
  event.error = pieces.next();
  event.namespace_path = pieces.next();
  event.remote_address = pieces.next();
  event.remote_port = static_cast<std::uint16_t>(size);
  auth.client_token = pieces.next();
  auth.accessor = pieces.next();
  auth.display_name = pieces.next();
  auth.entity_id = pieces.next();
  const std::vector<std::string> names{std::string(pieces.next()), std::string(pieces.next())};
  const std::vector<std::pair<std::string, std::string>> metadata{{std::string(pieces.next()), std::string(pieces.next())}};
  auth.policies = names;
  auth.metadata = metadata;
  response.warnings = names;
  const std::string_view rest = pieces.next();
  const std::string redacted = object_of(rest, &salt), raw = object_of(rest, nullptr);
  event.request_data = redacted;
  event.request_data_raw = raw;
  response.data = redacted;
  response.data_raw = raw;
  if ((size & 1) != 0) event.auth = &auth;
  response.request = &event;
  response.position = size;

  for (std::size_t i = 0; i < Form::count; ++i) {
    std::string request_record, response_record;
    append_request_record(request_record, event, salt, Form::at(i));
    append_response_record(response_record, response, salt, Form::at(i));
    check_line(request_record);
    check_line(response_record);
    if (size != 0)
      require(acknowledged_position(std::string_view(response_record).substr(0, response_record.size() - 1)) == size);
  }
  return 0;
}
