#include "core/revoke.h"

#include "base/cidr.h"
#include "base/log.h"

namespace coffer::core {
namespace {

constexpr std::size_t step_limit = 500;

Result<void> clear_cubbyhole(Transaction& cubbyhole, const std::string& id) {
  // Cubbyholes are small; what is left over of a huge one is unreachable and goes with the next step of another token.
  for (const std::string& name : TRY(cubbyhole.children(id + "/", '\0', "", 1000))) cubbyhole.erase(id + "/" + name);
  return {};
}

}  // namespace

Result<bool> revoke_step(RequestSpaces& spaces, const MountTable& mounts, std::string_view id) {
  std::vector<std::string> erased;
  const bool gone = TRY(token::revoke_step(spaces.write(token::space(root_tenant)), id, step_limit, erased));
  const Mount* cubbyhole = mounts.find("cubbyhole/");
  for (const std::string& token : erased) {
    spaces.write(wrapping_space(root_tenant)).erase(token);
    if (cubbyhole != nullptr) CHECK_OK(clear_cubbyhole(spaces.write(cubbyhole->space), token));
  }
  return gone;
}

Result<void> revoke_tree(Runtime& runtime, std::string_view id) {
  for (bool gone = false; !gone;) {
    const auto mounts = TRY(runtime.mounts(runtime.snapshot()));
    auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
      gone = TRY(revoke_step(spaces, *mounts, id));
      return {};
    });
    if (!done) return std::unexpected(std::move(done).error());
  }
  return {};
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
  std::size_t ended = 0;
  for (const std::string& id : TRY(token::due(*tokens, now, limit))) {
    const auto record = TRY(token::find(*tokens, id));
    if (record && !record->expired(now)) continue;  // its last second is not over
    CHECK_OK(revoke_tree(runtime, id));
    ++ended;
  }
  return ended;
}

bool token_allows_address(const token::Record& record, std::string_view remote_address) {
  if (record.bound_cidrs.empty()) return true;
  // A Unix socket has no address: its peer is on this machine.
  return cidr_list_contains(record.bound_cidrs, remote_address.empty() ? "127.0.0.1" : remote_address);
}

}  // namespace coffer::core
