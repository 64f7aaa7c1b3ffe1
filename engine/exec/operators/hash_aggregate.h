#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// When an aggregate gives rows out.
enum class EmitMode : uint8_t {
  kFinal,      ///< At the end of the input or when the window closes.
  kEachRow,    ///< One updated row per input row, in input order.
  kEachBatch,  ///< One row per group touched by a batch.
};

struct AggregateSettings {
  std::shared_ptr<const AggregateNode> node;
  EmitMode emit = EmitMode::kFinal;
  /// Rows come straight from a source: they count as used, late or bad here.
  bool counts_input = false;
  /// The receiver keeps the newest row per key: rows of merged sessions are taken back.
  bool emits_deletes = false;
  /// The input changes: rows with their old values leave their group again (Changes::kRetract).
  bool takes_back = false;
};

/// GROUP BY without a window.
std::unique_ptr<MergeableOperator> MakeHashAggregate(AggregateSettings settings, LaneContext* context);

}  // namespace velo::exec
