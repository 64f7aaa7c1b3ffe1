#include <arrow/scalar.h>

#include <algorithm>

#include "engine/plan/binder/predicates.h"
#include "engine/plan/binder/select_binder_internal.h"
#include "engine/plan/parameters.h"
#include "engine/plan/rewrite.h"

namespace velo::plan {
namespace {

using Form = SubqueryNode::Form;

/// Expressions that read only parameters, only columns, or both.
struct Reads {
  bool parameters = false;
  bool columns = false;
};

Reads ReadsOf(const BoundExpression& expression) {
  Reads reads;
  std::vector<int> columns;
  CollectColumns(expression, &columns);
  for (int column : columns) (column < 0 ? reads.parameters : reads.columns) = true;
  return reads;
}

/// Splits `outer = inner` into its sides; false for every other condition.
bool SplitEquality(const BoundExpression& conjunct, BoundExpressionPtr* outer, BoundExpressionPtr* inner) {
  if (conjunct.kind != BoundKind::kCall || conjunct.function->name != "=") return false;
  const SqlType& type = conjunct.argument_types[0];
  if (!(type == conjunct.argument_types[1]) || type.is_nested() || type.kind() == TypeKind::kAny) return false;
  for (size_t side : {0, 1}) {
    *outer = conjunct.arguments[side];
    *inner = conjunct.arguments[1 - side];
    if (!ReadsOf(**outer).columns && !ReadsOf(**inner).parameters) return true;
  }
  return false;
}

}  // namespace

/// Leaves out what does not change the meaning of a subquery, and takes conditions on the outer row out of WHERE where
/// the rest can then be evaluated once for all outer rows.
void SelectBinder::PrepareSubquery() {
  const bool limited = query_.limit.has_value() || query_.offset.value_or(0) > 0;
  ignores_duplicates_ = *needs_.subquery != Form::kScalar && !limited;
  if (!limited) order_by_.clear();
  if (needs_.parameters->empty() || !CanBeTakenApart()) return;
  taken_apart_ = true;
  // EXISTS asks for one row, and every LIMIT but 0 leaves one.
  ignores_limit_ = true;
  std::vector<BoundExpressionPtr> conjuncts, rest;
  SplitConjuncts(where_, &conjuncts);
  for (BoundExpressionPtr& conjunct : conjuncts) {
    CorrelationKey key;
    if (!HasParameters(*conjunct)) {
      rest.push_back(conjunct);
    } else if (SplitEquality(*conjunct, &key.outer, &key.inner)) {
      correlation_keys_.push_back(std::move(key));
    } else {
      residual_.push_back(conjunct);
    }
  }
  where_ = JoinConjuncts(rest, *context_->functions);
  if (aggregated_) GroupByCorrelation();
}

bool SelectBinder::CanBeTakenApart() const {
  const Form form = *needs_.subquery;
  if (from_reads_outer_row_ || where_ == nullptr || window_.has_value() || environment_.unnested != nullptr)
    return false;
  const bool exists_limit = form == Form::kExists && query_.limit.value_or(1) > 0;
  if (query_.offset.value_or(0) > 0 || (query_.limit.has_value() && !exists_limit)) return false;
  if (ReadsOuterRowAboveWhere()) return false;
  std::vector<BoundExpressionPtr> conjuncts;
  SplitConjuncts(where_, &conjuncts);
  bool only_equalities = true;
  BoundExpressionPtr outer, inner;
  for (const BoundExpressionPtr& conjunct : conjuncts) {
    if (HasParameters(*conjunct) && !SplitEquality(*conjunct, &outer, &inner)) only_equalities = false;
  }
  if (!aggregated_) return only_equalities || form != Form::kScalar || !core_.distinct;
  if (!only_equalities) return false;
  if (!stage_.keys().empty()) return true;
  // Without GROUP BY there is a row even where nothing matches; only a plain value can stand for it.
  return form == Form::kScalar && IsPlainAggregate();
}

/// One value made of aggregates alone, so that it can be said what it is over no rows.
bool SelectBinder::IsPlainAggregate() const {
  const bool limited = query_.limit.has_value() || query_.offset.value_or(0) > 0;
  return having_ == nullptr && items_.size() == 1 && !limited && !window_.has_value() &&
         !HasParameters(*items_[0].expression) &&
         std::none_of(subqueries_.begin(), subqueries_.end(),
                      [](const PlacedSubquery& subquery) { return subquery.above_grouping; });
}

/// Whether anything but WHERE depends on the outer row.
bool SelectBinder::ReadsOuterRowAboveWhere() const {
  const auto reads = [](const BoundExpressionPtr& expression) {
    return expression != nullptr && HasParameters(*expression);
  };
  const bool items_matter = *needs_.subquery != Form::kExists || aggregated_;
  if (items_matter &&
      std::any_of(items_.begin(), items_.end(), [&](const OutputItem& item) { return reads(item.expression); })) {
    return true;
  }
  for (const AggregateStage::Key& key : stage_.keys()) {
    if (reads(key.bound)) return true;
  }
  for (const AggregateCall& call : stage_.calls()) {
    if (reads(call.filter) || std::any_of(call.arguments.begin(), call.arguments.end(), reads)) return true;
  }
  bool found = reads(having_) || std::any_of(order_by_.begin(), order_by_.end(), reads);
  for (const PlacedSubquery& subquery : subqueries_) {
    ForEachExpression(static_cast<const PlanNode&>(*subquery.node),
                      [&](const BoundExpressionPtr& expression) { found = found || reads(expression); });
  }
  return found;
}

/// The rows for all outer rows at once: one group for each value of the keys.
void SelectBinder::GroupByCorrelation() {
  const auto before = static_cast<int>(stage_.keys().size());
  const auto added = static_cast<int>(correlation_keys_.size());
  for (CorrelationKey& key : correlation_keys_) {
    key.key_place = static_cast<int>(stage_.keys().size());
    stage_.AddKey({nullptr, key.inner, key.inner->text});
  }
  // Places after the keys have moved.
  const auto moved = [&](const BoundExpressionPtr& expression) {
    if (expression == nullptr) return expression;
    return ReplaceColumns(expression, [&](const BoundExpressionPtr& column) {
      const bool stays = column->column < before || column->column >= kInnerColumns;
      return stays ? column : MakeColumn(column->column + added, column->type, column->text, column->span);
    });
  };
  for (OutputItem& item : items_) item.expression = moved(item.expression);
  having_ = moved(having_);
  for (PlacedSubquery& subquery : subqueries_) {
    if (!subquery.above_grouping) continue;
    if (subquery.place >= before) subquery.place += added;
    ForEachExpression(subquery.node.get(), [&](BoundExpressionPtr* expression) { *expression = moved(*expression); });
  }
}

/// The only item over no rows at all, as the aggregates themselves say it; null when it is NULL.
BoundExpressionPtr SelectBinder::ValueOfNoRows() {
  const auto first_call = static_cast<int>(stage_.keys().size()) + 2;
  const auto empty = [&](const BoundExpressionPtr& column) {
    std::shared_ptr<arrow::Scalar> value = arrow::MakeNullScalar(column->type.ToArrow());
    if (column->column >= first_call) {
      const AggregateCall& call = stage_.calls()[static_cast<size_t>(column->column - first_call)];
      std::vector<const std::string*> constants;
      for (size_t i = 0; i < call.constants.size(); ++i) {
        constants.push_back(i < call.constant_given.size() && call.constant_given[i] ? &call.constants[i] : nullptr);
      }
      const std::unique_ptr<Aggregator> aggregator = call.function->make(call.types, constants);
      aggregator->Resize(1);
      const uint32_t group = 0;
      const auto result = aggregator->Finalise({&group, 1});
      if (result.ok()) {
        if (auto scalar = (*result)->GetScalar(0); scalar.ok()) value = *scalar;
      }
    }
    return MakeLiteral(std::move(value), column->type, column->text, column->span);
  };
  const BoundExpressionPtr value = FoldConstants(ReplaceColumns(items_[0].expression, empty));
  if (value->kind == BoundKind::kLiteral && !value->literal->is_valid) return nullptr;
  return value;
}

/// Makes what the outer query compares with available in the result, after the visible columns.
void SelectBinder::AddCorrelation(ProjectNode* project, const std::vector<int>& mapping, BoundQuery* result) {
  Correlation& correlation = result->correlation;
  const bool one_group = aggregated_ && stage_.keys().size() == correlation_keys_.size();
  if (needs_.subquery == Form::kScalar && one_group && IsPlainAggregate()) correlation.empty_value = ValueOfNoRows();
  if (!taken_apart_) return;
  correlation.taken_apart = true;
  for (const CorrelationKey& key : correlation_keys_) {
    BoundExpressionPtr inner = aggregated_ ? MakeColumn(mapping[key.key_place], key.inner->type, key.inner->text)
                                           : RemapColumns(key.inner, mapping);
    correlation.outer_keys.push_back(key.outer);
    correlation.inner_keys.push_back(AddHidden(project, "_correlation", std::move(inner), key.inner->type, true));
  }
  std::vector<BoundExpressionPtr> residual;
  for (const BoundExpressionPtr& conjunct : residual_) {
    BoundExpressionPtr over_plan = ReplaceColumns(conjunct, [&](const BoundExpressionPtr& column) {
      if (IsParameter(*column)) return column;
      const int position = AddHidden(
          project, "_compared", MakeColumn(mapping[static_cast<size_t>(column->column)], column->type, column->text),
          column->type, true);
      return MakeColumn(kInnerColumns + position, column->type, column->text, column->span);
    });
    residual.push_back(std::move(over_plan));
  }
  correlation.residual = JoinConjuncts(residual, *context_->functions);
}

}  // namespace velo::plan
