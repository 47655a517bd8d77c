#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/iam.h"

// Policy documents in AWS's language: whatever parses can be decided, the same way each time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace iam = coffer::policy::iam;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  iam::Query query;
  query.principal = "arn:aws:sts::123456789012:assumed-role/app/session";
  query.account = "123456789012";
  query.action = "secretsmanager:GetSecretValue";
  query.resource = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf";
  query.context["aws:sourceip"] = {"10.1.2.3"};
  query.context["aws:currenttime"] = {"2026-11-28T07:00:00Z"};
  query.context["aws:tagkeys"] = {"env", "team"};
  for (const auto kind : {iam::Kind::identity, iam::Kind::resource}) {
    const auto document = iam::parse(input, kind);
    if (iam::parse_new(input, kind) && !document) std::abort();
    if (!document) continue;
    (void)iam::is_public(*document);
    if (iam::decide(*document, query) != iam::decide(*document, query)) std::abort();
  }
  return 0;
}
