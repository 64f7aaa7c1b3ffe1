#include "engine/exec/ordered_output.h"

#include <gtest/gtest.h>

#include "engine/exec/dictionary_columns.h"

namespace velo::exec {
namespace {

Batch Numbers(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  const auto schema = arrow::schema({arrow::field("n", arrow::int64())});
  return {arrow::RecordBatch::Make(schema, static_cast<int64_t>(values.size()), {*builder.Finish()}), {}};
}

class Collector : public Port {
 public:
  Status Rows(const Batch& batch) override {
    const auto& values = static_cast<const arrow::Int64Array&>(*batch.columns->column(0));
    for (int64_t i = 0; i < values.length(); ++i) seen.push_back(values.Value(i));
    return Status::OK();
  }
  Status Watermark(EventMillis) override { return Status::OK(); }
  Status End() override { return Status::OK(); }

  std::vector<int64_t> seen;
};

TEST(OrderedOutput, GivesRowsOutInTheOrderOfThePartitions) {
  Collector sink;
  int progress = 0;
  OrderedOutput output(&sink, 3, [&progress] { ++progress; });
  ASSERT_TRUE(output.Rows(1, Numbers({10, 11})).ok());
  ASSERT_TRUE(output.Rows(0, Numbers({0})).ok());
  ASSERT_TRUE(output.Rows(2, Numbers({20})).ok());
  EXPECT_EQ(sink.seen, (std::vector<int64_t>{0}));
  ASSERT_TRUE(output.PartitionEnd(1).ok());
  EXPECT_EQ(progress, 0);
  ASSERT_TRUE(output.Rows(0, Numbers({1})).ok());
  ASSERT_TRUE(output.PartitionEnd(0).ok());
  EXPECT_EQ(progress, 1);
  EXPECT_EQ(sink.seen, (std::vector<int64_t>{0, 1, 10, 11, 20}));
  ASSERT_TRUE(output.Rows(2, Numbers({21})).ok());
  EXPECT_EQ(sink.seen.back(), 21);
}

TEST(OrderedOutput, LetsOnlyThoseAheadWaitWhenMuchIsHeld) {
  Collector sink;
  OrderedOutput output(&sink, 2, [] {});
  const Batch large = Numbers(std::vector<int64_t>(1 << 20, 7));
  while (!output.MustWait(1)) ASSERT_TRUE(output.Rows(1, large).ok());
  EXPECT_FALSE(output.MustWait(0));
  ASSERT_TRUE(output.PartitionEnd(0).ok());
  EXPECT_FALSE(output.MustWait(1));
}

TEST(DecodeDictionaries, PutsTextsInPlaceOfCodes) {
  arrow::StringDictionary32Builder codes;
  arrow::StringBuilder texts;
  for (const char* text : {"b", "a", "b"}) EXPECT_TRUE(codes.Append(text).ok() && texts.Append(text).ok());
  EXPECT_TRUE(codes.AppendNull().ok() && texts.AppendNull().ok());
  const auto schema = arrow::schema({arrow::field("s", arrow::utf8())});
  const Batch decoded = *DecodeDictionaries({arrow::RecordBatch::Make(schema, 4, {*codes.Finish()}), {}});
  EXPECT_TRUE(decoded.columns->column(0)->Equals(*texts.Finish()));
}

}  // namespace
}  // namespace velo::exec
