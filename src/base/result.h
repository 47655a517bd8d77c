#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace coffer {

// What went wrong, in the server's own terms. Each door has one map from these to its status and body.
enum class Code : std::uint8_t {
  invalid_argument,       // the request is malformed or asks for what cannot be (400)
  unauthenticated,        // no credential where one is due, or one that is not known (403 for Vault)
  bad_credentials,        // a login that failed (400); counted for user lockout
  permission_denied,      // policy says no (403)
  not_found,              // nothing there (404)
  unsupported_path,       // the mount has no such endpoint (404)
  unsupported_operation,  // the endpoint has no such verb (405)
  unsupported_media,      // wrong Content-Type (415)
  conflict,               // a concurrent change won; the caller may try again
  too_large,              // over a size limit (413)
  rate_limited,           // over a quota or a budget (429)
  sealed,                 // the keys are not in memory (503)
  not_initialized,        // no keys exist yet
  unavailable,            // cannot be served now; the outcome of a write may be unknown (503)
  storage_full,           // the data disk is under its reserve (507)
  corrupt,                // stored data fails its check (500)
  internal,               // our own fault, or the audit log's (500)
};

// A failure that may be shown to the caller: `message` never holds a secret, a file path of the server, or an address.
struct Error {
  Code code = Code::internal;
  std::string message;
  // What the API that the request came by calls this failure, where its clients look for more than the code tells ("ResourceExistsException"): a
  // literal, or null. Other doors do not look at it.
  const char* type = nullptr;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}
// With the name that the request's own API has for it.
inline std::unexpected<Error> fail(Code code, const char* type, std::string message) {
  return std::unexpected(Error{code, std::move(message), type});
}
inline std::unexpected<Error> invalid(std::string message) { return fail(Code::invalid_argument, std::move(message)); }

}  // namespace coffer

// Unwraps a Result, or returns its error from the enclosing function. For plain functions only: coroutines spell it out.
#define COFFER_CONCAT_(a, b) a##b
#define COFFER_TRY_(expr, name)                                                             \
  ({                                                                                        \
    auto name = (expr);                                                                     \
    if (!name) [[unlikely]] return std::unexpected(std::move(name).error());                \
    *std::move(name);                                                                       \
  })
#define COFFER_TRY_COUNTED_(expr, n) COFFER_TRY_(expr, COFFER_CONCAT_(try_result_, n))
#define TRY(expr) COFFER_TRY_COUNTED_(expr, __COUNTER__)
// The same for Result<void>.
#define COFFER_CHECK_(expr, name)                                                           \
  do {                                                                                      \
    if (auto name = (expr); !name) [[unlikely]] return std::unexpected(std::move(name).error()); \
  } while (false)
#define COFFER_CHECK_COUNTED_(expr, n) COFFER_CHECK_(expr, COFFER_CONCAT_(check_result_, n))
#define CHECK_OK(expr) COFFER_CHECK_COUNTED_(expr, __COUNTER__)
