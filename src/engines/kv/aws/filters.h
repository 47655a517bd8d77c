#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engines/kv/aws/access_marks.h"
#include "engines/kv/aws/requests.h"
#include "engines/kv/aws/secret.h"

// Which secrets a list shows, and in which order (ListSecrets, BatchGetSecretValue).
namespace coffer::kv::aws {

// InvalidParameterException for a filter without key or values; other faults are told to `constraints`.
[[nodiscard]] Result<void> check_filters(Constraints& constraints, const std::vector<Filter>& filters);
// Whether a secret meets all filters; of each filter one value must fit.
[[nodiscard]] bool matches(const Secret& secret, const std::vector<Filter>& filters);

// The words of a text, in lower case, as AWS's search splits them: at spaces, at signs (where all signs of a word are of one kind), and before the last
// capital of a run ("COMPANYthings": "compan", "ythings").
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

enum class Order : std::uint8_t { created, accessed, changed, name };

struct Selection {
  const std::vector<Filter>* filters = nullptr;
  Order order = Order::created;
  bool descending = false, include_deleted = false;
  std::size_t limit = 100;
  std::string_view next;
};
struct Selected {
  std::string path, arn;
};
struct SelectedPage {
  std::vector<Selected> secrets;
  std::string next;  // "" at the end
};
// The part of the list of the request's region that is asked for. In the order of names, and below a name's prefix, it costs what it reads; in other orders
// the whole list.
[[nodiscard]] Result<SelectedPage> select(const Caller& caller, const Snapshot& view, const Selection& selection, const AccessMarks& marks);

}  // namespace coffer::kv::aws
