// AWS's own signing vectors (tests/vectors/README.md), and what a server must refuse.
#include "doors/aws/sigv4.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "base/json.h"
#include "doors/aws/sigv4_parts.h"

namespace coffer::doors::aws {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  std::string out = text.str();
  std::erase(out, '\r');
  return out;
}

// A request as a file has it; folded header lines belong to the line before.
struct Parsed {
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> lines;
  std::vector<HeaderView> views;
  SignedRequest request() {
    views.clear();
    for (const auto& [name, value] : lines) views.push_back({name, value});
    return {method, target, body, views};
  }
  std::string& value(std::string_view name) {
    for (auto& [n, v] : lines)
      if (ascii_iequal(n, name)) return v;
    return lines.emplace_back(std::string(name), "").second;
  }
};
Parsed parse(const std::string& text) {
  Parsed out;
  std::istringstream in(text);
  std::string line;
  std::getline(in, line);
  out.method = line.substr(0, line.find(' '));
  out.target = line.substr(out.method.size() + 1, line.rfind(' ') - out.method.size() - 1);
  while (std::getline(in, line) && !line.empty()) {
    if (line.front() == ' ') {
      out.lines.back().second += "\n" + line;
      continue;
    }
    const std::size_t colon = line.find(':');
    out.lines.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  std::string rest;
  while (std::getline(in, line)) rest += (rest.empty() ? "" : "\n") + line;
  out.body = rest;
  return out;
}

constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

bool fits(const SignedRequest& request, const Authorization& a, bool normalized = true) {
  std::string canonical;
  append_canonical_request(canonical, request, a, normalized);
  return signature_fits(*signing_key(secret, a), string_to_sign(a, canonical), a.signature);
}

TEST(SigV4, AwsVectors) {
  std::size_t count = 0;
  for (const auto& folder : std::filesystem::directory_iterator(COFFER_SIGV4_VECTORS)) {
    SCOPED_TRACE(folder.path().filename().string());
    const auto context = json::Document::parse(read(folder.path() / "context.json"));
    ASSERT_TRUE(context);
    const bool normalized = context->root().find("normalize")->as_bool();
    Parsed parsed = parse(read(folder.path() / "header-signed-request.txt"));
    const SignedRequest request = parsed.request();
    auto a = read_authorization(request);
    // A session token that is added after signing is one that was not signed.
    if (folder.path().filename() == "post-sts-header-after") {
      ASSERT_FALSE(a);
      EXPECT_STREQ(a.error().type, "InvalidSignatureException");
      ++count;
      continue;
    }
    ASSERT_TRUE(a) << a.error().message;
    EXPECT_TRUE(check_scope(*a, "service", a->time));
    std::string canonical;
    append_canonical_request(canonical, request, *a, normalized);
    EXPECT_EQ(canonical, read(folder.path() / "header-canonical-request.txt"));
    EXPECT_EQ(string_to_sign(*a, canonical), read(folder.path() / "header-string-to-sign.txt"));
    EXPECT_EQ(a->signature, read(folder.path() / "header-signature.txt"));
    EXPECT_TRUE(fits(request, *a, normalized));
    ++count;
  }
  EXPECT_EQ(count, 38u);
}

Parsed sample() {
  Parsed p;
  p.method = "POST";
  p.target = "/";
  p.body = R"({"SecretId":"app"})";
  p.lines = {{"Host", "localhost:8200"},
             {"X-Amz-Date", "20261128T070000Z"},
             {"X-Amz-Target", "secretsmanager.GetSecretValue"},
             {"Content-Type", "application/x-amz-json-1.1"}};
  return p;
}
// Signs as a client does.
void sign(Parsed& p, std::string names = "content-type;host;x-amz-date;x-amz-target",
          std::string_view scope = "20261128/us-east-1/secretsmanager/aws4_request") {
  const std::string head = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + std::string(scope) + ", SignedHeaders=" + names + ", Signature=";
  p.value("authorization") = head + std::string(64, '0');
  const SignedRequest request = p.request();
  const auto a = read_authorization(request);
  if (!a) return;
  std::string canonical;
  append_canonical_request(canonical, request, *a);
  p.value("authorization") = head + hex_encode(crypto::as_text(signing_key(secret, *a)->mac(string_to_sign(*a, canonical))));
}
Result<void> judge(Parsed& p, Time now) {
  const SignedRequest request = p.request();
  const Authorization a = TRY(read_authorization(request));
  CHECK_OK(check_scope(a, "secretsmanager", now));
  if (!fits(request, a)) return wrong_signature();
  return {};
}
Time signed_at() { return *parse_basic_time("20261128T070000Z"); }
std::string type_of(const Result<void>& judged) { return judged ? "" : judged.error().type; }

TEST(SigV4, TakesWhatIsSigned) {
  Parsed p = sample();
  sign(p);
  EXPECT_TRUE(judge(p, signed_at()));
  EXPECT_TRUE(judge(p, signed_at() + Seconds(300)));
  EXPECT_TRUE(judge(p, signed_at() - Seconds(300)));
  sign(p, "host;x-amz-date;x-amz-target");  // content-type need not be signed
  EXPECT_TRUE(judge(p, signed_at()));
}

TEST(SigV4, RefusesEachChange) {
  for (const auto& change : std::vector<std::function<void(Parsed&)>>{
           [](Parsed& p) { p.body += " "; },
           [](Parsed& p) { p.method = "PUT"; },
           [](Parsed& p) { p.target = "/x"; },
           [](Parsed& p) { p.target = "/?a=b"; },
           [](Parsed& p) { p.value("x-amz-target") = "secretsmanager.DeleteSecret"; },
           [](Parsed& p) { p.value("host") = "other"; },
           [](Parsed& p) { p.value("content-type") = "text/plain"; },
           [](Parsed& p) { p.value("authorization").back() = p.value("authorization").back() == '0' ? '1' : '0'; },
           [](Parsed& p) { p.value("authorization").pop_back(); },
       }) {
    Parsed p = sample();
    sign(p);
    ASSERT_TRUE(judge(p, signed_at()));
    change(p);
    EXPECT_EQ(type_of(judge(p, signed_at())), "InvalidSignatureException");
  }
}

TEST(SigV4, HoldsTheClock) {
  Parsed p = sample();
  sign(p);
  EXPECT_EQ(judge(p, signed_at() + Seconds(301)).error().message,
            "Signature expired: 20261128T070000Z is now earlier than 20261128T070001Z (20261128T070501Z - 5 min.)");
  EXPECT_EQ(judge(p, signed_at() - Seconds(301)).error().message,
            "Signature not yet current: 20261128T070000Z is still later than 20261128T065959Z (20261128T065459Z + 5 min.)");
}

TEST(SigV4, HoldsTheScope) {
  const auto message = [](std::string_view scope) {
    Parsed p = sample();
    sign(p, "host;x-amz-date;x-amz-target", scope);
    const auto judged = judge(p, signed_at());
    return judged ? std::string() : std::string(judged.error().type) + ": " + judged.error().message;
  };
  EXPECT_EQ(message("20261128/eu-west-3/secretsmanager/aws4_request"), "");
  EXPECT_EQ(message("20261128/us-east-1/s3/aws4_request"),
            "InvalidSignatureException: Credential should be scoped to correct service: 'secretsmanager'.");
  EXPECT_EQ(message("20261127/us-east-1/secretsmanager/aws4_request"),
            "InvalidSignatureException: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.");
  EXPECT_EQ(message("20261128/us-east-1/secretsmanager/aws5_request"),
            "InvalidSignatureException: Credential should be scoped with a valid terminator: 'aws4_request'.");
  EXPECT_EQ(message("20261128/us-east-1/secretsmanager"),
            "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.");
}

TEST(SigV4, RefusesWhatIsNotWhole) {
  const auto type = [](const std::function<void(Parsed&)>& change) {
    Parsed p = sample();
    sign(p);
    change(p);
    return type_of(judge(p, signed_at()));
  };
  EXPECT_EQ(type([](Parsed& p) { p.lines.pop_back(); }), "MissingAuthenticationTokenException");
  EXPECT_EQ(type([](Parsed& p) { p.value("authorization") = "Bearer hvs.x"; }), "MissingAuthenticationTokenException");
  EXPECT_EQ(type([](Parsed& p) { p.value("authorization") = "AWS4-ECDSA-P256-SHA256 Credential=a"; }), "IncompleteSignatureException");
  EXPECT_EQ(type([](Parsed& p) { p.value("authorization") = "AWS4-HMAC-SHA256 Credential"; }), "IncompleteSignatureException");
  EXPECT_EQ(type([](Parsed& p) { p.value("authorization") = "AWS4-HMAC-SHA256 "; }), "IncompleteSignatureException");
  EXPECT_EQ(type([](Parsed& p) { p.value("authorization") += ", Signature=00"; }), "IncompleteSignatureException");
  EXPECT_EQ(type([](Parsed& p) { p.lines.emplace_back("Authorization", p.value("authorization")); }), "IncompleteSignatureException");
  EXPECT_EQ(type([](Parsed& p) { p.lines.emplace_back("X-Amz-Target", "secretsmanager.DeleteSecret"); }), "IncompleteSignatureException");
  EXPECT_EQ(type([](Parsed& p) { p.lines.emplace_back("X-Amz-Date", "20261128T070001Z"); }), "IncompleteSignatureException");
  EXPECT_EQ(type([](Parsed& p) { p.value("x-amz-date") = "Sat, 28 Nov 2026 07:00:00 GMT"; }), "IncompleteSignatureException");
  EXPECT_EQ(type([](Parsed& p) { p.lines.emplace_back("X-Amz-Security-Token", "t"); }), "InvalidSignatureException");
}

TEST(SigV4, DemandsWhatMustBeSigned) {
  for (const std::string names : {"host;x-amz-date", "x-amz-date;x-amz-target", "host;x-amz-target", "x-amz-date;host;x-amz-target",
                                  "Host;x-amz-date;x-amz-target", "host;host;x-amz-date;x-amz-target"}) {
    Parsed p = sample();
    sign(p, names);
    EXPECT_FALSE(judge(p, signed_at())) << names;
  }
}

TEST(SigV4, RefusesUnsignedAndChunkedPayloads) {
  for (const std::string value : {"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}) {
    Parsed p = sample();
    p.lines.insert(p.lines.begin(), {"x-amz-content-sha256", value});
    sign(p, "host;x-amz-content-sha256;x-amz-date;x-amz-target");
    EXPECT_EQ(type_of(judge(p, signed_at())), "InvalidSignatureException") << value;
  }
  Parsed p = sample();
  p.lines.insert(p.lines.begin(), {"x-amz-content-sha256", hex_encode(crypto::as_text(crypto::sha256(p.body)))});
  sign(p, "host;x-amz-content-sha256;x-amz-date;x-amz-target");
  EXPECT_TRUE(judge(p, signed_at()));
}

TEST(SigV4, ReadsTimes) {
  EXPECT_EQ(basic_time(*parse_basic_time("20150830T123600Z")), "20150830T123600Z");
  for (const std::string_view wrong : {"", "20150830T123600", "20150830 123600Z", "20151330T123600Z", "20150230T123600Z",
                                       "20150830T243600Z", "2015083aT123600Z", "99990101T000000Z"})
    EXPECT_FALSE(parse_basic_time(wrong)) << wrong;
}

}  // namespace
}  // namespace coffer::doors::aws
