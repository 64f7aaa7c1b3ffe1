#include "engine/exec/row_errors.h"

#include "engine/exec/batch_rows.h"
#include "engine/types/value_text.h"

namespace velo::exec {

bool IsRowError(const Status& status) {
  return !status.ok() && status.error().code.starts_with("E4") && status.error().kind == ErrorKind::kUser;
}

Status EvaluateGoodRows(const Batch& batch, LaneContext& context, bool counts_input,
                        const std::function<Status(const Batch&)>& evaluate,
                        const std::function<Status(const Batch&)>& consume) {
  Status status = evaluate(batch);
  if (status.ok()) return consume(batch);
  if (!counts_input || !IsRowError(status)) return status;
  const int64_t rows = batch.num_rows();
  if (rows <= 1) {
    context.meter->bad += rows;
    BadRecord record;
    AppendJsonRow(*batch.columns, 0, JsonStyle::kDialect, &record.raw);
    record.reason = status.error().message;
    context.bad_records->Add(std::move(record));
    return Status::OK();
  }
  const int64_t half = rows / 2;
  VELO_RETURN_IF_ERROR(EvaluateGoodRows(Slice(batch, 0, half), context, true, evaluate, consume));
  return EvaluateGoodRows(Slice(batch, half, rows - half), context, true, evaluate, consume);
}

}  // namespace velo::exec
