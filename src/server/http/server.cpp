#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <fmt/format.h>

#include <thread>

#include "base/log.h"
#include "server/http/listener.h"

namespace coffer::http {
namespace {

// One io thread and all that only it touches.
struct IoThread {
  IoThread(ServerState& state, std::unique_ptr<Reactor> r) : reactor(std::move(r)), context(state, *reactor) {}
  std::unique_ptr<Reactor> reactor;
  IoContext context;
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  std::thread thread;
};

class RunningServer final : public Server {
 public:
  RunningServer(Options options, Handler& handler) : state_(std::move(options), handler) {}
  ~RunningServer() override;
  Result<void> open();
  std::vector<std::string> addresses() const override { return addresses_; }
  Result<void> reload() override;
  void drain(Seconds grace) override;
  std::size_t connections() const override { return state_.admission.count(); }

 private:
  Result<void> open_threads(unsigned count);
  void start_thread(IoThread& io, std::size_t index);
  void stop_accepting();
  bool wait_for_end(std::chrono::steady_clock::time_point until);
  template <class F>
  void on_each_connection(F act);

  ServerState state_;
  std::vector<ListeningSockets> sockets_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<IoThread>> threads_;
};

unsigned thread_count(const Options& options) {
  if (options.io_threads > 0) return options.io_threads;
  // Not std::thread::hardware_concurrency(): it counts cores that this process may not use (taskset, cpusets of containers), and threads that
  // share a core take it from each other.
  cpu_set_t usable;
  if (::sched_getaffinity(0, sizeof usable, &usable) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&usable)));
  return std::max(1u, std::thread::hardware_concurrency());
}

Result<void> RunningServer::open() {
  const unsigned count = thread_count(state_.options);
  if (state_.options.listeners.empty()) return invalid("no listener is configured; add a listener block with an address");
  state_.tls.resize(state_.options.listeners.size());
  CHECK_OK(reload());
  for (const Listener& listener : state_.options.listeners) {
    sockets_.push_back(TRY(ListeningSockets::open(listener, count)));
    addresses_.push_back(sockets_.back().address());
  }
  return open_threads(count);
}

Result<void> RunningServer::open_threads(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    threads_.push_back(std::make_unique<IoThread>(state_, TRY(Reactor::create())));
    IoThread& io = *threads_.back();
    for (std::size_t l = 0; l < sockets_.size(); ++l) {
      io.acceptors.push_back(std::make_unique<Acceptor>(io.context, sockets_[l].descriptor(i), l));
      if (!io.acceptors.back()->start()) return fail(Code::unavailable, fmt::format("listener {}: the kernel refused to watch its socket", addresses_[l]));
    }
  }
  for (std::size_t i = 0; i < threads_.size(); ++i) start_thread(*threads_[i], i);
  return {};
}

void RunningServer::start_thread(IoThread& io, std::size_t index) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for main
  io.thread = std::thread([&io] { io.reactor->run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_setname_np(io.thread.native_handle(), fmt::format("coffer-io-{}", index).c_str());
}

Result<void> RunningServer::reload() {
  std::vector<std::shared_ptr<const TlsContext>> fresh;
  for (const Listener& listener : state_.options.listeners) {
    if (listener.tls) {
      fresh.push_back(TRY(TlsContext::load(listener.tls_options, listener.address, state_.tickets)));
    } else {
      fresh.push_back(nullptr);
    }
  }
  const std::lock_guard lock(state_.mutex);
  state_.tls.swap(fresh);
  return {};
}

template <class F>
void RunningServer::on_each_connection(F act) {
  for (const auto& io : threads_) {
    io->reactor->post([&context = io->context, act] {
      for (Connection *connection = context.connections, *next = nullptr; connection; connection = next) {
        next = connection->next();  // before acting: it may end. Acting on one ends no other.
        act(*connection);
      }
    });
  }
}

void RunningServer::stop_accepting() {
  std::atomic<std::size_t> left{threads_.size()};
  for (const auto& io : threads_) {
    io->reactor->post([&io = *io, &left] {
      for (const auto& acceptor : io.acceptors) acceptor->stop();
      left.fetch_sub(1);
      left.notify_all();
    });
  }
  for (std::size_t now = left.load(); now != 0; now = left.load()) left.wait(now);
  for (ListeningSockets& sockets : sockets_) sockets.close();
}

bool RunningServer::wait_for_end(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(state_.mutex);
  return state_.ended.wait_until(lock, until, [this] { return state_.admission.count() == 0; });
}

void RunningServer::drain(Seconds grace) {
  if (state_.draining.exchange(true)) return;
  stop_accepting();
  on_each_connection([](Connection& connection) { connection.drain(); });
  if (!wait_for_end(system_clock().steady() + grace)) {
    on_each_connection([](Connection& connection) { connection.force_close(); });
    wait_for_end(system_clock().steady() + Seconds(1));
  }
}

// Connections whose requests a handler still holds are waited for: the handler reads their memory.
RunningServer::~RunningServer() {
  const bool running = !threads_.empty() && threads_.back()->thread.joinable();
  if (running) {
    drain(Seconds(0));
    while (!wait_for_end(system_clock().steady() + Seconds(5))) {
      log::warn("waiting for {} requests that their handlers have not answered", state_.admission.count());
      on_each_connection([](Connection& connection) { connection.force_close(); });
    }
  }
  state_.streams.wait_for_none();
  for (const auto& io : threads_) {
    if (!io->thread.joinable()) continue;
    io->reactor->stop();
    io->thread.join();
  }
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Options options, Handler& handler) {
  auto server = std::make_unique<RunningServer>(std::move(options), handler);
  CHECK_OK(server->open());
  return server;
}

}  // namespace coffer::http
