#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "schema/field.h"
#include "schema/login.h"

// What a handler may answer. The reply type of a handler decides the form of its answer on the wire.
namespace coffer::schema {

// 204, no body.
struct Nothing {};
// A request that takes no members, or a reply of none: {}.
struct NoMembers {
  static constexpr auto fields() { return Fields{}; }
};
// A list: {"keys": [...]}; 404 when empty.
struct Keys {
  std::vector<std::string> keys;
  std::string key_info;  // a JSON object, or ""
};
// A body of our own making, outside the envelope: metrics, PEM, an unwrapped answer. With `stream` it comes in pieces: called on a thread of
// its own until it answers false, it appends what there is (or nothing) and returns within a fraction of a second, so that a reader who has gone
// is noticed.
struct Raw {
  std::string_view content_type = "application/json";  // a literal
  std::string bytes;
  int status = 200;
  std::function<bool(std::string& piece)> stream = {};
};
// R without the envelope (sys/health, sys/init, sys/rekey).
template <class R>
struct Bare {
  R value;
  int status = 200;
};
// Map of paths to objects and the like, made by hand: `encode` is called once for the wire and once, redacting, for the audit log.
struct Custom {
  std::function<void(json::Writer&)> encode;
};
struct Lease {
  std::string id;
  Seconds ttl{0};
  bool renewable = false;
};
// R with what stands beside it in the envelope: warnings, a status that goes with data (404 with the metadata of a deleted
// version), a lease's duration.
template <class R>
struct Answer {
  R value;
  std::vector<std::string> warnings = {};
  int status = 200;
  std::optional<Lease> lease = {};
};

// An answer of any type, ready to be encoded. Move-only. What many files would compile again for each operation is out of line.
struct Reply {
  Reply();
  Reply(Reply&& other) noexcept;
  Reply& operator=(Reply&& other) noexcept;
  ~Reply();
  enum class Form : std::uint8_t { none, enveloped, bare, raw };
  class Data {
   public:
    virtual ~Data() = default;
    virtual void encode(json::Writer& w) const = 0;  // one whole JSON value
  };
  Form form = Form::none;
  int status = 204;
  std::shared_ptr<const Data> data;  // null where the envelope's data is null
  std::vector<std::string> warnings;
  std::optional<Login> login;
  std::optional<AuthBlock> auth;
  std::optional<WrapInfo> wrap;
  std::optional<Lease> lease;
  Raw raw;
};

template <class R>
class DataOf final : public Reply::Data {
 public:
  explicit DataOf(R value) : value_(std::move(value)) {}
  void encode(json::Writer& w) const override { Codec<R>::encode(w, value_); }

 private:
  R value_;
};

template <>
struct Codec<Keys> {
  static constexpr WireType wire{"object"};
  static void encode(json::Writer& w, const Keys& keys);
};
template <>
struct Codec<Custom> {
  static constexpr WireType wire{"object"};
  static void encode(json::Writer& w, const Custom& custom) { custom.encode(w); }
};

// A reply with this data in the envelope.
Reply enveloped(std::shared_ptr<const Reply::Data> data);

template <class R>
Reply to_reply(R value) {
  return enveloped(std::make_shared<const DataOf<R>>(std::move(value)));
}
inline Reply to_reply(Nothing) { return {}; }
Reply to_reply(Keys keys);
Reply to_reply(Raw raw);
Reply to_reply(Login login);
Reply to_reply(AuthBlock auth);
Reply to_reply(WrapInfo wrap);
inline Reply to_reply(Reply reply) { return reply; }  // where the form is only known at run time
// Nothing there: 404.
template <class R>
Reply to_reply(std::optional<R> value) {
  if (value) return to_reply(*std::move(value));
  Reply out;
  out.status = 404;
  return out;
}
template <class R>
Reply to_reply(Bare<R> bare) {
  Reply out = to_reply(std::move(bare.value));
  out.form = Reply::Form::bare;
  out.status = bare.status;
  return out;
}
// Adds what stands beside the data.
Reply with_margin(Reply reply, std::vector<std::string> warnings, int status, std::optional<Lease> lease);

template <class R>
Reply to_reply(Answer<R> answer) {
  return with_margin(to_reply(std::move(answer.value)), std::move(answer.warnings), answer.status, std::move(answer.lease));
}

// The fields of a reply type, for the documentation and the audit log.
template <class R>
struct ReplyFields {
  static std::vector<FieldInfo> list() {
    if constexpr (Described<R>)
      return describe<R>();
    else
      return {};
  }
};
template <>
struct ReplyFields<Keys> {
  static std::vector<FieldInfo> list() {
    return {{"keys",
             "Names, in order; one that ends in / is a folder.",
             From::body,
             Codec<std::vector<std::string>>::wire,
             Show::hashed,
             false,
             {}}};
  }
};
template <class R>
struct ReplyFields<std::optional<R>> : ReplyFields<R> {};
template <class R>
struct ReplyFields<Bare<R>> : ReplyFields<R> {};
template <class R>
struct ReplyFields<Answer<R>> : ReplyFields<R> {};

}  // namespace coffer::schema
