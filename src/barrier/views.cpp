#include "barrier/barrier.h"
#include "storage/limits.h"

namespace coffer::barrier {
namespace {

// Turns keys relative to one space into stored ones. The buffer is reused: a view serves one thread.
class Area {
 public:
  Area(const Barrier& barrier, KeySpace space) : barrier_(barrier), tenant_(space.tenant), key_(space.prefix()), prefix_(key_.size()) {}
  [[nodiscard]] const std::string& whole(std::string_view key) const {
    key_.resize(prefix_);
    key_.append(key);
    return key_;
  }
  [[nodiscard]] TenantId tenant() const { return tenant_; }
  template <class Raw>
  Result<std::optional<SecretBytes>> get(const Raw& raw, std::string_view key) const {
    const std::string& stored_key = whole(key);
    if (!TRY(raw.get(stored_key, value_))) return std::nullopt;
    return TRY(barrier_.decrypt(tenant_, stored_key, value_));
  }

 private:
  const Barrier& barrier_;
  TenantId tenant_;
  mutable std::string key_;
  std::size_t prefix_;
  mutable std::string value_;
};

class SnapshotView final : public Snapshot {
 public:
  SnapshotView(const storage::ReadView& raw, const Barrier& barrier, KeySpace space) : raw_(raw), area_(barrier, space) {}
  Result<std::optional<SecretBytes>> get(std::string_view key) const override { return area_.get(raw_, key); }
  Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after, std::size_t limit) const override {
    return raw_.children(area_.whole(prefix), delimiter, after, limit);
  }

 private:
  const storage::ReadView& raw_;
  Area area_;
};

class TransactionView final : public Transaction {
 public:
  TransactionView(storage::RawTransaction& raw, Barrier& barrier, KeySpace space) : raw_(raw), barrier_(barrier), area_(barrier, space) {}
  Result<std::optional<SecretBytes>> get(std::string_view key) const override { return area_.get(raw_, key); }
  Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after, std::size_t limit) const override {
    return raw_.children(area_.whole(prefix), delimiter, after, limit);
  }
  Result<void> put(std::string_view key, std::string_view value) override {
    if (value.size() > largest_value) return fail(Code::too_large, "the value is larger than 8 MiB, which is the most that can be stored at one path");
    const std::string& stored_key = area_.whole(key);
    raw_.put(stored_key, TRY(barrier_.encrypt(area_.tenant(), stored_key, value)));
    return {};
  }
  void erase(std::string_view key) override { raw_.erase(area_.whole(key)); }
  void add(std::string_view key, std::int64_t delta) override { raw_.add(area_.whole(key), delta); }
  Result<std::int64_t> count(std::string_view key) const override { return raw_.count(area_.whole(key)); }

 private:
  storage::RawTransaction& raw_;
  Barrier& barrier_;
  Area area_;
};

}  // namespace

std::unique_ptr<Snapshot> make_snapshot(const storage::ReadView& raw, const Barrier& barrier, KeySpace space) {
  return std::make_unique<SnapshotView>(raw, barrier, space);
}

std::unique_ptr<Transaction> make_transaction(storage::RawTransaction& raw, Barrier& barrier, KeySpace space) {
  return std::make_unique<TransactionView>(raw, barrier, space);
}

}  // namespace coffer::barrier
