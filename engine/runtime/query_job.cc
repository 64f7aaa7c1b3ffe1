#include "engine/runtime/query_job.h"

#include <algorithm>
#include <numeric>

#include "engine/exec/dictionary_columns.h"
#include "engine/exec/read_ahead.h"
#include "engine/plan/nodes/join_node.h"
#include "engine/runtime/diagnosis.h"

namespace velo {

namespace {

// The end of the plan: hands rows to whoever asked.
class ReceiverPort : public exec::Port {
 public:
  ReceiverPort(ResultReceiver* receiver, std::atomic<int64_t>* rows_out) : receiver_(receiver), rows_out_(rows_out) {}
  Status Rows(const Batch& batch) override {
    if (batch.num_rows() == 0) return Status::OK();
    *rows_out_ += batch.num_rows();
    receiver_->OnRows(batch);
    return Status::OK();
  }
  Status Watermark(exec::EventMillis) override { return Status::OK(); }
  Status End() override { return Status::OK(); }

 private:
  ResultReceiver* receiver_;
  std::atomic<int64_t>* rows_out_;
};

// Passes what an operator emits on to a port.
class PortOutput : public exec::Output {
 public:
  PortOutput(exec::Port* port, OperatorMetrics* counts) : port_(port), counts_(counts) {}
  Status Emit(Batch batch) override {
    counts_->rows_out += batch.num_rows();
    return port_->Rows(batch);
  }

