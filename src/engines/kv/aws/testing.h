#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "backend/testing.h"
#include "base/aws_name.h"
#include "base/json.h"
#include "engines/kv/kv.h"

// What the tests of the actions share: a version 2 mount, and short ways to act on it.
namespace coffer::kv::aws::tests {

using coffer::testing::Answered;
using coffer::testing::TestMount;

inline constexpr std::string_view gone_id = "99999999-9999-9999-9999-999999999999";

inline std::string id(int n) { return "00000000-0000-4000-8000-00000000000" + std::to_string(n); }
inline std::string q(std::string_view text) { return json::quoted(text); }

class Everything final : public Authority {
 public:
  [[nodiscard]] Permit says(std::string_view path, schema::Verb) const override {
    if (path.contains("barred")) return Permit::denied;
    return path.contains("closed") ? Permit::silent : Permit::allowed;
  }
};

class Aws : public ::testing::Test {
 protected:
  Aws() {
    m.caller.display_name = "ann";
    m.scope.principal = "arn:aws:iam::123456789012:user/ann";
    m.caller.authority = &everything;
  }
  Answered act(std::string_view action, const std::string& body, std::string_view name = "s", std::string_view at = "") {
    static constexpr std::string_view values[] = {"GetSecretValue", "CreateSecret", "PutSecretValue", "UpdateSecret",
                                                  "UpdateSecretVersionStage"};
    const bool value = std::ranges::find(values, action) != std::end(values);
    const bool list = action == "ListSecrets" || action == "BatchGetSecretValue";
    const std::string path = list ? "metadata/" : (value ? "data/" : "metadata/") + (at.empty() ? aws_path(name) : std::string(at));
    const std::string whole =
        list ? body : "{" + q(action == "CreateSecret" ? "Name" : "SecretId") + ":" + q(name) + (body.empty() ? "" : ",") + body + "}";
    const Answered out = m.act("secretsmanager:" + std::string(action), path, whole);
    m.clock.advance(std::chrono::milliseconds(1));
    return out;
  }
  Answered create(int n, std::string_view text = "one", std::string_view name = "s") {
    return act("CreateSecret", R"("ClientRequestToken":)" + q(id(n)) + R"(,"SecretString":)" + q(text), name);
  }
  Answered put(int n, std::string_view stages = "", std::string_view text = "") {
    return act("PutSecretValue", R"("ClientRequestToken":)" + q(id(n)) + R"(,"SecretString":)" +
                                     q(text.empty() ? "v" + std::to_string(n) : std::string(text)) +
                                     (stages.empty() ? "" : R"(,"VersionStages":)" + std::string(stages)));
  }
  Answered move(std::string_view label, int from, int to) {
    return act("UpdateSecretVersionStage", R"("VersionStage":)" + q(label) + (from ? R"(,"RemoveFromVersionId":)" + q(id(from)) : "") +
                                               (to ? R"(,"MoveToVersionId":)" + q(id(to)) : ""));
  }
  std::string get(const std::string& body = "", std::string_view name = "s") {
    const Answered out = act("GetSecretValue", body, name);
    if (!out.error.empty()) return out.type + ": " + out.error;
    const auto document = json::Document::parse(out.data);
    const auto text = document->root().find("SecretString");
    return text ? std::string(text->text()) : "binary " + std::string(document->root().find("SecretBinary")->text());
  }
  // Labels by version, as DescribeSecret tells them, ordered: "1:AWSPREVIOUS 2:AWSCURRENT,AWSPENDING".
  std::string stages(std::string_view name = "s") {
    const Answered out = act("DescribeSecret", "", name);
    const auto document = json::Document::parse(out.data);
    std::string text;
    const auto map = document->root().find("VersionIdsToStages");
    if (!map) return out.error;
    for (const auto& [version, labels] : map->members()) {
      std::vector<std::string> sorted;
      for (const auto& label : labels.elements()) sorted.emplace_back(label.text());
      std::ranges::sort(sorted);
      text += (text.empty() ? "" : " ") + std::string(1, version.back()) + ":";
      for (const auto& label : sorted) text += (text.ends_with(':') ? "" : ",") + label;
    }
    return text;
  }
  std::string member(const Answered& out, std::string_view name) {
    if (out.data.empty()) return error(out);
    const auto document = json::Document::parse(out.data);
    const auto value = document->root().find(name);
    return value ? std::string(value->raw()) : "absent";
  }
  std::string error(const Answered& out) { return out.type + ": " + out.error; }

  Everything everything;
  TestMount m{make_kv2};
};

}  // namespace coffer::kv::aws::tests
