#include <arrow/array/concatenate.h>

#include <algorithm>

#include "engine/exec/batch_rows.h"
#include "engine/exec/group_table.h"
#include "engine/exec/pipeline.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/statement_writer.h"
#include "engine/types/arrow_status.h"

namespace velo {

namespace {

Result<Batch> Concatenate(const std::vector<Batch>& batches, const std::shared_ptr<arrow::Schema>& schema) {
  Batch all;
  int64_t rows = 0;
  for (const Batch& batch : batches) {
    rows += batch.num_rows();
    all.kinds.insert(all.kinds.end(), batch.kinds.begin(), batch.kinds.end());
    all.kinds.resize(static_cast<size_t>(rows), RowKind::kInsert);
  }
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (int c = 0; c < schema->num_fields(); ++c) {
    arrow::ArrayVector pieces;
    for (const Batch& batch : batches) pieces.push_back(batch.columns->column(c));
    if (pieces.empty()) {
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> none, arrow::MakeEmptyArray(schema->field(c)->type()));
      pieces.push_back(std::move(none));
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column, arrow::Concatenate(pieces));
    columns.push_back(std::move(column));
  }
  all.columns = arrow::RecordBatch::Make(schema, rows, std::move(columns));
  return all;
}

// Keeps the newest row of every key, in order of the keys' first rows; a key whose newest row is a delete is gone, and
// takes a new place when it comes back.
Result<Batch> Fold(const Batch& all, const std::vector<int>& key) {
  const auto is_insert = [](RowKind kind) { return kind == RowKind::kInsert; };
  if (std::all_of(all.kinds.begin(), all.kinds.end(), is_insert)) return Batch{all.columns, {}};
  std::vector<std::shared_ptr<arrow::Array>> columns;
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (int column : key) {
    columns.push_back(all.columns->column(column));
    types.push_back(columns.back()->type());
  }
  exec::GroupTable table(types);
  std::vector<uint32_t> ids(static_cast<size_t>(all.num_rows()));
  VELO_RETURN_IF_ERROR(table.FindOrInsert(columns, all.num_rows(), ids.data()));
  constexpr uint32_t kGone = UINT32_MAX;
  std::vector<uint32_t> place_of(table.size(), kGone);
  std::vector<uint32_t> places;
  for (uint32_t row = 0; row < ids.size(); ++row) {
    uint32_t& place = place_of[ids[row]];
    if (all.kinds[row] == RowKind::kUpdateBefore) continue;
    if (all.kinds[row] == RowKind::kDelete) {
      if (place != kGone) places[place] = kGone;
      place = kGone;
    } else if (place == kGone) {
      place = static_cast<uint32_t>(places.size());
      places.push_back(row);
    } else {
      places[place] = row;
    }
  }
  std::erase(places, kGone);
  VELO_ASSIGN_OR_RETURN(Batch folded, exec::TakeRows(all, places));
  folded.kinds.clear();
  return folded;
}

// The node that rows come from which are only sorted out and put in shape above it.
PlanNodePtr BelowOutput(PlanNodePtr node) {
  while (node->kind == PlanKind::kFilter || node->kind == PlanKind::kProject || node->kind == PlanKind::kSort ||
         node->kind == PlanKind::kLimit) {
    node = node->inputs[0];
  }
  return node;
}

bool HasWatermarks(const PlanNode& node) {
  if (node.kind == PlanKind::kScan) return !static_cast<const ScanNode&>(node).watermark_strategy.empty();
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [](const PlanNodePtr& input) { return HasWatermarks(*input); });
}

}  // namespace

bool GivesSingleRow(const PreparedQuery& query) {
  const PlanNodePtr node = BelowOutput(query.plan);
  if (node->kind != PlanKind::kAggregate) return false;
  const auto& aggregate = static_cast<const AggregateNode&>(*node);
  return aggregate.keys.empty() && !aggregate.window.has_value();
}

bool RowsStandAsTheyCome(const PreparedQuery& query, const RunOptions& options) {
  if (!query.updates) return true;
  exec::PipelineSettings settings;
  settings.ends = true;
  settings.coalesce_changes = options.coalesce_changes;
  settings.has_watermarks = HasWatermarks(*query.plan);
  // Its rows are given out once, at the end.
  const auto aggregate = exec::FindParallelAggregate(query.plan, settings);
  return !options.live && !options.keeps_state && aggregate != nullptr && BelowOutput(query.plan) == aggregate;
}

Result<Batch> RowCollector::Rows(const PreparedQuery& query, bool fold) const {
  VELO_ASSIGN_OR_RETURN(Batch all, Concatenate(batches_, query.plan->output.ToArrow()));
  const bool has_key = !query.key.empty() || GivesSingleRow(query);
  return fold && query.updates && has_key ? Fold(all, query.key) : all;
}

Result<std::vector<Batch>> RowCollector::FoldedRows(const PreparedQuery& query) const {
  const bool only_inserts = std::all_of(batches_.begin(), batches_.end(), [](const Batch& batch) {
    return std::all_of(batch.kinds.begin(), batch.kinds.end(), [](RowKind kind) { return kind == RowKind::kInsert; });
  });
  if (only_inserts && !batches_.empty()) return batches_;
  VELO_ASSIGN_OR_RETURN(Batch folded, Rows(query, /*fold=*/true));
  return std::vector<Batch>{std::move(folded)};
}

Result<Batch> RunToEnd(Engine* engine, std::shared_ptr<const PreparedQuery> query, const RunOptions& options, bool fold,
                       int64_t timeout_ms, JobMetrics* metrics) {
  RunOptions ending = options;
  ending.live = false;
  // Whoever folds throws intermediate changes away, so they need not be made.
  ending.coalesce_changes |= fold;
  auto receiver = std::make_shared<RowCollector>();
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<Job> job, engine->Start(query, ending, receiver));
  if (!job->WaitFor(timeout_ms)) {
    job->Cancel();
    job->WaitFor(timeout_ms);
    return Status::World("TIMEOUT", fmt::format("the query did not end within {} ms and was cancelled", timeout_ms),
                         "narrow it with WHERE or LIMIT, or allow more time");
  }
  if (metrics != nullptr) *metrics = job->metrics();
  VELO_RETURN_IF_ERROR(job->result());
  return receiver->Rows(*query, fold);
}

}  // namespace velo
