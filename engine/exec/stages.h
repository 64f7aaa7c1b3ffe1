#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/exec/pipeline.h"

namespace velo::exec {

// The pieces a pipeline is wired of. Each gives what it lets through to `next`, which must outlive it.

/// One operator. `counts_used` is null unless rows from the source end their way here.
std::unique_ptr<Port> MakeOperatorStage(std::unique_ptr<Operator> step, InputMeter* counts_used, Port* next);
/// An operator that keeps everything to itself until the lanes are joined.
std::unique_ptr<Port> MakeHoldingStage(std::unique_ptr<Operator> step);
/// Rows that no operator has taken in count as used: before a sink or a union.
std::unique_ptr<Port> MakeCountingPort(InputMeter* meter, Port* next);
/// Makes watermarks out of a time column that is computed above the scans: the highest time so far.
std::unique_ptr<Port> MakeTimeTracker(int time_column, Port* next);
/// Holds watermarks back: those below it speak of times that can be `lag` milliseconds further than the rows'.
std::unique_ptr<Port> MakeLaggingPort(int64_t lag, Port* next);
/// Several inputs, one output: passes on the lowest watermark and ends with the last input. Rows take `schema`.
std::vector<std::unique_ptr<Port>> MakeUnion(size_t inputs, const std::shared_ptr<arrow::Schema>& schema, Port* next);
/// Before the receiver of a query whose rows can be taken back: old rows end here, and without `deletes` (a plain
/// stream, which is append-only) deleted ones as well.
std::unique_ptr<Port> MakeChangelogPort(bool deletes, Port* next);
/// The left and the right entrance of an operator with two inputs.
std::array<std::unique_ptr<Port>, 2> MakeTwoInputStage(std::unique_ptr<TwoInputOperator> step, Port* next);

}  // namespace velo::exec
