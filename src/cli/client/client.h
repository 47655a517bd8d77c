#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/secret.h"
#include "cli/client/transport.h"
#include "cli/failure.h"

namespace coffer::cli {

using Query = std::vector<std::pair<std::string, std::string>>;

// An answer of the server, parsed: the envelope of vault-api.md §2.2, or a bare body. Values are valid as long as it
// or any copy of it.
class Answer {
 public:
  Answer() = default;
  Answer(int status, std::string body, json::Document document);
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] json::Value root() const { return document_ ? document_->root() : json::Value(); }
  [[nodiscard]] const std::string& body() const { return body_; }
  // Members of the envelope; null values where absent.
  [[nodiscard]] json::Value member(std::string_view name) const;
  [[nodiscard]] json::Value data() const { return member("data"); }
  [[nodiscard]] json::Value auth() const { return member("auth"); }
  [[nodiscard]] json::Value wrap_info() const { return member("wrap_info"); }
  [[nodiscard]] std::vector<std::string> warnings() const;
  [[nodiscard]] bool is_wrapped() const { return wrap_info().is_object(); }

 private:
  int status_ = 0;
  std::string body_;
  std::shared_ptr<const json::Document> document_;  // a value points at its document, which therefore never moves
};
// Nothing: the server answered without a body (204), or had nothing to give (404).
using MaybeAnswer = std::optional<Answer>;

// Why a request failed, in the words of Vault's own client. `status` is 0 when no answer came.
struct RequestError {
  int status = 0;
  std::string text = {};
  std::vector<std::string> errors = {};
  std::string preview = {};  // -output-curl-string and -output-policy: what to print instead; then nothing failed
  std::string next = {};     // what to do about it
  std::string body = {};     // of an answer with an error status
  std::optional<Denial> denial = {};
  [[nodiscard]] bool mentions(std::string_view words) const { return text.find(words) != std::string::npos; }
};
template <class T>
using Reply = std::expected<T, RequestError>;

// The failure of a command whose request failed: "<prefix><error>" with exit code 2; a preview ends the command with 0 instead.
[[nodiscard]] Failure failed(std::string_view prefix, RequestError error, int exit_code = exit_server);

enum class Preview : std::uint8_t { none, curl, policy };

// What every request carries.
struct ClientOptions {
  ConnectionOptions connection;
  SecretBytes token;
  std::string name_space;  // X-Vault-Namespace, with its trailing slash
  std::string wrap_ttl;
  std::vector<std::string> mfa;
  std::vector<std::pair<std::string, std::string>> headers;
  bool policy_override = false;
  Preview preview = Preview::none;
  std::string program = "vault";  // for `$(vault print token)` in previews
};

// Speaks the Vault API. Writes are PUT, lists GET ?list=true, as Vault's command has them. One thread uses it.
class Client {
 public:
  Client(ClientOptions options, std::unique_ptr<Transport> transport) : options_(std::move(options)), transport_(std::move(transport)) {}

  [[nodiscard]] Reply<MaybeAnswer> read(std::string_view path, const Query& query = {});
  [[nodiscard]] Reply<MaybeAnswer> list(std::string_view path, const Query& query = {});
  [[nodiscard]] Reply<MaybeAnswer> scan(std::string_view path, const Query& query = {});
  // `body` is a JSON text; "" sends none.
  [[nodiscard]] Reply<MaybeAnswer> write(std::string_view path, std::string body);
  [[nodiscard]] Reply<MaybeAnswer> post(std::string_view path, std::string body);
  [[nodiscard]] Reply<MaybeAnswer> patch(std::string_view path, std::string body);
  [[nodiscard]] Reply<MaybeAnswer> remove(std::string_view path, const Query& query = {}, std::string body = {});
  // The answer as it came, also when it is no JSON; error statuses are errors.
  [[nodiscard]] Reply<HttpResponse> raw(std::string_view method, std::string_view path, const Query& query = {}, std::string body = {});
  // The body as it comes, until the server or `on_data` ends it.
  [[nodiscard]] Reply<HttpResponse> stream(std::string_view path, const Query& query, std::function<bool(std::string_view)> on_data);

  [[nodiscard]] const std::string& address() const { return options_.connection.address; }
  [[nodiscard]] const SecretBytes& token() const { return options_.token; }
  void set_token(SecretBytes token) { options_.token = std::move(token); }
  void set_wrap_ttl(std::string ttl) { options_.wrap_ttl = std::move(ttl); }
  [[nodiscard]] const std::string& wrap_ttl() const { return options_.wrap_ttl; }
  void set_name_space(std::string name) { options_.name_space = std::move(name); }
  [[nodiscard]] Preview preview() const { return options_.preview; }

  // While alive, requests are plain: no wrapping, no preview. For what a command asks on its own behalf.
  class Plain {
   public:
    explicit Plain(Client& client);
    ~Plain();
    Plain(const Plain&) = delete;
    Plain& operator=(const Plain&) = delete;

   private:
    Client& client_;
    std::string wrap_ttl_;
    Preview preview_;
  };

 private:
  [[nodiscard]] Reply<HttpResponse> perform(std::string_view method, std::string_view path, const Query& query, std::string body,
                                            std::function<bool(std::string_view)> on_data = {});
  [[nodiscard]] Reply<MaybeAnswer> ask(std::string_view method, std::string_view path, const Query& query, std::string body,
                                       bool nothing_on_404);
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers(std::string_view method) const;
  [[nodiscard]] RequestError status_error(std::string_view method, const std::string& target, const HttpResponse& response) const;

  ClientOptions options_;
  std::unique_ptr<Transport> transport_;
};

}  // namespace coffer::cli
