#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/access_keys/secret.h"
#include "core/access_keys/store.h"
#include "core/live.h"
#include "core/request.h"
#include "token/store.h"

namespace coffer::core {

// Session credentials of a token: nothing of them is stored. The session token says which token and until when; the secret is derived of it with a key
// that only this server has, so that a changed session token has another secret. They die with the token.
struct SessionCredentials {
  std::string key_id;  // "ASIA..."
  SecretBytes secret;
  std::string session_token;
  Time expires{};
};
[[nodiscard]] SessionCredentials make_session(const token::Keys& keys, std::string_view token_id, Time expires, Random& random);

// Whom a signed request stands for.
struct Signer {
  std::string token_id;
  std::shared_ptr<const policy::iam::Document> identity;  // the key's own policy; null without one
};

// Finds the token that a signed request stands for. Keeps the keys in use in memory, and when they were last used until that is written. Safe from any
// thread.
class KeyRing {
 public:
  KeyRing(std::size_t capacity, Random& random);
  // Errors as core::Claim has them. A claim is verified exactly once, whatever is wrong with it.
  [[nodiscard]] Result<Signer> resolve(const Claim& claim, const Snapshot& keys, storage::Position read_at,
                                            const token::Keys& token_keys, Time now);
  // The document of a role that a session has, by what its token keeps of it (role_reference); null without one. A role that is gone has no sessions: their
  // requests are refused as those of a key that is unknown.
  [[nodiscard]] Result<std::shared_ptr<const policy::iam::Document>> document_of_role(std::string_view reference, const Snapshot& keys, storage::Position read_at);
  // A key of the ring's space has changed.
  void invalidate(std::string_view key, storage::Position position);

  // When a key was last used, where that is not written yet.
  [[nodiscard]] std::optional<Time> last_use(std::string_view id) const;
  // Writes what came since the last call, in one transaction. Not for an io thread.
  [[nodiscard]] Result<void> write_uses(Runtime& runtime);

 private:
  struct Live {
    Signer signer;
    bool disabled = false;
    std::unique_ptr<const KeySecret> secret;
    mutable std::atomic<std::int64_t> noted{0};  // the use that was noted last
  };
  [[nodiscard]] Result<std::shared_ptr<const Live>> find(std::string_view id, const Snapshot& keys, storage::Position read_at);
  [[nodiscard]] Result<std::string> resolve_session(const Claim& claim, const token::Keys& token_keys, Time now);
  void note(std::string_view id, const Live& key, Time now);

  // A session token that was signed with its secret before. It is as good as ever: what ends it is its time and the end of its token.
  struct LiveSession {
    LiveSession(std::string key, std::string token, Time end, SecretBytes text)
        : key_id(std::move(key)), token_id(std::move(token)), expires(end), secret(std::move(text)) {}
    std::string key_id, token_id;
    Time expires;
    KeySecret secret;
  };

  struct LiveRole {
    std::string reference;
    std::shared_ptr<const policy::iam::Document> document;
  };

  LiveCache<Live> live_;
  LiveCache<LiveSession> sessions_;  // by session token
  LiveCache<LiveRole> roles_;        // by the role's key
  const KeySecret nobody_;
  mutable std::mutex mutex_;
  std::map<std::string, Time, std::less<>> uses_;  // guarded by mutex_: not written yet
};

}  // namespace coffer::core
