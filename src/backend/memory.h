#pragma once
#include <memory>
#include <string_view>

namespace coffer {

// What handlers made of records of their mount, kept between requests until the record changes: settings that every read looks at. Lives as long as the call.
class Memory {
 public:
  virtual ~Memory() = default;
  // What was kept of the record at `key`; null where there is nothing, or the record has changed since.
  [[nodiscard]] virtual std::shared_ptr<const void> find(std::string_view key) const = 0;
  // Keeps what was made of that record (or of its absence) as the caller's snapshot shows it. What is kept at a key is always of one type.
  virtual void keep(std::string_view key, std::shared_ptr<const void> made) const = 0;
};

}  // namespace coffer
