#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/caller.h"
#include "base/random.h"
#include "schema/login.h"
#include "storage/view.h"
#include "token/record.h"

namespace coffer::token {

// Where tokens lie: one key space per tenant.
//   id/<id>                       the record
//   accessor/<accessor>           id
//   child/<parent id>/<id>        "": the tree
//   lease/<lease id>              id: what sys/leases lists
//   expiry/<16 hex seconds>/<id>  "": the index that expiry walks; an entry is checked against its record when met
//   role/<name>                   a token role, JSON
//   revoking/<hex of a prefix>    a revocation by prefix that is not done yet (core/revoke.h)
[[nodiscard]] inline KeySpace space(TenantId tenant) { return core_space(tenant, "token"); }

// The answer to a token that is unknown, revoked, expired or used up. Vault's agents log in again when they read its last words, and only then.
[[nodiscard]] std::unexpected<Error> dead_token();

// Turns tokens into ids and batch tokens into records. Keys come with each unseal. Safe from any thread.
class Keys {
 public:
  virtual ~Keys() = default;
  static std::unique_ptr<Keys> make(SecretBytes hash_key, SecretBytes batch_key, Random& random);
  [[nodiscard]] virtual std::string id_of(std::string_view token) const = 0;  // 64 hex digits
  // 32 bytes that only this server can make of `data`, for one purpose; no token has them as its id.
  [[nodiscard]] virtual SecretBytes derive(std::string_view purpose, std::string_view data) const = 0;
  [[nodiscard]] virtual Result<SecretBytes> seal_batch(const Record& record) const = 0;  // "hvb...."
  [[nodiscard]] virtual Result<Record> open_batch(std::string_view token) const = 0;     // Code::unauthenticated when it is none of ours
};

// What a new token is to be; times and policies are final (limits.h makes them so).
struct NewToken {
  Record record;            // id, accessor and lease are filled in by create
  SecretBytes given_id;     // empty: one is made
  bool root_form = false;   // "hvs." and 24 characters, as root tokens of init and generate-root have
};
// A token that was just made: the one place where its text exists.
struct Issued {
  SecretBytes token;
  Record record;
};

// The operations on the token space. All run in the caller's transaction; none keeps state.
[[nodiscard]] Result<Issued> create(Transaction& tokens, const Keys& keys, NewToken wanted, Random& random);
[[nodiscard]] Result<std::optional<Record>> find(const Snapshot& tokens, std::string_view id);
// By accessor: Code::not_found is left to the caller (nothing there).
[[nodiscard]] Result<std::optional<Record>> find_by_accessor(const Snapshot& tokens, std::string_view accessor);
[[nodiscard]] Result<std::optional<Record>> find_by_lease(const Snapshot& tokens, std::string_view lease_id);
// Writes a changed record; `before` is the record as read (its expiry entry moves).
[[nodiscard]] Result<void> update(Transaction& tokens, const Record& before, const Record& after);
// Takes one use of a limited token and answers the record after it; nothing when no use is left or the token is gone.
[[nodiscard]] Result<std::optional<Record>> take_use(Transaction& tokens, std::string_view id);
// Deletes one token and its indexes; children stay (the caller revokes them, or makes them orphans).
[[nodiscard]] Result<void> erase(Transaction& tokens, const Record& record);
// Cuts the children of a token loose (revoke-orphan): at most `limit`; true when none is left.
[[nodiscard]] Result<bool> orphan_children(Transaction& tokens, std::string_view id, std::size_t limit);
// One step of revoking the tree below (and with) `id`: deletes about `limit` tokens, leaves first. True when the tree is gone; otherwise its root
// has expired (no use, no new children) and the caller goes on, or expiry does.
[[nodiscard]] Result<bool> revoke_step(Transaction& tokens, std::string_view id, std::size_t limit, std::vector<std::string>& erased);
// Ids whose expiry lies before `now`, oldest first.
[[nodiscard]] Result<std::vector<std::string>> due(const Snapshot& tokens, Time now, std::size_t limit);

}  // namespace coffer::token
