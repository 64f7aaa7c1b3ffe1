#include <arrow/scalar.h>

#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/join_binder.h"

// join.type = tumbling | sliding (dialect 4.9): rows meet when they lie in the same window. That is an equality of
// window starts, or a condition on both times, beside a bound on their distance, which says how long rows are kept.

namespace velo::plan {
namespace {

BoundExpressionPtr Length(int64_t milliseconds) {
  return MakeLiteral(std::make_shared<arrow::DurationScalar>(milliseconds, arrow::duration(arrow::TimeUnit::MILLI)),
                     TypeKind::kInterval, fmt::format("{} ms", milliseconds));
}

}  // namespace

void JoinBinder::AddSharedWindow(size_t at, std::string_view type) {
  const JoinStep& step = steps_[at];
  if (type == "session") {
    context_->RefuseToRun("E3090",
                          "Joins of rows of the same session cannot be run in this version; join with WITHIN "
                          "and the gap.");
    return;
  }
  const int64_t size = DurationOf(at, "join.window.size", 0);
  const int64_t advance = type == "tumbling" ? size : DurationOf(at, "join.window.advance", size);
  if (size <= 0 || advance <= 0) {
    context_->diagnostics
        ->Error(size <= 0 ? "E2205" : "E2208", step.span,
                fmt::format("join.type = '{}' needs the length of its windows", type))
        .hint = "add 'join.window.size' = '5m'";
    return;
  }
  const RelationTime left = layout_->DefaultTime(0, step.span);
  const RelationTime right = layout_->DefaultTime(step.relation, step.span);
  if (left.expression == nullptr || right.expression == nullptr) return;
  Settled& settled = settled_[at];
  const auto start_of = [&](const BoundExpressionPtr& time) {
    return Call("TUMBLE_START", {time, Length(advance)}, fmt::format("start of the window of {}", time->text));
  };
  settled.limits.Intersect(1 - size, size - 1);
  if (advance == size) {
    settled.conditions.keys.emplace_back(start_of(left.expression), start_of(right.expression));
    return;
  }
  // The last window that holds the earlier row must hold the later one. A pair in several windows is one row.
  const BoundExpressionPtr earlier = Call("LEAST", {left.expression, right.expression}, "the earlier time");
  const BoundExpressionPtr later = Call("GREATEST", {left.expression, right.expression}, "the later time");
  const BoundExpressionPtr end = Call("+", {start_of(earlier), Length(size)}, "end of their window");
  settled.conditions.residual.push_back(Call(">", {end, later}, "both times lie in one window"));
}

}  // namespace velo::plan
