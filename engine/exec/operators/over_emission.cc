#include <arrow/array/concatenate.h>

#include <numeric>

#include "engine/exec/batch_rows.h"
#include "engine/exec/group_table.h"
#include "engine/exec/operators/over.h"
#include "engine/exec/operators/over_inputs_internal.h"
#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

class OverEmission : public Operator {
 public:
  OverEmission(std::shared_ptr<const OverNode> node, LaneContext* context)
      : settings_(std::move(node)),
        node_(*settings_),
        schema_(node_.output.ToArrow()),
        context_(context),
        finder_(node_, &order_, true) {
    for (size_t i = 0; i < node_.calls.size(); ++i) {
      functions_.push_back(MakeOverFunction(node_, i, &arguments_, &facts_));
    }
    facts_.order_matters = false;  // Rows are computed in the order of the window.
  }

  Status OnBatch(const Batch& batch, Output&) override {
    if (batch.num_rows() > 0) held_.push_back(batch);
    return Status::OK();
  }
  // Without the bounds of a window all rows come at the end of the input.
  Status OnWatermark(EventMillis, Output& out) override { return node_.window_end >= 0 ? Flush(out) : Status::OK(); }
  Status OnEnd(Output& out) override { return Flush(out); }

  Status Save(std::string* out) const override { return PutBatches(held_, out); }
  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(held_, TakeBatches(in));
    return Status::OK();
  }
  int64_t StateBytes() const override {
    int64_t rows = 0;
    for (const Batch& batch : held_) rows += batch.num_rows();
    return rows * static_cast<int64_t>(16 * std::max<size_t>(1, node_.inputs[0]->output.columns.size()));
  }

 private:
  Status Flush(Output& out) {
    if (held_.empty()) return Status::OK();
    std::vector<arrow::ArrayVector> pieces(static_cast<size_t>(held_[0].columns->num_columns()));
    Batch all;
    int64_t rows = 0;
    const bool has_kinds = std::any_of(held_.begin(), held_.end(), [](const Batch& b) { return !b.kinds.empty(); });
    for (const Batch& batch : held_) {
      rows += batch.num_rows();
      for (size_t c = 0; c < pieces.size(); ++c) pieces[c].push_back(batch.columns->column(static_cast<int>(c)));
      if (!has_kinds) continue;
      all.kinds.insert(all.kinds.end(), batch.kinds.begin(), batch.kinds.end());
      all.kinds.resize(static_cast<size_t>(rows), RowKind::kInsert);
    }
    held_.clear();
    VELO_ASSIGN_OR_RETURN(std::vector<std::shared_ptr<arrow::Array>> columns, JoinPieces(pieces));
    const auto input = arrow::RecordBatch::Make(node_.inputs[0]->output.ToArrow(), rows, columns);
    VELO_RETURN_IF_ERROR(Compute(*input, &columns));
    all.columns = arrow::RecordBatch::Make(schema_, rows, std::move(columns));
    for (int64_t from = 0; from < rows && !context_->IsCancelled(); from += context_->batch_rows) {
      VELO_RETURN_IF_ERROR(out.Emit(Slice(all, from, std::min(context_->batch_rows, rows - from))));
    }
    return Status::OK();
  }

  // Appends the results to `columns`.
  Status Compute(const arrow::RecordBatch& input, std::vector<std::shared_ptr<arrow::Array>>* columns) {
    const int64_t rows = input.num_rows();
    VELO_ASSIGN_OR_RETURN(const OverInputs inputs, EvaluateOverInputs(node_, arguments_, input, &context_->evaluation));
    VELO_RETURN_IF_ERROR(arguments_.Append(inputs.arguments));
    if (!inputs.order.empty()) VELO_RETURN_IF_ERROR(order_.Append(inputs.order, rows));
    VELO_RETURN_IF_ERROR(SortPartitions(inputs, rows));
    FindFrames();
    OverRows view;
    view.rows = rows;
    view.ids = ids_.data();
    view.partitions = partitions_.data();
    view.partition_count = static_cast<int64_t>(buffers_.size());
    view.buffers = buffers_.data();
    view.facts = &facts_;
    view.begin = facts_.begin.data();
    view.end = facts_.end.data();
    // Row i of the input was computed at place[i].
    std::vector<uint32_t> place(static_cast<size_t>(rows));
    for (uint32_t i = 0; i < place.size(); ++i) place[ids_[i]] = i;
    const arrow::UInt32Array indices(rows, arrow::Buffer::Wrap(place.data(), place.size()));
    for (const auto& function : functions_) {
      VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> found, function->Compute(view));
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> result,
                                  arrow::compute::Take(*found, indices, arrow::compute::TakeOptions::NoBoundsCheck()));
      columns->push_back(std::move(result));
      function->KeepPartitions({});
    }
    order_.Keep({});
    return arguments_.Keep({});
  }

  // Makes the rows of every partition, in the order of the window, its buffer. Fills ids_ and partitions_ with all rows
  // in that order.
  Status SortPartitions(const OverInputs& inputs, int64_t rows) {
    GroupTable groups(OverKeyTypes(node_));
    std::vector<uint32_t> partition(static_cast<size_t>(rows), 0);
    VELO_RETURN_IF_ERROR(groups.FindOrInsert(inputs.keys, rows, partition.data()));
    buffers_.assign(std::max<uint32_t>(groups.size(), 1), {});
    for (uint32_t i = 0; i < partition.size(); ++i) buffers_[partition[i]].ids.push_back(i);
    ids_.clear();
    partitions_.clear();
    for (uint32_t p = 0; p < buffers_.size(); ++p) {
      std::vector<uint32_t>& ids = buffers_[p].ids;
      if (!node_.order_by.empty()) {
        std::stable_sort(ids.begin(), ids.end(), [this](uint32_t a, uint32_t b) { return order_.Compare(a, b) < 0; });
      }
      ids_.insert(ids_.end(), ids.begin(), ids.end());
      partitions_.resize(ids_.size(), p);
    }
    return Status::OK();
  }

  void FindFrames() {
    facts_.wants_frames = true;
    facts_.Clear(static_cast<int64_t>(ids_.size()));
    int64_t row = 0;
    for (const PartitionBuffer& buffer : buffers_) {
      FrameFinder::Frame last;
      for (uint32_t position = 0; position < buffer.ids.size(); ++position, ++row) {
        const FrameFinder::View view{buffer.ids.data(), static_cast<uint32_t>(buffer.ids.size()), position};
        const FrameFinder::Frame frame = finder_.Find(view, &last);
        facts_.begin[row] = frame.begin;
        facts_.end[row] = frame.end;
        finder_.Note(view, frame, row, &facts_);
        last = frame;
      }
    }
  }

  const std::shared_ptr<const OverNode> settings_;
  const OverNode& node_;
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
  OrderLog order_;
  OverArguments arguments_;
  OverFacts facts_;
  const FrameFinder finder_;
  std::vector<std::unique_ptr<OverFunction>> functions_;
  std::vector<Batch> held_;
  // Scratch of one emission.
  std::vector<PartitionBuffer> buffers_;
  std::vector<uint32_t> ids_, partitions_;
};

}  // namespace

std::unique_ptr<Operator> MakeOverEmission(std::shared_ptr<const OverNode> node, LaneContext* context) {
  return std::make_unique<OverEmission>(std::move(node), context);
}

}  // namespace velo::exec
