#include "engines/kv/aws/paging.h"

#include "base/encoding.h"
#include "base/record.h"
#include "engines/kv/aws/errors.h"

namespace coffer::kv::aws {
namespace {

constexpr std::uint64_t versions_format = 1, list_format = 2;

std::unexpected<Error> bad_token() { return refuse(Refusal::next_token, "The NextToken value is invalid."); }

}  // namespace

std::string version_token(std::uint64_t after) {
  RecordWriter out(versions_format);
  return base64url_encode(out.number(after).bytes());
}

Result<std::uint64_t> read_version_token(std::string_view token) {
  const auto bytes = base64url_decode(token);
  if (!bytes) return bad_token();
  RecordReader in(*bytes);
  const bool known = in.number() == versions_format;
  const std::uint64_t after = in.number();
  if (!known || !in.ok() || !in.at_end()) return bad_token();
  return after;
}

std::string list_token(const ListPlace& place) {
  RecordWriter out(list_format);
  return base64url_encode(out.text(place.order).integer(place.key).text(place.path).bytes());
}

Result<ListPlace> read_list_token(std::string_view token) {
  const auto bytes = base64url_decode(token);
  if (!bytes) return bad_token();
  RecordReader in(*bytes);
  const bool known = in.number() == list_format;
  ListPlace out;
  out.order = in.text();
  out.key = in.integer();
  out.path = in.text();
  if (!known || !in.ok() || !in.at_end()) return bad_token();
  return out;
}

}  // namespace coffer::kv::aws
