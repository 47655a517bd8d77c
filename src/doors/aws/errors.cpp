#include "doors/aws/errors.h"

#include <algorithm>

#include "core/refusals.h"
#include "doors/aws/form.h"
#include "doors/aws/sigv4.h"

namespace coffer::doors::aws {
namespace {

constexpr std::string_view modelled_codes[] = {
    "DecryptionFailure",           "EncryptionFailure",       "InternalServiceError",    "InvalidNextTokenException",
    "InvalidParameterException",   "InvalidRequestException", "LimitExceededException",  "MalformedPolicyDocumentException",
    "PreconditionNotMetException", "PublicPolicyException",   "ResourceExistsException", "ResourceNotFoundException"};

constexpr std::string_view unknown_key = "The security token included in the request is invalid.";
constexpr std::string_view expired_session = "The security token included in the request is expired";
constexpr std::string_view missing_token = "Request is missing Authentication Token";

// The names that the query protocol has for what JSON services call otherwise.
struct Name {
  std::string_view json, query;
};
constexpr Name names[] = {
    {"UnrecognizedClientException", "InvalidClientTokenId"},
    {"InvalidSignatureException", "SignatureDoesNotMatch"},
    {"IncompleteSignatureException", "IncompleteSignature"},
    {"MissingAuthenticationTokenException", "MissingAuthenticationToken"},
    {"ExpiredTokenException", "ExpiredToken"},
    {"AccessDeniedException", "AccessDenied"},
    {"ValidationException", "ValidationError"},
    {"ThrottlingException", "Throttling"},
    {"UnknownOperationException", "InvalidAction"},
    {"ServiceUnavailableException", "ServiceUnavailable"},
    {"InternalServiceError", "InternalFailure"},
};

std::string denied(const core::Request* request, std::string_view resource) {
  if (request == nullptr || !request->by_action || request->by_action->scope.principal.empty()) return "Access denied";
  const ActionScope& scope = request->by_action->scope;
  const std::string action(scope.action);
  std::string out = "User: " + scope.principal + " is not authorized to perform: " + action;
  if (!resource.empty()) out.append(" on resource: ").append(resource);
  return out + " because no identity-based policy allows the " + action + " action";
}

std::string without_prefix(std::string_view message) {
  constexpr std::string_view prefix = "Field validation failed: ";
  if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  return std::string(message);
}

WireError of_claim(std::string_view type) {
  if (type == core::claim_unknown) return {400, "UnrecognizedClientException", std::string(unknown_key)};
  if (type == core::claim_expired) return {400, "ExpiredTokenException", std::string(expired_session)};
  return {400, "InvalidSignatureException", wrong_signature().error().message};
}

WireError of_code(const Error& error, const core::Request* request, std::string_view resource) {
  switch (error.code) {
    case Code::invalid_argument:
    case Code::bad_credentials:
    case Code::unsupported_media: return {400, "ValidationException", without_prefix(error.message)};
    case Code::unauthenticated: return {400, "MissingAuthenticationTokenException", std::string(missing_token)};
    case Code::permission_denied: return {400, "AccessDeniedException", denied(request, resource)};
    case Code::not_found: return {400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."};
    case Code::unsupported_path:
    case Code::unsupported_operation:
      return {400, "UnknownOperationException", "The action is not served at the mount that this server shows to AWS's clients."};
    case Code::too_large: return {413, "RequestEntityTooLargeException", "The request is too large."};
    case Code::rate_limited: return {400, "ThrottlingException", "Rate exceeded"};
    case Code::sealed:
    case Code::not_initialized: return {503, "ServiceUnavailableException", "The server is sealed."};
    case Code::unavailable: return {503, "ServiceUnavailableException", "The server is not available now; try again."};
    case Code::storage_full: return {507, "InternalServiceError", "The server's storage is full."};
    case Code::conflict: return {500, "InternalServiceError", "A concurrent change won; try again."};
    case Code::corrupt:
    case Code::internal: break;
  }
  return {500, "InternalServiceError", "An error occurred on the server side."};
}

}  // namespace

WireError wire_error(Protocol protocol, const Error& error, const core::Request* request, std::string_view resource) {
  WireError out;
  std::string_view type = error.type != nullptr ? std::string_view(error.type) : std::string_view();
  if (type == core::address_refused) type = {};  // AWS has no word for it
  if (type == core::claim_unknown || type == core::claim_wrong || type == core::claim_expired) {
    out = of_claim(type);
  } else {
    out = of_code(error, request, resource);
    if (!type.empty()) {
      out.code = type;
      out.message = error.message;
    }
  }
  out.modelled = std::find(std::begin(modelled_codes), std::end(modelled_codes), out.code) != std::end(modelled_codes);
  if (protocol == Protocol::json) return out;
  // What a handler of this protocol calls by name is called by its own name.
  if (type.empty() || error.code == Code::unauthenticated)
    for (const Name& name : names)
      if (out.code == name.json) out.code = name.query;
  if (out.status == 400 && (error.code == Code::unauthenticated || error.code == Code::permission_denied)) out.status = 403;
  return out;
}

HttpAnswer error_answer(Protocol protocol, const WireError& error, std::string_view request_id) {
  HttpAnswer out;
  out.status = error.status;
  out.headers.emplace_back("Cache-Control", "no-store");
  out.headers.emplace_back("x-amzn-RequestId", request_id);
  if (protocol == Protocol::query) {
    out.headers.emplace_back("Content-Type", "text/xml");
    out.body = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>";
    out.body.append(error.status < 500 ? "Sender" : "Receiver")
        .append("</Type>\n    <Code>")
        .append(error.code)
        .append("</Code>\n    <Message>");
    append_xml_text(out.body, error.message);
    out.body.append("</Message>\n  </Error>\n  <RequestId>").append(request_id).append("</RequestId>\n</ErrorResponse>\n");
    return out;
  }
  json::Writer w(out.body);
  if (protocol == Protocol::container) {
    out.headers.emplace_back("Content-Type", "application/json");
    w.begin_object().key("code").string(error.code).key("message").string(error.message).end_object();
    return out;
  }
  out.headers.emplace_back("Content-Type", "application/x-amz-json-1.1");
  out.headers.emplace_back("x-amzn-ErrorType", error.code);
  w.begin_object().key("__type").string(error.code).key(error.modelled ? "Message" : "message").string(error.message).end_object();
  return out;
}

}  // namespace coffer::doors::aws
