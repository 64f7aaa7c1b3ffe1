#include <gtest/gtest.h>

#include "engine/base/clock.h"
#include "engine/base/near_names.h"
#include "engine/base/status.h"

namespace velo {
namespace {

TEST(LineIndex, CountsCodePointsAndAllLineEnds) {
  const std::string_view text = "a\r\nb\xC3\xA9 c\rd\n";
  const LineIndex index(text);
  EXPECT_EQ(index.Locate(3).line, 2);
  EXPECT_EQ(index.Locate(7).column, 4);  // after "b", the two bytes of e-acute and a space
  EXPECT_EQ(index.Line(3), "d");
  EXPECT_EQ(index.Locate(1000).line, 4);
}

TEST(Diagnostic, RendersACaretUnderTheSpan) {
  Diagnostics diagnostics;
  diagnostics.Error("E2102", {11, 5}, "unknown column 'amont' in 'orders'").hint = "columns of orders: id, amount";
  EXPECT_EQ(RenderDiagnostic(diagnostics.items()[0], "SELECT id, amont FROM orders", "orders.sql"),
            "orders.sql:1:12: error[E2102]: unknown column 'amont' in 'orders'\n"
            "  1 | SELECT id, amont FROM orders\n"
            "    |            ^~~~~\n"
            "  hint: columns of orders: id, amount\n");
}

TEST(Diagnostics, StopKeepingErrorsAfterTheLimit) {
  Diagnostics diagnostics;
  for (int i = 0; i < 80; ++i) diagnostics.Error("E1005", {i, 1}, "x");
  EXPECT_EQ(diagnostics.items().size(), Diagnostics::kMaxErrors);
  EXPECT_EQ(diagnostics.error_count(), 80u);
}

TEST(NearNames, PrefersTheNearestAndRefusesFarWords) {
  EXPECT_EQ(NearNames("prise", {"price", "symbol", "prices"}), (std::vector<std::string>{"price", "prices"}));
  EXPECT_EQ(NearNames("id", {"ix", "qty"}), (std::vector<std::string>{"ix"}));
  EXPECT_TRUE(NearNames("amount", {"region"}).empty());
  EXPECT_EQ(EditDistance("tpoics", "topics"), 1);
}

TEST(Clock, FormatsInstantsBeforeAndAfterTheEpoch) {
  EXPECT_EQ(FormatInstant(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatInstant(-1000), "1969-12-31T23:59:59.999Z");
}

Result<int> Half(int value) {
  if (value % 2 != 0) return Status::User("E4002", "odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  VELO_ASSIGN_OR_RETURN(const int half, Half(value));
  return Half(half);
}

TEST(Result, PropagatesTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status().error().code, "E4002");
}

}  // namespace
}  // namespace velo
