#include "core/revoke.h"

#include "base/cidr.h"
#include "base/encoding.h"
#include "base/log.h"

namespace coffer::core {
namespace {

// A revocation by prefix, under revoking/<hex of the prefix> in the tokens' space.
struct PrefixJob {
  Time begun{};       // tokens that are younger stay
  std::string after;  // the last lease looked at
  static constexpr auto fields() {
    return schema::Fields{schema::field<&PrefixJob::begun>("begun", ""), schema::field<&PrefixJob::after>("after", "")};
  }
};
constexpr std::string_view jobs = "revoking/";
constexpr std::size_t job_page = 200;
std::string job_key(std::string_view prefix) { return std::string(jobs) + hex_encode(prefix); }

Result<void> clear_cubbyhole(Transaction& cubbyhole, const std::string& id) {
  // Cubbyholes are small; what is left over of a huge one is unreachable and goes with the next step of another token.
  for (const std::string& name : TRY(cubbyhole.children(id + "/", '\0', "", 1000))) cubbyhole.erase(id + "/" + name);
  return {};
}

}  // namespace

Result<bool> revoke_step(RequestSpaces& spaces, const MountTable& mounts, std::string_view id, std::size_t limit) {
  std::vector<std::string> erased;
  const bool gone = TRY(token::revoke_step(spaces.write(token::space(root_tenant)), id, limit, erased));
  const Mount* cubbyhole = mounts.find("cubbyhole/");
  for (const std::string& token : erased) {
    spaces.write(wrapping_space(root_tenant)).erase(token);
    if (cubbyhole != nullptr) CHECK_OK(clear_cubbyhole(spaces.write(cubbyhole->space), token));
  }
  return gone;
}

namespace {
Result<bool> revoke_some(Runtime& runtime, std::string_view id) {
  bool gone = false;
  const auto mounts = TRY(runtime.mounts(runtime.snapshot()));
  auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
    gone = TRY(revoke_step(spaces, *mounts, id));
    return {};
  });
  if (!done) return std::unexpected(std::move(done).error());
  return gone;
}
}  // namespace

Result<void> revoke_begin(Runtime& runtime, std::string_view id) {
  (void)TRY(revoke_some(runtime, id));
  return {};
}

Result<void> revoke_tree(Runtime& runtime, std::string_view id) {
  while (!TRY(revoke_some(runtime, id))) {
  }
  return {};
}

namespace {
// Many trees, mostly of one token: a hundred of them share a transaction, and with it a sync of the disk.
Result<void> revoke_each(Runtime& runtime, const std::vector<std::string>& ids) {
  constexpr std::size_t at_once = 100, small = 20;
  for (std::size_t from = 0; from < ids.size(); from += at_once) {
    const std::size_t to = std::min(ids.size(), from + at_once);
    std::vector<std::string> large;
    const auto mounts = TRY(runtime.mounts(runtime.snapshot()));
    auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
      large.clear();
      for (std::size_t i = from; i < to; ++i)
        if (!TRY(revoke_step(spaces, *mounts, ids[i], small))) large.push_back(ids[i]);
      return {};
    });
    if (!done) return std::unexpected(std::move(done).error());
    for (const std::string& id : large) CHECK_OK(revoke_tree(runtime, id));
  }
  return {};
}
}  // namespace

Result<void> begin_prefix_revocation(RequestSpaces& spaces, std::string_view prefix, Time now) {
  return spaces.write(token::space(root_tenant)).put(job_key(prefix), schema::to_json(PrefixJob{now, {}}));
}

Result<void> begin_prefix_revocation(Runtime& runtime, std::string_view prefix) {
  auto done = runtime.transact([&](RequestSpaces& spaces) { return begin_prefix_revocation(spaces, prefix, runtime.clock().now()); });
  if (!done) return std::unexpected(std::move(done).error());
  return {};
}

Result<bool> prefix_revocation_step(Runtime& runtime, std::string_view prefix) {
  const auto view = runtime.snapshot();
  const auto tokens = runtime.view(*view, token::space(root_tenant));
  const auto text = TRY(tokens->get(job_key(prefix)));
  if (!text) return true;
  PrefixJob job = TRY(schema::from_json<PrefixJob>(text->reveal_text()));
  const std::string below = std::string(prefix) + "/";
  const auto leases = TRY(tokens->children("lease/" + below, '\0', job.after, job_page));
  std::vector<std::string> ids;
  for (const std::string& lease : leases)
    if (const auto record = TRY(token::find_by_lease(*tokens, below + lease)); record && record->creation <= job.begun)
      ids.push_back(record->id);
  CHECK_OK(revoke_each(runtime, ids));
  const bool last = leases.size() < job_page;
  if (!last) job.after = leases.back();
  auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
    Transaction& space = spaces.write(token::space(root_tenant));
    // One that was begun anew meanwhile goes on from its own start.
    const auto now = TRY(space.get(job_key(prefix)));
    if (!now || now->reveal_text() != text->reveal_text()) return {};
    if (!last) return space.put(job_key(prefix), schema::to_json(job));
    space.erase(job_key(prefix));
    return {};
  });
  if (!done) return std::unexpected(std::move(done).error());
  return last;
}

Result<bool> revoke_pending(Runtime& runtime) {
  const auto view = runtime.snapshot();
  bool done = true;
  for (const std::string& name : TRY(runtime.view(*view, token::space(root_tenant))->children(jobs, '\0', "", 100)))
    done = TRY(prefix_revocation_step(runtime, TRY(hex_decode(name)))) && done;
  return done;
}

void revoke_in_background(Runtime& runtime, std::vector<std::string> ids, std::move_only_function<void()> done) {
  auto mounts = runtime.mounts(runtime.snapshot());
  auto pending = mounts ? runtime.store().run([&runtime, table = *mounts, ids](storage::RawTransaction& raw) -> Result<void> {
    RequestSpaces spaces(raw, runtime.barrier());
    for (const std::string& id : ids) (void)TRY(revoke_step(spaces, *table, id));
    return {};
  })
                        : Result<storage::Store::PendingPtr>(std::unexpected(mounts.error()));
  if (!pending) {
    log::error("tokens could not be revoked: {}", pending.error().message);
    return done();
  }
  runtime.store().commit(*std::move(pending), [done = std::move(done)](Result<storage::Position> committed) mutable {
    if (!committed) log::error("tokens could not be revoked: {}", committed.error().message);
    done();
  });
}

Result<std::size_t> expire_due(Runtime& runtime, std::size_t limit) {
  const auto view = runtime.snapshot();
  const auto tokens = runtime.view(*view, token::space(root_tenant));
  const Time now = runtime.clock().now();
  std::vector<std::string> over;
  for (std::string& id : TRY(token::due(*tokens, now, limit))) {
    const auto record = TRY(token::find(*tokens, id));
    if (!record || record->expired(now)) over.push_back(std::move(id));  // else its last second is not over
  }
  CHECK_OK(revoke_each(runtime, over));
  return over.size();
}

std::string own_address(std::string_view remote_address) { return remote_address.empty() ? "127.0.0.1" : std::string(remote_address); }

bool token_allows_address(const token::Record& record, std::string_view remote_address) {
  if (record.bound_cidrs.empty()) return true;
  return cidr_list_contains(record.bound_cidrs, own_address(remote_address));
}

}  // namespace coffer::core
