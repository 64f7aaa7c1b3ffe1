#include "engine/exec/operators/subquery.h"

#include "engine/exec/row_errors.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/subquery_evaluator.h"

namespace velo::exec {

namespace {

std::unique_ptr<SubqueryEvaluator> MakeEvaluator(const std::shared_ptr<const SubqueryNode>& node,
                                                 LaneContext* context) {
  if (node->per_record != nullptr) return MakePerRecordEvaluator(node, context);
  const bool membership = node->form == SubqueryNode::Form::kExists || node->form == SubqueryNode::Form::kIn;
  if (membership && node->residual == nullptr) return MakeMembershipEvaluator(node, context);
  return MakePairEvaluator(node, context);
}

class SubqueryOperator : public TwoInputOperator {
 public:
  SubqueryOperator(std::shared_ptr<const SubqueryNode> node, bool counts_input, LaneContext* context)
      : node_(std::move(node)),
        counts_input_(counts_input),
        context_(context),
        schema_(node_->output.ToArrow()),
        evaluator_(MakeEvaluator(node_, context)) {}

  Status OnBatch(Side side, const Batch& batch, Output& out) override {
    if (side == Side::kRight) return evaluator_->AddRows(batch);
    std::shared_ptr<arrow::Array> value;
    const auto evaluate = [&](const Batch& part) -> Status {
      VELO_ASSIGN_OR_RETURN(value, evaluator_->Evaluate(*part.columns));
      return Status::OK();
    };
    const auto consume = [&](const Batch& part) -> Status {
      std::vector<std::shared_ptr<arrow::Array>> columns = part.columns->columns();
      columns.push_back(std::move(value));
      return out.Emit({arrow::RecordBatch::Make(schema_, part.num_rows(), std::move(columns)), part.kinds});
    };
    return EvaluateGoodRows(batch, *context_, counts_input_, evaluate, consume);
  }

  Status OnEnd(Side side, Output&) override {
    (side == Side::kRight ? loaded_ : left_ended_) = true;
    return Status::OK();
  }

  bool WantsLeft() const override { return loaded_; }
  void OnRightCaughtUp() override { loaded_ = loaded_ || !node_->inputs[1]->bounded; }
  /// What the table holds now counts, whatever its time.
  EventMillis PassedWatermark(EventMillis left, EventMillis) const override { return left; }
  bool IsSatisfied() const override { return left_ended_; }

  Status Save(std::string* out) const override {
    PutInteger(loaded_ ? 1 : 0, out);
    PutInteger(left_ended_ ? 1 : 0, out);
    return evaluator_->Save(out);
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const int64_t loaded, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const int64_t left_ended, TakeInteger(in));
    loaded_ = loaded != 0;
    left_ended_ = left_ended != 0;
    return evaluator_->Load(in);
  }

  int64_t StateBytes() const override { return evaluator_->MemoryBytes(); }

 private:
  const std::shared_ptr<const SubqueryNode> node_;
  const bool counts_input_;
  LaneContext* const context_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::unique_ptr<SubqueryEvaluator> evaluator_;
  /// Tables are read to their end, or as far as there are rows now, before the first row of the left.
  bool loaded_ = false;
  bool left_ended_ = false;
};

}  // namespace

std::unique_ptr<TwoInputOperator> MakeSubquery(std::shared_ptr<const SubqueryNode> node, bool counts_input,
                                               LaneContext* context) {
  return std::make_unique<SubqueryOperator>(std::move(node), counts_input, context);
}

}  // namespace velo::exec
