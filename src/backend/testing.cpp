#include "backend/testing.h"

namespace coffer::testing {

Result<std::optional<SecretBytes>> MemoryTransaction::get(std::string_view key) const {
  ++gets;
  const auto found = values.find(key);
  if (found == values.end()) return std::optional<SecretBytes>();
  return std::optional(SecretBytes::copy_of(found->second));
}

Result<std::vector<std::string>> MemoryTransaction::children(std::string_view prefix, char delimiter, std::string_view after,
                                                             std::size_t limit) const {
  std::vector<std::string> out;
  for (auto i = values.lower_bound(prefix); i != values.end() && i->first.starts_with(prefix); ++i) {
    std::string_view name = std::string_view(i->first).substr(prefix.size());
    if (const auto end = delimiter == '\0' ? name.npos : name.find(delimiter); end != name.npos) name = name.substr(0, end + 1);
    if (name.empty() || name <= after || (!out.empty() && out.back() == name)) continue;
    if (out.size() == (limit == 0 ? 1000 : limit)) break;
    out.emplace_back(name);
  }
  return out;
}

Result<void> MemoryTransaction::put(std::string_view key, std::string_view value) {
  if (fail_writes) return fail(Code::storage_full, "no space");
  ++puts;
  values.insert_or_assign(std::string(key), std::string(value));
  return {};
}
void MemoryTransaction::erase(std::string_view key) {
  if (const auto i = values.find(key); i != values.end()) values.erase(i);
}
void MemoryTransaction::add(std::string_view key, std::int64_t delta) { counters[std::string(key)] += delta; }
Result<std::int64_t> MemoryTransaction::count(std::string_view key) const {
  const auto i = counters.find(key);
  return i == counters.end() ? 0 : i->second;
}

namespace {

class TestSession final : public Session {
 public:
  explicit TestSession(MemoryTransaction& store) : store_(store) {}
  Result<void> snapshot(const std::function<Result<void>(const Snapshot&)>& work) override { return work(store_); }
  Result<void> transact(const std::function<Result<void>(Transaction&)>& work) override {
    MemoryTransaction before = store_;
    auto done = work(store_);
    if (!done) store_ = std::move(before);  // an error keeps nothing
    return done;
  }
  void finish(std::function<Result<void>(Transaction&)> work) override { last = std::move(work); }
  void unless_recorded(std::function<bool()>) override {}
  std::function<Result<void>(Transaction&)> last;

 private:
  MemoryTransaction& store_;
};

class Stars final : public json::Redactor {
 public:
  void append_redacted(std::string_view, std::string& out) override { out += "*"; }
};

int status_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::bad_credentials: return 400;
    case Code::unauthenticated:
    case Code::permission_denied: return 403;
    case Code::not_found:
    case Code::unsupported_path: return 404;
    case Code::unsupported_operation: return 405;
    case Code::too_large: return 413;
    case Code::storage_full: return 507;
    default: return 500;
  }
}

Answered failed(const Error& error) {
  Answered out;
  out.status = status_of(error.code);
  out.error = error.message;
  if (error.type != nullptr) out.type = error.type;
  return out;
}

Answered shown(schema::Reply reply) {
  Answered out;
  out.status = reply.status;
  out.warnings = std::move(reply.warnings);
  out.login = std::move(reply.login);
  out.lease = std::move(reply.lease);
  out.bytes = std::move(reply.raw.bytes);
  if (reply.data) {
    json::Writer clear(out.data);
    reply.data->encode(clear);
    Stars stars;
    json::Writer redacted(out.audit, &stars);
    reply.data->encode(redacted);
  }
  return out;
}

}  // namespace

TestMount::TestMount(std::unique_ptr<Backend> (*make)(const BackendServices&), std::string type, const rotation::Functions* functions)
    : backend_(make(BackendServices{clock, random, functions})) {
  auto table = schema::Table::make(backend_->endpoints());
  if (!table) throw std::runtime_error(table.error().message);
  table_ = std::make_unique<schema::Table>(*std::move(table));
  mount.path = "m/";
  mount.type = std::move(type);
  mount.default_ttl = mount.max_ttl = Seconds(2764800);
  caller.token_id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  caller.token_type = "service";
  caller.remote_address = "127.0.0.1";
}
TestMount::~TestMount() = default;

void TestMount::prepare(std::string_view path) {
  path_ = mount.path + std::string(path);
  caller.path = path_;
  caller.now = clock.now();
  caller.mount = &mount;
  caller.keys = &keys;
}

Result<void> TestMount::configure(const schema::StringMap& before, const schema::StringMap& after) {
  prepare("");
  return backend_->configure(caller, store, before, after);
}
Result<bool> TestMount::chores() {
  if (!TRY(backend_->has_chores(mount, store, clock.now()))) return false;
  CHECK_OK(backend_->do_chores(mount, store, clock.now()));
  backend_->chores_done(mount);
  return true;
}
Result<schema::TokenParameters> TestMount::renew(const LoginRecord& record) {
  prepare("");
  return backend_->renew_login(caller, store, record);
}

Answered TestMount::call(schema::Verb verb, std::string_view path, std::string_view body) {
  prepare(path);
  caller.scope = nullptr;
  return run(table_->find(path, verb), body);
}

Answered TestMount::act(std::string_view action, std::string_view path, std::string_view body) {
  prepare(path);
  scope.action = action;
  caller.scope = &scope;
  return run(table_->find(path, schema::Verb::write, action), body);
}

Answered TestMount::run(const schema::Table::Match& match, std::string_view body) {
  if (match.endpoint == nullptr) return failed({Code::unsupported_path, "unsupported path"});
  if (match.operation == nullptr) return failed({Code::unsupported_operation, "unsupported operation"});
  json::Document document;
  if (!body.empty()) {
    auto parsed = json::Document::parse(body);
    if (!parsed) return failed(parsed.error());
    document = *std::move(parsed);
  }
  const schema::Input input{document.root(), match.captures};
  scope.body = input.body;
  scope.fields = &match.operation->request;
  bool created = false;
  if (match.operation->exists) {
    const auto there = match.operation->exists(caller, store, input);
    if (!there) return failed(there.error());
    created = !*there;
  }
  caller.creating = created;
  Result<schema::Reply> reply = fail(Code::internal, "");
  MemoryTransaction before = store;
  if (const auto* read = std::get_if<schema::Read>(&match.operation->handler)) {
    reply = (*read)(caller, store, input);
  } else if (const auto* write = std::get_if<schema::Write>(&match.operation->handler)) {
    reply = (*write)(caller, store, input);
    if (!reply) store = std::move(before);  // an error keeps nothing
  } else {
    TestSession session(store);
    reply = std::get<schema::Act>(match.operation->handler)(caller, session, input);
    if (before_finish) before_finish();
    if (reply && session.last)
      if (auto done = session.last(store); !done) reply = std::unexpected(done.error());
  }
  Answered out = reply ? shown(*std::move(reply)) : failed(reply.error());
  out.created = created;
  if (match.operation->lockout_name) out.lockout_name = match.operation->lockout_name(input);
  return out;
}

}  // namespace coffer::testing
