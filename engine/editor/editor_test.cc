#include <gtest/gtest.h>

#include <algorithm>

#include "engine/editor/completion.h"
#include "engine/editor/hover.h"
#include "engine/editor/signature.h"
#include "engine/plan/plan_fixture.h"

namespace velo::editor {
namespace {

/// A text with "|" where the cursor stands.
class At {
 public:
  explicit At(std::string text) : text_(std::move(text)) {
    FillTestCatalog(&catalog_);
    const size_t cursor = text_.find('|');
    text_.erase(cursor, 1);
    request_ = {text_, static_cast<int32_t>(cursor), &catalog_, &BuiltinFunctions()};
  }
  const EditorRequest& request() const { return request_; }
  At& WithFiles(std::vector<std::string> files) {
    request_.list_files = [files](std::string_view) { return files; };
    return *this;
  }

  std::vector<std::string> Texts(size_t limit = 50) const {
    std::vector<std::string> texts;
    for (const Completion& item : Complete(request_, limit)) texts.push_back(item.text);
    return texts;
  }
  bool Offers(const std::string& text) const {
    const std::vector<std::string> texts = Texts(500);
    return std::find(texts.begin(), texts.end(), text) != texts.end();
  }
  std::string First() const {
    const std::vector<std::string> texts = Texts(1);
    return texts.empty() ? "" : texts[0];
  }
  /// The text after the best ghost text has been taken.
  std::string Ghost() const {
    const std::vector<Completion> items = CompleteInline(request_);
    if (items.empty()) return "";
    std::string text = text_;
    text.replace(items[0].replace.offset, items[0].replace.length, items[0].text);
    return text;
  }

