#include "engine/exec/late_rows.h"

#include "engine/exec/row_errors.h"

namespace velo::exec {

void CountSetAside(const Batch& batch, std::span<const uint32_t> late, std::span<const uint32_t> bad,
                   const WindowSpec& window, bool counts_input, LaneContext& context, OperatorMetrics* counts) {
  const auto late_rows = static_cast<int64_t>(late.size()), bad_rows = static_cast<int64_t>(bad.size());
  counts->rows_late += late_rows;
  counts->rows_bad += bad_rows;
  if (counts_input) {
    context.meter->late += late_rows;
    context.meter->bad += bad_rows;
    context.meter->used += batch.num_rows() - late_rows - bad_rows;
  }
  if (late_rows > 0) {
    const bool asked_for = window.late_strategy == "dead_letter" || window.late_strategy == "dlq";
    SetAside(context.late_records, batch, late, asked_for ? "late (dead letter)" : "late");
  }
  if (bad_rows > 0)
    SetAside(context.bad_records, batch, bad, "the time of the row is missing or cannot be read (E4202)");
}

}  // namespace velo::exec
