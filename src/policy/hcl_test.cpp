#include "policy/hcl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coffer::policy::hcl {
namespace {

using testing::HasSubstr;

Document good(std::string_view text) {
  auto document = parse(text, "test.hcl");
  EXPECT_TRUE(document) << text << "\n" << (document ? "" : document.error().message);
  return document ? std::move(*document) : Document{};
}

std::string where(std::string_view text) {
  auto document = parse(text);
  if (document) return "parsed";
  return std::to_string(document.error().line) + ":" + std::to_string(document.error().column) + ": " + document.error().message;
}

void expect_round_trip(std::string_view text) {
  const Document first = good(text);
  const std::string printed = print(first.root);
  const Document second = good(printed);
  EXPECT_TRUE(same(first.root, second.root)) << text << "\n->\n" << printed;
  EXPECT_EQ(print(second.root), printed);
}

TEST(Hcl, ReadsValuesOfAllKinds) {
  const Document d = good("a = \"x\\n\\u00e9\"\nb = -1.5e3 c = true d = [1, \"two\", {k = 3},]\ne { f = 0x1F }\n");
  ASSERT_EQ(d.root.entries.size(), 5u);
  EXPECT_EQ(d.root.entries[0].value.text, "x\n\xc3\xa9");
  EXPECT_EQ(d.root.entries[1].value.text, "-1.5e3");
  EXPECT_TRUE(d.root.entries[2].value.is(Kind::boolean));
  EXPECT_EQ(d.root.entries[3].value.entries.size(), 3u);
  EXPECT_FALSE(d.root.entries[4].assigned);
  EXPECT_EQ(d.root.entries[4].value.entries[0].value.text, "0x1F");
}

TEST(Hcl, KeepsPositions) {
  const Document d = good("# é\n  path \"a\" {\n    x = [ 1,\n  22 ]\n}\n");
  const Entry& path = d.root.entries[0];
  EXPECT_EQ(path.keys[1].at.line, 2u);
  EXPECT_EQ(path.keys[1].at.column, 8u);
  EXPECT_EQ(path.value.entries[0].value.entries[1].value.at.line, 4u);
  EXPECT_EQ(path.value.entries[0].value.entries[1].value.at.column, 3u);
  EXPECT_EQ(path.value.at.file, "test.hcl");
}

TEST(Hcl, ReadsHeredocs) {
  EXPECT_EQ(good("a = <<EOF\nx\n  y\nEOF\n").root.entries[0].value.text, "x\n  y\n");
  EXPECT_EQ(good("a = <<-EOF\n    x\n      y\n    EOF\n").root.entries[0].value.text, "x\n  y\n");
  EXPECT_EQ(good("a = <<-EOF\n  x\n      y\n    EOF\n").root.entries[0].value.text, "  x\n      y\n");
  EXPECT_EQ(good("a = <<EOF\nEOF").root.entries[0].value.text, "");
  EXPECT_EQ(good("a = [<<A\n1\nA\n, <<B\n2\nB\n]").root.entries[0].value.entries[1].value.text, "2\n");
}

TEST(Hcl, ReadsBlocksWithSeveralLabels) {
  const Document d = good("audit \"file\" \"log\" { x = 1 }\naudit \"file\" { other { x = 2 } }\naudit = { syslog = { s = {} } }");
  auto found = blocks(d.root, "audit", 2);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[1].labels[1]->text, "other");
  EXPECT_EQ((*found)[2].labels[0]->text, "syslog");
  EXPECT_FALSE(blocks(d.root, "audit", 1));
  EXPECT_FALSE(blocks(good("listener = 5").root, "listener", 1));
}

TEST(Hcl, ReadsJsonAsTheSameTree) {
  const Document d = good("{\n \"listener\": [{\"tcp\": {\"address\": \"a\"}}, {\"tcp\": [{\"x\": 1}, {\"x\": 2}]}],\n \"ui\": true}");
  EXPECT_TRUE(d.json);
  auto found = blocks(d.root, "listener", 1);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[0].body->entries[0].value.text, "a");
  EXPECT_EQ(d.root.entries[1].keys[0].at.line, 3u);
  EXPECT_EQ(d.root.entries[1].keys[0].at.column, 2u);
  EXPECT_EQ(d.root.entries[1].value.at.column, 8u);
}

