#include "engine/exec/late_rows.h"
#include "engine/exec/operators/session_step_internal.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/window_math.h"

namespace velo::exec {

void SessionResults::Add(uint32_t key, uint32_t group, int64_t start, int64_t end, RowKind kind) {
  keys.push_back(key);
  groups.push_back(group);
  starts.push_back(start);
  ends.push_back(end);
  kinds.push_back(kind);
}

SessionStep::SessionStep(AggregateSettings given, LaneContext* lane)
    : settings(std::move(given)),
      node(*settings.node),
      gap(node.window->size_ms),
      lateness(LateRowsAcceptedFor(*node.window)),
      time_column(node.inputs[0]->event_time),
      schema(node.output.ToArrow()),
      context(lane) {}

Status SessionStep::TakeBatch(const Batch& batch, const Consume& consume, OperatorMetrics* counts) const {
  KeysAndInputs input;
  std::shared_ptr<arrow::Int64Array> times;
  const auto evaluate = [&](const Batch& part) -> Status {
    times = std::static_pointer_cast<arrow::Int64Array>(part.columns->column(time_column));
    return EvaluateKeysAndInputs(node, part, &context->evaluation, &input);
  };
  return EvaluateGoodRows(
      batch, *context, settings.counts_input, evaluate, [&](const Batch& part) { return consume(part, input, *times); },
      counts);
}

Status SessionStep::Append(const GroupTable& keys, AggregateColumns* states, SessionResults results,
                           EmissionBuffer* emission) const {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t key = 0; key < node.keys.size(); ++key) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, keys.Keys(key, results.keys));
    columns.push_back(std::move(column));
  }
  VELO_RETURN_IF_ERROR(states->Finalise(results.groups, &columns));
  const auto count = static_cast<int64_t>(results.keys.size());
  for (std::vector<int64_t>* bounds : {&results.starts, &results.ends}) {
    columns.push_back(std::make_shared<arrow::Int64Array>(count, arrow::Buffer::FromVector(std::move(*bounds))));
  }
  emission->Add(std::move(columns), std::move(results.kinds));
  return Status::OK();
}

int64_t SessionStep::AfterLateness(int64_t end) const {
  return end > INT64_MAX - lateness ? INT64_MAX : end + lateness;
}

void SessionStep::Explain(size_t open, int64_t first_end, std::vector<OperatorInsight>* insights) const {
  if (settings.emit != EmitMode::kFinal) return;
  OperatorInsight insight;
  insight.kind = OperatorInsight::Kind::kWindow;
  if (open > 0) {
    insight.open_windows = static_cast<int64_t>(open);
    insight.first_end = first_end;
  }
  insights->push_back(std::move(insight));
}

}  // namespace velo::exec
