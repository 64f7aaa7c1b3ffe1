#include "engine/exec/stages.h"

#include <algorithm>

#include "engine/exec/batch_rows.h"
#include "engine/exec/source_filter.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

// One operator with the way on to the next stage.
class OperatorStage : public Port, public Output {
 public:
  OperatorStage(std::unique_ptr<Operator> step, InputMeter* counts_used, Port* next)
      : step_(std::move(step)),
        filter_(dynamic_cast<SourceFilter*>(step_.get())),
        counts_used_(counts_used),
        next_(next) {}

  bool AllowsLeavingOut() const override {
    return filter_ != nullptr && counts_used_ == nullptr && filter_->AllowsLeavingOut();
  }
  void LeftOut(int64_t rows) override {
    step_->counts.rows_in += rows;
    filter_->LeftOut(rows);
  }
  Status Rows(const Batch& batch) override {
    if (counts_used_ != nullptr) counts_used_->used += batch.num_rows();
    step_->counts.rows_in += batch.num_rows();
    return step_->OnBatch(batch, *this);
  }
  Status Watermark(EventMillis watermark) override {
    VELO_RETURN_IF_ERROR(step_->OnWatermark(watermark, *this));
    return next_->Watermark(watermark);
  }
  Status End() override {
    VELO_RETURN_IF_ERROR(step_->OnEnd(*this));
    return next_->End();
  }
  Timestamp NextTimer() const override { return step_->NextTimer(); }
  Status Timer(Timestamp now) override { return step_->OnTimer(now, *this); }
  Status Emit(Batch batch) override {
    step_->counts.rows_out += batch.num_rows();
    return next_->Rows(batch);
  }

 private:
  std::unique_ptr<Operator> step_;
  SourceFilter* filter_;     ///< The step, where it is one.
  InputMeter* counts_used_;  ///< Null unless rows from the source end their way here.
  Port* next_;
};

// Where rows that no operator has taken in count as used: before a sink or a union.
class CountingPort : public Port {
 public:
  CountingPort(InputMeter* meter, Port* next) : meter_(meter), next_(next) {}
  Status Rows(const Batch& batch) override {
    meter_->used += batch.num_rows();
    return next_->Rows(batch);
  }
  Status Watermark(EventMillis watermark) override { return next_->Watermark(watermark); }
  Status End() override { return next_->End(); }

 private:
  InputMeter* meter_;
  Port* next_;
};

// Makes watermarks out of a time column that is computed above the scans, so that no scan can: the highest time so far.
class TimeTracker : public Port {
 public:
  TimeTracker(int time_column, Port* next) : time_column_(time_column), next_(next) {}
  Status Rows(const Batch& batch) override {
    const auto& times = static_cast<const arrow::Int64Array&>(*batch.columns->column(time_column_));
    EventMillis highest = watermark_;
    for (int64_t i = 0; i < times.length(); ++i) {
      if (times.IsValid(i)) highest = std::max(highest, times.Value(i));
    }
    VELO_RETURN_IF_ERROR(next_->Rows(batch));
    return Advance(highest);
  }
  // What scans say of their own time does not count here; only that they have ended.
  Status Watermark(EventMillis watermark) override {
    return watermark == kEndOfTime ? Advance(watermark) : Status::OK();
  }
  Status End() override { return next_->End(); }
  Status Save(std::string* out) const override {
    PutInteger(watermark_, out);
    return Status::OK();
  }
  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(watermark_, TakeInteger(in));
    return Status::OK();
  }

 private:
  Status Advance(EventMillis watermark) {
    if (watermark <= watermark_) return Status::OK();
    watermark_ = watermark;
    return next_->Watermark(watermark);
  }

  const int time_column_;
  Port* next_;
  EventMillis watermark_ = kBeginOfTime;
};

// Passes watermarks on that are a fixed time behind.
class LaggingPort : public Port {
 public:
  LaggingPort(int64_t lag, Port* next) : lag_(lag), next_(next) {}
  Status Rows(const Batch& batch) override { return next_->Rows(batch); }
  Status Watermark(EventMillis watermark) override {
    if (watermark == kEndOfTime) return next_->Watermark(watermark);
    return watermark < kBeginOfTime + lag_ ? Status::OK() : next_->Watermark(watermark - lag_);
  }
  Status End() override { return next_->End(); }

 private:
  const int64_t lag_;
  Port* next_;
};

