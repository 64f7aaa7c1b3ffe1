#include "engine/exec/row_errors.h"

#include "engine/exec/batch_rows.h"
#include "engine/types/value_text.h"

namespace velo::exec {

bool IsRowError(const Status& status) {
  return !status.ok() && status.error().code.starts_with("E4") && status.error().kind == ErrorKind::kUser;
}

Status EvaluateGoodRows(const Batch& batch, LaneContext& context, bool counts_input,
                        const std::function<Status(const Batch&)>& evaluate,
                        const std::function<Status(const Batch&)>& consume, OperatorMetrics* counts) {
  Status status = evaluate(batch);
  if (status.ok()) return consume(batch);
  if (!counts_input || !IsRowError(status)) return status;
  const int64_t rows = batch.num_rows();
  if (rows <= 1) {
    context.meter->bad += rows;
    if (counts != nullptr) counts->rows_bad += rows;
    const uint32_t first = 0;
    SetAside(context.bad_records, batch, std::span(&first, static_cast<size_t>(rows)), status.error().message);
    return Status::OK();
  }
  const int64_t half = rows / 2;
  VELO_RETURN_IF_ERROR(EvaluateGoodRows(Slice(batch, 0, half), context, true, evaluate, consume, counts));
  return EvaluateGoodRows(Slice(batch, half, rows - half), context, true, evaluate, consume, counts);
}

void SetAside(BadRecordLog* log, const Batch& batch, std::span<const uint32_t> rows, std::string_view reason) {
  if (log == nullptr) return;
  if (rows.size() > BadRecordLog::kKept) rows = rows.last(BadRecordLog::kKept);
  for (uint32_t row : rows) {
    BadRecord record;
    AppendJsonRow(*batch.columns, row, JsonStyle::kDialect, &record.raw);
    record.reason = reason;
    log->Add(std::move(record));
  }
}

}  // namespace velo::exec
