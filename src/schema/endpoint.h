#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "schema/reply.h"
#include "storage/view.h"

// An endpoint is one value: pattern, typed request, typed reply, verb, access, handler. Routing, parsing, policy checks, audit
// redaction, help and OpenAPI are derived from it (design.md §1.2).
namespace coffer {
struct Caller;  // backend/caller.h
class Session;  // backend/session.h
}  // namespace coffer

namespace coffer::schema {

// What a caller from outside can ask. A closed set: internal work is no Verb (S5).
enum class Verb : std::uint8_t { read, list, scan, write, patch, remove };
[[nodiscard]] std::string_view verb_name(Verb verb);  // read, list, scan, update, patch, delete

enum class Access : std::uint8_t {
  token,     // a valid token and a policy that grants the verb
  sudo,      // and the sudo capability
  anyone,    // no token is looked at (login paths, health)
  optional,  // works without a token; one that is given must be valid, and is then shown to the handler
};

using Read = std::function<Result<Reply>(const Caller&, const Snapshot&, const Input&)>;
using Write = std::function<Result<Reply>(const Caller&, Transaction&, const Input&)>;
using Act = std::function<Result<Reply>(const Caller&, Session&, const Input&)>;
using Exists = std::function<Result<bool>(const Caller&, const Snapshot&, const Input&)>;

// Move-only. Its special members, as Endpoint's, are out of line: each declaration would compile them anew.
struct Operation {
  Operation();
  Operation(Operation&& other) noexcept;
  Operation& operator=(Operation&& other) noexcept;
  ~Operation();
  Verb verb = Verb::read;
  std::string_view action;  // of on_action: "secretsmanager:GetSecretValue"; "" of operations that a verb names
  std::string_view summary;
  Access access = Access::token;
  bool heavy = false;         // always on the worker pool (design.md §3 "Inline means bounded")
  bool works_sealed = false;  // may be called before init and unseal
  bool repeats_data = false;  // the members of data stand at the top level too (vault-api.md §2.2)
  bool login = false;         // its reply type is Login
  bool own_token = false;     // acts on the token in the body: unwrap and wrapping lookup
  bool silent = false;        // its reply type is Nothing: 204
  bool keeps_use = false;     // takes no use of a token that has a number of them
  std::vector<FieldInfo> request, reply;
  Exists exists;  // create or update? Absent: a write is always an update
  Exists grants;  // whether more than the server's policies let the caller (Endpoint::grants)
  Exists meant;   // whether the object at this path is the one that the request means (Endpoint::meant)
  std::function<std::string(const Input&)> lockout_name;  // whose failed logins are counted together; absent: nobody's
  std::variant<Read, Write, Act> handler;
  // Of an Act: whether the fields can be read as the handler will read them. What cannot is refused before it is recorded as a request that acts,
  // and so with its values hashed.
  std::function<Result<void>(const Input&)> check;
  [[nodiscard]] bool writes() const { return handler.index() != 0; }
};

template <class F>
struct HandlerTraits;
template <class B, class R, class View, class Q>
struct HandlerTraits<Result<R> (B::*)(const Caller&, View&, const Q&)> {
  using Backend = B;
  using ReplyType = R;
  using ViewType = View;
  using Request = Q;
};
template <class B, class R, class View, class Q>
struct HandlerTraits<Result<R> (B::*)(const Caller&, View&, const Q&) const>
    : HandlerTraits<Result<R> (B::*)(const Caller&, View&, const Q&)> {};

// One path pattern and what can be done there. `{x}` binds one segment, `{x...}` the rest of the path, which may be empty, and `{x+}` one
// segment or more, which literal segments may follow.
class Endpoint {
 public:
  Endpoint(std::string_view at, std::string_view what);
  Endpoint(Endpoint&& other) noexcept;
  Endpoint& operator=(Endpoint&& other) noexcept;
  ~Endpoint();
  std::string_view pattern, help;
  std::vector<Operation> operations;  // by verb: what Vault's API offers
  std::vector<Operation> actions;     // by the name of an action: what other APIs offer. Neither is reached by the other's requests
  bool folds = false;                 // names in the path are case-insensitive: folded before the policy check and before the handler (E03)
  bool documented = true;
  bool last_is_action = false;  // of the operation declared last

  Endpoint folds_names() && {
    folds = true;
    return std::move(*this);
  }
  // Left out of help and OpenAPI: it only tells which path is meant.
  Endpoint undocumented() && {
    documented = false;
    return std::move(*this);
  }

  // Declares an operation. The handler's second parameter says what it does: const Snapshot& reads, Transaction& writes the store,
  // Session& acts outside (design.md §3).
  template <class B, class F>
  Endpoint on(Verb verb, B* self, F handler, std::string_view summary, Access access = Access::token) && {
    return std::move(*this).add(operation({}, verb, self, handler, summary, access));
  }

  // Declares what a request that names `action` does here, whichever verb it came with; `verb` is what policies and audit see. Where another
  // endpoint has this very pattern, the two become one.
  template <class B, class F>
  Endpoint on_action(std::string_view action, Verb verb, B* self, F handler, std::string_view summary, Access access = Access::token) && {
    return std::move(*this).add(operation(action, verb, self, handler, summary, access));
  }

  // Of the action declared last: Result<bool> B::f(const Caller&, const Snapshot&, const Q&) tells whether the object at this path is the one that the
  // request means. Asked where the request's name can be read in two ways (core::ByAction::alternative); "no" is the other way.
  template <class B, class F>
  Endpoint meant(B* self, F predicate) && {
    last().meant = predicate_of(self, predicate);
    return std::move(*this);
  }

