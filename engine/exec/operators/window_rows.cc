#include "engine/exec/operators/window_rows.h"

#include "engine/exec/batch_rows.h"
#include "engine/exec/late_rows.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/window_math.h"

namespace velo::exec {

namespace {

class WindowRows : public Operator {
 public:
  WindowRows(std::shared_ptr<const WindowRowsNode> node, bool counts_input, LaneContext* context)
      : node_(std::move(node)),
        window_(node_->window),
        lateness_(LateRowsAcceptedFor(window_)),
        time_column_(node_->inputs[0]->event_time),
        counts_input_(counts_input),
        schema_(node_->output.ToArrow()),
        context_(context) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    VELO_ASSIGN_OR_RETURN(const Batch input, WithoutRetractions(batch));
    Assignment assigned;
    counts.rows_filtered += batch.num_rows() - input.num_rows();
    Assign(input, static_cast<const arrow::Int64Array&>(*input.columns->column(time_column_)), &assigned);
    if (node_->emit_changes) return EmitRows(input, assigned.rows, assigned.starts, out);
    std::vector<uint32_t> late_rows;
    std::vector<int64_t> late_starts;
    std::map<int64_t, std::vector<uint32_t>> by_window;
    for (size_t i = 0; i < assigned.rows.size(); ++i) {
      if (HasPassed(watermark_, assigned.starts[i] + window_.size_ms, 0)) {
        late_rows.push_back(assigned.rows[i]);
        late_starts.push_back(assigned.starts[i]);
      } else {
        by_window[assigned.starts[i]].push_back(assigned.rows[i]);
      }
    }
    for (const auto& [start, rows] : by_window) {
      VELO_ASSIGN_OR_RETURN(const Batch kept, TakeRows(input, rows));
      windows_[start].push_back(kept.columns);
      held_rows_ += kept.num_rows();
    }
    return EmitRows(input, late_rows, late_starts, out);
  }

  Status OnWatermark(EventMillis watermark, Output& out) override {
    watermark_ = watermark;
    while (!windows_.empty() && HasPassed(watermark, windows_.begin()->first + window_.size_ms, 0)) {
      const int64_t start = windows_.begin()->first;
      for (const auto& rows : windows_.begin()->second) {
        if (context_->IsCancelled()) return Status::OK();
        const auto count = static_cast<size_t>(rows->num_rows());
        held_rows_ -= rows->num_rows();
        VELO_RETURN_IF_ERROR(EmitWithBounds(rows, std::vector<int64_t>(count, start), out));
      }
      windows_.erase(windows_.begin());
    }
    return Status::OK();
  }

  Status Save(std::string* out) const override {
    PutInteger(watermark_, out);
    PutInteger(static_cast<int64_t>(windows_.size()), out);
    for (const auto& [start, pieces] : windows_) {
      PutInteger(start, out);
      PutInteger(static_cast<int64_t>(pieces.size()), out);
      for (const auto& rows : pieces) VELO_RETURN_IF_ERROR(PutBatch(*rows, out));
    }
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(watermark_, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const int64_t count, TakeInteger(in));
    for (int64_t i = 0; i < count; ++i) {
      VELO_ASSIGN_OR_RETURN(const int64_t start, TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(const int64_t pieces, TakeInteger(in));
      for (int64_t piece = 0; piece < pieces; ++piece) {
        VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> rows, TakeBatch(in));
        held_rows_ += rows->num_rows();
        windows_[start].push_back(std::move(rows));
      }
    }
    return Status::OK();
  }

  int64_t StateBytes() const override {
    return held_rows_ * static_cast<int64_t>(16 * std::max<size_t>(1, node_->output.columns.size()));
  }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    if (node_->emit_changes) return;
    OperatorInsight insight;
    insight.kind = OperatorInsight::Kind::kWindow;
    insight.open_windows = static_cast<int64_t>(windows_.size());
    if (!windows_.empty()) insight.first_end = windows_.begin()->first + window_.size_ms;
    insights->push_back(std::move(insight));
  }

 private:
  struct Assignment {
    std::vector<uint32_t> rows;
    std::vector<int64_t> starts;
  };

  void Assign(const Batch& batch, const arrow::Int64Array& times, Assignment* assigned) {
    std::vector<uint32_t> late, bad;
    int64_t outside = 0;
    const int64_t copies = (window_.size_ms + window_.advance_ms - 1) / window_.advance_ms;
    for (int64_t row = 0; row < times.length(); ++row) {
      if (times.IsNull(row)) {
        bad.push_back(static_cast<uint32_t>(row));
        continue;
      }
      const int64_t time = times.Value(row);
      const int64_t last = FloorTo(time, window_.advance_ms, window_.offset_ms);
      bool covered = false, accepted = false;
      for (int64_t start = last - (copies - 1) * window_.advance_ms; start <= last; start += window_.advance_ms) {
        if (time >= start + window_.size_ms) continue;
        covered = true;
        if (HasPassed(watermark_, start + window_.size_ms, lateness_)) continue;
        accepted = true;
        assigned->rows.push_back(static_cast<uint32_t>(row));
        assigned->starts.push_back(start);
      }
      if (accepted) continue;
      if (!covered) {
        ++outside;
      } else if (window_.late_strategy.starts_with("include_in_next")) {
        assigned->rows.push_back(static_cast<uint32_t>(row));
        assigned->starts.push_back(EarliestOpenWindow(window_, watermark_));
      } else {
        late.push_back(static_cast<uint32_t>(row));
      }
    }
    counts.rows_filtered += outside;
    CountSetAside(batch, late, bad, window_, counts_input_, *context_, &counts);
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + times.length() - outside -
                       static_cast<int64_t>(late.size() + bad.size());
  }

  Status EmitRows(const Batch& input, const std::vector<uint32_t>& rows, const std::vector<int64_t>& starts,
                  Output& out) {
    if (rows.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(const Batch taken, TakeRows(input, rows));
    return EmitWithBounds(taken.columns, starts, out);
  }

  Status EmitWithBounds(const std::shared_ptr<arrow::RecordBatch>& rows, std::vector<int64_t> starts, Output& out) {
    std::vector<int64_t> ends;
    for (int64_t start : starts) ends.push_back(start + window_.size_ms);
    std::vector<std::shared_ptr<arrow::Array>> columns = rows->columns();
    const int64_t count = rows->num_rows();
    columns.push_back(std::make_shared<arrow::Int64Array>(count, arrow::Buffer::FromVector(std::move(starts))));
    columns.push_back(std::make_shared<arrow::Int64Array>(count, arrow::Buffer::FromVector(std::move(ends))));
    return out.Emit({arrow::RecordBatch::Make(schema_, count, std::move(columns)), {}});
  }

  const std::shared_ptr<const WindowRowsNode> node_;
  const WindowSpec& window_;
  const int64_t lateness_;
  const int time_column_;
  const bool counts_input_;
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
  EventMillis watermark_ = kBeginOfTime;
  int64_t held_rows_ = 0;
  std::map<int64_t, std::vector<std::shared_ptr<arrow::RecordBatch>>> windows_;  ///< Start to rows in arrival order.
};

}  // namespace

std::unique_ptr<Operator> MakeWindowRows(std::shared_ptr<const WindowRowsNode> node, bool counts_input,
                                         LaneContext* context) {
  return std::make_unique<WindowRows>(std::move(node), counts_input, context);
}

}  // namespace velo::exec
