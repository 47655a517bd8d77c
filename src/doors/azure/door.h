#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "core/request.h"
#include "doors/azure/url.h"
#include "doors/http.h"

// Azure's wire formats: Key Vault (secrets), the authority that gives its clients tokens, and the endpoints of managed identities. No state, no policy, no
// storage: an operation becomes a request for the path that Vault's API has for the same, and names its action beside.
namespace coffer::doors::azure {

using doors::HttpAnswer;
using doors::HttpRequest;

// Where a vault's secrets lie: in a KV version 2 mount, or in a folder of one.
struct Place {
  std::string mount, folder;  // "secret/"; "" or "team/"
};

struct Settings {
  std::string suffix = "vault.localhost";            // vaults are hosts one label below; in lower case
  std::string tenant = "adfs";                       // first segment of the authority's paths
  std::string authority;                             // "https://login.example"; "": login.<suffix>, on the port that the request came to
  std::string login_mount = "auth/approle/";         // client ids and secrets are role ids and secret ids of this mount
  std::string app_mount = "auth/azure-apps/";        // applications that log in by signed assertions
  std::map<std::string, Place, std::less<>> vaults;  // others are the mounts of their name
  std::map<std::string, std::string, std::less<>> hosts;  // more hosts, and the vault that each is
};

// What a request is for, which its answer depends on.
enum class Purpose : std::uint8_t {
  operation,       // of Key Vault
  token,           // the authority's token endpoint
  identity_login,  // a managed identity that is an AppRole
  identity_token,  // a managed identity that is the token it shows
  document         // what the authority tells everybody
};
struct Context {
  Purpose purpose = Purpose::operation;
  Host host;                        // as the client calls it
  std::string vault;                // of an operation
  std::string body;                 // of a document
  std::string identity_resource;    // what a managed identity's token is asked for
};

class Door {
 public:
  Door(Settings settings, Clock& clock);
  // Whether a request is this door's, by its host, or because it is one of the authority's paths. Fills `context`.
  [[nodiscard]] bool claims(const HttpRequest& http, Context& context) const;
  // Reads a request that is; `http` must outlive it.
  [[nodiscard]] Result<core::Request> decode(const HttpRequest& http, Context& context) const;
  [[nodiscard]] HttpAnswer encode(const HttpRequest& http, const Context& context, const core::Request& request,
                                  const core::Outcome& outcome) const;
  // The answer to what could not be read.
  [[nodiscard]] HttpAnswer encode(const HttpRequest& http, const Context& context, const Error& error, std::string_view request_id) const;

 private:
  [[nodiscard]] bool claims_vault(std::string_view path, Context& context) const;
  [[nodiscard]] bool claims_authority(const HttpRequest& http, Context& context) const;
  // The authority that clients of this host are sent to, without and with its tenant.
  [[nodiscard]] std::string authority_base(const Host& host) const;
  [[nodiscard]] std::string authority_of(const Host& host) const;
  // The server in the URLs of its documents.
  [[nodiscard]] std::string document_base(const Host& host) const;
  // What a vault's tokens are for: the domain above it, below which clients check that the vault's host lies.
  [[nodiscard]] std::string resource_of(const Host& host) const;
  [[nodiscard]] std::string challenge(const Context& context, bool had_token) const;
  [[nodiscard]] HttpAnswer error_answer(const HttpRequest& http, const Context& context, const Error& error, const core::Request* request,
                                        std::string_view request_id) const;
  [[nodiscard]] Result<core::Request> decode_operation(const HttpRequest& http, Context& context) const;
  [[nodiscard]] Result<core::Request> decode_token(const HttpRequest& http, const Context& context) const;
  [[nodiscard]] Result<core::Request> decode_identity(const HttpRequest& http, Context& context) const;
  [[nodiscard]] Result<core::Request> log_in(const HttpRequest& http, std::string role_id, std::string secret_id) const;
  [[nodiscard]] Result<core::Request> log_in_by_assertion(const HttpRequest& http, const Context& context, std::string client_id,
                                                          std::string assertion) const;

  const Settings settings_;
  const std::string dotted_suffix_;
  Clock& clock_;
};

}  // namespace coffer::doors::azure
