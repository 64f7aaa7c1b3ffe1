#pragma once

#include <functional>
#include <map>
#include <vector>

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/binder/scope.h"
#include "engine/plan/nodes/over_node.h"

namespace velo::plan {

/// The OVER clause of one call, bound, before it is known which other calls share it.
struct OverWindow {
  std::vector<BoundExpressionPtr> partition_by;
  std::vector<SortKey> order_by;
  OverFrame frame;
  int64_t buffer_rows = -1;
  int64_t buffer_ms = -1;
  int64_t expire_ms = -1;
  bool emit_on_full = false;
  bool per_emission = false;
  SourceSpan span;
};

/// The row windows of one SELECT while it is being bound (dialect 4.10). Results of OVER calls are places like those of
/// the input or of the grouping; Build() puts one OverNode per different window above `input` and says where the places
/// ended up.
class OverStage {
 public:
  /// The rows that OVER looks at are final rows that come in emissions: a closed window, or the end of the input.
  bool final_rows = false;
  /// Tells whether an expression over the rows below OVER reads a bound of their time window.
  std::function<bool(const BoundExpression&)> reads_window_bound;
  /// Makes the place for one more result.
  std::function<int(const OverCall&)> add_place;

  bool empty() const { return windows_.empty(); }
  /// Returns the place of the call's result; equal calls over equal windows share one.
  int Add(OverWindow window, OverCall call);
  /// Whether the expression reads the result of an OVER call.
  bool Reads(const BoundExpression& expression) const;
  PlanNodePtr Build(const PlanNodePtr& input, int64_t max_partitions, std::vector<int>* mapping) const;

 private:
  struct Pending {
    OverWindow window;
    int level = 0;  ///< Windows that read results of others stand above them.
    std::vector<OverCall> calls;
    std::vector<int> places;
  };
  int LevelOf(const OverWindow& window, const OverCall& call) const;

  std::vector<Pending> windows_;
  std::map<int, int> levels_;  ///< Level of each place that is the result of an OVER call.
};

/// A positive limit set by a property of the statement or of the first relation (row_window.max_rows ...).
int64_t RowWindowLimit(const BindingContext& context, const Scope& scope, std::string_view key, int64_t fallback);
/// Whether the rows of a plan are final results of a grouping or window rather than changes on the way to them.
bool GivesFinalRows(const PlanNode& plan);
/// Whether column `column` of the plan's output is a bound of the time window below.
bool IsWindowBound(const PlanNode& plan, int column);

}  // namespace velo::plan
