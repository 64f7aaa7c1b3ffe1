#include "services/executions/execution.h"

#include <algorithm>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "engine/types/value_text.h"

namespace velo::services {
namespace {

constexpr size_t kPendingRows = 1000;

const char* JobStateName(JobState state) {
  switch (state) {
    case JobState::kStarting:
      return "starting";
    case JobState::kRunning:
      return "running";
    case JobState::kPaused:
      return "paused";
    case JobState::kCancelling:
      return "cancelling";
    case JobState::kCancelled:
      return "cancelled";
    case JobState::kFinished:
      return "finished";
    case JobState::kFailed:
      return "failed";
  }
  return "running";
}

}  // namespace

Execution::Execution(std::string id, ExecutionSpec spec, Clock* clock, std::function<void()> wake)
    : id_(std::move(id)),
      spec_(std::move(spec)),
      shape_(spec_.query != nullptr ? ShapeOf(*spec_.query) : ShapeOf(spec_.columns)),
      clock_(clock),
      wake_(std::move(wake)),
      keyed_(spec_.query != nullptr && spec_.query->updates && !shape_.key.empty()),
      started_at_(clock->Now()),
      unseen_since_(started_at_),
      rate_at_(started_at_) {}

Status Execution::Start(Engine* engine) {
  // The engine shares ownership of its receiver until OnFinished; the registry keeps the execution beyond that.
  std::shared_ptr<ResultReceiver> receiver(this, [](ResultReceiver*) {});
  Result<std::shared_ptr<Job>> job = spec_.inputs.empty()
                                         ? engine->Start(spec_.query, spec_.run, receiver)
                                         : engine->StartOnRows(spec_.query, spec_.inputs, spec_.run, receiver);
  if (!job.ok()) return job.status();
  SetJob(job.TakeValue());
  return Status::OK();
}

void Execution::SetJob(std::shared_ptr<Job> job) {
  bool stop = false;
  {
    std::lock_guard lock(mutex_);
    stop = cancel_asked_;
    job_ = job;
  }
  if (stop) job->Cancel();
  wake_();
}

void Execution::Cancel() {
  std::shared_ptr<Job> job;
  {
    std::lock_guard lock(mutex_);
    cancel_asked_ = true;
    job = job_;
  }
  if (job != nullptr) job->Cancel();
  wake_();
}

bool Execution::WaitFor(int64_t timeout_ms) {
  std::shared_ptr<Job> job;
  {
    std::lock_guard lock(mutex_);
    job = job_;
  }
  return job == nullptr || job->WaitFor(timeout_ms);
}

bool Execution::ended() {
  std::lock_guard lock(mutex_);
  return ended_;
}

void Execution::OnRows(const Batch& batch) {
  if (batch.num_rows() == 0) return;
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> selected = batch.columns->SelectColumns(shape_.plan_columns);
  if (!selected.ok()) return;  // The plan's output has the columns by construction.
  {
    std::lock_guard lock(mutex_);
    if (keyed_) {
      AddKeyed(batch, *selected);
    } else {
      AddPlain(*selected);
    }
    Trim();
  }
  wake_();
}

void Execution::AddKeyed(const Batch& batch, const std::shared_ptr<arrow::RecordBatch>& columns) {
  for (int64_t i = 0; i < columns->num_rows(); ++i) {
    RowKind kind = batch.kinds.empty() ? RowKind::kInsert : batch.kinds[i];
    if (kind == RowKind::kUpdateBefore) continue;
    auto row = std::make_shared<Row>();
    for (int column : shape_.key) {
      AppendJson(*columns->column(column), i, JsonStyle::kExact, &row->key);
      row->key += ',';
    }
    row->columns = columns;
    row->row = i;
    ++rows_out_;
    auto known = by_key_.find(row->key);
    if (kind == RowKind::kDelete) {
      if (known == by_key_.end()) continue;
      NoteChange(Op::kDelete, *known->second);
      kept_bytes_ -= (*known->second)->json.size();
      rows_.erase(known->second);
      by_key_.erase(known);
    } else if (known != by_key_.end()) {
      kept_bytes_ -= (*known->second)->json.size();
      *known->second = row;
      NoteChange(Op::kUpdate, row);
    } else {
      by_key_[row->key] = rows_.insert(rows_.end(), row);
      NoteChange(Op::kInsert, row);
    }
  }
}

void Execution::AddPlain(const std::shared_ptr<arrow::RecordBatch>& columns) {
  int64_t count = columns->num_rows();
  rows_out_ += count;
  int64_t first = 0, last = count;
  if (spec_.run.live) {
    first = std::max<int64_t>(0, count - spec_.max_rows);  // Only the newest can stay.
    dropped_ += first;
  } else {
    last = std::min<int64_t>(count, spec_.max_rows - static_cast<int64_t>(rows_.size()));
    if (last < count) truncated_ = true;
  }
  for (int64_t i = first; i < last; ++i) {
    auto row = std::make_shared<Row>();
    row->columns = columns;
    row->row = i;
    rows_.push_back(row);
    NoteChange(Op::kInsert, row);
  }
}

void Execution::NoteChange(Op op, const RowPointer& row) {
  if (!keyed_) {
    changes_.push_back({op, row});
    return;
  }
  auto pending = changed_keys_.find(row->key);
  if (pending == changed_keys_.end()) {
    changed_keys_[row->key] = changes_.insert(changes_.end(), Change{op, row});
    return;
  }
  ++conflated_;
  Change& change = *pending->second;
  if (change.op == Op::kInsert && op == Op::kDelete) {
    changes_.erase(pending->second);
    changed_keys_.erase(pending);
    return;
  }
  if (change.op == Op::kDelete && op == Op::kInsert) op = Op::kUpdate;
  if (change.op == Op::kInsert) op = Op::kInsert;
  change = {op, row};
}

void Execution::Trim() {
  size_t limit = static_cast<size_t>(spec_.max_rows);
  while (rows_.size() > limit || kept_bytes_ > kKeptBytes) {
    RowPointer oldest = rows_.front();
    if (keyed_) {
      by_key_.erase(oldest->key);
      NoteChange(Op::kDelete, oldest);
    }
    kept_bytes_ -= oldest->json.size();
    rows_.pop_front();
    truncated_ = true;
  }
  // Nobody can read more than this between two publications: the oldest give way and are counted.
  if (!keyed_ && spec_.run.live) {
    for (; changes_.size() > kPendingRows; ++dropped_) changes_.pop_front();
  }
}

const std::string& Execution::Encode(Row* row) {
  if (row->json.empty()) {
    AppendJsonRow(*row->columns, row->row, JsonStyle::kExact, &row->json);
    row->columns.reset();
    kept_bytes_ += row->json.size();
  }
  return row->json;
}

std::vector<std::string> Execution::Rows(size_t offset, size_t limit) {
  std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  if (offset >= rows_.size()) return out;
  auto row = std::next(rows_.begin(), static_cast<std::ptrdiff_t>(offset));
  for (; row != rows_.end() && out.size() < limit; ++row) out.push_back(Encode(row->get()));
  return out;
}

void Execution::OnFinished(const Status& status) {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
    finished_at_ = clock_->Now();
    result_ = status;
  }
  wake_();
}