// How far one of several inputs of a stage has come.
struct InputProgress {
  EventMillis watermark = kBeginOfTime;
  bool ended = false;

  void Save(std::string* out) const {
    PutInteger(watermark, out);
    PutInteger(ended ? 1 : 0, out);
  }
  Status Load(std::string_view* in) {
    VELO_ASSIGN_OR_RETURN(watermark, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const int64_t flag, TakeInteger(in));
    ended = flag != 0;
    return Status::OK();
  }
};

EventMillis Lowest(std::span<const InputProgress> inputs) {
  EventMillis lowest = kEndOfTime;
  for (const InputProgress& input : inputs) lowest = std::min(lowest, input.watermark);
  return lowest;
}

bool AllEnded(std::span<const InputProgress> inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [](const InputProgress& input) { return input.ended; });
}

// Several inputs, one output: passes on the lowest watermark and ends with the last input.
class Union {
 public:
  Union(size_t inputs, Port* next) : inputs_(inputs), next_(next) {}

  Status Rows(const Batch& batch) { return next_->Rows(batch); }
  Status Watermark(size_t input, EventMillis watermark) {
    inputs_[input].watermark = watermark;
    const EventMillis lowest = Lowest(inputs_);
    if (lowest <= passed_) return Status::OK();
    passed_ = lowest;
    return next_->Watermark(lowest);
  }
  Status End(size_t input) {
    inputs_[input].ended = true;
    return AllEnded(inputs_) ? next_->End() : Status::OK();
  }
  void Save(size_t input, std::string* out) const { inputs_[input].Save(out); }
  Status Load(size_t input, std::string_view* in) {
    VELO_RETURN_IF_ERROR(inputs_[input].Load(in));
    passed_ = Lowest(inputs_);
    return Status::OK();
  }

 private:
  std::vector<InputProgress> inputs_;
  EventMillis passed_ = kBeginOfTime;
  Port* next_;
};

class UnionPort : public Port {
 public:
  UnionPort(std::shared_ptr<Union> target, size_t input, std::shared_ptr<arrow::Schema> schema)
      : target_(std::move(target)), input_(input), schema_(std::move(schema)) {}
  Status Rows(const Batch& batch) override {
    // Names come from the first arm.
    return target_->Rows({arrow::RecordBatch::Make(schema_, batch.num_rows(), batch.columns->columns()), batch.kinds});
  }
  Status Watermark(EventMillis watermark) override { return target_->Watermark(input_, watermark); }
  Status End() override { return target_->End(input_); }
  Status Save(std::string* out) const override {
    target_->Save(input_, out);
    return Status::OK();
  }
  Status Load(std::string_view* in) override { return target_->Load(input_, in); }

 private:
  std::shared_ptr<Union> target_;
  size_t input_;
  std::shared_ptr<arrow::Schema> schema_;
};

// Keeps what flows in inside the operator.
class HoldingStage : public Port, public Output {
 public:
  explicit HoldingStage(std::unique_ptr<Operator> step) : step_(std::move(step)) {}
  Status Rows(const Batch& batch) override {
    step_->counts.rows_in += batch.num_rows();
    return step_->OnBatch(batch, *this);
  }
  Status Watermark(EventMillis) override { return Status::OK(); }
  Status End() override { return Status::OK(); }
  Status Emit(Batch) override { return Status::Bug("an aggregate of a lane gave rows out before it was merged"); }

 private:
  std::unique_ptr<Operator> step_;
};

class ChangelogPort : public Port {
 public:
  ChangelogPort(bool deletes, Port* next) : deletes_(deletes), next_(next) {}
  Status Rows(const Batch& batch) override {
    const auto ends_here = [this](RowKind kind) {
      return kind == RowKind::kUpdateBefore || (kind == RowKind::kDelete && !deletes_);
    };
    if (std::none_of(batch.kinds.begin(), batch.kinds.end(), ends_here)) return next_->Rows(batch);
    std::vector<uint32_t> rows;
    for (size_t i = 0; i < batch.kinds.size(); ++i) {
      if (!ends_here(batch.kinds[i])) rows.push_back(static_cast<uint32_t>(i));
    }
    if (rows.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(const Batch shown, TakeRows(batch, rows));
    return next_->Rows(shown);
  }
  Status Watermark(EventMillis watermark) override { return next_->Watermark(watermark); }
  Status End() override { return next_->End(); }

 private:
  const bool deletes_;
  Port* next_;
};

// Both entrances of a TwoInputOperator.
class TwoInputStage : public Output {
 public:
  TwoInputStage(std::unique_ptr<TwoInputOperator> step, Port* next) : step_(std::move(step)), next_(next) {}

