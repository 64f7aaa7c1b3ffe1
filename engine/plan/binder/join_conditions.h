#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/binder/relation_layout.h"
#include "engine/plan/binder/scope.h"

namespace velo::plan {

/// The relations on the left of a join; on the right is one.
struct JoinSides {
  std::vector<int> left;
  int right = -1;
};

/// Which sides an expression over scope places reads.
struct SidesRead {
  bool left = false, right = false;
  bool other = false;  ///< Something that is no column of either side.
};
SidesRead ReadSides(const BoundExpression& expression, const Scope& scope, const JoinSides& sides);

/// Limits on `right time - left time` in milliseconds, both inclusive, as far as the conditions give them.
struct TimeLimits {
  std::optional<int64_t> lower, upper;
  BoundExpressionPtr left_time, right_time;  ///< As written, over places; null: the event time of that side.

  bool IsComplete() const { return lower.has_value() && upper.has_value(); }
  bool IsEmpty() const { return IsComplete() && *lower > *upper; }
  void Intersect(int64_t from, int64_t to);
};

/// The conditions of a join, taken apart. All expressions are over scope places.
struct JoinConditions {
  std::vector<std::pair<BoundExpressionPtr, BoundExpressionPtr>> keys;  ///< Left and right, of one type.
  TimeLimits limits;
  std::vector<BoundExpressionPtr> time_conditions;  ///< What `limits` was read from.
  std::vector<BoundExpressionPtr> residual;
};

/// Takes conditions apart: equalities of both sides, distances of two times, and what is left.
JoinConditions SplitConditions(const std::vector<BoundExpressionPtr>& conditions, const Scope& scope,
                               const JoinSides& sides);

}  // namespace velo::plan
