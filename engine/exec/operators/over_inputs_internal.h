#pragma once

#include <memory>
#include <vector>

#include "engine/exec/operators/over_functions.h"
#include "engine/types/batch.h"

namespace velo::exec {

/// What a row window reads of one batch, evaluated.
struct OverInputs {
  std::vector<std::shared_ptr<arrow::Array>> keys;
  std::vector<OrderPart> order;
  OverArguments::Evaluated arguments;
};

/// Evaluates PARTITION BY, ORDER BY and the arguments. The bounds of the time window are keys where the node has them.
Result<OverInputs> EvaluateOverInputs(const OverNode& node, const OverArguments& arguments,
                                      const arrow::RecordBatch& batch, EvaluationContext* context);
std::vector<std::shared_ptr<arrow::DataType>> OverKeyTypes(const OverNode& node);

/// Joins the pieces of each column; one piece passes as it is.
Result<std::vector<std::shared_ptr<arrow::Array>>> JoinPieces(const std::vector<arrow::ArrayVector>& pieces);

}  // namespace velo::exec
