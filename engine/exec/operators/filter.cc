#include "engine/exec/operators/filter.h"

#include "engine/exec/batch_rows.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/source_filter.h"

namespace velo::exec {

namespace {

// Whether a condition has a value for every row: comparisons of a column with a constant of its type.
bool NeverFails(const BoundExpression& condition) {
  if (condition.kind != BoundKind::kCall || condition.arguments.size() != 2) return false;
  const BoundExpression& left = *condition.arguments[0];
  const BoundExpression& right = *condition.arguments[1];
  const std::string_view name = condition.function->name;
  if (name == "AND") return NeverFails(left) && NeverFails(right);
  const bool compares = name == "=" || name == "<" || name == "<=" || name == ">" || name == ">=" || name == "!=";
  const bool is_simple = left.type.is_numeric() || left.type.kind() == TypeKind::kString;
  const bool has_constant = left.kind == BoundKind::kLiteral || right.kind == BoundKind::kLiteral;
  const bool has_column = left.kind == BoundKind::kColumn || right.kind == BoundKind::kColumn;
  return compares && has_constant && has_column && left.type == right.type && is_simple;
}

class FilterOperator : public Operator, public SourceFilter {
 public:
  FilterOperator(FilterSettings settings, LaneContext* context) : settings_(std::move(settings)), context_(context) {}

  bool AllowsLeavingOut() const override { return settings_.counts_input && NeverFails(*settings_.node->predicate); }
  void LeftOut(int64_t rows) override {
    removed_ += rows;
    counts.rows_filtered = removed_;
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0);
    context_->meter->filtered += rows;
  }

  Status OnBatch(const Batch& batch, Output& out) override {
    Batch kept;
    const auto evaluate = [&](const Batch& part) -> Status {
      if (!part.kinds.empty()) return FilterWithKinds(part, &kept);
      VELO_ASSIGN_OR_RETURN(kept.columns,
                            velo::Filter(*settings_.node->predicate, part.columns, &context_->evaluation));
      kept.kinds.clear();
      return Status::OK();
    };
    const auto consume = [&](const Batch& part) -> Status {
      const int64_t removed = part.num_rows() - kept.num_rows();
      removed_ += removed;
      counts.rows_filtered = removed_;
      counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + kept.num_rows();
      if (settings_.counts_input) context_->meter->filtered += removed;
      return kept.num_rows() == 0 ? Status::OK() : out.Emit(std::move(kept));
    };
    return EvaluateGoodRows(batch, *context_, settings_.counts_input, evaluate, consume, &counts);
  }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    OperatorInsight insight;
    insight.text = settings_.node->predicate->text;
    insight.rows_removed = removed_;
    insight.after_groups = settings_.node->is_having || !settings_.counts_input;
    insights->push_back(std::move(insight));
  }

 private:
  Status FilterWithKinds(const Batch& batch, Batch* kept) {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> array,
                          EvaluateToArray(*settings_.node->predicate, *batch.columns, &context_->evaluation));
    const auto& passes = static_cast<const arrow::BooleanArray&>(*array);
    const auto passes_at = [&](int64_t i) { return passes.IsValid(i) && passes.Value(i); };
    std::vector<uint32_t> rows;
    kept->kinds.clear();
    const auto keep = [&](int64_t row, RowKind kind) {
      rows.push_back(static_cast<uint32_t>(row));
      kept->kinds.push_back(kind);
    };
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      const RowKind kind = batch.kinds[i];
      const bool has_old_row = kind == RowKind::kUpdateBefore && i + 1 < batch.num_rows();
      if (has_old_row && batch.kinds[i + 1] == RowKind::kUpdateAfter) {
        // With the old row at hand, an update that comes or goes is an insert or a delete.
        const bool before = passes_at(i), after = passes_at(i + 1);
        if (before) keep(i, after ? RowKind::kUpdateBefore : RowKind::kDelete);
        if (after) keep(i + 1, before ? RowKind::kUpdateAfter : RowKind::kInsert);
        ++i;
      } else if (settings_.input_has_old_rows || kind != RowKind::kDelete) {
        if (passes_at(i)) {
          keep(i, kind);
        } else if (settings_.deletes_failing_updates && kind == RowKind::kUpdateAfter) {
          keep(i, RowKind::kDelete);
        }
      } else {
        keep(i, kind);
      }
    }
    VELO_ASSIGN_OR_RETURN(const Batch taken, TakeRows({batch.columns, {}}, rows));
    kept->columns = taken.columns;
    return Status::OK();
  }

  const FilterSettings settings_;
  LaneContext* const context_;
  int64_t removed_ = 0;
};

}  // namespace

std::unique_ptr<Operator> MakeFilter(FilterSettings settings, LaneContext* context) {
  return std::make_unique<FilterOperator>(std::move(settings), context);
}

}  // namespace velo::exec
