#include "doors/aws/sign.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace coffer::doors::aws {

std::string authorization_for(const SignedRequest& request, const Signer& signer, std::string_view date) {
  std::string names;
  for (const HeaderView& header : request.headers) names.append(names.empty() ? "" : ";").append(header.name);
  Authorization a;
  a.key_id = signer.key_id;
  a.date = date.substr(0, 8);
  a.region = signer.region;
  a.service = signer.service;
  a.terminator = "aws4_request";
  a.signed_headers = names;
  a.timestamp = date;
  std::string canonical;
  append_canonical_request(canonical, request, a);
  const std::string signature = hex_encode(crypto::as_text(signing_key(signer.secret, a)->mac(string_to_sign(a, canonical))));
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/{}/{}/{}/aws4_request, SignedHeaders={}, Signature={}", a.key_id, a.date, a.region,
                     a.service, names, signature);
}

}  // namespace coffer::doors::aws