 private:
  exec::Port* port_;
  OperatorMetrics* counts_;
};

// Lanes of one query have the same steps.
void AddUp(const std::vector<OperatorMetrics>& lane, std::vector<OperatorMetrics>* all) {
  if (all->empty()) {
    *all = lane;
    return;
  }
  for (size_t i = 0; i < lane.size() && i < all->size(); ++i) {
    OperatorMetrics& sum = (*all)[i];
    sum.rows_in += lane[i].rows_in;
    sum.rows_out += lane[i].rows_out;
    sum.rows_used += lane[i].rows_used;
    sum.rows_filtered += lane[i].rows_filtered;
    sum.rows_late += lane[i].rows_late;
    sum.rows_bad += lane[i].rows_bad;
    sum.rows_held += lane[i].rows_held;
  }
}

void VisitScans(const PlanNode& node, const std::function<void(const ScanNode&)>& visit) {
  if (node.kind == PlanKind::kScan) visit(static_cast<const ScanNode&>(node));
  for (const PlanNodePtr& input : node.inputs) VisitScans(*input, visit);
}

std::shared_ptr<const ScanNode> ScanBelow(PlanNodePtr node) {
  while (node->kind != PlanKind::kScan) node = node->inputs[0];
  return std::static_pointer_cast<const ScanNode>(node);
}

std::vector<ColumnPredicate> PredicatesOf(const ScanNode& node) {
  std::vector<ColumnPredicate> predicates;
  for (const ScanNode::Pushed& pushed : node.pushed) {
    ColumnPredicate predicate;
    predicate.column = pushed.column;
    predicate.value = pushed.value;
    if (pushed.op == "<") predicate.op = ColumnPredicate::Op::kLess;
    if (pushed.op == "<=") predicate.op = ColumnPredicate::Op::kLessEqual;
    if (pushed.op == ">") predicate.op = ColumnPredicate::Op::kGreater;
    if (pushed.op == ">=") predicate.op = ColumnPredicate::Op::kGreaterEqual;
    predicates.push_back(std::move(predicate));
  }
  return predicates;
}

// Cuts the readers into runs of neighbours with about the same number of bytes, so that lanes joined in order see the
// input in order.
std::vector<std::vector<std::unique_ptr<PartitionReader>>> DealOut(
    std::vector<std::unique_ptr<PartitionReader>> readers, size_t lanes) {
  std::vector<int64_t> weights;
  for (const auto& reader : readers) weights.push_back(std::max<int64_t>(1, reader->Progress().bytes_total));
  const int64_t total = std::accumulate(weights.begin(), weights.end(), int64_t{0});
  std::vector<std::vector<std::unique_ptr<PartitionReader>>> shares(lanes);
  int64_t before = 0;
  for (size_t i = 0; i < readers.size(); ++i) {
    const int64_t middle = before + weights[i] / 2;
    const auto lane = static_cast<size_t>(static_cast<__int128>(middle) * static_cast<int64_t>(lanes) / total);
    shares[std::min(lane, lanes - 1)].push_back(std::move(readers[i]));
    before += weights[i];
  }
  std::erase_if(shares, [](const auto& share) { return share.empty(); });
  return shares;
}

// Whether the inputs should be decoded beside the lane: worth it where the lane has much to do itself, and harmless
// where no step asks whether all there is has been read.
bool ReadsAhead(const PlanNode& node) {
  bool has_much_to_do = false;
  std::function<bool(const PlanNode&)> is_harmless = [&](const PlanNode& each) {
    if (each.kind == PlanKind::kSubquery) return false;
    if (each.kind == PlanKind::kJoin) {
      if (static_cast<const JoinNode&>(each).method != JoinMethod::kInterval) return false;
      has_much_to_do = true;
    }
    has_much_to_do |= each.kind == PlanKind::kOver;
    return std::all_of(each.inputs.begin(), each.inputs.end(),
                       [&](const PlanNodePtr& input) { return is_harmless(*input); });
  };
  return is_harmless(node) && has_much_to_do;
}

}  // namespace

QueryJob::QueryJob(std::shared_ptr<const PreparedQuery> query, RunOptions options,
                   std::shared_ptr<ResultReceiver> receiver, exec::WorkerPool* pool, const Clock* clock)
    : query_(std::move(query)),
      options_(options),
      receiver_(std::move(receiver)),
      pool_(pool),
      clock_(clock),
      sink_(std::make_unique<ReceiverPort>(receiver_.get(), &rows_out_)) {}

Status QueryJob::Start(const SourceOpener& open) {
  started_ = clock_->Now();
  settings_.coalesce_changes = options_.coalesce_changes;
  bool all_bounded = true, strategy_set = false;
  VisitScans(*query_->plan, [&](const ScanNode& scan) {
    all_bounded &= scan.bounded;
    strategy_set |= !scan.watermark_strategy.empty();
  });
  settings_.ends = !options_.live || all_bounded;
  settings_.has_watermarks = !settings_.ends || strategy_set;
  const auto aggregate = exec::FindParallelAggregate(query_->plan, settings_);
  const bool in_lanes = settings_.ends && !settings_.has_watermarks && LanesWanted() > 1 && pool_->threads() > 1;
  Status prepared;
  if (options_.keeps_state) {
    prepared = StartSingle(open);
    if (prepared.ok()) prepared = LoadState();
  } else if (aggregate != nullptr) {
    prepared = StartShared(aggregate, open);
  } else if (in_lanes && exec::IsStateless(*query_->plan)) {
    prepared = StartStateless(open);
  } else {
    prepared = StartSingle(open);
  }
  if (!prepared.ok()) {
    lanes_.clear();
    return prepared;
  }
  lanes_open_ = static_cast<int>(lanes_.size());
  {
    std::lock_guard lock(mutex_);
    state_ = options_.keeps_state ? JobState::kPaused : JobState::kRunning;
    control_->paused = options_.keeps_state;
  }
  for (const auto& lane : lanes_) {
    lane->ListenToReaders();
    pool_->Start(lane);
  }
  return Status::OK();
}

Result<QueryJob::OpenScan> QueryJob::Open(const std::shared_ptr<const ScanNode>& node, const SourceOpener& open,
                                          ReadOptions wishes) {
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<Source> source, open(*node));
  ReadOptions read = std::move(wishes);
  // State that is taken up again must not refer to the codes of an earlier reader.
  if (options_.keeps_state) read.dictionary_columns.clear();
  read.columns = node->columns;
  read.predicates = PredicatesOf(*node);
  read.start = options_.start;
  read.start_time = options_.start_time;
  read.follow = options_.live;
  read.batch_rows = options_.batch_rows;
  OpenScan scan;
  scan.node = node;
  VELO_ASSIGN_OR_RETURN(scan.readers, source->OpenReaders(read));
  sources_.push_back(std::move(source));
  return scan;
}

exec::ScanSettings QueryJob::SettingsOf(const std::shared_ptr<const ScanNode>& node) const {
  exec::ScanSettings settings;
  settings.node = node;
  settings.clock = clock_;
  settings.has_watermarks = settings_.has_watermarks && node->event_time_expression != nullptr;
  if (settings_.ends) {
    settings.order = settings.has_watermarks ? exec::ReadOrder::kByTime : exec::ReadOrder::kSequential;
  } else {
    settings.order = exec::ReadOrder::kTurns;
  }
  return settings;
}

