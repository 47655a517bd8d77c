#pragma once
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

#include "backend/memory.h"
#include "backend/server_keys.h"
#include "core/mounts.h"
#include "core/request.h"
#include "core/runtime.h"
#include "core/spaces.h"

namespace coffer::core {

struct Exchange;

// What policies say of the caller of an exchange, for handlers that ask.
class ExchangeAuthority final : public Authority {
 public:
  explicit ExchangeAuthority(const Exchange& x) : x_(x) {}
  [[nodiscard]] Permit says(std::string_view path, schema::Verb verb) const override;

 private:
  const Exchange& x_;
};

// What handlers keep of records of the mount that an exchange is about (Runtime::made).
class ExchangeMemory final : public Memory {
 public:
  explicit ExchangeMemory(const Exchange& x) : x_(x) {}
  [[nodiscard]] std::shared_ptr<const void> find(std::string_view key) const override;
  void keep(std::string_view key, std::shared_ptr<const void> made) const override;

 private:
  const Exchange& x_;
};

class ExchangeKeys final : public ServerKeys {
 public:
  explicit ExchangeKeys(const Exchange& x) : x_(x) {}
  [[nodiscard]] SecretBytes derive(std::string_view purpose) const override;

 private:
  const Exchange& x_;
};

// One request on its way through the pipeline: what it asked, what has been found out so far, what came of it. Owned by one step at a time.
struct Exchange {
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Request request;
  Loop* loop = nullptr;
  Respond respond;
  bool on_io_thread = true;  // false on a worker: steps may block
  Time started{};

  Gate::Ticket ticket;       // held while the runtime is used
  Runtime* runtime = nullptr;
  std::shared_ptr<const storage::ReadView> view;
  std::shared_ptr<const RequestSettings> settings;  // null where nothing is configured
  std::shared_ptr<const MountTable> mounts;
  const Mount* mount = nullptr;
  std::string_view rest;     // of the path, below the mount
  std::string folded;        // the whole path as the handler understands it, where it came otherwise (fold_path)
  const schema::Endpoint* endpoint = nullptr;
  const schema::Operation* operation = nullptr;
  std::vector<schema::Capture> captures;

  LiveTokenPtr token;
  bool last_use = false;     // of a limited token: it is revoked once the answer is made
  std::string_view acted_on; // own_token operations: the token that they are about
  std::optional<json::Document> document;
  bool creating = false;
  bool origin_allowed = false;       // the page that asks may read the answer (CORS)
  std::optional<RateState> rate;
  std::shared_ptr<std::binary_semaphore> answered;  // of whoever waits for the answer to be made; else null
  policy::Decision decision;
  std::string lockout_key;
  bool failed_before = false;  // logins under lockout_key: a success makes up for them

  Outcome outcome;
  std::function<bool()> undo;            // Session::unless_recorded
  std::vector<std::string> made_tokens;  // ids of tokens that this request made: revoked again when its answer cannot be audited
  storage::Position position = 0;
  bool request_recorded = false;
  ExchangeAuthority authority{*this};
  ExchangeMemory memory{*this};
  ExchangeKeys keys{*this};

  [[nodiscard]] schema::Input input() const { return {document ? document->root() : json::Value(), captures}; }
};
using ExchangePtr = std::unique_ptr<Exchange>;

}  // namespace coffer::core
