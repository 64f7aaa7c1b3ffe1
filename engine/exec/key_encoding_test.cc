#include "engine/exec/key_encoding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace velo::exec {
namespace {

std::vector<int> OrderOf(const OrderPart& part) {
  std::vector<std::string> keys;
  EncodeOrder({&part, 1}, part.values->length(), &keys);
  std::vector<int> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return keys[a] < keys[b]; });
  return order;
}

TEST(EncodeOrder, PutsNumbersInOrderWithNanAboveAllAndNullWhereAsked) {
  arrow::DoubleBuilder builder;
  ASSERT_TRUE(builder.AppendValues({2.5, -1.0, NAN, -300.0, 0.0, INFINITY}).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto values = *builder.Finish();
  EXPECT_EQ(OrderOf({values, false, false}), (std::vector<int>{3, 1, 4, 0, 5, 2, 6}));
  EXPECT_EQ(OrderOf({values, true, true}), (std::vector<int>{6, 2, 5, 0, 4, 1, 3}));
}

TEST(EncodeOrder, ComparesTextByCodePointAlsoWhenOneIsThePrefixOfAnother) {
  arrow::StringBuilder builder;
  const std::string with_zero("a\0b", 3);
  ASSERT_TRUE(builder.AppendValues({"b", "ab", "a", "", with_zero, "Z"}).ok());
  const auto values = *builder.Finish();
  EXPECT_EQ(OrderOf({values, false, false}), (std::vector<int>{3, 5, 2, 4, 1, 0}));
  EXPECT_EQ(OrderOf({values, true, false}), (std::vector<int>{0, 1, 4, 2, 5, 3}));
}

TEST(EncodeOrder, PutsNegativeDecimalsBelowPositiveOnes) {
  arrow::Decimal128Builder builder(arrow::decimal128(38, 2));
  for (const char* text : {"1.00", "-1.00", "-100.00", "0.00", "123456789012345678901234.00"}) {
    ASSERT_TRUE(builder.Append(*arrow::Decimal128::FromString(text)).ok());
  }
  EXPECT_EQ(OrderOf({*builder.Finish(), false, false}), (std::vector<int>{2, 1, 3, 0, 4}));
}

}  // namespace
}  // namespace velo::exec