TEST(Hcl, PointsAtWhatIsWrong) {
  EXPECT_EQ(where("path \"a\" {"), "1:12: object expected closing RBRACE got: EOF");
  EXPECT_EQ(where("5"), "1:1: expected: IDENT | STRING | ASSIGN | LBRACE got: NUMBER");
  EXPECT_EQ(where("a = \"x\ny\""), "1:5: literal not terminated");
  EXPECT_EQ(where("a = [1 2]"), "1:8: error parsing list, expected comma or list end, got: NUMBER");
  EXPECT_EQ(where("a = [1,\n"), "2:1: error parsing list, expected RBRACK got: EOF");
  EXPECT_EQ(where("a \"b\" = 1"), "1:7: nested object expected: LBRACE got: ASSIGN");
  EXPECT_EQ(where("\na = b"), "2:5: expected a value, got: IDENT b");
  EXPECT_EQ(where("a { }\n}"), "2:1: expected: IDENT | STRING got: RBRACE");
  EXPECT_EQ(where("a = 30s"), "1:5: malformed number");
  EXPECT_EQ(where("a = <<EOF\nx"), "1:5: heredoc not terminated");
  EXPECT_EQ(where("a = 'x'"), "1:5: illegal character '");
  EXPECT_EQ(where("/* x"), "1:1: comment not terminated");
  EXPECT_EQ(where("a = \"\\q\""), "1:6: unknown escape: \\ before 'q'");
  EXPECT_EQ(where("a = 1\nb = \"\xff\""), "2:1: this line is not UTF-8 text");
  EXPECT_EQ(where(std::string_view("a = 1\0", 6)), "1:1: this line is not UTF-8 text");
  EXPECT_THAT(where("{\n \"a\": tru }"), HasSubstr("2:"));
  EXPECT_THAT(where("{\"a\": 1"), HasSubstr("invalid JSON"));
}

TEST(Hcl, HoldsItsLimits) {
  EXPECT_THAT(where(std::string(1u << 21, ' ')), HasSubstr("longer than"));
  std::string deep = "a = ";
  for (int i = 0; i < 70; ++i) deep += "[";
  EXPECT_THAT(where(deep), HasSubstr("nested too deeply"));
  std::string many;
  for (int i = 0; i < 60'000; ++i) many += "a=1\n";
  EXPECT_THAT(where(many), HasSubstr("too many values"));
}

TEST(Hcl, PrintsCanonically) {
  EXPECT_EQ(print(good("# top\n\npath   \"a\"{capabilities=[\"read\"   ,\"list\"] # why\nx=1}\npath \"b\" { }").root),
            "# top\n\npath \"a\" {\n  capabilities = [\"read\", \"list\"] # why\n  x            = 1\n}\n\npath \"b\" {}\n");
  EXPECT_EQ(print(good("{\"path\":{\"a/*\":{\"capabilities\":[\"read\"]}}}").root),
            "path = {\n  \"a/*\" = {\n    capabilities = [\"read\"]\n  }\n}\n");
}

TEST(Hcl, ParseAfterPrintIsTheSame) {
  expect_round_trip("");
  expect_round_trip("# only a comment\n\n# and one more");
  expect_round_trip("a = 1 # x\n# lead\nb = [1, # one\n 2 /* two */, # last\n # tail\n]\n");
  expect_round_trip("a /* odd */ \"b\" /* place */ { # in\n } # after\n// end");
  expect_round_trip("a = <<EOF\nx\n\"y\"\nEOF\nb = [<<X\nq\nX\n, 2]\n");
  expect_round_trip("a = <<X\nEOF\nX\n");
  expect_round_trip("\"a b\" = \"\\t\\\\\\\"\\u0001\"\n\"\" = .5\n\"true\" { false-ish = -0x1 }\n");
  expect_round_trip("a = [{b = 1, c = [[]]}, {}]\n/* multi\n   line */ d = 1 /* e\n*/ f = 2");
  expect_round_trip("{\"a\": [{\"b c\": 1.50}, []], \"\": \"\\u0000\"}");
}

}  // namespace
}  // namespace coffer::policy::hcl
