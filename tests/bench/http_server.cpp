// The HTTP server with a handler that does next to nothing: what the transport alone costs. tests/bench/http.sh drives it beside nginx.
//   http_bench_server ADDRESS CERTIFICATE KEY [IO_THREADS] [inline|pass]
// `pass` answers at the end of the loop's pass, as an audited read does.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "server/http/http.h"
#include "server/http/wiping_allocators.h"

namespace {

using namespace coffer;

class FixedReply final : public http::Handler {
 public:
  explicit FixedReply(bool at_end_of_pass) : at_end_of_pass_(at_end_of_pass) {
    body_ = R"({"request_id":"00000000-5a3c-4d2e-9f10-000000000000","lease_id":"","renewable":false,"lease_duration":0,"data":{"data":{"password":")";
    body_.resize(495, 'p');
    body_ += "\"}}}\n";
  }
  void handle(const http::Request&, http::Loop& loop, http::Responder respond) override {
    if (!at_end_of_pass_) return respond(reply());
    loop.at_end_of_pass([this, respond = std::move(respond)]() mutable { respond(reply()); });
  }
  http::Response refuse(int status, std::string_view reason, const http::Request&) override {
    http::Response response;
    response.status = status;
    response.body = std::string(reason) + "\n";
    return response;
  }

 private:
  http::Response reply() const {
    http::Response response;
    response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
    response.body = body_;
    return response;
  }
  const bool at_end_of_pass_;
  std::string body_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: %s ADDRESS CERTIFICATE KEY [IO_THREADS] [inline|pass]\n", argv[0]), 2;
  if (!http::install_wiping_allocators()) return 1;
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  http::Options options;
  http::Listener listener;
  listener.address = argv[1];
  listener.tls = argv[2][0] != '-';
  listener.tls_options.certificate_file = argv[2];
  listener.tls_options.key_file = argv[3];
  options.listeners.push_back(listener);
  options.io_threads = argc > 4 ? static_cast<unsigned>(std::atoi(argv[4])) : 1;
  FixedReply handler(argc > 5 && std::string(argv[5]) == "pass");
  auto server = http::Server::start(options, handler);
  if (!server) return std::fprintf(stderr, "%s\n", server.error().message.c_str()), 1;
  std::printf("%s\n", (*server)->addresses().front().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop, &signal);
  (*server)->drain(Seconds(5));
  return 0;
}