std::shared_ptr<exec::Lane> QueryJob::MakeLane(std::function<void(const Status&)> on_done) {
  auto lane = std::make_shared<exec::Lane>(control_, clock_, pool_, std::move(on_done));
  lane->context().meter = &meter_;
  lane->context().bad_records = &bad_records_;
  lane->context().late_records = &late_records_;
  lane->context().warnings = &warnings_;
  lane->context().batch_rows = options_.batch_rows;
  if (settings_.ends && LanesWanted() > 1) lane->context().pool = pool_;
  lane->context().memory_limit = options_.memory_limit;
  lanes_.push_back(lane);
  return lane;
}

Status QueryJob::StartSingle(const SourceOpener& open) {
  const auto lane = MakeLane([self = shared_from_this()](const Status& status) { self->Finish(status); });
  VELO_ASSIGN_OR_RETURN(std::unique_ptr<exec::Pipeline> pipeline,
                        exec::BuildPipeline(query_->plan, settings_, &lane->context(), sink_.get()));
  const bool is_complete = settings_.ends && !settings_.has_watermarks;
  const bool reads_ahead = is_complete && pool_->threads() > 1 && LanesWanted() > 1 && ReadsAhead(*query_->plan);
  ReadOptions wishes;
  if (is_complete) {
    wishes.dictionary_columns = exec::DictionaryColumnsOfPlan(*query_->plan, settings_.coalesce_changes);
  }
  for (const exec::Pipeline::Leaf& leaf : pipeline->leaves) {
    VELO_RETURN_IF_ERROR(AddLeaf(leaf, open, lane.get(), std::exchange(wishes, {}), reads_ahead));
  }
  lane->SetPipeline(std::move(pipeline));
  return Status::OK();
}

Status QueryJob::AddLeaf(const exec::Pipeline::Leaf& leaf, const SourceOpener& open, exec::Lane* lane,
                         ReadOptions wishes, bool reads_ahead) {
  if (leaf.node->kind == PlanKind::kValues) {
    lane->AddValues(leaf);
    return Status::OK();
  }
  wishes.time_column = leaf.time_column;
  VELO_ASSIGN_OR_RETURN(OpenScan scan,
                        Open(std::static_pointer_cast<const ScanNode>(leaf.node), open, std::move(wishes)));
  for (auto& reader : scan.readers) {
    // What is read ahead would be missing in the saved positions.
    if (reads_ahead && !options_.keeps_state) reader = exec::MakeReadAhead(std::move(reader), sources_.back(), pool_);
  }
  exec::ScanSettings settings = SettingsOf(scan.node);
  settings.tells_lowest_times = !leaf.time_column.empty();
  lane->AddScan(std::move(settings), std::move(scan.readers), leaf);
  return Status::OK();
}

size_t QueryJob::LanesWanted() const {
  return static_cast<size_t>(std::max(1, options_.lanes > 0 ? options_.lanes : pool_->threads()));
}

Status QueryJob::StartStateless(const SourceOpener& open) {
  // Small enough for few rows to be held until it is their turn.
  constexpr int64_t kPartitionBytes = 16 << 20;
  ReadOptions wishes;
  wishes.partition_bytes = kPartitionBytes;
  wishes.dictionary_columns = exec::DictionaryColumns(*query_->plan);
  VELO_ASSIGN_OR_RETURN(OpenScan scan, Open(ScanBelow(query_->plan), open, std::move(wishes)));
  const size_t partitions = scan.readers.size();
  const size_t lanes = std::clamp<size_t>(partitions, 1, LanesWanted());
  ordered_ = std::make_unique<exec::OrderedOutput>(sink_.get(), partitions, [this] { WakeLanes(); });
  for (size_t i = 0; i < lanes; ++i) {
    const auto lane = MakeLane([self = shared_from_this()](const Status& status) {
      if (self->IsLastLane(status)) self->Finish(self->FirstFailure());
    });
    lane_sinks_.push_back(std::make_unique<exec::OrderedLaneSink>(ordered_.get(), i, lanes));
    VELO_ASSIGN_OR_RETURN(std::unique_ptr<exec::Pipeline> pipeline,
                          exec::BuildPipeline(query_->plan, settings_, &lane->context(), lane_sinks_.back().get()));
    std::vector<std::unique_ptr<PartitionReader>> share;
    for (size_t at = i; at < partitions; at += lanes) share.push_back(std::move(scan.readers[at]));
    exec::ScanSettings settings = SettingsOf(scan.node);
    settings.observer = lane_sinks_.back().get();
    lane->AddScan(std::move(settings), std::move(share), pipeline->leaves[0]);
    lane->SetPipeline(std::move(pipeline));
  }
  return Status::OK();
}

