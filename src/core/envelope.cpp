#include "core/envelope.h"

#include "schema/login.h"

namespace coffer::core {
namespace {

// The members of an object, for the top level of the envelope: its text without the braces.
std::string_view inside(std::string_view object) {
  return object.size() >= 2 && object.front() == '{' && object.back() == '}' ? object.substr(1, object.size() - 2) : std::string_view();
}

}  // namespace

std::string joined_error(std::string_view message) { return "1 error occurred:\n\t* " + std::string(message) + "\n\n"; }

void append_envelope(std::string& out, std::string_view request_id, const Outcome& outcome) {
  const schema::Reply& reply = outcome.reply;
  json::Writer w(out);
  w.begin_object();
  w.key("request_id").string(reply.wrap ? std::string_view() : request_id);
  const bool leased = reply.lease && !reply.wrap;
  w.key("lease_id").string(leased ? std::string_view(reply.lease->id) : std::string_view());
  w.key("renewable").boolean(leased && reply.lease->renewable);
  w.key("lease_duration").integer(leased ? reply.lease->ttl.count() : 0);
  w.key("data");
  const std::size_t data_from = out.size();
  if (reply.data && !reply.wrap) reply.data->encode(w);
  else w.null();
  const std::string data = outcome.repeats_data && reply.data ? out.substr(data_from) : std::string();
  w.key("wrap_info");
  if (reply.wrap) encode_wrap_info(w, *reply.wrap);
  else w.null();
  w.key("warnings");
  if (reply.warnings.empty() || reply.wrap) {
    w.null();
  } else {
    w.begin_array();
    for (const auto& warning : reply.warnings) w.string(warning);
    w.end_array();
  }
  w.key("auth");
  if (reply.auth && !reply.wrap) encode_auth(w, *reply.auth);
  else w.null();
  if (const std::string_view members = inside(data); !members.empty()) out.append(",").append(members);
  w.end_object();
  out.push_back('\n');
}

}  // namespace coffer::core
