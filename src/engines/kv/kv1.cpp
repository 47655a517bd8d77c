#include "base/json_names.h"
#include "engines/kv/kv.h"
#include "engines/kv/kv2.h"
#include "storage/limits.h"

// KV version 1 (vault-api: secret/kv/kv-v1).
namespace coffer::kv {

// A secret's body, shown as it came.
struct PlainReply {
  Value data;
};

namespace {

struct PlainWrite {
  std::string_view path;
  schema::RawObject body;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&PlainWrite::path>("path", "Name of the secret."),
                      schema::whole<&PlainWrite::body>("The secret: any members.")};
  }
};

// The lease that the body names in `ttl`, else in `lease`; one that is no duration does not count.
PlainSecret with_lease(std::string_view body, json::Value root) {
  PlainSecret out;
  out.body = body;
  auto named = root.find("ttl");
  if (!named) named = root.find("lease");
  if (!named) return out;
  const auto lease = schema::Codec<Seconds>::decode(*named);
  out.has_lease = lease.has_value();
  if (lease) out.lease = *lease;
  return out;
}

// The parsed body, which takes as much memory again, is gone before the secret is encoded.
// `once` is the body's memory where a name stands twice in it.
Result<PlainSecret> read_body(std::string_view text, std::string& once) {
  const json::Document document = TRY(json::Document::parse(text));
  text = json::with_names_once(document.root(), text, once);
  if (document.root().size() == 0) return invalid("missing data fields");
  return with_lease(text, document.root());
}

}  // namespace
}  // namespace coffer::kv

namespace coffer::schema {
template <>
struct Codec<kv::Kept<kv::PlainReply>> {
  static constexpr WireType wire{"object"};
  static void encode(json::Writer& w, const kv::Kept<kv::PlainReply>& kept) { Codec<kv::Value>::encode(w, kept.view.data); }
};
}  // namespace coffer::schema

namespace coffer::kv {
namespace {

class Kv1 final : public Backend {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    using schema::Verb;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("{path...}", "Secrets, by any path.")
                      .on(Verb::read, this, &Kv1::read, "Reads a secret.")
                      .on(Verb::list, this, &Kv1::list, "Lists secrets and folders.")
                      .on(Verb::scan, this, &Kv1::scan, "Lists all secrets below a folder.")
                      .heavy()
                      .on(Verb::write, this, &Kv1::write, "Writes a secret, in place of the one before.")
                      .exists(this, &Kv1::exists)
                      .on(Verb::remove, this, &Kv1::remove, "Deletes a secret."));
    return out;
  }
  [[nodiscard]] std::string_view help() const override {
    return "The kv backend keeps one value at each path: read, write, list and delete <name>.";
  }
  Result<void> configure(const Caller& caller, Transaction& view, const schema::StringMap& before,
                         const schema::StringMap& after) override {
    return change_version(view, before, after, caller.now);
  }

 private:
  Result<std::optional<schema::Answer<Kept<PlainReply>>>> read(const Caller& caller, const Snapshot& view, const Named& in) {
    std::optional<schema::Answer<Kept<PlainReply>>> out;
    if (names_folder(caller)) return out;
    auto record = TRY(view.get(plain_key(in.path)));
    if (!record) return out;
    const PlainSecret secret = TRY(decode_plain(record->reveal_text()));
    out.emplace();
    out->value.view.data = Value{secret.body};
    out->value.first = *std::move(record);
    out->lease = schema::Lease{"", secret.has_lease ? secret.lease : caller.mount->default_ttl, false};
    return out;
  }
  Result<schema::Nothing> write(const Caller& caller, Transaction& view, const PlainWrite& in) {
    if (names_folder(caller) || in.path.empty()) return invalid("cannot write to a path ending in '/'");
    if (in.body.text.empty()) return invalid("missing data fields");
    if (in.body.text.size() > largest_value) return fail(Code::too_large, "the secret is larger than 8 MiB");
    std::string once;
    CHECK_OK(view.put(plain_key(in.path), encode(TRY(read_body(in.body.text, once)))));
    return schema::Nothing{};
  }
  Result<schema::Nothing> remove(const Caller& caller, Transaction& view, const Named& in) {
    if (!names_folder(caller)) view.erase(plain_key(in.path));
    return schema::Nothing{};
  }
  Result<bool> exists(const Caller&, const Snapshot& view, const Named& in) { return TRY(view.get(plain_key(in.path))).has_value(); }
  Result<schema::Keys> list(const Caller&, const Snapshot& view, const ListFolder& in) { return names(view, in, '/'); }
  Result<schema::Keys> scan(const Caller&, const Snapshot& view, const ListFolder& in) { return names(view, in, '\0'); }

  static Result<schema::Keys> names(const Snapshot& view, const ListFolder& in, char delimiter) {
    std::string prefix = plain_key(in.path);
    if (!in.path.empty()) prefix.push_back('/');
    return schema::Keys{TRY(list_names(view, prefix, delimiter, in.page)), ""};
  }
};

}  // namespace
}  // namespace coffer::kv

namespace coffer {
std::unique_ptr<Backend> make_kv1(const BackendServices&) { return std::make_unique<kv::Kv1>(); }
}  // namespace coffer