Status QueryJob::StartShared(const std::shared_ptr<const AggregateNode>& aggregate, const SourceOpener& open) {
  ReadOptions wishes;
  wishes.dictionary_columns = exec::DictionaryColumns(*aggregate);
  VELO_ASSIGN_OR_RETURN(OpenScan scan, Open(ScanBelow(aggregate), open, std::move(wishes)));
  auto shares = DealOut(std::move(scan.readers), LanesWanted());
  if (shares.empty()) shares.emplace_back();
  exec::LaneTables tables;
  for (auto& share : shares) {
    const auto lane = MakeLane([self = shared_from_this()](const Status& status) { self->SharedLaneDone(status); });
    lane->context().on_table_loaded = [this] { WakeLanes(); };
    VELO_ASSIGN_OR_RETURN(exec::LanePipeline part, exec::BuildLane(aggregate, &lane->context(), &tables));
    parts_.push_back(part.aggregate);
    const std::vector<exec::Pipeline::Leaf>& leaves = part.pipeline->leaves;
    lane->AddScan(SettingsOf(scan.node), std::move(share), leaves[0]);
    for (size_t i = 1; i < leaves.size(); ++i) VELO_RETURN_IF_ERROR(AddLeaf(leaves[i], open, lane.get()));
    lane->SetPipeline(std::move(part.pipeline));
  }
  for (const auto& lane : lanes_) {
    const auto count = static_cast<int64_t>(lanes_.size());
    lane->context().memory_limit = (options_.memory_limit + count - 1) / count;
  }
  join_context_ = lanes_[0]->context();
  join_context_.evaluation.now_micros = started_;
  VELO_ASSIGN_OR_RETURN(rest_,
                        exec::BuildPipeline(query_->plan, settings_, &join_context_, sink_.get(), aggregate.get()));
  return Status::OK();
}

bool QueryJob::IsLastLane(const Status& status) {
  if (!status.ok()) {
    {
      std::lock_guard lock(mutex_);
      if (first_failure_.ok()) first_failure_ = status;
    }
    control_->cancelled = true;
    WakeLanes();
  }
  return --lanes_open_ == 0;
}

Status QueryJob::FirstFailure() const {
  std::lock_guard lock(mutex_);
  return first_failure_;
}

void QueryJob::SharedLaneDone(const Status& status) {
  if (!IsLastLane(status)) return;
  Status joined;
  if (!control_->cancelled) joined = JoinLanes();
  const Status failure = FirstFailure();
  Finish(failure.ok() ? joined : failure);
}

// Runs in the last step of the lane that ends last; the operators of the others are kept alive by their pipelines.
Status QueryJob::JoinLanes() {
  for (size_t i = 1; i < parts_.size(); ++i) {
    if (control_->cancelled) return Status::OK();
    VELO_RETURN_IF_ERROR(parts_[0]->MergeFrom(*parts_[i]));
  }
  exec::Port* above = rest_->leaves[0].port;
  PortOutput out(above, &parts_[0]->counts);
  VELO_RETURN_IF_ERROR(parts_[0]->OnWatermark(kEndOfTime, out));
  VELO_RETURN_IF_ERROR(above->Watermark(kEndOfTime));
  VELO_RETURN_IF_ERROR(parts_[0]->OnEnd(out));
  VELO_RETURN_IF_ERROR(above->End());
  std::lock_guard lock(mutex_);
  rest_insights_ = rest_->Explain();
  rest_operators_ = rest_->Metrics();
  shared_rows_out_ = parts_[0]->counts.rows_out;
  return Status::OK();
}

