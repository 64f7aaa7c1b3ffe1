#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/exec/batch_rows.h"
#include "engine/exec/group_table.h"
#include "engine/exec/pipeline.h"
#include "engine/exec/row_table.h"
#include "engine/exec/subquery_evaluator.h"
#include "engine/exec/subquery_fold.h"
#include "engine/plan/parameters.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

// Keeps what one run of the subquery gives out.
class ResultRows : public Port {
 public:
  Status Rows(const Batch& batch) override {
    batches.push_back(batch.columns);
    return Status::OK();
  }
  Status Watermark(EventMillis) override { return Status::OK(); }
  Status End() override { return Status::OK(); }

  std::vector<BatchPtr> batches;
};

RowTable::Settings TableSettings(const PlanNode& table, const PlanNode& input) {
  RowTable::Settings settings;
  settings.schema = table.output.ToArrow();
  settings.changes = input.changes == Changes::kAppend ? Changes::kAppend : Changes::kRetract;
  return settings;
}

Result<BatchPtr> Joined(const std::shared_ptr<arrow::Schema>& schema, const std::vector<BatchPtr>& batches) {
  if (batches.size() == 1) return batches[0];
  if (schema->num_fields() == 0) {
    int64_t rows = 0;
    for (const BatchPtr& batch : batches) rows += batch->num_rows();
    return arrow::RecordBatch::Make(schema, rows, std::vector<ArrayPtr>());
  }
  std::vector<ArrayPtr> columns;
  for (int c = 0; c < schema->num_fields(); ++c) {
    arrow::ArrayVector pieces;
    for (const BatchPtr& batch : batches) pieces.push_back(batch->column(c));
    if (pieces.empty()) {
      VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr empty, arrow::MakeEmptyArray(schema->field(c)->type()));
      pieces.push_back(std::move(empty));
    }
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr column, arrow::Concatenate(pieces));
    columns.push_back(std::move(column));
  }
  const int64_t rows = columns[0]->length();
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

class PerRecordEvaluator : public SubqueryEvaluator {
 public:
  PerRecordEvaluator(std::shared_ptr<const SubqueryNode> node, LaneContext* context)
      : node_(std::move(node)), context_(context) {
    for (const PlanNodePtr& table : node_->tables) tables_.emplace_back(TableSettings(*table, *node_->inputs[1]));
  }