std::string Execution::StateName() {
  if (!ended_) return cancel_asked_ ? "cancelling" : job_ == nullptr ? "starting" : JobStateName(job_->state());
  if (timed_out_ || !result_.ok()) return "failed";
  if (cancel_asked_ && !truncated_) return "cancelled";
  if (spec_.run.live && cancel_asked_) return "cancelled";
  return "finished";
}

ExecutionFacts Execution::FactsLocked() {
  ExecutionFacts facts;
  facts.id = id_;
  facts.sql = spec_.sql;
  facts.thread_id = spec_.thread_id;
  facts.state = StateName();
  facts.live = spec_.run.live;
  facts.truncated = truncated_;
  facts.started_at = started_at_;
  facts.finished_at = finished_at_;
  facts.viewers = static_cast<int64_t>(viewers_.size());
  facts.row_count = static_cast<int64_t>(rows_.size());
  facts.records_per_second = rate_;
  facts.metrics = job_ == nullptr ? final_metrics_ : job_->metrics();
  if (rows_.empty()) facts.diagnosis = job_ == nullptr ? final_diagnosis_ : job_->WhyNoRows();
  facts.error = result_;
  if (timed_out_ && result_.ok()) {
    facts.error = Status::World("TIMEOUT", fmt::format("The query ran longer than {} s.", spec_.timeout_ms / 1000),
                                "The rows so far are kept. Raise the time limit or read less.")
                      .WithDetail("execution_id", id_);
  }
  return facts;
}

