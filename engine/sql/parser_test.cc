#include "engine/sql/parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "engine/sql/printer.h"
#include "engine/sql/tokens.h"

namespace velo::sql {
namespace {

Script Parse(std::string_view sql) {
  Diagnostics diagnostics;
  Script script = ParseScript(sql, &diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << sql << ": " << diagnostics.items().front().message;
  return script;
}

const Query& QueryOf(const Script& script) {
  return *static_cast<const QueryStatement&>(*script.statements.at(0)).query;
}

std::string FirstCode(std::string_view sql) {
  Diagnostics diagnostics;
  ParseScript(sql, &diagnostics);
  return diagnostics.items().empty() ? "" : diagnostics.items().front().code;
}

std::string FixedText(std::string_view sql) {
  Diagnostics diagnostics;
  ParseScript(sql, &diagnostics);
  if (diagnostics.items().empty() || diagnostics.items().front().fixes.empty()) return "no fix";
  std::string out(sql);
  std::vector<TextEdit> edits = diagnostics.items().front().fixes.front().edits;
  std::sort(edits.begin(), edits.end(),
            [](const TextEdit& a, const TextEdit& b) { return a.span.offset > b.span.offset; });
  for (const TextEdit& edit : edits) out.replace(edit.span.offset, edit.span.length, edit.text);
  return out;
}

int64_t Milliseconds(std::string_view text) {
  Duration duration;
  return ParseDuration(text, &duration) ? duration.TotalMilliseconds() : -1;
}

TEST(ParseDuration, ReadsEveryFormOfFiveMinutes) {
  for (const std::string_view text :
       {"5m", "5 m", "5min", "5 MINUTES", "5 minute", "INTERVAL '5' MINUTE", "INTERVAL '5' MINUTES",
        "interval 5 minute", "INTERVAL '5 minutes'", "INTERVAL '5m'", "300", "300s", "0.0833333333333h", " 5 mins ",
        "4 minutes 60 seconds", "INTERVAL '0:05' HOUR TO MINUTE"}) {
    EXPECT_NEAR(static_cast<double>(Milliseconds(text)), 300'000, 1) << text;
  }
}

TEST(ParseDuration, KnowsTheUnits) {
  EXPECT_EQ(Milliseconds("1500us"), 1);
  EXPECT_EQ(Milliseconds("5000000ns"), 5);
  EXPECT_EQ(Milliseconds("2000\u03bcs"), 2);
  EXPECT_EQ(Milliseconds("2000\u00b5s"), 2);
  EXPECT_EQ(Milliseconds("250ms"), 250);
  EXPECT_EQ(Milliseconds("250 MILLIS"), 250);
  EXPECT_EQ(Milliseconds("0.3s"), 300);
  EXPECT_EQ(Milliseconds("1.5h"), 5'400'000);
  EXPECT_EQ(Milliseconds("2 hrs"), 7'200'000);
  EXPECT_EQ(Milliseconds("1d"), 86'400'000);
  EXPECT_EQ(Milliseconds("2 weeks"), 14 * 86'400'000LL);
  EXPECT_EQ(Milliseconds("1 month"), 30 * 86'400'000LL);
  EXPECT_EQ(Milliseconds("1 quarter"), 90 * 86'400'000LL);
  EXPECT_EQ(Milliseconds("INTERVAL '1' YEAR"), 365 * 86'400'000LL);
  EXPECT_EQ(Milliseconds("0s"), 0);
}

TEST(ParseDuration, KeepsMonthsApart) {
  Duration duration;
  ASSERT_TRUE(ParseDuration("1 year 2 months 3 days", &duration));
  EXPECT_EQ(duration.months, 14);
  EXPECT_EQ(duration.milliseconds, 3 * 86'400'000LL);
  ASSERT_TRUE(ParseDuration("-5 minutes", &duration));
  EXPECT_EQ(duration.milliseconds, -300'000);
}

TEST(ParseDuration, RefusesWhatIsNoLength) {
  Duration duration;
  for (const std::string_view text :
       {"", " ", "m", "five minutes", "5x", "5 fortnights", "5m x", "1..5s", "5 5", "INTERVAL", "INTERVAL '5",
        "INTERVAL 'a' MINUTE", "1:30", "INTERVAL '1:2:3' HOUR TO BANANA ", "99999999999999999999999d", "-"}) {
    EXPECT_FALSE(ParseDuration(text, &duration)) << text;
  }
}

TEST(PrintDuration, UsesTheLargestExactUnit) {
  const auto printed = [](std::string_view text) {
    Duration duration;
    EXPECT_TRUE(ParseDuration(text, &duration)) << text;
    return PrintDuration(duration);
  };
  EXPECT_EQ(printed("60s"), "INTERVAL '1' MINUTE");
  EXPECT_EQ(printed("90s"), "INTERVAL '90' SECOND");
  EXPECT_EQ(printed("1500ms"), "INTERVAL '1500' MILLISECOND");
  EXPECT_EQ(printed("24h"), "INTERVAL '1' DAY");
  EXPECT_EQ(printed("0m"), "INTERVAL '0' SECOND");
  EXPECT_EQ(printed("12 months"), "INTERVAL '1' YEAR");
  EXPECT_EQ(printed("1 month 36 hours"), "INTERVAL '1 MONTH 36 HOUR'");
  EXPECT_EQ(printed("-5m"), "INTERVAL '-5' MINUTE");
}

TEST(ParseScript, ReportsTextWithoutSql) {
  for (const std::string_view text : {"", "  \n ", ";", " -- only a comment\n", "/* x */"})
    EXPECT_EQ(FirstCode(text), "E1008") << text;
}

TEST(ParseScript, SkipsAByteOrderMark) {
  const Script script = Parse("\xEF\xBB\xBFSELECT 1");
  EXPECT_EQ(script.spans.at(0), (SourceSpan{3, 8}));
}

TEST(ParseScript, CountsLinesOfEveryKind) {
  const std::string text = "SELECT a\r\nFROM t\rWHERE\nb = ;";
  Diagnostics diagnostics;
  ParseScript(text, &diagnostics);
  ASSERT_EQ(diagnostics.items().size(), 1u);
  const LineColumn place = LineIndex(text).Locate(diagnostics.items()[0].span.offset);
  EXPECT_EQ(place.line, 4);
  EXPECT_EQ(place.column, 5);
}

TEST(ParseScript, KeepsTheUriOfARelationWhole) {
  for (const std::string_view uri :
       {"file:///in/*.csv", "file:///a/**/b?.json", "kafka://h1:9092,h2:9092/orders", "kafka://(a|b-.*)",
        "s3://bucket/{a,b}/x.parquet", "postgres://u:p@db:5432/shop?table=orders&mode=cdc#frag", "kafka+ssl://h/t",
        "file:///a--b.csv", "file:///data/[0-9]*.csv", "file://./rel/x.csv"}) {
    const Script script = Parse(fmt::format("SELECT a FROM {} WHERE b = 1", uri));
    const TableReference& table = QueryOf(script).body.select->from.at(0);
    EXPECT_EQ(table.name, uri);
    EXPECT_TRUE(table.is_uri());
    EXPECT_EQ(table.name_span, (SourceSpan{14, static_cast<int32_t>(uri.size())}));
  }
}

TEST(ParseScript, EndsAUriAtACommaBeforeAnotherRelation) {
  const Script script = Parse("SELECT * FROM file:///a.csv,file:///b.csv, c");
  const auto& from = QueryOf(script).body.select->from;
  ASSERT_EQ(from.size(), 3u);
  EXPECT_EQ(from[0].name, "file:///a.csv");
  EXPECT_EQ(from[1].name, "file:///b.csv");
}

TEST(ParseScript, JoinsHyphenatedNamesOnlyWithoutSpaces) {
  const Script script = Parse("SELECT a-b FROM dead-letter-queue-2024.eu-1 AS x");
  const SelectCore& core = *QueryOf(script).body.select;
  EXPECT_EQ(core.from.at(0).name, "dead-letter-queue-2024.eu-1");
  EXPECT_EQ(core.from.at(0).name_span, (SourceSpan{16, 27}));
  EXPECT_EQ(core.items.at(0).expression->kind, ExpressionKind::kBinary);
  EXPECT_EQ(FirstCode("SELECT a FROM dead -letter"), "E1005");
}

TEST(ParseScript, LeavesOnlyTheUndecidedQuotesToTheBinder) {
  const Script script = Parse(R"(SELECT "a", UPPER("b"), t."c" FROM t WHERE "d" LIKE "e%" GROUP BY "f")");
  const SelectCore& core = *QueryOf(script).body.select;
  const auto quote = [](const Expression& e) { return static_cast<const ColumnReference&>(e).parts.back().quote; };
  EXPECT_EQ(quote(*core.items[0].expression), Identifier::Quote::kBacktick);
  EXPECT_EQ(quote(*static_cast<const Call&>(*core.items[1].expression).arguments[0]), Identifier::Quote::kDouble);
  EXPECT_EQ(quote(*core.items[2].expression), Identifier::Quote::kBacktick);
  const auto& like = static_cast<const Like&>(*core.where);
  EXPECT_EQ(quote(*like.operand), Identifier::Quote::kDouble);
  EXPECT_EQ(like.pattern->kind, ExpressionKind::kLiteral);
  EXPECT_EQ(quote(*core.group_by[0].expression), Identifier::Quote::kBacktick);
}

TEST(ParseScript, NumbersStatementsAndKeepsTheSpansOfWrongOnes) {
  const std::string text = "SELECT 1;\nSELECT FROM t;\n\nSELECT 2 -- end\n;";
  Diagnostics diagnostics;
  const Script script = ParseScript(text, &diagnostics);
  ASSERT_EQ(script.statements.size(), 2u);
  EXPECT_EQ(script.statement_numbers, (std::vector<int32_t>{1, 3}));
  ASSERT_EQ(script.spans.size(), 3u);
  EXPECT_EQ(script.spans[1], (SourceSpan{10, 13}));
  ASSERT_EQ(diagnostics.items().size(), 1u);
  EXPECT_EQ(diagnostics.items()[0].statement, 2);
}

TEST(ParseScript, KeepsAtMostFiftyErrors) {
  std::string text;
  for (int i = 0; i < 80; ++i) text += "SELECT FROM t;\n";
  Diagnostics diagnostics;
  const Script script = ParseScript(text, &diagnostics);
  EXPECT_EQ(diagnostics.items().size(), Diagnostics::kMaxErrors);
  EXPECT_EQ(script.spans.size(), 80u);
  EXPECT_TRUE(script.statements.empty());
}

TEST(ParseScript, OffersFixesThatApply) {
  EXPECT_EQ(FixedText("SELECT symbol AVG(price) FROM t"), "SELECT symbol, AVG(price) FROM t");
  EXPECT_EQ(FixedText("SELECT * FORM trades"), "SELECT * FROM trades");
  EXPECT_EQ(FixedText("SHOW TABELS"), "SHOW TABLES");
  EXPECT_EQ(FixedText("PAUSE audit"), "PAUSE JOB audit");
  EXPECT_EQ(FixedText("SELECT a::INT + 1 FROM t"), "SELECT CAST(a AS INT) + 1 FROM t");
  EXPECT_EQ(FixedText("SELECT a FROM t GROUP BY a WHERE a > 1 EMIT CHANGES"),
            "SELECT a FROM t WHERE a > 1 GROUP BY a EMIT CHANGES");
  EXPECT_EQ(FixedText("SELECT a FROM t EMIT CHANGES GROUP BY a"), "SELECT a FROM t GROUP BY a EMIT CHANGES");
  EXPECT_EQ(FixedText("SELECT a, FROM t"), "SELECT a FROM t");
  EXPECT_EQ(FixedText("SELECT FROM t"), "SELECT * FROM t");
  EXPECT_EQ(FixedText("CREATE STREAM x SELECT 1"), "CREATE STREAM x AS SELECT 1");
  EXPECT_EQ(FixedText("SELECT a FROM t WHERE a && b"), "SELECT a FROM t WHERE a AND b");
  EXPECT_EQ(FixedText("SELECT a FROM t WHERE !a"), "SELECT a FROM t WHERE NOT a");
  EXPECT_EQ(FixedText("SELECT a FROM t EMIT UPDATES"), "SELECT a FROM t EMIT CHANGES");
  EXPECT_EQ(FixedText("SELECT SUM(a) OVER (ROWS WINDOW BUFFER 5) FROM t"),
            "SELECT SUM(a) OVER (ROWS WINDOW BUFFER 5 ROWS) FROM t");
  EXPECT_EQ(FixedText("DEPLOY JOB j AS SELECT 1"), "DEPLOY JOB j VERSION '1.0.0' AS SELECT 1");
  EXPECT_EQ(FixedText("SELECT a\u00a0FROM t"), "SELECT a FROM t");
  EXPECT_EQ(FixedText("SELECT a FROM t SELECT b FROM u"), "SELECT a FROM t; SELECT b FROM u");
  EXPECT_EQ(FixedText("SELECT COUNT(*) FROM t WINDOW TUMBLING(5 MINUTS)"),
            "SELECT COUNT(*) FROM t WINDOW TUMBLING(5 MINUTE)");
}

TEST(ParseScript, AttachesAnnotations) {
  const Script script = Parse(
      "-- @app: shop\n-- @description: the shop\n-- @version: 1.2.0\n\n"
      "-- @name: first -- a remark\n-- @job-mode = 'adaptive'\nSELECT 1 -- @viz: line\n;\n"
      "-- @description: the second\n--     goes on\n-- plain\n-- @phase production\n-- "
      "@observability.metrics.enabled\nSELECT 2;\n"
      "-- @tags: a, b\n");
  const auto find = [&](std::string_view name, size_t nth = 0) {
    for (const Annotation& annotation : script.annotations) {
      if (annotation.name == name && nth-- == 0) return fmt::format("{}|{}", annotation.statement, annotation.value);
    }
    return std::string("none");
  };
  EXPECT_EQ(find("app"), "0|shop");
  EXPECT_EQ(find("description"), "0|the shop");
  EXPECT_EQ(find("version"), "0|1.2.0");
  EXPECT_EQ(find("name"), "1|first");
  EXPECT_EQ(find("job_mode"), "1|adaptive");
  EXPECT_EQ(find("viz"), "1|line");
  EXPECT_EQ(find("description", 1), "2|the second goes on");
  EXPECT_EQ(find("phase"), "0|production");
  EXPECT_EQ(find("observability.metrics.enabled"), "2|true");
  EXPECT_EQ(find("tags"), "0|a, b");
}

TEST(ParseScript, GivesAnnotationValuesTheirPlace) {
  const std::string text = "-- @metric: my-metric\nSELECT 1";
  const Script script = Parse(text);
  ASSERT_EQ(script.annotations.size(), 1u);
  EXPECT_EQ(script.annotations[0].value_span, (SourceSpan{12, 9}));
  EXPECT_EQ(script.annotations[0].name_span, (SourceSpan{4, 6}));
  EXPECT_EQ(script.annotations[0].statement, 1);
}

TEST(ParseExpression, TakesOneExpressionAndNothingElse) {
  Diagnostics diagnostics;
  const ExpressionPtr condition = ParseExpression("volume > 1000 AND symbol != 'X'", &diagnostics);
  ASSERT_NE(condition, nullptr);
  EXPECT_EQ(Print(*condition), "volume > 1000 AND symbol != 'X'");
  for (const std::string_view text : {"", "a >", "a > 1 b", "a; b", "SELECT 1", "a > {x}", "'open"}) {
    Diagnostics wrong;
    EXPECT_EQ(ParseExpression(text, &wrong), nullptr) << text;
    EXPECT_TRUE(wrong.has_errors()) << text;
  }
}

TEST(SameExpression, IgnoresSpellingButNotMeaning) {
  const auto same = [](std::string_view a, std::string_view b) {
    Diagnostics diagnostics;
    return SameExpression(*ParseExpression(a, &diagnostics), *ParseExpression(b, &diagnostics));
  };
  EXPECT_TRUE(same("sum( a+1 )", "SUM((a) + (1))"));
  EXPECT_TRUE(same("5m", "INTERVAL '300' SECOND"));
  EXPECT_TRUE(same("a <> b", "a != b"));
  EXPECT_TRUE(same("CURRENT_DATE", "current_date()"));
  EXPECT_TRUE(same("EXTRACT(HOUR FROM t)", "extract('hour', t)"));
  EXPECT_FALSE(same("a + b", "b + a"));
  EXPECT_FALSE(same("a", "A"));
  EXPECT_FALSE(same("SUM(a)", "SUM(DISTINCT a)"));
  EXPECT_FALSE(same("1", "1.0"));
  EXPECT_FALSE(same("(a + b) * c", "a + b * c"));
  EXPECT_FALSE(same("a IN (SELECT b FROM t)", "a IN (SELECT b FROM u)"));
}

TEST(QuoteRelation, QuotesWhatWouldNotReadBack) {
  EXPECT_EQ(QuoteRelation("price-movements"), "price-movements");
  EXPECT_EQ(QuoteRelation("prod.orders-2024"), "prod.orders-2024");
  EXPECT_EQ(QuoteRelation("all-orders"), "all-orders");
  EXPECT_EQ(QuoteRelation("select"), "`select`");
  EXPECT_EQ(QuoteRelation("a--b"), "`a--b`");
  EXPECT_EQ(QuoteRelation("2024-orders"), "`2024-orders`");
  EXPECT_EQ(QuoteRelation("a b`c"), "`a b``c`");
  EXPECT_EQ(QuoteRelation(""), "``");
  EXPECT_EQ(QuoteRelation("file:///a b.csv"), "'file:///a b.csv'");
  EXPECT_EQ(QuoteIdentifier("price-usd"), "`price-usd`");
  EXPECT_EQ(QuoteIdentifier("order"), "`order`");
  EXPECT_EQ(QuoteIdentifier("timestamp"), "timestamp");
  EXPECT_EQ(QuoteIdentifier("größe"), "größe");
}

TEST(Highlight, TellsKeywordsFromNames) {
  const std::string text =
      "-- @viz: line\nSELECT first, CAST(rows AS INT) /* c */ FROM file:///a/*.csv WINDOW TUMBLING(5m) EMIT CHANGES "
      "WITH ('a' = 1)";
  std::string shown;
  int32_t end = 0;
  for (const HighlightToken& token : Highlight(text)) {
    EXPECT_GE(token.span.offset, end);
    end = token.span.end();
    shown += fmt::format("{}:{} ", text.substr(token.span.offset, token.span.length), HighlightClassName(token.kind));
  }
  EXPECT_EQ(
      shown,
      "-- @viz: line:annotation SELECT:keyword first:identifier ,:operator CAST:function (:operator rows:identifier "
      "AS:keyword "
      "INT:type ):operator /* c */:comment FROM:keyword file:///a/*.csv:uri WINDOW:keyword TUMBLING:keyword (:operator "
      "5m:number "
      "):operator EMIT:keyword CHANGES:keyword WITH:keyword (:operator 'a':string =:operator 1:number ):operator ");
}

TEST(ParseScript, MeasuresALargeApplication) {
  std::string text;
  for (int i = 0; i < 50; ++i) {
    text += fmt::format(
        "-- @name: job-{0}\n-- @metric: m_{0}\nCREATE TABLE out_{0} AS\nSELECT hub PRIMARY KEY, COUNT(*) AS parcels, "
        "MAX(w * 2) AS top\n"
        "FROM scans AS s\nLEFT JOIN hubs AS h ON s.hub = h.hub AND h.region IN ('a', 'b')\nWHERE s.status = 'ARRIVED' "
        "AND w > {0}\n"
        "GROUP BY hub WINDOW TUMBLING(ts, INTERVAL '10' MINUTE)\nEMIT CHANGES\nWITH ('scans.type' = 'kafka_source');\n",
        i);
  }
  const auto start = std::chrono::steady_clock::now();
  const Script script = Parse(text);
  const double milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  EXPECT_EQ(script.statements.size(), 50u);
  EXPECT_EQ(script.annotations.size(), 100u);
  RecordProperty("milliseconds", fmt::format("{:.2f}", milliseconds));
  fmt::print("parsed 500 lines in {:.2f} ms\n", milliseconds);
}

}  // namespace
}  // namespace velo::sql