  Status AddRows(const Batch& rows) override {
    batches_.clear();
    if (tables_.size() == 1) return tables_[0].Apply(rows, {});
    // The first column says whose row it is; the columns of the tables follow one another.
    const auto& numbers = static_cast<const arrow::Int64Array&>(*rows.columns->column(0));
    std::vector<std::vector<uint32_t>> shares(tables_.size());
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      shares[static_cast<size_t>(numbers.Value(row))].push_back(static_cast<uint32_t>(row));
    }
    int first = 1;
    for (size_t t = 0; t < tables_.size(); ++t) {
      const auto width = static_cast<int>(node_->tables[t]->output.columns.size());
      std::vector<ArrayPtr> columns;
      for (int c = first; c < first + width; ++c) columns.push_back(rows.columns->column(c));
      first += width;
      if (shares[t].empty()) continue;
      const Batch all{arrow::RecordBatch::Make(node_->tables[t]->output.ToArrow(), rows.num_rows(), std::move(columns)),
                      rows.kinds};
      VELO_ASSIGN_OR_RETURN(const Batch share, TakeRows(all, shares[t]));
      VELO_RETURN_IF_ERROR(tables_[t].Apply(share, {}));
    }
    return Status::OK();
  }

  Result<ArrayPtr> Evaluate(const arrow::RecordBatch& outer) override {
    VELO_RETURN_IF_ERROR(MaterialiseTables());
    std::vector<ArrayPtr> parameters;
    std::vector<std::shared_ptr<arrow::DataType>> types;
    for (const BoundExpressionPtr& parameter : node_->parameters) {
      VELO_ASSIGN_OR_RETURN(ArrayPtr values, EvaluateToArray(*parameter, outer, &context_->evaluation));
      types.push_back(values->type());
      parameters.push_back(std::move(values));
    }
    GroupTable distinct(std::move(types));
    std::vector<uint32_t> ids(static_cast<size_t>(outer.num_rows()));
    if (!ids.empty()) VELO_RETURN_IF_ERROR(distinct.FindOrInsert(parameters, outer.num_rows(), ids.data()));
    // The inner rows of all runs stand one after the other; run i has [begins[i], begins[i + 1]).
    std::vector<BatchPtr> results;
    std::vector<uint32_t> begins{0};
    for (uint32_t row = 0; row < ids.size(); ++row) {
      if (ids[row] != results.size()) continue;
      VELO_ASSIGN_OR_RETURN(BatchPtr result, Run(parameters, row));
      begins.push_back(begins.back() + static_cast<uint32_t>(result->num_rows()));
      results.push_back(std::move(result));
      if (context_->IsCancelled()) break;
    }
    return Fold(outer, ids, results, begins);
  }

  Status Save(std::string* out) const override {
    for (const RowTable& table : tables_) VELO_RETURN_IF_ERROR(table.Save(out));
    return Status::OK();
  }
  Status Load(std::string_view* in) override {
    batches_.clear();
    for (RowTable& table : tables_) VELO_RETURN_IF_ERROR(table.Load(in));
    return Status::OK();
  }
  int64_t MemoryBytes() const override {
    int64_t bytes = 0;
    for (const RowTable& table : tables_) bytes += table.StateBytes();
    return bytes;
  }

 private:
  Status MaterialiseTables() {
    if (!batches_.empty()) return Status::OK();
    for (size_t t = 0; t < tables_.size(); ++t) {
      const Schema& schema = node_->tables[t]->output;
      std::vector<int> all(schema.columns.size());
      std::iota(all.begin(), all.end(), 0);
      const std::vector<uint32_t> rows = tables_[t].AllRows();
      VELO_ASSIGN_OR_RETURN(RowTable::Columns columns, tables_[t].Take(all, rows));
      batches_.push_back(
          arrow::RecordBatch::Make(schema.ToArrow(), static_cast<int64_t>(rows.size()), std::move(columns)));
    }
    return Status::OK();
  }

  // Runs the subquery with the parameters of one outer row.
  Result<BatchPtr> Run(const std::vector<ArrayPtr>& parameters, uint32_t row) {
    std::vector<BoundExpressionPtr> literals;
    for (size_t p = 0; p < parameters.size(); ++p) {
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Scalar> value, parameters[p]->GetScalar(row));
      literals.push_back(MakeLiteral(std::move(value), node_->parameters[p]->type));
    }
    const PlanNodePtr plan = plan::BindParameters(node_->per_record, literals);
    // Rows of the tables have been counted when they came in.
    InputMeter meter;
    BadRecordLog bad_records;
    LaneContext context = *context_;
    context.meter = &meter;
    context.bad_records = &bad_records;
    ResultRows sink;
    VELO_ASSIGN_OR_RETURN(const std::unique_ptr<Pipeline> pipeline,
                          BuildPipeline(plan, {true, true, false}, &context, &sink));
    VELO_RETURN_IF_ERROR(Feed(*pipeline));
    context_->evaluation.division_by_zero = context.evaluation.division_by_zero;
    return Joined(node_->per_record->output.ToArrow(), sink.batches);
  }

  Status Feed(const Pipeline& pipeline) {
    std::vector<const Pipeline::Leaf*> waiting;
    for (const Pipeline::Leaf& leaf : pipeline.leaves) waiting.push_back(&leaf);
    while (!waiting.empty()) {
      const auto ready =
          std::find_if(waiting.begin(), waiting.end(), [](const Pipeline::Leaf* leaf) { return leaf->MayRead(); });
      if (ready == waiting.end()) return Status::Bug("the inputs of a subquery wait for each other");
      const Pipeline::Leaf& leaf = **ready;
      waiting.erase(ready);
      const auto table = std::find(node_->tables.begin(), node_->tables.end(), leaf.node);
      if (table == node_->tables.end()) return Status::Bug("a subquery reads a table that was not given");
      const BatchPtr& batch = batches_[static_cast<size_t>(table - node_->tables.begin())];
      if (batch->num_rows() > 0) VELO_RETURN_IF_ERROR(leaf.port->Rows({batch, {}}));
      VELO_RETURN_IF_ERROR(leaf.port->Watermark(kEndOfTime));
      VELO_RETURN_IF_ERROR(leaf.port->End());
    }
    return Status::OK();
  }

  Result<ArrayPtr> Fold(const arrow::RecordBatch& outer, const std::vector<uint32_t>& runs,
                        const std::vector<BatchPtr>& results, const std::vector<uint32_t>& begins) {
    VELO_ASSIGN_OR_RETURN(const BatchPtr all, Joined(node_->per_record->output.ToArrow(), results));
    SubqueryFold fold(
        *node_, node_->per_record->output, outer,
        [&all](size_t column, std::span<const uint32_t> ids) -> Result<ArrayPtr> {
          const arrow::UInt32Array rows(static_cast<int64_t>(ids.size()), arrow::Buffer::Wrap(ids.data(), ids.size()));
          VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr taken,
                                      arrow::compute::Take(*all->column(static_cast<int>(column)), rows));
          return taken;
        },
        &context_->evaluation);
    std::vector<uint32_t> outer_rows, inner_rows;
    for (uint32_t row = 0; row < runs.size() && !context_->IsCancelled(); ++row) {
      for (uint32_t inner = begins[runs[row]]; inner < begins[runs[row] + 1]; ++inner) {
        outer_rows.push_back(row);
        inner_rows.push_back(inner);
      }
      if (outer_rows.size() < kPairsAtOnce && row + 1 < runs.size()) continue;
      VELO_RETURN_IF_ERROR(fold.AddPairs(std::exchange(outer_rows, {}), std::exchange(inner_rows, {})));
    }
    return fold.Finish();
  }

  const std::shared_ptr<const SubqueryNode> node_;
  LaneContext* const context_;
  std::vector<RowTable> tables_;
  std::vector<BatchPtr> batches_;  ///< The tables as they are now; empty after a change.
};

}  // namespace

std::unique_ptr<SubqueryEvaluator> MakePerRecordEvaluator(std::shared_ptr<const SubqueryNode> node,
                                                          LaneContext* context) {
  return std::make_unique<PerRecordEvaluator>(std::move(node), context);
}

}  // namespace velo::exec