ExecutionEvidence Execution::EvidenceLocked() {
  if (job_ == nullptr) return final_evidence_;
  return {job_->RecentBadRecords(), job_->RecentLateRecords(), job_->Warnings()};
}

ExecutionEvidence Execution::Evidence() {
  std::lock_guard lock(mutex_);
  return EvidenceLocked();
}

ExecutionFacts Execution::Facts() {
  std::lock_guard lock(mutex_);
  return FactsLocked();
}

VizChoice Execution::VizLocked() {
  if (spec_.query == nullptr) return {"table", std::nullopt, {}, std::nullopt, "facts, not figures"};
  return ChooseViz(*spec_.query, shape_, static_cast<int64_t>(rows_.size()));
}

VizChoice Execution::Viz() {
  std::lock_guard lock(mutex_);
  return VizLocked();
}

bool Execution::Abandoned(int64_t grace_micros) {
  std::lock_guard lock(mutex_);
  return !ended_ && spec_.run.live && !spec_.writes && viewers_.empty() && clock_->Now() - unseen_since_ > grace_micros;
}

bool Execution::Release() {
  std::shared_ptr<Job> job;
  std::lock_guard lock(mutex_);
  if (released_ || !ended_) return false;
  released_ = true;
  if (job_ == nullptr) return true;
  final_metrics_ = job_->metrics();
  final_diagnosis_ = job_->WhyNoRows();
  final_evidence_ = EvidenceLocked();
  job = std::move(job_);
  job_.reset();
  return true;
}

void Execution::Publish() {
  while (!changes_.empty()) {
    Published batch;
    batch.number = ++last_number_;
    while (!changes_.empty() && batch.changes.size() < kBatchRows && batch.bytes < kBatchBytes) {
      Change change = std::move(changes_.front());
      changes_.pop_front();
      if (keyed_) changed_keys_.erase(change.row->key);
      batch.bytes += Encode(change.row.get()).size();
      batch.changes.push_back(std::move(change));
    }
    changes_so_far_ += static_cast<int64_t>(batch.changes.size());
    batch.changes_so_far = changes_so_far_;
    batch.conflated = std::exchange(conflated_, 0);
    batch.dropped = std::exchange(dropped_, 0);
    ring_bytes_ += batch.bytes;
    ring_.push_back(std::move(batch));
  }
  while (ring_.size() > kRingBatches || ring_bytes_ > kRingBytes) {
    ring_bytes_ -= ring_.front().bytes;
    ring_.pop_front();
  }
}

void Execution::MeasureRate() {
  int64_t now = clock_->Now();
  if (job_ == nullptr || now - rate_at_ < 1'000'000) return;
  int64_t rows = job_->metrics().rows_in;
  rate_ = static_cast<double>(rows - rate_rows_) * 1e6 / static_cast<double>(now - rate_at_);
  rate_rows_ = rows;
  rate_at_ = now;
}

int64_t Execution::Tick() {
  std::shared_ptr<Job> stop;
  int64_t next = INT64_MAX;
  {
    std::lock_guard lock(mutex_);
    int64_t now = clock_->Now();
    bool due = now - published_at_ >= kPublishMicros || ended_;
    if (due && !changes_.empty()) {
      Publish();
      published_at_ = now;
    }
    MeasureRate();
    for (auto& viewer : viewers_) Serve(viewer.get());
    if (std::erase_if(viewers_, [](const auto& viewer) { return viewer->told_end; }) > 0) unseen_since_ = now;
    bool enough = truncated_ && !keyed_ && !spec_.run.live && !spec_.writes;
    bool late = spec_.timeout_ms > 0 && now - started_at_ > spec_.timeout_ms * kMicrosPerMilli;
    if (!ended_ && !cancel_asked_ && job_ != nullptr && (enough || late)) {
      timed_out_ = late;
      cancel_asked_ = true;
      stop = job_;
    }
    if (!changes_.empty()) next = published_at_ + kPublishMicros;
    if (!ended_ || !viewers_.empty()) next = std::min(next, now + (viewers_.empty() ? 1'000'000 : 4 * kPublishMicros));
  }
  if (stop != nullptr) stop->Cancel();
  return next;
}

}  // namespace velo::services
