#include "cli/friendly/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/secret.h"

namespace coffer::cli {
namespace {

volatile sig_atomic_t child_pid = 0;

// What the terminal sends (Ctrl-C) the child gets from the kernel, being in the same group; only what was sent to this process is handed on.
void hand_on(int signal, siginfo_t* info, void*) {
  const int saved = errno;
  if (child_pid > 0 && info != nullptr && (info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL)) ::kill(child_pid, signal);
  errno = saved;
}

constexpr int handed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};

class SignalsHandedOn {
 public:
  SignalsHandedOn() {
    struct sigaction action {};
    action.sa_sigaction = hand_on;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < std::size(handed_on); ++i) (void)::sigaction(handed_on[i], &action, &before_[i]);
  }
  ~SignalsHandedOn() {
    child_pid = 0;
    for (std::size_t i = 0; i < std::size(handed_on); ++i) (void)::sigaction(handed_on[i], &before_[i], nullptr);
  }
  SignalsHandedOn(const SignalsHandedOn&) = delete;
  SignalsHandedOn& operator=(const SignalsHandedOn&) = delete;

 private:
  struct sigaction before_[std::size(handed_on)] {};
};

// One stream of the child on its way to ours.
struct Stream {
  int from = -1;
  int to = -1;
  std::unique_ptr<StreamMasker> masker;
  int child_end = -1;
};

void write_fully(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(to, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nobody reads any more: the child's output is still taken, so that it does not stand still
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void pump(std::vector<Stream>& streams) {
  char chunk[16384];
  for (;;) {
    std::vector<pollfd> waiting;
    for (const Stream& stream : streams) waiting.push_back({stream.from, POLLIN, 0});
    if (std::all_of(streams.begin(), streams.end(), [](const Stream& stream) { return stream.from < 0; })) break;
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) break;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      const ssize_t n = ::read(streams[i].from, chunk, sizeof chunk);
      if (n < 0 && errno == EINTR) continue;
      std::string out;
      if (n > 0) {
        streams[i].masker->feed({chunk, static_cast<std::size_t>(n)}, out);
      } else {
        streams[i].masker->finish(out);
        ::close(streams[i].from);
        streams[i].from = -1;
      }
      write_fully(streams[i].to, out);
    }
  }
  wipe(chunk, sizeof chunk);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

bool add_stream(std::vector<Stream>& streams, posix_spawn_file_actions_t& actions, int descriptor, const SecretPatterns& masks) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  posix_spawn_file_actions_adddup2(&actions, ends[1], descriptor);
  streams.push_back({ends[0], descriptor, std::make_unique<StreamMasker>(masks), ends[1]});
  return true;
}

}  // namespace

int run_child(const ChildOptions& options, std::string& error) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  std::vector<Stream> streams;
  bool ready = true;
  if (options.masks != nullptr && !options.masks->empty()) {
    if (options.mask_out) ready = add_stream(streams, actions, STDOUT_FILENO, *options.masks);
    if (ready && options.mask_err) ready = add_stream(streams, actions, STDERR_FILENO, *options.masks);
  }
  if (!ready) {
    error = "cannot make a pipe";
    return exit_run_failed;
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const std::vector<char*> argv = pointers(options.argv), environment = pointers(options.environment);
  const SignalsHandedOn signals;
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  for (Stream& stream : streams) ::close(stream.child_end);
  if (failed != 0) {
    for (Stream& stream : streams) ::close(stream.from);
    error = std::strerror(failed);
    return failed == ENOENT || failed == ENOTDIR ? exit_not_found : failed == EACCES || failed == ENOEXEC ? exit_not_executable : exit_run_failed;
  }
  child_pid = child;
  pump(streams);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace coffer::cli
