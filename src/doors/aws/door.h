#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "core/request.h"
#include "doors/http.h"

// AWS's wire formats: Secrets Manager (JSON 1.1), the Security Token Service (query protocol, XML answers) and the container credentials of the SDKs. No
// state, no policy, no storage: a request becomes one for the path that Vault's API has for the same, and names its action beside.
namespace coffer::doors::aws {

using doors::HttpAnswer;
using doors::HttpRequest;

// Which part of AWS's world this server is.
struct Settings {
  std::string partition = "aws", account = "123456789012";
  std::string region = "us-east-1";         // whose secrets lie at their names in the mount; those of others lie in folders (base/aws_name.h)
  std::vector<std::string> regions;         // those that are served; empty: any
  std::string mount = "secret/";            // of the secrets, KV version 2
  std::string name_prefix;                  // before a secret's name in the mount: "" or "team/"
  std::string key_ring = "auth/aws-keys/";  // mount of the access keys
  std::string path_prefix;                  // "" or "/aws": where the door stands beside "/"
  std::vector<std::string> signed_hosts;    // "secrets.example.com": what clients may have signed as host, beside the one that came
};

// The wire format of a request, which its answer has too.
enum class Protocol : std::uint8_t { json, query, container };

// An answer that needs no core: what could not be read. It is recorded all the same.
struct Refused {
  Protocol protocol = Protocol::json;
  Error error;
  std::string request_id;
};

class Door {
 public:
  Door(Settings settings, Clock& clock) : settings_(std::move(settings)), clock_(clock) {}
  // Whether a request is this door's: "POST /" that names a target, is signed or is a form; the container credentials; the same below the prefix.
  // Where no other API could mean it (`alone`) every "POST /" is.
  [[nodiscard]] bool claims(const HttpRequest& http, bool alone = false) const;
  // Reads a request; `http` must outlive it.
  [[nodiscard]] std::expected<core::Request, Refused> decode(const HttpRequest& http) const;
  [[nodiscard]] HttpAnswer encode(const HttpRequest& http, const core::Request& request, const core::Outcome& outcome) const;
  [[nodiscard]] HttpAnswer encode(const Refused& refused) const;
  // The action that a request names, where it is one of Secrets Manager's; "" otherwise.
  [[nodiscard]] static std::string_view action_of(const HttpRequest& http);

 private:
  [[nodiscard]] Protocol protocol_of(const HttpRequest& http) const;
  [[nodiscard]] Result<core::Request> decode_json(const HttpRequest& http) const;
  [[nodiscard]] Result<core::Request> decode_query(const HttpRequest& http) const;
  [[nodiscard]] Result<core::Request> decode_container(const HttpRequest& http) const;
  [[nodiscard]] core::Request begin(const HttpRequest& http) const;
  // Reads the signature and makes the claim of it.
  [[nodiscard]] Result<void> sign_in(const HttpRequest& http, std::string_view service, core::Request& request) const;

  const Settings settings_;
  Clock& clock_;
};

}  // namespace coffer::doors::aws
