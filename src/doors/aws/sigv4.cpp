#include "doors/aws/sigv4.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/header_lookup.h"
#include "base/secret.h"
#include "doors/aws/sigv4_parts.h"

namespace coffer::doors::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view terminator_word = "aws4_request";

std::unexpected<Error> incomplete(std::string message) {
  return fail(Code::unauthenticated, "IncompleteSignatureException", std::move(message));
}
std::unexpected<Error> bad_signature(std::string message) {
  return fail(Code::unauthenticated, "InvalidSignatureException", std::move(message));
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Calls visit(part) for each part of `text` between separators until it answers false.
template <class Visit>
void each_part(std::string_view text, char separator, Visit visit) {
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (!visit(text.substr(0, end)) || end == text.size()) return;
    text.remove_prefix(end + 1);
  }
}

// AWS shows what it could not read as a digest, since it may hold more than the client meant to send.
std::string shown(std::string_view header) {
  return " (Hashed with SHA-256 and encoded with Base64) Authorization=" + base64_encode(crypto::as_text(crypto::sha256(header)));
}

struct Fields {
  std::string_view credential, signed_headers, signature;
};

Result<Fields> read_fields(std::string_view header) {
  std::string_view rest = header;
  rest.remove_prefix(std::min(rest.find(' '), rest.size()));
  Fields out;
  Result<void> ok;
  each_part(rest, ',', [&](std::string_view part) {
    part = trimmed(part);
    if (part.empty()) return true;
    const std::size_t equal = part.find('=');
    if (equal == part.npos) {
      ok = incomplete("A key=value pair of the Authorization header has no equal-sign." + shown(header));
      return false;
    }
    const std::string_view name = part.substr(0, equal), value = part.substr(equal + 1);
    std::string_view* into = name == "Credential"      ? &out.credential
                             : name == "SignedHeaders" ? &out.signed_headers
                             : name == "Signature"     ? &out.signature
                                                       : nullptr;
    if (into == nullptr) return true;
    if (!into->empty()) {
      ok = incomplete("A parameter of the Authorization header stands more than once." + shown(header));
      return false;
    }
    *into = value;
    return true;
  });
  CHECK_OK(ok);
  return out;
}

Result<void> read_credential(std::string_view credential, Authorization& out) {
  std::string_view* const parts[] = {&out.key_id, &out.date, &out.region, &out.service, &out.terminator};
  std::size_t count = 0;
  each_part(credential, '/', [&](std::string_view part) {
    if (count < 5) *parts[count] = part;
    ++count;
    return count < 6;
  });
  if (count != 5) return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.");
  return {};
}

// Names in lower case, sorted, each once: what every client sends, and what leaves no doubt about what was signed.
bool well_formed_names(std::string_view names) {
  std::string_view before;
  bool ok = !names.empty();
  each_part(names, ';', [&](std::string_view name) {
    ok = !name.empty() && name > before &&
         std::none_of(name.begin(), name.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c <= ' ' || c == 0x7f; });
    before = name;
    return ok;
  });
  return ok;
}

bool is_signed(std::string_view names, std::string_view wanted) {
  bool found = false;
  each_part(names, ';', [&](std::string_view name) {
    found = name == wanted;
    return !found;
  });
  return found;
}

Result<void> check_signed_headers(const SignedRequest& request, const Authorization& a, bool own_date) {
  if (!well_formed_names(a.signed_headers))
    return incomplete("'SignedHeaders' must name headers in lower case, sorted, each once, with ';' between them.");
  if (!is_signed(a.signed_headers, "host") && !is_signed(a.signed_headers, ":authority"))
    return bad_signature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  for (const std::string_view name : {"x-amz-target", "x-amz-security-token", "x-amz-content-sha256"}) {
    const std::size_t count = header_count(request.headers, name);
    if (count > 1) return incomplete("The header '" + std::string(name) + "' stands more than once.");
    if (count == 1 && !is_signed(a.signed_headers, name))
      return bad_signature("'" + std::string(name) + "' must be a 'SignedHeader' in the AWS Authorization.");
  }
  if (!is_signed(a.signed_headers, own_date ? "x-amz-date" : "date"))
    return bad_signature(std::string("'") + (own_date ? "X-Amz-Date" : "Date") + "' must be a 'SignedHeader' in the AWS Authorization.");
  return {};
}

Result<void> check_payload(const SignedRequest& request) {
  const std::string_view coding = header_of(request.headers, "content-encoding");
  if (coding.find("aws-chunked") != coding.npos) return bad_signature("Chunked payloads are not supported by this service.");
  const std::string_view given = header_of(request.headers, "x-amz-content-sha256");
  if (given.empty()) return {};
  if (given == "UNSIGNED-PAYLOAD" || given.starts_with("STREAMING-"))
    return bad_signature("Unsigned and chunked payloads are not supported by this service.");
  if (given != hex_encode(crypto::as_text(crypto::sha256(request.body))))
    return bad_signature("The value of x-amz-content-sha256 is not the SHA-256 of the body.");
  return {};
}

Result<void> read_time(const SignedRequest& request, Authorization& out, bool& own_date) {
  own_date = header_count(request.headers, "x-amz-date") > 0;
  const std::string_view name = own_date ? "x-amz-date" : "date";
  if (header_count(request.headers, name) > 1) return incomplete("The header '" + std::string(name) + "' stands more than once.");
  out.timestamp = header_of(request.headers, name);
  const auto time = parse_basic_time(out.timestamp);
  if (!time)
    return incomplete(
        "Date must be in ISO-8601 'basic format', in the header 'X-Amz-Date' or 'Date'. See http://en.wikipedia.org/wiki/ISO_8601");
  out.time = *time;
  return {};
}

}  // namespace

