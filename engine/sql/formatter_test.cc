#include <gtest/gtest.h>

#include "engine/sql/parser.h"
#include "engine/sql/printer.h"

namespace velo::sql {
namespace {

std::string Format(std::string_view text, const PrintOptions& options = {}) {
  Diagnostics diagnostics;
  const std::string once = FormatScript(text, options, &diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << text;
  EXPECT_EQ(FormatScript(once, options, &diagnostics), once) << "not idempotent: " << text;
  Diagnostics ignored;
  const Script before = ParseScript(text, &ignored);
  const Script after = ParseScript(once, &ignored);
  EXPECT_EQ(before.comments.size(), after.comments.size()) << once;
  EXPECT_EQ(before.statements.size(), after.statements.size()) << once;
  for (size_t i = 0; i < std::min(before.statements.size(), after.statements.size()); ++i) {
    EXPECT_TRUE(SameStatement(*before.statements[i], *after.statements[i])) << once;
  }
  return once;
}

TEST(FormatScript, LaysOutAQuery) {
  EXPECT_EQ(
      Format("select symbol, AVG(price) as avg_price from trades window tumbling(5m) group by symbol emit changes"),
      "SELECT symbol,\n       AVG(price) AS avg_price\nFROM trades\nGROUP BY symbol\n"
      "WINDOW TUMBLING(INTERVAL '5' MINUTE)\nEMIT CHANGES");
}

TEST(FormatScript, KeepsAnnotationsAboveTheirStatement) {
  EXPECT_EQ(
      Format("-- @name: a\n--   @metric: m   \n\n\n\n-- plain\nselect 1;\n\n\n-- @name: b\nselect 2 ;\n-- the end\n"),
      "-- @name: a\n--   @metric: m\n\n-- plain\nSELECT 1;\n\n-- @name: b\nSELECT 2;\n\n-- the end\n");
}

TEST(FormatScript, SeparatesStatementsByOneBlankLine) {
  EXPECT_EQ(Format("SELECT 1; SELECT 2;SELECT 3"), "SELECT 1;\n\nSELECT 2;\n\nSELECT 3");
  EXPECT_EQ(Format("SELECT 1 ;\n\n\n\n"), "SELECT 1;\n");
}

TEST(FormatScript, KeepsCommentsBesideTheirTokens) {
  EXPECT_EQ(
      Format("SELECT a, -- first\n b -- second\nFROM t -- the table\n-- only some\nWHERE a > 1 /* inline */ AND b < 2"),
      "SELECT a, -- first\n       b -- second\nFROM t -- the table\n-- only some\nWHERE a > 1 /* inline */ AND b < 2");
  EXPECT_EQ(Format("SELECT SUM(a) AS s -- total\n, b FROM t"), "SELECT SUM(a) AS s, -- total\n       b\nFROM t");
  EXPECT_EQ(Format("select a from t where -- why\n a in (1, /* one */ 2) emit changes -- end\n;"),
            "SELECT a\nFROM t\nWHERE -- why\n  a IN (1, /* one */ 2)\nEMIT CHANGES; -- end");
}

TEST(FormatScript, MovesCommentsWithReorderedClauses) {
  EXPECT_EQ(Format("SELECT a FROM t EMIT CHANGES -- now\nLIMIT 5 -- few\n"),
            "SELECT a\nFROM t\nLIMIT 5\nEMIT CHANGES -- now\n-- few\n");
}

TEST(FormatScript, TurnsBareAnnotationsIntoComments) {
  EXPECT_EQ(Format("@name: x\nselect 1"), "-- @name: x\nSELECT 1");
}

TEST(FormatScript, KeepsBlockCommentsOfSeveralLines) {
  EXPECT_EQ(Format("/* one\n   two */\nselect a from t"), "/* one\n   two */\nSELECT a\nFROM t");
}

TEST(FormatScript, LeavesWrongTextAlone) {
  Diagnostics diagnostics;
  const std::string text = "select  a   from\n where";
  EXPECT_EQ(FormatScript(text, {}, &diagnostics), text);
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(FormatScript, FollowsTheOptions) {
  EXPECT_EQ(Format("SELECT a, SUM(b) FROM t WHERE a IS NOT NULL GROUP BY a", {100, true, false}),
            "select a,\n       SUM(b)\nfrom t\nwhere a is not null\ngroup by a");
  EXPECT_EQ(Format("SELECT a,\n SUM(b)\nFROM t", {100, false, true}), "SELECT a, SUM(b) FROM t");
  EXPECT_EQ(Format("SELECT a, -- x\n SUM(b)\nFROM t", {100, false, true}), "SELECT a, -- x\n       SUM(b) FROM t");
}

}  // namespace
}  // namespace velo::sql
