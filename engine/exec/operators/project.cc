#include "engine/exec/operators/project.h"

#include "engine/exec/row_errors.h"

namespace velo::exec {

namespace {

class ProjectOperator : public Operator {
 public:
  ProjectOperator(std::shared_ptr<const ProjectNode> node, bool counts_input, LaneContext* context)
      : node_(std::move(node)), counts_input_(counts_input), schema_(node_->output.ToArrow()), context_(context) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    const auto evaluate = [&](const Batch& part) -> Status {
      columns.clear();
      for (const BoundExpressionPtr& expression : node_->expressions) {
        VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column,
                              EvaluateToArray(*expression, *part.columns, &context_->evaluation));
        columns.push_back(std::move(column));
      }
      return Status::OK();
    };
    const auto consume = [&](const Batch& part) -> Status {
      counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + part.num_rows();
      return out.Emit({arrow::RecordBatch::Make(schema_, part.num_rows(), std::move(columns)), part.kinds});
    };
    return EvaluateGoodRows(batch, *context_, counts_input_, evaluate, consume, &counts);
  }

 private:
  const std::shared_ptr<const ProjectNode> node_;
  const bool counts_input_;
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
};

}  // namespace

std::unique_ptr<Operator> MakeProject(std::shared_ptr<const ProjectNode> node, bool counts_input,
                                      LaneContext* context) {
  return std::make_unique<ProjectOperator>(std::move(node), counts_input, context);
}

}  // namespace velo::exec
