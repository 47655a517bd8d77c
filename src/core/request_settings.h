#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/request.h"
#include "storage/view.h"

// What the store says about every request, whatever its path: calls from browsers of other origins, and headers that the audit log keeps.
namespace coffer::core {

// Keys of the core's own space.
inline constexpr std::string_view cors_key = "config/cors", recorded_headers_prefix = "config/audit-headers/";

// sys/config/cors, as stored. Absent: other origins may not call.
struct Cors {
  std::vector<std::string> allowed_origins, allowed_headers;
  bool allow_credentials = false;
  static constexpr auto fields() {
    using T = Cors;
    using schema::field;
    return schema::Fields{field<&T::allowed_origins>("allowed_origins", "").open(), field<&T::allowed_headers>("allowed_headers", "").open(),
                      field<&T::allow_credentials>("allow_credentials", "").open()};
  }
  [[nodiscard]] bool allows(std::string_view origin) const;
  // What a page may send: the usual headers and those that were configured.
  [[nodiscard]] std::vector<std::string> headers() const;
};

// sys/config/auditing/request-headers/<name>, as stored under the lower-case name in hex.
struct RecordedHeader {
  bool hmac = false;
  static constexpr auto fields() { return schema::Fields{schema::field<&RecordedHeader::hmac>("hmac", "").open()}; }
};
[[nodiscard]] std::string recorded_header_key(std::string_view name);
// By lower-case name, in order.
using RecordedHeaders = std::vector<std::pair<std::string, RecordedHeader>>;
[[nodiscard]] Result<RecordedHeaders> read_recorded_headers(const Snapshot& sys);

// Both, as kept in memory between requests. Immutable.
struct RequestSettings {
  std::optional<Cors> cors;
  RecordedHeaders recorded;
  [[nodiscard]] bool empty() const { return !cors && recorded.empty(); }
  [[nodiscard]] static bool concerned(std::string_view key) { return key == cors_key || key.starts_with(recorded_headers_prefix); }
  [[nodiscard]] static Result<std::shared_ptr<const RequestSettings>> load(const Snapshot& sys);
};

// Appends the recorded headers that the request has, as an object of lists; nothing when it has none. Headers that carry credentials are
// hashed whatever the configuration says.
void append_recorded_headers(std::string& out, const Request& request, const RecordedHeaders& recorded, json::Redactor& redactor);

}  // namespace coffer::core
