#include "engines/kv/aws/testing.h"

// Lists, filters, pages, batches.
namespace coffer::kv::aws::tests {
namespace {

TEST_F(Aws, ListsAndFilters) {
  for (const char* name : {"b", "/prod/db", "/prod/web", "a/x", "prodigal"}) create(1, "v", name);
  act("TagResource", R"("Tags":[{"Key":"env","Value":"production"}])", "/prod/db");
  act("UpdateSecret", R"("ClientRequestToken":)" + q(id(1)) + R"(,"Description":"The MasterPassword of-the-team")", "b");
  const auto names = [&](const std::string& rest) {
    const Answered out = act("ListSecrets", "{" + rest + "}");
    std::string text = out.error;
    if (!out.error.empty()) return text;
    const auto document = json::Document::parse(out.data);
    for (const auto& one : document->root().find("SecretList")->elements())
      text += (text.empty() ? "" : " ") + std::string(one.find("Name")->text());
    return text;
  };
  const auto filtered = [&](std::string_view key, const std::string& values) {
    return names(R"("Filters":[{"Key":")" + std::string(key) + R"(","Values":[)" + values + "]}]");
  };
  EXPECT_EQ(names(""), "b /prod/db /prod/web a/x prodigal");
  EXPECT_EQ(names(R"("SortOrder":"desc")"), "prodigal a/x /prod/web /prod/db b");
  EXPECT_EQ(filtered("name", R"("/")"), "/prod/db /prod/web");
  EXPECT_EQ(filtered("name", R"("/prod/d","pro")"), "/prod/db prodigal");
  EXPECT_EQ(filtered("name", R"("!/","zz")"), "b a/x prodigal");
  EXPECT_EQ(filtered("tag-key", R"("en")"), "/prod/db");
  EXPECT_EQ(filtered("tag-value", R"("Prod")"), "");
  EXPECT_EQ(filtered("description", R"("password")"), "b");
  EXPECT_EQ(filtered("description", R"("pass master")"), "b");
  EXPECT_EQ(filtered("description", R"("aster")"), "");
  EXPECT_EQ(filtered("all", R"("PROD")"), "/prod/db /prod/web prodigal");
  EXPECT_EQ(filtered("all", R"("/")"), "");
  EXPECT_EQ(filtered("primary-region", R"("us-east-1")"), "");
  act("DeleteSecret", "", "b");
  EXPECT_EQ(names(R"("SortBy":"name","Filters":[{"Key":"name","Values":["pro","/prod/d"]}])"), "/prod/db prodigal");
  EXPECT_EQ(names(R"("SortBy":"name")"), "/prod/db /prod/web a/x prodigal");
  EXPECT_EQ(names(R"("SortBy":"name","IncludePlannedDeletion":true)"), "/prod/db /prod/web a/x b prodigal");
}

TEST_F(Aws, ListsInPages) {
  for (int i = 0; i < 25; ++i) create(1, "v", (i % 2 ? "n" : "/n") + std::to_string(i));
  for (const char* order : {R"("SortBy":"name")", R"("SortBy":"created-date","SortOrder":"desc")",
                            R"("Filters":[{"Key":"name","Values":["n","/n"]}])", R"("SortBy":"name","SortOrder":"desc")"}) {
    std::set<std::string> seen;
    std::string next;
    for (int page = 0; page < 4; ++page) {
      const Answered out =
          act("ListSecrets", std::string(R"({"MaxResults":10,)") + order + (next.empty() ? "" : R"(,"NextToken":)" + next) + "}");
      const auto document = json::Document::parse(out.data);
      for (const auto& one : document->root().find("SecretList")->elements()) EXPECT_TRUE(seen.emplace(one.find("Name")->text()).second);
      next = member(out, "NextToken");
      if (next == "absent") break;
      if (page == 0) {
        EXPECT_EQ(act("ListSecrets", R"({"SortBy":"last-changed-date","NextToken":)" + next + "}").type, "InvalidNextTokenException");
      }
    }
    EXPECT_EQ(seen.size(), 25u) << order;
  }
}

TEST_F(Aws, ReadsManyAtOnce) {
  const std::string arn = member(create(1, "A", "a"), "ARN");
  create(1, "B", "/b");
  create(1, "C", "closed");
  create(1, "D", "deleted");
  act("DeleteSecret", "", "deleted");
  const Answered out = act("BatchGetSecretValue", R"({"SecretIdList":[)" + arn + R"(,"/b","closed","none","deleted"]})");
  EXPECT_EQ(out.error, "");
  EXPECT_NE(out.data.find(R"("SecretString":"A")"), std::string::npos);
  EXPECT_NE(out.data.find(R"("SecretString":"B")"), std::string::npos);
  EXPECT_EQ(out.data.find(R"("SecretString":"C")"), std::string::npos);
  EXPECT_NE(out.data.find(R"({"SecretId":"closed","ErrorCode":"AccessDeniedException")"), std::string::npos);
  EXPECT_NE(
      out.data.find(
          R"({"SecretId":"none","ErrorCode":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."})"),
      std::string::npos);
  EXPECT_NE(out.data.find(R"({"SecretId":"deleted","ErrorCode":"InvalidRequestException")"), std::string::npos);
  EXPECT_EQ(out.audit.find(R"("SecretString":"A")"), std::string::npos);
  const Answered some = act("BatchGetSecretValue", R"({"Filters":[{"Key":"name","Values":["a","/"]}],"MaxResults":1})");
  EXPECT_NE(some.data.find(R"("SecretString":"A")"), std::string::npos);
  const Answered rest = act("BatchGetSecretValue", R"({"Filters":[{"Key":"name","Values":["a","/"]}],"MaxResults":1,"NextToken":)" +
                                                       member(some, "NextToken") + "}");
  EXPECT_NE(rest.data.find(R"("SecretString":"B")"), std::string::npos);
  EXPECT_EQ(member(rest, "NextToken"), "absent");
  EXPECT_EQ(act("BatchGetSecretValue", "{}").error, "Either 'SecretIdList' or 'Filters' must be provided, but not both.");
  EXPECT_EQ(act("BatchGetSecretValue", R"({"SecretIdList":["a"],"MaxResults":1})").error,
            "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.");
  m.caller.token_id = "";
  EXPECT_EQ(act("BatchGetSecretValue", R"({"SecretIdList":["a"]})").type, "AccessDeniedException");
}

}  // namespace
}  // namespace coffer::kv::aws::tests
