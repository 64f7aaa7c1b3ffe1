#include "engine/exec/lane.h"

#include <algorithm>

#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

// How many busy steps may pass between two reports of the lane's status.
constexpr int64_t kStepsPerStatus = 16;

}  // namespace

Lane::Lane(std::shared_ptr<LaneControl> control, const Clock* clock, WorkerPool* pool,
           std::function<void(const velo::Status&)> on_done)
    : control_(std::move(control)), clock_(clock), pool_(pool), on_done_(std::move(on_done)) {
  context_.cancelled = &control_->cancelled;
}

void Lane::AddScan(ScanSettings settings, std::vector<std::unique_ptr<PartitionReader>> readers, Pipeline::Leaf leaf) {
  scans_.push_back(std::make_unique<ScanDriver>(std::move(settings), std::move(readers), std::move(leaf), &context_));
}

void Lane::ListenToReaders() {
  const std::weak_ptr<Task> self = weak_from_this();
  for (const auto& scan : scans_) {
    scan->SetWakeUp([self] {
      if (const std::shared_ptr<Task> lane = self.lock()) lane->Wake();
    });
  }
}

Task::Next Lane::Step() {
  // Whoever set `held` and then waited for this lock finds the lane between two batches.
  const std::lock_guard stepping(step_mutex_);
  if (control_->held) return Next::kWait;
  if (control_->cancelled) return Finish(velo::Status::OK());
  if (control_->paused) return Next::kWait;
  context_.evaluation.now_micros = clock_->Now();
  if (const velo::Status fired = pipeline_->FireTimers(context_.evaluation.now_micros); !fired.ok()) {
    return Finish(fired);
  }
  if (!values_.empty()) {
    const velo::Status pushed = PushValues();
    if (!pushed.ok()) return Finish(pushed);
  }
  size_t ended = 0;
  std::vector<const ScanDriver*> waiting;
  for (const size_t at : Turns()) {
    if (IsAhead(*scans_[at])) continue;
    if (!scans_[at]->MayRead()) {
      waiting.push_back(scans_[at].get());
      continue;
    }
    const Result<ScanDriver::Progress> progress = scans_[at]->Step();
    if (!progress.ok()) return Finish(progress.status());
    if (*progress == ScanDriver::Progress::kWorked) {
      turn_ = at + 1;
      if (++steps_ % kStepsPerStatus != 0) return Next::kAgain;
      PublishStatus();
      const velo::Status within = CheckMemory();
      return within.ok() ? Next::kAgain : Finish(within);
    }
    if (*progress == ScanDriver::Progress::kEnded) ++ended;
  }
  if (ended == scans_.size() && values_.empty()) return Finish(velo::Status::OK());
  if (ended == scans_.size()) return Next::kAgain;
  // The end of a table lets those go on that wait for it.
  const bool may_go_on =
      std::any_of(waiting.begin(), waiting.end(), [](const ScanDriver* scan) { return scan->MayRead(); }) ||
      std::any_of(values_.begin(), values_.end(), [](const Pipeline::Leaf& leaf) { return leaf.MayRead(); });
  if (may_go_on || TellCaughtUp()) return Next::kAgain;
  PublishStatus();
  int64_t nearest = -1;
  for (const auto& scan : scans_) {
    const int64_t left = scan->MillisToNextLook();
    if (left >= 0 && (nearest < 0 || left < nearest)) nearest = left;
  }
  if (const Timestamp timer = pipeline_->NextTimer(); timer != INT64_MAX) {
    const int64_t left = std::max<int64_t>(1, (timer - clock_->Now()) / kMicrosPerMilli + 1);
    nearest = nearest < 0 ? left : std::min(nearest, left);
  }
  if (nearest >= 0) pool_->WakeAfter(shared_from_this(), nearest);
  return Next::kWait;
}

// The order in which scans are asked for rows. In a replay the one that lags in time comes first, so that joins and
// unions keep few rows; otherwise they take turns.
std::vector<size_t> Lane::Turns() const {
  std::vector<size_t> turns;
  for (size_t tried = 0; tried < scans_.size(); ++tried) turns.push_back((turn_ + tried) % scans_.size());
  std::stable_sort(turns.begin(), turns.end(),
                   [this](size_t a, size_t b) { return scans_[a]->ReadUpTo() < scans_[b]->ReadUpTo(); });
  return turns;
}

// Whether the scan waits for another that is read in step with it.
bool Lane::IsAhead(const ScanDriver& scan) const {
  return scan.ReadsInStep() && std::any_of(scans_.begin(), scans_.end(), [&](const auto& other) {
           return other->ReadsInStep() && other->MayRead() && other->ReadUpTo() < scan.ReadUpTo();
         });
}

