#include "core/envelope.h"

#include <algorithm>

#include "schema/login.h"

namespace coffer::core {
namespace {

bool own_member(std::string_view name) {
  constexpr std::string_view own[] = {"request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings", "auth"};
  return std::ranges::find(own, name) != std::end(own);
}

// Puts the members of an object at the top level of the envelope, but for those whose names the envelope has itself: readers take the last of two.
void append_members(std::string& out, std::string_view object) {
  const auto document = json::Document::parse(object);
  if (!document || !document->root().is_object()) return;
  for (const auto& [name, value] : document->root().members())
    if (!own_member(name)) out.append(",").append(json::quoted(name)).append(":").append(value.raw());
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
  append_members(out, data);
  w.end_object();
  out.push_back('\n');
}

}  // namespace coffer::core
