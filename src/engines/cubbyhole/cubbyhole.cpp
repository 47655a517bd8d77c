#include "engines/cubbyhole/cubbyhole.h"

#include "backend/listing.h"
#include "base/json_names.h"
#include "storage/limits.h"

namespace coffer {
namespace {

using schema::Verb;

struct Named {
  std::string_view path;
  static constexpr auto fields() { return schema::Fields{schema::path<&Named::path>("path", "Name of the secret.")}; }
};
struct Folder {
  std::string_view path;
  schema::Page page;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&Folder::path>("path", "Folder to list."), schema::inlined<&Folder::page>()};
  }
};
struct Put {
  std::string_view path;
  schema::RawObject body;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&Put::path>("path", "Name of the secret."), schema::whole<&Put::body>("The secret: any members.")};
  }
};

// Batch tokens have no place in the store.
Result<std::string> key_of(const Caller& caller, std::string_view path) {
  if (caller.token_type != "service") return invalid("cubbyhole operations are only supported by 'service' type tokens");
  std::string out;
  out.reserve(caller.token_id.size() + 1 + path.size());
  out.append(caller.token_id).push_back('/');
  return out.append(path);
}
bool names_folder(const Caller& caller) { return caller.path.ends_with('/'); }

class Cubbyhole final : public Backend {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("{path...}", "Secrets of this token alone, by any path.")
                      .on(Verb::read, this, &Cubbyhole::read, "Reads a secret.")
                      .on(Verb::list, this, &Cubbyhole::list, "Lists secrets and folders.")
                      .on(Verb::scan, this, &Cubbyhole::scan, "Lists all secrets below a folder.")
                      .heavy()
                      .on(Verb::write, this, &Cubbyhole::write, "Writes a secret, in place of the one before.")
                      .exists(this, &Cubbyhole::exists)
                      .on(Verb::remove, this, &Cubbyhole::remove, "Deletes a secret."));
    return out;
  }
  [[nodiscard]] std::string_view help() const override {
    return "The cubbyhole backend keeps secrets of each token for that token alone. They end with the token.";
  }

 private:
  Result<std::optional<schema::RawObject>> read(const Caller& caller, const Snapshot& view, const Named& in) {
    const std::string key = TRY(key_of(caller, in.path));
    if (names_folder(caller)) return std::optional<schema::RawObject>();
    const auto body = TRY(view.get(key));
    if (!body) return std::optional<schema::RawObject>();
    return std::optional(schema::RawObject{std::string(body->reveal_text())});
  }
  Result<schema::Nothing> write(const Caller& caller, Transaction& view, const Put& in) {
    const std::string key = TRY(key_of(caller, in.path));
    if (names_folder(caller) || in.path.empty()) return invalid("cannot write to a path ending in '/'");
    if (in.body.text.empty()) return invalid("missing data fields");
    if (in.body.text.size() > largest_value) return fail(Code::too_large, "the secret is larger than 8 MiB");
    const json::Document document = TRY(json::Document::parse(in.body.text));
    if (document.root().size() == 0) return invalid("missing data fields");
    std::string once;
    CHECK_OK(view.put(key, json::with_names_once(document.root(), in.body.text, once)));
    return schema::Nothing{};
  }
  Result<schema::Nothing> remove(const Caller& caller, Transaction& view, const Named& in) {
    const std::string key = TRY(key_of(caller, in.path));
    if (!names_folder(caller)) view.erase(key);
    return schema::Nothing{};
  }
  Result<bool> exists(const Caller& caller, const Snapshot& view, const Named& in) {
    return TRY(view.get(TRY(key_of(caller, in.path)))).has_value();
  }
  Result<schema::Keys> list(const Caller& caller, const Snapshot& view, const Folder& in) { return names(caller, view, in, '/'); }
  Result<schema::Keys> scan(const Caller& caller, const Snapshot& view, const Folder& in) { return names(caller, view, in, '\0'); }

  static Result<schema::Keys> names(const Caller& caller, const Snapshot& view, const Folder& in, char delimiter) {
    std::string prefix = TRY(key_of(caller, in.path));
    if (!in.path.empty()) prefix.push_back('/');
    return schema::Keys{TRY(list_names(view, prefix, delimiter, in.page)), ""};
  }
};

}  // namespace

std::unique_ptr<Backend> make_cubbyhole(const BackendServices&) { return std::make_unique<Cubbyhole>(); }

}  // namespace coffer
