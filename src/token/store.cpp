#include "token/store.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace coffer::token {
namespace {

std::string expiry_key(const Record& t) { return fmt::format("expiry/{:016x}/{}", static_cast<std::uint64_t>(unix_seconds(t.expire)), t.id); }
constexpr Time dead{Seconds(1)};  // an expiry that is long past
std::string id_key(std::string_view id) { return std::string("id/").append(id); }
std::string child_key(std::string_view parent, std::string_view id) { return std::string("child/").append(parent).append("/").append(id); }

Result<std::optional<Record>> through_index(const Snapshot& tokens, const std::string& key) {
  const auto id = TRY(tokens.get(key));
  if (!id) return std::optional<Record>{};
  return find(tokens, id->reveal_text());
}

}  // namespace

std::unexpected<Error> dead_token() {
  return fail(Code::unauthenticated, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n");
}

Result<std::optional<Record>> find(const Snapshot& tokens, std::string_view id) {
  const auto bytes = TRY(tokens.get(id_key(id)));
  if (!bytes) return std::optional<Record>{};
  return std::optional<Record>(TRY(decode(bytes->reveal_text())));
}
Result<std::optional<Record>> find_by_accessor(const Snapshot& tokens, std::string_view accessor) {
  if (accessor.empty() || accessor.size() > 64) return std::optional<Record>{};
  return through_index(tokens, std::string("accessor/").append(accessor));
}
Result<std::optional<Record>> find_by_lease(const Snapshot& tokens, std::string_view lease_id) {
  if (lease_id.empty()) return std::optional<Record>{};
  return through_index(tokens, std::string("lease/").append(lease_id));
}

Result<Issued> create(Transaction& tokens, const Keys& keys, NewToken wanted, Random& random) {
  Issued out{{}, std::move(wanted.record)};
  Record& t = out.record;
  if (t.kind == Kind::batch) {
    out.token = TRY(keys.seal_batch(t));
    return out;
  }
  if (!wanted.given_id.empty()) {
    out.token = std::move(wanted.given_id);
    t.given_id = "1";
  } else {
    // 95 characters of body: the shape that secret scanners know (vault-api.md §2.5).
    std::string text = "hvs." + make_base62(wanted.root_form ? 24 : 95, random);
    out.token = SecretBytes::copy_of(text);
    wipe(text);
  }
  t.id = keys.id_of(out.token.reveal_text());
  t.accessor = make_base62(24, random);
  if (!t.given_id.empty() && TRY(find(tokens, t.id))) return invalid("cannot create a token with a duplicate ID");
  // The parent must still be there when this commits: a revocation that came first wins (H06).
  if (!t.parent.empty()) {
    const auto parent = TRY(find(tokens, t.parent));
    if (!parent || parent->expired(t.creation)) return dead_token();
  }
  CHECK_OK(tokens.put(id_key(t.id), encode(t)));
  CHECK_OK(tokens.put("accessor/" + t.accessor, t.id));
  // The root tokens of init and of root generation have no lease: no prefix ends them.
  if (!wanted.root_form) CHECK_OK(tokens.put("lease/" + t.lease_id(), t.id));
  if (!t.parent.empty()) CHECK_OK(tokens.put(child_key(t.parent, t.id), ""));
  if (t.expire != Time()) CHECK_OK(tokens.put(expiry_key(t), ""));
  return out;
}

Result<void> update(Transaction& tokens, const Record& before, const Record& after) {
  if (before.expire != after.expire) {
    if (before.expire != Time()) tokens.erase(expiry_key(before));
    if (after.expire != Time()) CHECK_OK(tokens.put(expiry_key(after), ""));
  }
  return tokens.put(id_key(after.id), encode(after));
}

Result<std::optional<Record>> take_use(Transaction& tokens, std::string_view id) {
  auto record = TRY(find(tokens, id));
  if (!record || !record->limited) return record;
  if (record->num_uses <= 0) return std::optional<Record>{};
  --record->num_uses;
  CHECK_OK(tokens.put(id_key(id), encode(*record)));
  return record;
}

Result<void> erase(Transaction& tokens, const Record& t) {
  tokens.erase(id_key(t.id));
  tokens.erase("accessor/" + t.accessor);
  tokens.erase("lease/" + t.lease_id());
  if (!t.parent.empty()) tokens.erase(child_key(t.parent, t.id));
  if (t.expire != Time()) tokens.erase(expiry_key(t));
  return {};
}

Result<bool> orphan_children(Transaction& tokens, std::string_view id, std::size_t limit) {
  const std::string prefix = child_key(id, "");
  const auto children = TRY(tokens.children(prefix, '\0', "", limit));
  for (const std::string& child : children) {
    if (auto record = TRY(find(tokens, child))) {
      record->parent.clear();
      record->orphan = true;
      CHECK_OK(tokens.put(id_key(child), encode(*record)));
    }
    tokens.erase(prefix + child);
  }
  return children.size() < limit;
}

namespace {
// A tree that cannot go in one step dies at once all the same: its root expires, which ends its use, refuses it new children, and leaves the
// rest to expiry should this process die now.
Result<void> expire_now(Transaction& tokens, std::string_view id) {
  auto record = TRY(find(tokens, id));
  if (!record || record->expire == dead) return {};
  const Record before = *record;
  record->expire = dead;
  return update(tokens, before, *record);
}
}  // namespace

Result<bool> revoke_step(Transaction& tokens, std::string_view root, std::size_t limit, std::vector<std::string>& erased) {
  erased.clear();
  struct Node {
    std::string parent, id;
  };
  std::vector<Node> open{{"", std::string(root)}};
  for (std::size_t visited = 0; !open.empty(); ++visited) {
    if (erased.size() >= limit || visited > limit * 4) {
      CHECK_OK(expire_now(tokens, root));
      return false;
    }
    const Node node = open.back();
    const auto children = TRY(tokens.children(child_key(node.id, ""), '\0', "", limit));
    if (!children.empty()) {
      for (const std::string& child : children) open.push_back({node.id, child});
      continue;
    }
    open.pop_back();
    if (auto record = TRY(find(tokens, node.id))) {
      CHECK_OK(erase(tokens, *record));
      erased.push_back(node.id);
    }
    // An entry whose record is gone must not keep its parent alive.
    if (!node.parent.empty()) tokens.erase(child_key(node.parent, node.id));
  }
  return true;
}

Result<std::vector<std::string>> due(const Snapshot& tokens, Time now, std::size_t limit) {
  std::vector<std::string> out;
  const auto last = static_cast<std::uint64_t>(unix_seconds(now));
  for (const std::string& name : TRY(tokens.children("expiry/", '\0', "", limit))) {
    const std::size_t slash = name.find('/');
    if (slash == name.npos) continue;
    if (std::strtoull(name.substr(0, slash).c_str(), nullptr, 16) > last) break;
    out.push_back(name.substr(slash + 1));
  }
  return out;
}

}  // namespace coffer::token
