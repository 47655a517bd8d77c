#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/field.h"
#include "storage/view.h"

namespace coffer::schema {

// How many names; "max" is all.
struct PageLimit {
  std::int64_t value = 0;
};
template <>
struct Codec<PageLimit> {
  static constexpr WireType wire{"integer", "int64"};
  static Result<PageLimit> decode(json::Value v) {
    if (v.is_string() && v.text() == "max") return PageLimit{};
    return PageLimit{TRY(decode_int(v))};
  }
  static void encode(json::Writer& w, PageLimit limit) { w.integer(limit.value); }
};

// Which part of a list is asked for. Embed with inlined<>().
struct Page {
  std::string after;
  PageLimit limit;
  static constexpr auto fields() {
    return schema::Fields{field<&Page::after>("after", "Names that sort after this one, exclusive.").open(),
                      field<&Page::limit>("limit", "At most so many names; 0 or less is without limit.").open()};
  }
};

}  // namespace coffer::schema

namespace coffer {

// Names below `prefix`, in order (Snapshot::children, over as many pages as it takes). Read in pages of 1,000, so that one read of the
// store stays short.
[[nodiscard]] Result<std::vector<std::string>> list_names(const Snapshot& view, std::string_view prefix, char delimiter,
                                                          const schema::Page& page);

}  // namespace coffer