/// Tells joins whose left waits that all there is of their right is read. True when that lets a leaf go on.
bool Lane::TellCaughtUp() {
  std::vector<TwoInputOperator*> waiting, loading;
  const auto look_at = [&](const Pipeline::Leaf& leaf) {
    if (leaf.MayRead()) return;
    loading.insert(loading.end(), leaf.loads.begin(), leaf.loads.end());
    for (TwoInputOperator* step : leaf.waits_for) {
      if (!step->WantsLeft()) waiting.push_back(step);
    }
  };
  for (const auto& scan : scans_) look_at(scan->leaf());
  for (const Pipeline::Leaf& leaf : values_) look_at(leaf);
  bool any = false;
  for (TwoInputOperator* step : waiting) {
    if (std::find(loading.begin(), loading.end(), step) != loading.end()) continue;
    step->OnRightCaughtUp();
    any = any || step->WantsLeft();
  }
  return any;
}

Status Lane::PushValues() {
  std::vector<Pipeline::Leaf> leaves;
  for (size_t i = values_.size(); i-- > 0;) {
    if (!values_[i].MayRead()) continue;
    leaves.insert(leaves.begin(), values_[i]);
    values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  const auto one_row = arrow::RecordBatch::Make(arrow::schema({}), 1, arrow::ArrayVector());
  for (const Pipeline::Leaf& leaf : leaves) {
    const auto& node = static_cast<const ValuesNode&>(*leaf.node);
    for (const std::vector<BoundExpressionPtr>& row : node.rows) {
      std::vector<std::shared_ptr<arrow::Array>> columns;
      for (const BoundExpressionPtr& expression : row) {
        VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column,
                              EvaluateToArray(*expression, *one_row, &context_.evaluation));
        columns.push_back(std::move(column));
      }
      VELO_RETURN_IF_ERROR(
          leaf.port->Rows({arrow::RecordBatch::Make(node.output.ToArrow(), 1, std::move(columns)), {}}));
    }
    VELO_RETURN_IF_ERROR(leaf.port->Watermark(kEndOfTime));
    VELO_RETURN_IF_ERROR(leaf.port->End());
  }
  return velo::Status::OK();
}

Task::Next Lane::Finish(const velo::Status& status) {
  PublishStatus();
  scans_.clear();
  // The receiver of this call may release the pipeline, so nothing of it is touched afterwards.
  const auto on_done = std::move(on_done_);
  on_done(status);
  return Next::kDone;
}

// What can go to disk has gone there before, so there is nothing left to let go.
Status Lane::CheckMemory() const {
  const int64_t limit = context_.memory_limit;
  if (limit <= 0) return velo::Status::OK();
  const int64_t held = pipeline_->StateBytes();
  if (held <= limit) return velo::Status::OK();
  return velo::Status::User("MEMORY_LIMIT",
                            fmt::format("the state of the query needs more memory than its limit allows ({:.1f} of "
                                        "{:.1f} MiB)",
                                        static_cast<double>(held) / (1 << 20), static_cast<double>(limit) / (1 << 20)),
                            "Raise the limit, or keep less: fewer keys, shorter windows, EMIT FINAL.");
}

void Lane::WaitForStep() { const std::lock_guard no_step(step_mutex_); }

Status Lane::Save(std::string* out) const {
  PutInteger(static_cast<int64_t>(scans_.size()), out);
  for (const auto& scan : scans_) VELO_RETURN_IF_ERROR(scan->Save(out));
  // Constant rows are pushed once: those that still wait for their turn.
  PutInteger(static_cast<int64_t>(values_.size()), out);
  for (const Pipeline::Leaf& leaf : values_) PutInteger(LeafNumber(leaf), out);
  return pipeline_->Save(out);
}

Status Lane::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t scans, TakeInteger(in));
  if (scans != static_cast<int64_t>(scans_.size())) return velo::Status::Bug("the state is that of another plan");
  for (const auto& scan : scans_) VELO_RETURN_IF_ERROR(scan->Load(in));
  VELO_ASSIGN_OR_RETURN(const int64_t waiting, TakeInteger(in));
  std::vector<Pipeline::Leaf> values;
  for (int64_t i = 0; i < waiting; ++i) {
    VELO_ASSIGN_OR_RETURN(const int64_t number, TakeInteger(in));
    for (const Pipeline::Leaf& leaf : values_) {
      if (LeafNumber(leaf) == number) values.push_back(leaf);
    }
  }
  values_ = std::move(values);
  return pipeline_->Load(in);
}

int64_t Lane::LeafNumber(const Pipeline::Leaf& leaf) const {
  int64_t number = 0;
  while (pipeline_->leaves[static_cast<size_t>(number)].port != leaf.port) ++number;
  return number;
}

void Lane::PublishStatus() {
  LaneStatus status;
  for (const auto& scan : scans_) status.scans.push_back(scan->Status());
  if (pipeline_ != nullptr) {
    status.insights = pipeline_->Explain();
    status.operators = pipeline_->Metrics();
    status.state_bytes = pipeline_->StateBytes();
  }
  status.division_by_zero = context_.evaluation.division_by_zero;
  std::lock_guard lock(status_mutex_);
  status_ = std::move(status);
}

LaneStatus Lane::status() const {
  std::lock_guard lock(status_mutex_);
  return status_;
}

}  // namespace velo::exec