void QueryJob::Finish(Status status) {
  for (const auto& lane : lanes_) lane->Release();
  rest_.reset();
  receiver_->OnFinished(status);
  std::lock_guard lock(mutex_);
  ended_ = clock_->Now();
  result_ = status;
  if (!status.ok()) {
    state_ = JobState::kFailed;
  } else {
    state_ = control_->cancelled ? JobState::kCancelled : JobState::kFinished;
  }
  changed_.notify_all();
}

JobState QueryJob::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

JobMetrics QueryJob::metrics() const {
  JobMetrics metrics;
  metrics.rows_in = meter_.read;
  metrics.rows_used = meter_.used;
  metrics.rows_filtered = meter_.filtered;
  metrics.rows_late = meter_.late;
  metrics.rows_bad = meter_.bad;
  metrics.rows_in_flight = meter_.in_flight;
  metrics.rows_out = rows_out_;
  exec::EventMillis watermark = kEndOfTime;
  for (const auto& lane : lanes_) {
    const exec::LaneStatus status = lane->status();
    metrics.state_bytes += status.state_bytes;
    metrics.division_by_zero += status.division_by_zero;
    AddUp(status.operators, &metrics.operators);
    for (const exec::ScanStatus& scan : status.scans) {
      metrics.bytes_read += scan.bytes_done;
      metrics.bytes_total += scan.bytes_total;
      watermark = std::min(watermark, scan.watermark);
    }
  }
  const bool outside_time = watermark == kBeginOfTime || watermark == kEndOfTime;
  metrics.watermark = outside_time ? watermark : watermark * kMicrosPerMilli;
  std::lock_guard lock(mutex_);
  if (!metrics.operators.empty() && !parts_.empty()) metrics.operators.back().rows_out += shared_rows_out_;
  metrics.operators.insert(metrics.operators.end(), rest_operators_.begin(), rest_operators_.end());
  metrics.elapsed_micros = (ended_ != 0 ? ended_ : clock_->Now()) - started_;
  return metrics;
}

Diagnosis QueryJob::WhyNoRows() const {
  std::vector<exec::LaneStatus> statuses;
  for (const auto& lane : lanes_) statuses.push_back(lane->status());
  JobState state;
  {
    std::lock_guard lock(mutex_);
    state = state_;
    statuses.push_back({{}, rest_insights_, {}, 0, 0});
  }
  // What was stopped was still waiting for something.
  const bool has_ended = state == JobState::kFinished || state == JobState::kFailed;
  return ExplainSilence(metrics(), has_ended, statuses, bad_records_.Newest(), query_->sources);
}

void QueryJob::Cancel() {
  {
    std::lock_guard lock(mutex_);
    if (state_ != JobState::kStarting && state_ != JobState::kRunning && state_ != JobState::kPaused) return;
    state_ = JobState::kCancelling;
  }
  control_->cancelled = true;
  WakeLanes();
}

void QueryJob::Pause() {
  std::lock_guard lock(mutex_);
  if (state_ != JobState::kRunning) return;
  state_ = JobState::kPaused;
  control_->paused = true;
}

void QueryJob::Resume() {
  {
    std::lock_guard lock(mutex_);
    if (state_ != JobState::kPaused) return;
    state_ = JobState::kRunning;
    control_->paused = false;
  }
  WakeLanes();
}

Status QueryJob::LoadState() {
  if (options_.saved_state == nullptr) return Status::OK();
  std::string_view saved = *options_.saved_state;
  VELO_RETURN_IF_ERROR(lanes_.front()->Load(&saved));
  return saved.empty() ? Status::OK() : Status::Bug("the saved state holds more than the query took");
}

void QueryJob::Hold() {
  control_->held = true;
  for (const auto& lane : lanes_) lane->WaitForStep();
}

void QueryJob::LetGo() {
  control_->held = false;
  WakeLanes();
}

Status QueryJob::SaveState(std::string* out) const { return lanes_.front()->Save(out); }

void QueryJob::WakeLanes() {
  for (const auto& lane : lanes_) lane->Wake();
}

bool QueryJob::WaitFor(int64_t timeout_ms) {
  // A deadline further off than this would overflow the clock.
  constexpr int64_t kLongestMs = 365LL * 86'400'000;
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(std::min(timeout_ms, kLongestMs)), [this] {
    return state_ == JobState::kFinished || state_ == JobState::kFailed || state_ == JobState::kCancelled;
  });
}

Status QueryJob::result() const {
  std::lock_guard lock(mutex_);
  return result_;
}

}  // namespace velo
