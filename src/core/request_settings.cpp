#include "core/request_settings.h"

#include "base/encoding.h"

namespace coffer::core {
namespace {

constexpr std::string_view usual_cors_headers[] = {"Content-Type",
                                                   "Authorization",
                                                   "X-Vault-Token",
                                                   "X-Vault-MFA",
                                                   "X-Vault-No-Request-Forwarding",
                                                   "X-Vault-Wrap-Format",
                                                   "X-Vault-Wrap-TTL",
                                                   "X-Requested-With",
                                                   "X-Vault-AWS-IAM-Server-ID",
                                                   "X-Vault-Policy-Override"};

bool carries_credentials(std::string_view name) {
  constexpr std::string_view known[] = {"x-vault-token", "authorization", "proxy-authorization", "cookie", "x-vault-mfa"};
  return std::find(std::begin(known), std::end(known), name) != std::end(known);
}

}  // namespace

bool Cors::allows(std::string_view origin) const {
  return std::any_of(allowed_origins.begin(), allowed_origins.end(), [&](const auto& each) { return each == "*" || each == origin; });
}

std::vector<std::string> Cors::headers() const {
  std::vector<std::string> out(std::begin(usual_cors_headers), std::end(usual_cors_headers));
  out.insert(out.end(), allowed_headers.begin(), allowed_headers.end());
  return out;
}

std::string recorded_header_key(std::string_view name) { return std::string(recorded_headers_prefix) + hex_encode(ascii_lower(name)); }

Result<RecordedHeaders> read_recorded_headers(const Snapshot& sys) {
  RecordedHeaders out;
  for (const std::string& key : TRY(sys.children(recorded_headers_prefix, '\0', "", 1000)))
    if (const auto text = TRY(sys.get(std::string(recorded_headers_prefix) + key)))
      out.emplace_back(TRY(hex_decode(key)), TRY(schema::from_json<RecordedHeader>(text->reveal_text())));
  return out;
}

Result<std::shared_ptr<const RequestSettings>> RequestSettings::load(const Snapshot& sys) {
  auto out = std::make_shared<RequestSettings>();
  if (const auto text = TRY(sys.get(cors_key))) out->cors = TRY(schema::from_json<Cors>(text->reveal_text()));
  out->recorded = TRY(read_recorded_headers(sys));
  return out;
}

void append_recorded_headers(std::string& out, const Request& request, const RecordedHeaders& recorded, json::Redactor& redactor) {
  json::Writer w(out, &redactor);
  bool any = false;
  for (const auto& [name, how] : recorded) {
    const json::Writer::Public clear(w, !how.hmac && !carries_credentials(name));
    bool begun = false;
    for (const HeaderView& header : request.headers) {
      if (header.name.size() != name.size() || !ascii_iequal(header.name, name)) continue;
      if (!any) w.begin_object();
      if (!begun) w.key(name).begin_array();
      any = begun = true;
      w.string(header.value);
    }
    if (begun) w.end_array();
  }
  if (any) w.end_object();
}

}  // namespace coffer::core