  // Of the actions declared so far: Result<bool> B::f(const Caller&, const Snapshot&, const Q&) tells whether policies of the other API (of who asks, of
  // the object) allow what is asked, or fails where they deny it. Asked where the server's own policies are silent, and where who asks has any.
  template <class B, class F>
  Endpoint grants(B* self, F predicate) && {
    return std::move(*this).granted_by(predicate_of(self, predicate));
  }

  // The predicate that tells create from update for the write operations declared so far: Result<bool> B::f(const Caller&, const Snapshot&,
  // const Q&). Like Vault, which converts the fields of such operations for its existence check, their errors of conversion come without
  // the words "Field validation failed: ".
  template <class B, class F>
  Endpoint exists(B* self, F predicate) && {
    return std::move(*this).tells_create(predicate_of(self, predicate));
  }
  // The reply type of the operation declared last, where its handler answers a Reply.
  template <class R>
  Endpoint replies() && {
    last().reply = ReplyFields<R>::list();
    last().silent = std::is_same_v<R, Nothing>;
    return std::move(*this);
  }
  // Marks of the operation declared last.
  Endpoint heavy() && { return std::move(*this).mark(&Operation::heavy); }
  Endpoint works_sealed() && { return std::move(*this).mark(&Operation::works_sealed); }
  Endpoint repeats_data() && { return std::move(*this).mark(&Operation::repeats_data); }
  Endpoint own_token() && { return std::move(*this).mark(&Operation::own_token); }
  Endpoint keeps_use() && { return std::move(*this).mark(&Operation::keeps_use); }
  // Failed logins are counted under this member of the request, normalised (user lockout, C01).
  template <auto Member>
  Endpoint locks_out() && {
    using Q = typename MemberOf<decltype(Member)>::type;
    last().lockout_name = [](const Input& input) -> std::string {
      auto request = decode<Q>(input);
      return request ? (*request).*Member : std::string();
    };
    return std::move(*this);
  }

 private:
  Operation& last() { return last_is_action ? actions.back() : operations.back(); }
  Endpoint add(Operation operation) &&;
  Endpoint tells_create(Exists predicate) &&;
  Endpoint granted_by(Exists predicate) &&;
  Endpoint mark(bool Operation::* flag) &&;

  template <class B, class F>
  static Exists predicate_of(B* self, F predicate) {
    using Q = typename HandlerTraits<F>::Request;
    return [self, predicate](const Caller& caller, const Snapshot& view, const Input& input) -> Result<bool> {
      const Q request = TRY(decode<Q>(input));
      return (self->*predicate)(caller, view, request);
    };
  }

  template <class B, class F>
  static Operation operation(std::string_view action, Verb verb, B* self, F handler, std::string_view summary, Access access) {
    using Traits = HandlerTraits<F>;
    using Q = typename Traits::Request;
    using R = typename Traits::ReplyType;
    using View = typename Traits::ViewType;
    Operation op;
    op.verb = verb;
    op.action = action;
    op.summary = summary;
    op.access = access;
    op.login = std::is_same_v<R, Login> || std::is_same_v<R, Answer<Login>>;
    op.silent = std::is_same_v<R, Nothing> || std::is_same_v<R, Answer<Nothing>>;
    op.request = describe<Q>();
    op.reply = ReplyFields<R>::list();
    auto call = [self, handler](const Caller& caller, View& view, const Input& input) -> Result<Reply> {
      const Q request = TRY(decode<Q>(input));
      return to_reply(TRY((self->*handler)(caller, view, request)));
    };
    if constexpr (std::is_same_v<View, const Snapshot>)
      op.handler = Read(std::move(call));
    else if constexpr (std::is_same_v<View, Transaction>)
      op.handler = Write(std::move(call));
    else
      op.handler = Act(std::move(call));
    if (op.handler.index() == 2) op.check = &fits<Q>;
    return op;
  }
  template <class Q>
  static Result<void> fits(const Input& input) {
    CHECK_OK(decode<Q>(input));
    return {};
  }

  template <class M>
  struct MemberOf;
  template <class S, class T>
  struct MemberOf<T S::*> {
    using type = S;
  };
};
inline Endpoint at(std::string_view pattern, std::string_view help) { return {pattern, help}; }

// A table of endpoints, compiled for look-up: literal segments win over {x}, {x} over {x...} and {x+}. Immutable after construction; safe from any
// thread; refuses two patterns that match the same paths, but for an endpoint of actions alone, which joins the other of its pattern.
class Table {
 public:
  static Result<Table> make(std::vector<Endpoint> endpoints);
  struct Match {
    const Endpoint* endpoint = nullptr;
    const Operation* operation = nullptr;  // null: the path exists, the verb does not
    std::vector<Capture> captures;
  };
  // `path` is relative to the mount; a trailing slash does not count. No endpoint: nothing matches. Captures point into `path`.
  [[nodiscard]] Match find(std::string_view path, Verb verb) const;
  // The same of a request that names an action.
  [[nodiscard]] Match find(std::string_view path, Verb verb, std::string_view action) const;
  [[nodiscard]] const std::vector<Endpoint>& endpoints() const { return endpoints_; }

 private:
  struct Pattern {
    std::vector<std::string_view> segments;  // "{x}", "{x...}" and "{x+}" as they stand
    std::size_t endpoint = 0;
  };
  // Joins an endpoint of actions to the one at `index`; false when they cannot be one.
  bool join(std::size_t index, Endpoint& actions);
  std::vector<Endpoint> endpoints_;
  std::vector<Pattern> patterns_;  // most specific first
};

}  // namespace coffer::schema
