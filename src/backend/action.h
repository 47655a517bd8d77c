#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace coffer::schema {
enum class Verb : std::uint8_t;
struct FieldInfo;
}  // namespace coffer::schema

namespace coffer::policy::iam {
struct Document;
}

// What a handler may know of a request that names an action (schema::Endpoint::on_action) beyond what every Caller has.
namespace coffer {

// The part of the other API's world that the request is about. Texts that are AWS's come in AWS's spelling.
struct ActionScope {
  std::string_view action;    // "secretsmanager:GetSecretValue", "keyvault:GetSecret"
  std::string partition;      // "aws"; "" in requests of Azure's API
  std::string region;         // "eu-central-1": of the signature's scope
  std::string account;        // twelve digits; Azure: the vault's URL, which ids begin with, "https://prod.vault.example:8200"
  std::string name_prefix;    // what stands before a secret's name in the mount's key space, "" or "team/": names on the wire are without it
  // The six characters that an ARN ends in, which must be the object's own; "" where the request named the secret by its name. It may also be that they
  // are the end of the name (Endpoint::meant).
  std::string suffix;
  // The region whose secrets lie at their names; those of others lie in folders (base/aws_name.h). "": this request's own.
  std::string primary_region = {};
  // Who asks, once that is known: "arn:aws:iam::<account>:user/<name>" or "arn:aws:sts::<account>:assumed-role/<role>/<session>".
  std::string principal = {};
  // Policies in IAM's language: that of the key that signed, or of the role of a session; and what narrows the session. Null without one.
  std::shared_ptr<const policy::iam::Document> identity = {}, session_policy = {};
  std::optional<Time> session_began = {};  // when its session credentials were given; nothing where a key signed
  bool tls = false;  // whether the request came over TLS, and not by a proxy that ended it
  // The request's members, once they have been read, and which of them the action takes: others say nothing. Live as long as the request.
  json::Value body = {};
  const std::vector<schema::FieldInfo>* fields = nullptr;

  // Whether the caller is bound by documents of its own, so that what the server's policies allow is not the last word.
  [[nodiscard]] bool has_documents() const { return identity != nullptr || session_policy != nullptr; }
  // "arn:aws:secretsmanager:<region>:<account>:secret:<name>-<suffix>" of an object of this scope.
  [[nodiscard]] std::string secret_arn(std::string_view name, std::string_view six) const {
    return secret_arn(region, name, six);
  }
  // The same in another region.
  [[nodiscard]] std::string secret_arn(std::string_view in_region, std::string_view name, std::string_view six) const {
    std::string out = "arn:";
    out.append(partition).append(":secretsmanager:").append(in_region).append(":").append(account).append(":secret:").append(name);
    return six.empty() ? out : out.append("-").append(six);
  }
};

// What the server's policies say of something: a denial stands against whatever else would allow it.
enum class Permit : std::uint8_t { silent, allowed, denied };

// What else the caller may do, for requests about many objects of which each is guarded by itself. Lives as long as the call.
class Authority {
 public:
  virtual ~Authority() = default;
  // What policies say of the caller's doing this at that path (whole, with the mount). Decides nothing: a handler that asks must act on the answer.
  [[nodiscard]] virtual Permit says(std::string_view path, schema::Verb verb) const = 0;
  [[nodiscard]] bool allows(std::string_view path, schema::Verb verb) const { return says(path, verb) == Permit::allowed; }
};

}  // namespace coffer
