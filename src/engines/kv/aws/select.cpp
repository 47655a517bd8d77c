#include <algorithm>
#include <set>
#include <tuple>

#include "base/aws_name.h"
#include "engines/kv/aws/filters.h"
#include "engines/kv/aws/paging.h"

// Walking the secrets of a region.
namespace coffer::kv::aws {
namespace {

constexpr std::string_view order_names[] = {"created-date", "last-accessed-date", "last-changed-date", "name"};

std::string order_text(const Selection& selection) {
  return std::string(order_names[static_cast<std::size_t>(selection.order)]) + (selection.descending ? " desc" : " asc");
}

// What the paths of all that a `name` filter can fit begin with; "" when nothing can be said. The last segment of a text may be the beginning of another
// one, so it counts as it stands, unless it might be one that paths spell differently.
std::string path_prefix(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? name : name.substr(slash + 1);
  const std::string folder = slash == std::string_view::npos ? "" : aws_path(name.substr(0, slash)) + "/";
  return last.find_first_not_of("~.") == std::string_view::npos ? folder : folder + std::string(last);
}

std::vector<std::string> prefixes_of(const Selection& selection) {
  std::set<std::string> out;
  for (const Filter& filter : selection.filters != nullptr ? *selection.filters : std::vector<Filter>()) {
    if (*filter.key != "name") continue;
    out.clear();
    for (const std::string& value : *filter.values) out.insert(value.starts_with('!') ? std::string() : path_prefix(value));
    break;
  }
  if (out.empty()) out.emplace();
  // One that another one covers is read with that.
  std::vector<std::string> kept;
  for (const std::string& prefix : out)
    if (kept.empty() || !prefix.starts_with(kept.back())) kept.push_back(prefix);
  return kept;
}

// Calls visit(path) for the objects of the region below a prefix, in order, from after `after` on; until it answers false.
template <class Visit>
Result<bool> walk(const Caller& caller, const Snapshot& view, std::string_view prefix, const std::string& after, bool was_v1, Visit visit) {
  const std::string root = folder_of(*caller.scope);
  const bool in_primary = root == caller.scope->name_prefix;
  const std::string start = root + std::string(prefix);
  std::string last = after.starts_with(start) ? after.substr(start.size()) : "";
  if (after > start && last.empty()) return true;  // the whole prefix lies before
  // The object at the prefix itself is no child of it.
  if (!prefix.empty() && after < start && !TRY(visit(start))) return false;
  for (;;) {
    std::vector<std::string> names = TRY(view.children("o/" + start, '\0', last, 0));
    const bool more = names.size() >= 1000;
    if (was_v1) {
      const auto old = TRY(view.children("s/" + start, '\0', last, 0));
      std::vector<std::string> all;
      std::ranges::set_union(names, old, std::back_inserter(all));
      if (old.size() >= 1000 || more) all.resize(std::min<std::size_t>(all.size(), 1000));
      names = std::move(all);
    }
    for (const std::string& name : names) {
      std::string path = start + name;
      std::string_view rest;
      if (in_primary && !aws_region_of(std::string_view(path).substr(root.size()), rest).empty()) continue;
      if (!TRY(visit(std::move(path)))) return false;
    }
    if (names.size() < 1000) return true;
    last = names.back();
  }
}

struct Entry {
  std::int64_t key = 0;
  std::string path, arn;
  bool operator<(const Entry& o) const { return std::tie(key, path) < std::tie(o.key, o.path); }
};

// Names that begin with a slash, which are many, come before letters and digits; their paths come last.
constexpr std::string_view rooted = "~/";
bool begins_with_slash(const ActionScope& scope, std::string_view path) {
  path.remove_prefix(folder_of(scope).size());
  return path.starts_with(rooted);
}

Result<std::int64_t> key_of(const Caller& caller, const Snapshot& view, const Secret& secret, Order order, const AccessMarks& marks) {
  std::int64_t out = 0;
  if (order == Order::name) out = secret.place.name().starts_with('/') ? 0 : 1;
  if (order == Order::created) out = secret.object().created.time_since_epoch().count();
  if (order == Order::changed) out = secret.object().updated.time_since_epoch().count();
  if (order == Order::accessed)
    for (const auto& [seq, day] : TRY(marks.of(caller, view, secret.home, secret.object().created))) out = std::max(out, day);
  return out;
}

}  // namespace

Result<SelectedPage> select(const Caller& caller, const Snapshot& view, const Selection& selection, const AccessMarks& marks) {
  Entry from;
  if (!selection.next.empty()) {
    ListPlace place = TRY(read_list_token(selection.next));
    if (place.order != order_text(selection)) return refuse(Refusal::next_token, "The NextToken value is invalid.");
    from.key = place.key;
    from.path = std::move(place.path);
  }
  const bool started = !selection.next.empty(), streams = selection.order == Order::name && !selection.descending;
  const bool was_v1 = TRY(load_config(view)).was_v1;
  Caller any = caller;
  ActionScope scope = *caller.scope;
  scope.suffix.clear();
  any.scope = &scope;
  std::vector<Entry> found;
  std::vector<std::string> prefixes = prefixes_of(selection);
  const bool both = streams && prefixes == std::vector<std::string>{""};
  if (both) prefixes.insert(prefixes.begin(), std::string(rooted));
  std::ranges::sort(prefixes, {}, [](const std::string& prefix) { return std::pair(!prefix.starts_with(rooted), prefix); });
  for (const std::string& prefix : prefixes) {
    const std::int64_t group = prefix.starts_with(rooted) ? 0 : 1;
    if (streams && started && group < from.key) continue;
    const std::string after = streams && group == from.key ? from.path : "";
    const bool on = TRY(walk(any, view, prefix, after, was_v1, [&](std::string path) -> Result<bool> {
      if (both && prefix.empty() && begins_with_slash(scope, path)) return true;
      const auto secret = TRY(look(any, view, path, Previous::unsaid));
      if (!secret || !is_name(secret->place.name()) || (secret->object().state == State::deleted && !selection.include_deleted))
        return true;
      if (selection.filters != nullptr && !matches(*secret, *selection.filters)) return true;
      Entry entry{TRY(key_of(any, view, *secret, selection.order, marks)), std::move(path), secret->place.arn(secret->facet.suffix)};
      if (!started || (selection.descending ? entry < from : from < entry)) found.push_back(std::move(entry));
      return !streams || found.size() <= selection.limit;
    }));
    if (!on) break;
  }
  std::ranges::sort(found, [&](const Entry& a, const Entry& b) { return selection.descending ? b < a : a < b; });
  SelectedPage out;
  const std::size_t shown = std::min(found.size(), selection.limit);
  for (std::size_t i = 0; i < shown; ++i) out.secrets.push_back({found[i].path, found[i].arn});
  if (shown > 0 && shown < found.size()) out.next = list_token({order_text(selection), found[shown - 1].path, found[shown - 1].key});
  return out;
}

}  // namespace coffer::kv::aws
