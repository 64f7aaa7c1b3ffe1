#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/connector.h"
#include "engine/io/field_roles.h"
#include "engine/io/memory_source.h"
#include "engine/io/schema_report.h"

namespace velo {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<arrow::Array> Texts(const std::vector<std::optional<std::string>>& values) {
  arrow::StringBuilder builder;
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return *builder.Finish();
}

std::shared_ptr<arrow::Array> Integers(const std::vector<std::optional<int64_t>>& values) {
  arrow::Int64Builder builder;
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return *builder.Finish();
}

SchemaReport Describe(const Schema& schema, arrow::ArrayVector columns) {
  const int64_t rows = columns[0]->length();
  auto report = DescribeSample(*arrow::RecordBatch::Make(schema.ToArrow(), rows, std::move(columns)), schema);
  EXPECT_TRUE(report.ok());
  return report.TakeValue();
}

TEST(DescribeSample, CountsNullsDistinctValuesAndRange) {
  const SchemaReport report = Describe(Schema{{{"symbol", TypeKind::kString}, {"volume", TypeKind::kInteger}}},
                                       {Texts({"AAPL", "MSFT", "AAPL", std::nullopt}), Integers({30, -5, 30, 7})});
  const FieldReport& symbol = report.fields.at(0);
  EXPECT_TRUE(symbol.nullable);
  EXPECT_DOUBLE_EQ(symbol.null_ratio, 0.25);
  EXPECT_EQ(symbol.distinct, 2);
  EXPECT_THAT(symbol.examples, ElementsAre("AAPL", "MSFT"));
  EXPECT_EQ(symbol.min, "AAPL");
  EXPECT_THAT(symbol.roles, ElementsAre("symbol"));
  const FieldReport& volume = report.fields.at(1);
  EXPECT_EQ(volume.min, "-5");
  EXPECT_EQ(volume.max, "30");
  EXPECT_THAT(volume.roles, ElementsAre("quantity"));
  EXPECT_FALSE(volume.nullable);
  EXPECT_THAT(report.key_candidates, ElementsAre("symbol"));
  EXPECT_EQ(report.sample_value, R"({"symbol":"AAPL","volume":30})");
}

TEST(DescribeSample, CanHaveNoRows) {
  const SchemaReport report = Describe(Schema{{{"a", TypeKind::kString}}}, {Texts({})});
  EXPECT_EQ(report.records_sampled, 0);
  EXPECT_EQ(report.fields.at(0).confidence, 0);
  EXPECT_THAT(report.event_time_candidates, IsEmpty());
}

TEST(DescribeSample, FindsEventTimes) {
  const Schema schema{{{"note", TypeKind::kString},
                       {"seen", TypeKind::kString},
                       {"created_at", TypeKind::kInteger},
                       {"count", TypeKind::kInteger}}};
  const SchemaReport report =
      Describe(schema, {Texts({"x", "2026-02-16T10:30:00Z"}), Texts({"2026-02-16T10:30:00Z", "2026-02-16 10:31:00"}),
                        Integers({1'771'237'800'000, 1'771'237'801'000}), Integers({1'771'237'800, 1'771'237'801})});
  ASSERT_EQ(report.event_time_candidates.size(), 2u);
  EXPECT_EQ(report.event_time_candidates[0].field, "seen");
  EXPECT_EQ(report.event_time_candidates[0].format, "iso8601");
  EXPECT_EQ(report.event_time_candidates[1].field, "created_at");
  EXPECT_EQ(report.event_time_candidates[1].format, "epoch_millis");
}

TEST(DescribeSample, FewValuesMakeAnEnum) {
  const SchemaReport report = Describe(Schema{{{"side", TypeKind::kString}, {"id", TypeKind::kString}}},
                                       {Texts({"BUY", "SELL", "BUY", "SELL"}), Texts({"a", "b", "c", "d"})});
  EXPECT_TRUE(report.fields[0].enum_candidate);
  EXPECT_FALSE(report.fields[1].enum_candidate);
}

TEST(FieldRoles, SplitsNamesIntoWords) {
  EXPECT_EQ(NormalizeFieldName("TradePrice"), "trade_price");
  EXPECT_EQ(NormalizeFieldName("HTTPStatus"), "http_status");
  EXPECT_EQ(NormalizeFieldName("US Gross"), "us_gross");
  EXPECT_EQ(NormalizeFieldName("__x--y__"), "x_y");
}

TEST(FieldRoles, NeedTheRightType) {
  EXPECT_THAT(GuessRoles("execution_price", TypeKind::kFloat), ElementsAre("price"));
  EXPECT_THAT(GuessRoles("price", TypeKind::kString), IsEmpty());
  EXPECT_THAT(GuessRoles("customer_id", TypeKind::kString), ElementsAre("user", "id"));
  EXPECT_THAT(GuessRoles("lat", TypeKind::kFloat), ElementsAre("latitude"));
}

TEST(UriScheme, IsLowerCaseAndChecked) {
  EXPECT_EQ(UriScheme("FILE:///a"), "file");
  EXPECT_EQ(UriScheme("topic://trades"), "topic");
  EXPECT_EQ(UriScheme("/a/b"), "");
  EXPECT_EQ(UriScheme("a b://x"), "");
  EXPECT_EQ(UriScheme("://x"), "");
}

TEST(MemorySource, ReadsPartitionsWithSystemColumns) {
  const Schema schema{{{"v", TypeKind::kInteger}}};
  auto rows = arrow::RecordBatch::Make(schema.ToArrow(), 5, {Integers({1, 2, 3, 4, 5})});
  auto source = MakeMemorySource("m", schema, SplitIntoPartitions(rows, 2, 2));
  auto readers = source->OpenReaders({.columns = {"v", "_offset", "_topic"}, .batch_rows = 10});
  ASSERT_TRUE(readers.ok());
  ASSERT_EQ(readers->size(), 2u);
  auto values = [](PartitionReader& reader) {
    std::vector<int64_t> all;
    for (auto outcome = reader.Read(); outcome.ok() && outcome->state == ReadOutcome::State::kRows;
         outcome = reader.Read()) {
      const auto& column = static_cast<const arrow::Int64Array&>(*outcome->batch.columns->column(0));
      for (int64_t i = 0; i < column.length(); ++i) all.push_back(column.Value(i));
    }
    return all;
  };
  EXPECT_THAT(values(*readers->at(0)), ElementsAre(1, 2, 5));
  EXPECT_THAT(values(*readers->at(1)), ElementsAre(3, 4));
  EXPECT_EQ(readers->at(0)->Position(), "3");
  ASSERT_TRUE(readers->at(0)->Seek("2").ok());
  EXPECT_THAT(values(*readers->at(0)), ElementsAre(5));
  EXPECT_FALSE(readers->at(0)->Seek("x").ok());
}

TEST(MemorySource, RefusesUnknownColumns) {
  const Schema schema{{{"v", TypeKind::kInteger}}};
  auto rows = arrow::RecordBatch::Make(schema.ToArrow(), 1, {Integers({1})});
  auto source = MakeMemorySource("m", schema, {{rows}});
  auto readers = source->OpenReaders({.columns = {"w"}});
  EXPECT_EQ(readers->front()->Read().status().error().code, "E2102");
}

}  // namespace
}  // namespace velo
