#pragma once
#include <gtest/gtest.h>

#include <deque>

#include "cli/cli.h"

// What the tests of this layer share: a console and a server made of texts.
namespace coffer::cli::testing {

class TextConsole final : public Console {
 public:
  std::string out, err, in;
  std::deque<std::string> answers;  // to questions; none left: not a terminal
  bool terminal = false;
  void write_out(std::string_view text) override { out += text; }
  void write_err(std::string_view text) override { err += text; }
  [[nodiscard]] bool in_is_terminal() const override { return terminal; }
  [[nodiscard]] bool out_is_terminal() const override { return terminal; }
  [[nodiscard]] bool err_is_terminal() const override { return false; }
  [[nodiscard]] Expected<std::string> read_all() override { return std::exchange(in, {}); }
  [[nodiscard]] Expected<SecretBytes> ask_hidden(std::string_view prompt, bool to_stdout) override {
    (to_stdout ? out : err) += prompt;
    if (answers.empty()) return stop(exit_local, "file descriptor 0 is not a terminal");
    SecretBytes answer = SecretBytes::copy_of(std::string_view(answers.front()));
    answers.pop_front();
    return answer;
  }
  [[nodiscard]] Expected<std::string> ask(std::string_view prompt) override {
    err += prompt;
    if (answers.empty()) return stop(exit_local, "file descriptor 0 is not a terminal");
    std::string answer = answers.front();
    answers.pop_front();
    return answer;
  }
};

// Answers by method and target; what is not scripted is a 404 without errors.
struct ScriptedServer {
  std::map<std::string, std::deque<HttpResponse>> answers;  // "GET /v1/sys/health"; the last one is repeated
  std::vector<HttpRequest> requests;
  ConnectionOptions connection;

  void on(const std::string& request, std::string body, int status = 200) {
    answers[request].push_back(HttpResponse{body.empty() ? 204 : status, std::move(body), {}});
  }
  [[nodiscard]] std::string header(std::size_t index, std::string_view name) const {
    for (const auto& [key, value] : requests.at(index).headers)
      if (key == name) return value;
    return {};
  }
};

class ScriptedTransport final : public Transport {
 public:
  explicit ScriptedTransport(ScriptedServer& server) : server_(server) {}
  [[nodiscard]] Expected<HttpResponse> send(const HttpRequest& request) override {
    server_.requests.push_back(request);
    const auto found = server_.answers.find(request.method + " " + request.target);
    if (found == server_.answers.end()) return HttpResponse{404, R"({"errors":[]})", {}};
    HttpResponse response = found->second.front();
    if (found->second.size() > 1) found->second.pop_front();
    if (request.on_data && response.status == 200) (void)request.on_data(response.body);
    return response;
  }

 private:
  ScriptedServer& server_;
};

class CommandTest : public ::testing::Test {
 protected:
  TextConsole console;
  ScriptedServer server;
  std::map<std::string, std::string> environment{{"VAULT_ADDR", "http://127.0.0.1:8200"}, {"VAULT_TOKEN", "root"}, {"HOME", "/nonexistent"}};
  Persona persona = Persona::vault;

  int run(std::vector<std::string> words) {
    console.out.clear();
    console.err.clear();
    World world{};
    world.persona = persona;
    world.environment = Environment(environment);
    world.console = &console;
    world.make_transport = [this](ConnectionOptions options) {
      server.connection = std::move(options);
      return std::make_unique<ScriptedTransport>(server);
    };
    return cli::run(world, words);
  }
};

}  // namespace coffer::cli::testing
