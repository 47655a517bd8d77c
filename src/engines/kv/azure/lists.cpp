#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/record.h"
#include "engines/kv/azure/kv_azure.h"
#include "engines/kv/indexes.h"

// Lists of secrets, of versions and of what is deleted, in pages. Where a page ends is told by its last entry, so that what is written meanwhile changes
// nothing of the pages to come.
namespace coffer::kv::azure {
namespace {

constexpr std::int64_t most_results = 25;
constexpr std::size_t scanned =
    2'000;  // names that one request looks at; a page may so have fewer entries, or none, and a link all the same
constexpr std::uint64_t token_format = 1;

Result<std::size_t> limit_of(const ListPage& in) {
  if (!in.max_results) return most_results;
  if (*in.max_results < 1 || *in.max_results > most_results) return bad_parameter("maxresults must be between 1 and 25.");
  return static_cast<std::size_t>(*in.max_results);
}

Result<std::string> after_of(const ListPage& in) {
  if (in.skip_token.empty()) return std::string();
  const auto bytes = base64url_decode(in.skip_token);
  if (bytes) {
    RecordReader reader(*bytes);
    const bool known = reader.number() == token_format;
    std::string after(reader.text());
    if (known && reader.ok() && reader.at_end()) return after;
  }
  return bad_parameter("The $skiptoken is none that a list has answered.");
}

// The last entry and what comes after it; `collection` is the path of the list.
std::string link(const Caller& caller, const ListPage& in, std::string_view collection, std::string_view last) {
  RecordWriter token(token_format);
  token.text(last);
  std::string out = fmt::format("{}/{}?api-version={}&$skiptoken={}", caller.scope->account, collection, in.api_version,
                                base64url_encode(token.bytes()));
  if (in.max_results) out += fmt::format("&maxresults={}", *in.max_results);
  return out;
}

Item item(const Caller& caller, const Vault& vault, const Secret& secret, const Version& version, std::string id) {
  Item out;
  out.id = std::move(id);
  if (!version.content_type.empty()) out.content_type.value = std::string(version.content_type);
  out.attributes = attributes_of(vault, version);
  if (!version.tags.empty()) out.tags.value = version.tags.unpack();
  out.deletion = deletion_of(caller, secret);
  return out;
}

// Collects entries until the page is full, and one more is known to come.
class PageMaker {
 public:
  PageMaker(const Caller& caller, const ListPage& in, std::string collection, std::size_t limit)
      : caller_(caller), in_(in), collection_(std::move(collection)), limit_(limit) {}
  // False when the page was full: the entry then belongs to the next.
  bool add(Item entry, std::string_view place) {
    if (out_.value.size() == limit_) {
      end_at(last_);
      return false;
    }
    out_.value.push_back(std::move(entry));
    last_ = place;
    return true;
  }
  // Ends the page where `place` is the last that was looked at.
  void end_at(std::string_view place) { out_.next = link(caller_, in_, collection_, place); }
  [[nodiscard]] ItemList take() { return std::move(out_); }

 private:
  const Caller& caller_;
  const ListPage& in_;
  const std::string collection_;
  const std::size_t limit_;
  std::string last_;
  ItemList out_;
};

}  // namespace

Result<ItemList> KvAzure::list(const Caller& caller, const Snapshot& view, const ListPage& in) {
  const Vault vault = TRY(open_vault(caller, view));
  PageMaker page(caller, in, "secrets", TRY(limit_of(in)));
  std::string folder = caller.scope->name_prefix;
  if (folder.ends_with('/')) folder.pop_back();
  schema::Page part{TRY(after_of(in)), {100}};
  for (std::size_t seen = 0;; seen += 100) {
    const auto names = TRY(kv::list(view, folder, false, part));
    for (const std::string& name : names) {
      part.after = name;
      if (!legal_name(name)) continue;
      Secret secret{caller.scope->name_prefix + name, name, {}};
      if (!TRY(load_into(view, secret.path, caller.now, nullptr, secret.loaded)) || !shows(secret.object(), caller.now)) continue;
      if (!page.add(item(caller, vault, secret, secret.object().current, url_of(caller, "secrets", name)), name)) return page.take();
    }
    if (names.size() < 100) return page.take();
    if (seen < scanned) continue;
    page.end_at(part.after);
    return page.take();
  }
}

Result<ItemList> KvAzure::list_versions(const Caller& caller, const Snapshot& view, const ListPage& in) {
  const Vault vault = TRY(open_vault(caller, view));
  const std::size_t limit = TRY(limit_of(in));
  const std::string after = TRY(after_of(in));
  const auto secret = TRY(look(caller, view, in.path, "metadata", schema::Verb::read));
  if (!secret || secret->object().state == State::deleted) return ItemList{};
  PageMaker page(caller, in, fmt::format("secrets/{}/versions", secret->name), limit);
  const Object& object = secret->object();
  std::uint64_t last = 0;
  const auto [end, fault] = std::from_chars(after.data(), after.data() + after.size(), last);
  const bool good = fault == std::errc() && end == after.data() + after.size() && last < object.last() + 1;
  if (!after.empty() && !good) return bad_parameter("The $skiptoken is none that a list has answered.");
  for (std::uint64_t seq = std::max(last + 1, object.first()); seq <= object.last(); ++seq) {
    const auto version = TRY(load_version(view, secret->path, object, seq));
    if (!version || !shows(version->version, caller.now)) continue;
    std::string url = url_of(caller, "secrets", secret->name, id_of(version->version));
    if (!page.add(item(caller, vault, *secret, version->version, std::move(url)), std::to_string(seq))) break;
  }
  return page.take();
}

Result<ItemList> KvAzure::list_deleted(const Caller& caller, const Snapshot& view, const ListPage& in) {
  const Vault vault = TRY(open_vault(caller, view));
  PageMaker page(caller, in, "deletedsecrets", TRY(limit_of(in)));
  std::string after = TRY(after_of(in));
  const std::string& prefix = caller.scope->name_prefix;
  for (std::size_t seen = 0;; seen += 100) {
    const auto names = TRY(deleted_names(view, prefix, after, 100));
    for (const std::string& name : names) {
      after = name;
      if (!legal_name(name)) continue;
      Secret secret{prefix + name, name, {}};
      if (!TRY(load_into(view, secret.path, caller.now, nullptr, secret.loaded))) continue;
      const Object& object = secret.object();
      if (object.state != State::deleted || object.current.seq == 0) continue;
      if (!page.add(item(caller, vault, secret, object.current, url_of(caller, "secrets", name)), name)) return page.take();
    }
    if (names.size() < 100) return page.take();
    if (seen < scanned) continue;
    page.end_at(after);
    return page.take();
  }
}

}  // namespace coffer::kv::azure
