#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/kv_path.h"

// Secrets as the friendly verbs see them: a place with versions of named fields, KV version 1 and 2 alike.
namespace coffer::cli {

// One version of a secret. Where KV version 1 holds it, the number is 0.
struct SecretVersion {
  std::int64_t number = 0;
  std::string fields = "{}";  // a JSON object; "" when the version is deleted or destroyed
  std::string created, deleted;
  bool destroyed = false;
  std::string custom_metadata;  // a JSON object, or ""
  [[nodiscard]] bool has_fields() const { return !fields.empty(); }
};

// Reads and writes secrets for one command. Failures say what, why and what next.
class SecretStore {
 public:
  SecretStore(Context& context, Client& client) : context_(context), client_(client) {}

  // Where `path` lies; asks the server once for each mount.
  [[nodiscard]] Expected<KvTarget> place(std::string_view path);
  // The current version, or the one of that number; nothing where there is none.
  [[nodiscard]] Expected<std::optional<SecretVersion>> read(const KvTarget& target, std::int64_t version = 0);
  // The same, failing when there is nothing to show.
  [[nodiscard]] Expected<SecretVersion> need(const KvTarget& target, std::int64_t version = 0);
  // Writes a version and returns its number. `cas`: only if this is the current version (0: none); negative: whatever is there.
  // Nothing when another writer came between.
  [[nodiscard]] Expected<std::optional<std::int64_t>> write(const KvTarget& target, const std::string& fields, std::int64_t cas);
  // Applies a JSON merge patch to what is there (or to nothing), again when another writer came between. Returns the new number.
  [[nodiscard]] Expected<std::int64_t> merge(const KvTarget& target, const std::string& changes);
  // Names in a folder, sorted; folders end in '/'. Nothing where the folder is empty.
  [[nodiscard]] Expected<std::vector<std::string>> list(const KvTarget& target);
  // Calls `visit` with the path of each secret beneath `folder` (as `place` takes it), depth first; it may end the walk by a failure.
  [[nodiscard]] Expected<void> walk(const std::string& folder, const std::function<Expected<void>(const std::string&)>& visit);
  // All versions that the metadata names, oldest first, without their fields; one of number 0 for KV version 1.
  [[nodiscard]] Expected<std::vector<SecretVersion>> versions(const KvTarget& target);
  // Deletes the current version (KV version 1: the secret), or everything.
  [[nodiscard]] Expected<void> remove(const KvTarget& target, bool with_history);
  [[nodiscard]] Expected<void> undelete(const KvTarget& target, std::int64_t version);
  [[nodiscard]] Expected<void> set_custom_metadata(const KvTarget& target, const std::string& metadata);
  // The KV mounts that the caller may see, sorted, with their trailing slash.
  [[nodiscard]] Expected<std::vector<std::string>> mounts();

 private:
  Context& context_;
  Client& client_;
  std::vector<KvTarget> known_mounts_;
};

// A failed request in words for people: what was not possible, why, and what to do next.
[[nodiscard]] Failure explain(const Context& context, std::string_view what, std::string_view capability, std::string_view api_path, RequestError error);

// Says on stderr how far a long task is: only on a terminal, and only once it has taken half a second.
class Progress {
 public:
  Progress(Console& console, std::string_view what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void step(std::size_t done, std::size_t of = 0);

 private:
  Console& console_;
  std::string what_;
  std::chrono::steady_clock::time_point start_, last_;
  bool shown_ = false;
};

// "coffer://kv/app#field@3" or "kv/app": the path, and what follows it where the scheme is given.
struct Reference {
  std::string path, field;
  std::int64_t version = 0;
};
[[nodiscard]] Expected<Reference> parse_reference(std::string_view text, bool field_without_scheme);

}  // namespace coffer::cli
