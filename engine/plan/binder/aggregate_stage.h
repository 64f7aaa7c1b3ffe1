#pragma once

#include <string>
#include <vector>

#include "engine/plan/nodes/plan_node.h"
#include "engine/sql/ast/query.h"

namespace velo::plan {

/// The grouping of one SELECT while it is being bound. Expressions above the grouping refer to its columns by the
/// places below; Layout() turns places into positions of AggregateNode::output once all calls are known. Places: keys,
/// then window start, window end, then aggregate calls in the order they were met.
class AggregateStage {
 public:
  struct Key {
    const sql::Expression* source = nullptr;  ///< As written (an alias or ordinal is replaced by its item).
    BoundExpressionPtr bound;                 ///< Over the input.
    std::string name;
  };

  void AddKey(Key key) { keys_.push_back(std::move(key)); }
  const std::vector<Key>& keys() const { return keys_; }

  int window_start_place() const { return static_cast<int>(keys_.size()); }
  int window_end_place() const { return static_cast<int>(keys_.size()) + 1; }

  /// Returns the place of a call, adding it unless the same call is there already.
  int AddCall(AggregateCall call, bool nullable);
  const std::vector<AggregateCall>& calls() const { return calls_; }
  bool call_nullable(size_t i) const { return nullable_[i]; }
  /// Returns a place for a value that is computed above the grouping; Layout() leaves it at -1.
  int AddPlace();
  /// Index in calls() of the call at `place`, or -1 for other places.
  int CallAt(int place) const;

  /// Place of the key equal to `expression` as written, or -1.
  int FindKey(const sql::Expression& expression) const;
  /// Place of the key that is the plain input column `column`, or -1.
  int FindKeyColumn(int column) const;

  /// mapping[place] = position in the output of the AggregateNode.
  std::vector<int> Layout(bool windowed) const;

 private:
  std::vector<Key> keys_;
  std::vector<AggregateCall> calls_;
  std::vector<bool> nullable_;
  std::vector<int> slots_;  ///< Per place after the window's end: index in calls_, or -1.
};

/// True when two bound expressions compute the same value from the same columns.
bool SameBound(const BoundExpression& a, const BoundExpression& b);

}  // namespace velo::plan
