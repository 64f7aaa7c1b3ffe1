#include "engine/exec/operators/limit.h"

#include "engine/exec/batch_rows.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

class LimitOperator : public Operator {
 public:
  explicit LimitOperator(std::shared_ptr<const LimitNode> node)
      : node_(std::move(node)), skip_(node_->offset), left_(node_->limit) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    const int64_t skipped = std::min(skip_, batch.num_rows());
    skip_ -= skipped;
    const int64_t taken = std::min(left_, batch.num_rows() - skipped);
    left_ -= taken;
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + taken;
    counts.rows_filtered += batch.num_rows() - taken;
    return taken > 0 ? out.Emit(Slice(batch, skipped, taken)) : Status::OK();
  }

  bool IsSatisfied() const override { return left_ == 0; }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    if (node_->limit != 0) return;
    OperatorInsight insight;
    insight.kind = OperatorInsight::Kind::kWaiting;
    insight.reason = "limit_zero";
    insight.text = "LIMIT 0 asks for no rows, only for the columns";
    insights->push_back(std::move(insight));
  }

  Status Save(std::string* out) const override {
    PutInteger(skip_, out);
    PutInteger(left_, out);
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(skip_, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(left_, TakeInteger(in));
    return Status::OK();
  }

 private:
  const std::shared_ptr<const LimitNode> node_;
  int64_t skip_;
  int64_t left_;
};

// Counts per window; the counts of a window go when the watermark passes its end.
class WindowLimitOperator : public Operator {
 public:
  explicit WindowLimitOperator(std::shared_ptr<const LimitNode> node)
      : node_(std::move(node)),
        start_column_(node_->output.Find(kWindowStartColumn)),
        end_column_(node_->output.Find(kWindowEndColumn)) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    const auto& starts = static_cast<const arrow::Int64Array&>(*batch.columns->column(start_column_));
    const auto& ends = static_cast<const arrow::Int64Array&>(*batch.columns->column(end_column_));
    std::vector<uint32_t> rows;
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      const int64_t seen = counts_[{ends.Value(i), starts.Value(i)}]++;
      if (seen < node_->offset || seen >= node_->offset + node_->limit) {
        ++counts.rows_filtered;
        continue;
      }
      rows.push_back(static_cast<uint32_t>(i));
    }
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + static_cast<int64_t>(rows.size());
    if (rows.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(Batch kept, TakeRows(batch, rows));
    return out.Emit(std::move(kept));
  }

  Status OnWatermark(EventMillis watermark, Output&) override {
    counts_.erase(counts_.begin(), counts_.upper_bound({watermark, INT64_MAX}));
    return Status::OK();
  }

  Status Save(std::string* out) const override {
    PutInteger(static_cast<int64_t>(counts_.size()), out);
    for (const auto& [window, count] : counts_) {
      PutInteger(window.first, out);
      PutInteger(window.second, out);
      PutInteger(count, out);
    }
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
    for (int64_t i = 0; i < size; ++i) {
      VELO_ASSIGN_OR_RETURN(const int64_t end, TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(const int64_t start, TakeInteger(in));
      VELO_ASSIGN_OR_RETURN((counts_[{end, start}]), TakeInteger(in));
    }
    return Status::OK();
  }

 private:
  const std::shared_ptr<const LimitNode> node_;
  const int start_column_, end_column_;
  std::map<std::pair<int64_t, int64_t>, int64_t> counts_;  ///< (end, start) of a window to rows seen.
};

}  // namespace

std::unique_ptr<Operator> MakeLimit(std::shared_ptr<const LimitNode> node) {
  if (node->per_window && node->output.Find(kWindowEndColumn) >= 0) {
    return std::make_unique<WindowLimitOperator>(std::move(node));
  }
  return std::make_unique<LimitOperator>(std::move(node));
}

}  // namespace velo::exec