 private:
  MemoryCatalog catalog_;
  std::string text_;
  EditorRequest request_;
};

TEST(Complete, ColumnsOfTheRelationsInScopeComeFirst) {
  EXPECT_EQ(At("SELECT pr| FROM trades").First(), "price");
  EXPECT_TRUE(At("SELECT | FROM trades").Offers("symbol"));
  EXPECT_FALSE(At("SELECT | FROM trades").Offers("bid"));
  EXPECT_EQ(At("SELECT symbol FROM trades WHERE vol|").First(), "volume");
  EXPECT_EQ(At("SELECT * FROM price-movements WHERE ch|").First(), "change");
}

TEST(Complete, QualifiersChooseTheRelation) {
  EXPECT_EQ(At("SELECT q.| FROM trades t JOIN quotes q ON t.symbol = q.symbol").Texts(4),
            (std::vector<std::string>{"ask", "bid", "qts", "symbol"}));
  EXPECT_EQ(At("SELECT address.c| FROM orders").First(), "city");
}

TEST(Complete, WorksInBrokenText) {
  EXPECT_TRUE(At("SELECT symbol, AVG(| FROM trades GROUP").Offers("price"));
  EXPECT_TRUE(At("SELECT FROM trades WHERE price > AND |").Offers("volume"));
  EXPECT_TRUE(At("|").Offers("SELECT"));
  At("((((|").Texts();
  At("SELECT 'abc|").Texts();
  At("-- |").Texts();
  At(";;;|").Texts();
}

TEST(Complete, RelationsFollowFrom) {
  EXPECT_TRUE(At("SELECT * FROM |").Offers("trades"));
  EXPECT_TRUE(At("SELECT * FROM |").Offers("price-movements"));
  EXPECT_EQ(At("SELECT * FROM quo|").First(), "quotes");
  EXPECT_TRUE(At("WITH big AS (SELECT symbol FROM trades) SELECT * FROM |").Offers("big"));
  EXPECT_TRUE(At("CREATE STREAM mine AS SELECT symbol FROM trades;\nSELECT * FROM |").Offers("mine"));
}

TEST(Complete, SeesColumnsOfCommonTablesSubqueriesAndEarlierStatements) {
  EXPECT_TRUE(At("WITH big AS (SELECT symbol AS s FROM trades) SELECT | FROM big").Offers("s"));
  EXPECT_TRUE(At("SELECT | FROM (SELECT price AS p FROM trades) x").Offers("p"));
  EXPECT_TRUE(At("CREATE STREAM mine AS SELECT symbol AS m FROM trades;\nSELECT | FROM mine").Offers("m"));
  EXPECT_TRUE(At("SELECT a FROM (SELECT pri| FROM trades)").Offers("price"));
}

TEST(Complete, ValuesSeenInTheComparedColumn) {
  EXPECT_EQ(At("SELECT * FROM trades WHERE symbol = |").Texts(2), (std::vector<std::string>{"'AAPL'", "'MSFT'"}));
  EXPECT_EQ(At("SELECT * FROM trades WHERE side = 'S|'").First(), "'SELL'");
  EXPECT_TRUE(At("SELECT * FROM trades WHERE symbol IN ('AAPL', |").Offers("'MSFT'"));
}

TEST(Complete, ClausesFollowTheirPlace) {
  EXPECT_TRUE(At("SELECT symbol FROM trades |").Offers("WHERE"));
  EXPECT_TRUE(At("SELECT symbol FROM trades GROUP BY symbol |").Offers("HAVING"));
  EXPECT_FALSE(At("SELECT symbol FROM trades GROUP BY symbol |").Offers("WHERE"));
  EXPECT_EQ(At("SELECT symbol FROM trades EMIT |").Texts(2), (std::vector<std::string>{"CHANGES", "FINAL"}));
  EXPECT_EQ(At("SELECT symbol, COUNT(*) FROM trades GROUP BY symbol WINDOW |").First(),
            "TUMBLING(INTERVAL '5' MINUTE)");
  EXPECT_EQ(At("SELECT symbol, COUNT(*) AS n FROM trades GROUP BY |").First(), "symbol");
  EXPECT_EQ(At("SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol HAVING |").First(), "n");
  EXPECT_EQ(At("SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol ORDER BY |").First(), "n");
}

TEST(Complete, PropertiesAndAnnotations) {
  EXPECT_TRUE(At("SELECT * FROM trades WITH (|").Offers("'event.time.field' = "));
  EXPECT_TRUE(At("SELECT * FROM trades WITH ('watermark.strategy' = |").Offers("'bounded_out_of_orderness'"));
  EXPECT_TRUE(At("SELECT * FROM trades WITH ('event.time.field' = |").Offers("'timestamp'"));
  EXPECT_EQ(At("-- @metric_t|\nSELECT 1").First(), "metric_type: ");
  EXPECT_EQ(At("-- @metric_type: g|\nSELECT 1").First(), "gauge");
}

TEST(Complete, ArgumentsOfTheRightTypeComeFirst) {
  EXPECT_EQ(At("SELECT SUM(| FROM orders").First(), "id");
  EXPECT_EQ(At("SELECT SQRT(| FROM orders").First(), "id");
  EXPECT_EQ(At("SELECT ROUND(SUM(| FROM orders").First(), "id");
  const std::vector<std::string> numbers = At("SELECT * FROM trades WHERE price > |").Texts(500);
  const auto place = [&](std::string_view name) { return std::find(numbers.begin(), numbers.end(), name); };
  ASSERT_NE(place("ABS("), numbers.end());
  EXPECT_LT(place("SQRT("), place("CONCAT("));
  EXPECT_LT(place("WIDTH_BUCKET("), place("LOWER("));
}

TEST(Complete, WorksWhereTheTextIsBroken) {
  EXPECT_TRUE(At("SELECT t.| FROM trades t JOIN quotes q ON").Offers("price"));
  EXPECT_TRUE(At("SELECT a.symbol FROM trades a WHERE a.| GROUP a.symbol").Offers("volume"));
  EXPECT_TRUE(At("WITH x AS (SELECT symbol AS s, price FROM trades WHERE) SELECT | FROM x").Offers("s"));
  EXPECT_TRUE(At("SELECT symbol, FROM trades WHERE | AND price >").Offers("side"));
  EXPECT_TRUE(At("SELECT SUM(price OVER (PARTITION BY | FROM trades").Offers("symbol"));
  EXPECT_TRUE(At("CREATE STREAM s AS SELECT symbol FROM trades WITH ('s.type' = |").Offers("'file_sink'"));
  EXPECT_TRUE(At("SELECT * FROM trades WITH ('trades.watermark.strategy' = 'asc|').").Offers("'ascending'"));
  EXPECT_FALSE(At("SELECT * FROM trades t JOIN (SELECT 1 FROM quotes q WHERE q.symbol = t.|)").Offers("side"));
  EXPECT_TRUE(
      At("SELECT * FROM trades t WHERE price > (SELECT MAX(bid) FROM quotes q WHERE q.symbol = |)").Offers("t.symbol"));
  EXPECT_TRUE(At("SELECT * FROM trades t WHERE EXISTS (SELECT 1 FROM quotes q WHERE q.symbol = t.|)").Offers("side"));
}

TEST(Complete, FilesOfAStartedAddress) {
  const std::vector<std::string> files = {"file:///data/orders.csv", "file:///data/old/"};
  EXPECT_EQ(At("SELECT * FROM file:///data/o|").WithFiles(files).Texts(2),
            (std::vector<std::string>{"file:///data/old/", "file:///data/orders.csv"}));
  EXPECT_EQ(At("SELECT * FROM 'file:///data/or|").WithFiles(files).First(), "'file:///data/orders.csv'");
  EXPECT_FALSE(At("SELECT * FROM file:///data/o|").Offers("file:///data/orders.csv"));
}

TEST(Complete, ReplacesTheStartedWord) {
  const At at("SELECT pri| FROM trades");
  const std::vector<Completion> items = Complete(at.request());
  ASSERT_FALSE(items.empty());
  EXPECT_EQ(items[0].replace, (SourceSpan{7, 3}));
  EXPECT_EQ(items[0].kind, CompletionKind::kColumn);
  EXPECT_EQ(items[0].detail, "FLOAT");
  EXPECT_EQ(CompletionKindName(items[0].kind), "column");
}

TEST(CompleteInline, ContinuesTheWayMostPeopleWould) {
  EXPECT_EQ(At("SELECT symbol, COUNT(*) FROM trades GROUP BY symbol WINDOW |").Ghost(),
            "SELECT symbol, COUNT(*) FROM trades GROUP BY symbol WINDOW TUMBLING(INTERVAL '5' MINUTE)");
  EXPECT_EQ(At("SELECT COUNT(*) FROM trades WINDOW TUMBLING(|").Ghost(),
            "SELECT COUNT(*) FROM trades WINDOW TUMBLING(INTERVAL '5' MINUTE)");
  EXPECT_EQ(At("SELECT symbol, AVG(price) FROM trades |").Ghost(),
            "SELECT symbol, AVG(price) FROM trades GROUP BY symbol");
  EXPECT_EQ(At("SELECT symbol, AVG(price) FROM trades GROUP BY |").Ghost(),
            "SELECT symbol, AVG(price) FROM trades GROUP BY symbol");
  EXPECT_EQ(At("SELECT symbol, AVG(price) AS p FROM trades GROUP BY symbol ORDER BY |").Ghost(),
            "SELECT symbol, AVG(price) AS p FROM trades GROUP BY symbol ORDER BY p DESC LIMIT 10");
  EXPECT_EQ(At("SELECT * FROM trades EMIT |").Ghost(), "SELECT * FROM trades EMIT CHANGES");
  EXPECT_EQ(At("SELECT * FROM tra|").Ghost(), "SELECT * FROM trades");
  EXPECT_EQ(At("SELECT 'abc|").Ghost(), "");
}

TEST(Hover, TellsWhatANameIs) {
  const std::optional<Hover> column = HoverAt(At("SELECT pr|ice FROM trades").request());
  ASSERT_TRUE(column.has_value());
  EXPECT_EQ(column->kind, "column");
  EXPECT_EQ(column->range, (SourceSpan{7, 5}));
  EXPECT_NE(column->text.find("FLOAT"), std::string::npos);
  const std::optional<Hover> value = HoverAt(At("SELECT sy|mbol FROM trades").request());
  EXPECT_NE(value->text.find("AAPL"), std::string::npos);
  EXPECT_EQ(HoverAt(At("SELECT A|VG(price) FROM trades").request())->kind, "function");
  EXPECT_EQ(HoverAt(At("SELECT price FROM tra|des").request())->kind, "table");
  EXPECT_EQ(HoverAt(At("SELECT COUNT(*) FROM trades WINDOW TUM|BLING(5m)").request())->kind, "keyword");
  EXPECT_EQ(HoverAt(At("-- @met|ric: x\nSELECT 1").request())->kind, "annotation");
  EXPECT_FALSE(HoverAt(At("SELECT 1|2 FROM trades").request()).has_value());
  EXPECT_FALSE(HoverAt(At("|").request()).has_value());
}

TEST(Signature, FollowsTheArgument) {
  const std::optional<SignatureHelp> help = SignatureAt(At("SELECT REPLACE(symbol, 'a', |").request());
  ASSERT_TRUE(help.has_value());
  EXPECT_EQ(help->parameter, 2);
  EXPECT_EQ(help->signatures[0].parameters.size(), 3u);
  EXPECT_TRUE(SignatureAt(At("SELECT COUNT(*) FROM trades WINDOW TUMBLING(|").request()).has_value());
  EXPECT_FALSE(SignatureAt(At("SELECT symbol |FROM trades").request()).has_value());
}

}  // namespace
}  // namespace velo::editor