std::unexpected<Error> wrong_signature() {
  return bad_signature(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. "
      "Consult the service "
      "documentation for details.");
}

Result<Authorization> read_authorization(const SignedRequest& request) {
  const std::size_t count = header_count(request.headers, "authorization");
  if (count == 0) return fail(Code::unauthenticated, "MissingAuthenticationTokenException", "Request is missing Authentication Token");
  if (count > 1) return incomplete("The header 'authorization' stands more than once.");
  const std::string_view header = header_of(request.headers, "authorization");
  if (!header.starts_with("AWS4-"))
    return fail(Code::unauthenticated, "MissingAuthenticationTokenException", "Missing Authentication Token");
  if (!header.starts_with(algorithm) || header.substr(algorithm.size(), 1) != " ")
    return incomplete("Unsupported AWS 'algorithm'; use AWS4-HMAC-SHA256." + shown(header));
  const Fields fields = TRY(read_fields(header));
  Authorization out;
  bool own_date = false;
  std::string missing;
  for (const auto& [name, value] : {std::pair("Credential", fields.credential), std::pair("Signature", fields.signature),
                                    std::pair("SignedHeaders", fields.signed_headers)})
    if (value.empty()) missing.append("Authorization header requires '").append(name).append("' parameter. ");
  if (header_count(request.headers, "x-amz-date") == 0 && header_count(request.headers, "date") == 0)
    missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
  if (!missing.empty()) {
    missing.pop_back();
    return incomplete(missing + shown(header));
  }
  CHECK_OK(read_time(request, out, own_date));
  CHECK_OK(read_credential(fields.credential, out));
  out.signed_headers = fields.signed_headers;
  out.signature = fields.signature;
  out.session_token = header_of(request.headers, "x-amz-security-token");
  CHECK_OK(check_signed_headers(request, out, own_date));
  CHECK_OK(check_payload(request));
  return out;
}

Result<void> check_scope(const Authorization& a, std::string_view service, Time now) {
  const std::string at(a.timestamp);
  if (a.time + clock_skew < now)
    return bad_signature("Signature expired: " + at + " is now earlier than " + basic_time(now - clock_skew) + " (" + basic_time(now) +
                         " - 5 min.)");
  if (a.time > now + clock_skew)
    return bad_signature("Signature not yet current: " + at + " is still later than " + basic_time(now + clock_skew) + " (" +
                         basic_time(now) + " + 5 min.)");
  std::string wrong;
  if (a.service != service) wrong.append("Credential should be scoped to correct service: '").append(service).append("'. ");
  if (a.region.empty()) wrong.append("Credential should be scoped to a valid region. ");
  if (a.terminator != terminator_word) wrong.append("Credential should be scoped with a valid terminator: 'aws4_request'. ");
  if (a.date != a.timestamp.substr(0, 8))
    wrong.append("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP. ");
  if (wrong.empty()) return {};
  wrong.pop_back();
  return bad_signature(std::move(wrong));
}

void append_canonical_request(std::string& out, const SignedRequest& request, const Authorization& a, bool normalized) {
  const std::size_t question = std::min(request.target.find('?'), request.target.size());
  out.append(request.method).push_back('\n');
  append_canonical_path(out, request.target.substr(0, question), normalized);
  out.push_back('\n');
  if (question < request.target.size()) append_canonical_query(out, request.target.substr(question + 1));
  out.push_back('\n');
  each_part(a.signed_headers, ';', [&](std::string_view name) {
    out.append(name).push_back(':');
    if (!request.host.empty() && (name == "host" || name == ":authority"))
      out.append(request.host);
    else
      append_canonical_values(out, request.headers, name);
    out.push_back('\n');
    return true;
  });
  out.append("\n").append(a.signed_headers).append("\n");
  append_hex(out, crypto::as_text(crypto::sha256(request.body)));
}

std::string string_to_sign(const Authorization& a, std::string_view canonical_request) {
  std::string out(algorithm);
  out.append("\n")
      .append(a.timestamp)
      .append("\n")
      .append(a.date)
      .append("/")
      .append(a.region)
      .append("/")
      .append(a.service)
      .append("/")
      .append(a.terminator)
      .append("\n");
  append_hex(out, crypto::as_text(crypto::sha256(canonical_request)));
  return out;
}

std::shared_ptr<const crypto::HmacSha256> signing_key(std::string_view secret, const Authorization& a) {
  std::string first = "AWS4" + std::string(secret);
  auto key = std::make_shared<const crypto::HmacSha256>(as_bytes(first));
  wipe(first);
  for (const std::string_view part : {a.date, a.region, a.service, terminator_word}) {
    crypto::Digest256 next = key->mac(part);
    key = std::make_shared<const crypto::HmacSha256>(std::span<const std::byte>(next));
    wipe(next.data(), next.size());
  }
  return key;
}

bool signature_fits(const crypto::HmacSha256& key, std::string_view to_sign, std::string_view signature) {
  const std::string right = hex_encode(crypto::as_text(key.mac(to_sign)));
  return signature.size() == right.size() && constant_time_equal(right, signature);
}

}  // namespace coffer::doors::aws