  Status Rows(Side side, const Batch& batch) {
    step_->counts.rows_in += batch.num_rows();
    return step_->OnBatch(side, batch, *this);
  }
  Status Watermark(Side side, EventMillis watermark) {
    inputs_[static_cast<size_t>(side)].watermark = watermark;
    VELO_RETURN_IF_ERROR(step_->OnWatermark(side, watermark, *this));
    const EventMillis passed = PassedWatermark();
    if (passed <= passed_) return Status::OK();
    passed_ = passed;
    return next_->Watermark(passed);
  }
  Status End(Side side) {
    VELO_RETURN_IF_ERROR(step_->OnEnd(side, *this));
    inputs_[static_cast<size_t>(side)].ended = true;
    return AllEnded(inputs_) ? next_->End() : Status::OK();
  }
  Status Emit(Batch batch) override {
    step_->counts.rows_out += batch.num_rows();
    return next_->Rows(batch);
  }
  void Save(Side side, std::string* out) const { inputs_[static_cast<size_t>(side)].Save(out); }
  Status Load(Side side, std::string_view* in) {
    VELO_RETURN_IF_ERROR(inputs_[static_cast<size_t>(side)].Load(in));
    passed_ = PassedWatermark();
    return Status::OK();
  }

 private:
  EventMillis PassedWatermark() const { return step_->PassedWatermark(inputs_[0].watermark, inputs_[1].watermark); }

  std::unique_ptr<TwoInputOperator> step_;
  Port* next_;
  std::array<InputProgress, 2> inputs_;
  EventMillis passed_ = kBeginOfTime;
};

class SidePort : public Port {
 public:
  SidePort(std::shared_ptr<TwoInputStage> stage, Side side) : stage_(std::move(stage)), side_(side) {}
  Status Rows(const Batch& batch) override { return stage_->Rows(side_, batch); }
  Status Watermark(EventMillis watermark) override { return stage_->Watermark(side_, watermark); }
  Status End() override { return stage_->End(side_); }
  Status Save(std::string* out) const override {
    stage_->Save(side_, out);
    return Status::OK();
  }
  Status Load(std::string_view* in) override { return stage_->Load(side_, in); }

 private:
  std::shared_ptr<TwoInputStage> stage_;
  Side side_;
};

}  // namespace

std::unique_ptr<Port> MakeOperatorStage(std::unique_ptr<Operator> step, InputMeter* counts_used, Port* next) {
  return std::make_unique<OperatorStage>(std::move(step), counts_used, next);
}

std::unique_ptr<Port> MakeHoldingStage(std::unique_ptr<Operator> step) {
  return std::make_unique<HoldingStage>(std::move(step));
}

std::unique_ptr<Port> MakeCountingPort(InputMeter* meter, Port* next) {
  return std::make_unique<CountingPort>(meter, next);
}

std::unique_ptr<Port> MakeTimeTracker(int time_column, Port* next) {
  return std::make_unique<TimeTracker>(time_column, next);
}

std::unique_ptr<Port> MakeLaggingPort(int64_t lag, Port* next) { return std::make_unique<LaggingPort>(lag, next); }

std::vector<std::unique_ptr<Port>> MakeUnion(size_t inputs, const std::shared_ptr<arrow::Schema>& schema, Port* next) {
  auto target = std::make_shared<Union>(inputs, next);
  std::vector<std::unique_ptr<Port>> ports;
  for (size_t i = 0; i < inputs; ++i) ports.push_back(std::make_unique<UnionPort>(target, i, schema));
  return ports;
}

std::unique_ptr<Port> MakeChangelogPort(bool deletes, Port* next) {
  return std::make_unique<ChangelogPort>(deletes, next);
}

std::array<std::unique_ptr<Port>, 2> MakeTwoInputStage(std::unique_ptr<TwoInputOperator> step, Port* next) {
  auto stage = std::make_shared<TwoInputStage>(std::move(step), next);
  return {std::make_unique<SidePort>(stage, Side::kLeft), std::make_unique<SidePort>(stage, Side::kRight)};
}

}  // namespace velo::exec
