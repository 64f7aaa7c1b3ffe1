#include "engine/exec/scan_driver.h"

#include "engine/exec/row_errors.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

ScanDriver::ScanDriver(ScanSettings settings, std::vector<std::unique_ptr<PartitionReader>> readers,
                       Pipeline::Leaf leaf, LaneContext* context)
    : settings_(std::move(settings)),
      schema_(settings_.node->output.ToArrow()),
      leaf_(std::move(leaf)),
      context_(context) {
  // A row without a usable time is a bad one, whatever else it holds, and all times count for watermarks.
  const bool leaves_out = settings_.node->event_time_expression == nullptr && leaf_.port->AllowsLeavingOut();
  for (auto& reader : readers) {
    Partition partition;
    if (auto* leaving = dynamic_cast<LeavingReader*>(reader.get()); leaving != nullptr && leaves_out) {
      leaving->LeaveOutRows();
      partition.leaving = leaving;
    }
    partition.reader = std::move(reader);
    partition.last_rows = settings_.clock->Now();
    partitions_.push_back(std::move(partition));
  }
}

void ScanDriver::SetWakeUp(const std::function<void()>& wake_up) {
  for (Partition& partition : partitions_) partition.reader->SetWakeUp(wake_up);
}

Result<ScanDriver::Progress> ScanDriver::Step() {
  if (ended_) return Progress::kEnded;
  if (leaf_.IsSatisfied()) {
    VELO_RETURN_IF_ERROR(Finish());
    return Progress::kEnded;
  }
  // Readers wake the task without saying which of them has rows, so each is asked once per round, which may take
  // several steps. A call that came while one of the earlier steps ran is spent, so before the scan goes to sleep all
  // are asked once more.
  bool asks_all = std::all_of(partitions_.begin(), partitions_.end(),
                              [](const Partition& each) { return each.ended || each.maybe_ready; });
  while (true) {
    for (size_t tried = 0; tried < partitions_.size(); ++tried) {
      const size_t at = NextPartition();
      if (at == partitions_.size()) break;
      if (settings_.observer != nullptr && !settings_.observer->MayRead(at)) return Progress::kIdle;
      VELO_ASSIGN_OR_RETURN(const bool worked, ReadFrom(at));
      if (worked) return Progress::kWorked;
    }
    if (asks_all) break;
    asks_all = true;
    for (Partition& partition : partitions_) partition.maybe_ready = true;
  }
  const bool all_ended =
      std::all_of(partitions_.begin(), partitions_.end(), [](const Partition& each) { return each.ended; });
  if (all_ended) {
    VELO_RETURN_IF_ERROR(Finish());
    return Progress::kEnded;
  }
  VELO_RETURN_IF_ERROR(AdvanceWatermark());
  for (Partition& partition : partitions_) partition.maybe_ready = true;
  return Progress::kIdle;
}

// The partition to read next, or the number of partitions when none may have rows.
size_t ScanDriver::NextPartition() const {
  size_t best = partitions_.size();
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const size_t at = settings_.order == ReadOrder::kTurns ? (turn_ + i) % partitions_.size() : i;
    const Partition& partition = partitions_[at];
    if (partition.ended) continue;
    if (!partition.maybe_ready) {
      // The next one has its turn when this one is read to its end.
      if (settings_.order == ReadOrder::kSequential) break;
      continue;
    }
    if (settings_.order != ReadOrder::kByTime) return at;
    if (best == partitions_.size() || partition.max_time < partitions_[best].max_time) best = at;
  }
  return best;
}

Result<bool> ScanDriver::ReadFrom(size_t at) {
  Partition& partition = partitions_[at];
  VELO_ASSIGN_OR_RETURN(const ReadOutcome outcome, partition.reader->Read());
  CountBadRecords(partition);
  partition.told = std::max(partition.told, outcome.watermark_ms);
  switch (outcome.state) {
    case ReadOutcome::State::kEnd:
      partition.ended = true;
      if (settings_.observer != nullptr) VELO_RETURN_IF_ERROR(settings_.observer->OnPartitionEnd(at));
      VELO_RETURN_IF_ERROR(AdvanceWatermark());
      return false;
    case ReadOutcome::State::kIdle:
      partition.maybe_ready = false;
      return false;
    case ReadOutcome::State::kRows:
      break;
  }
  turn_ = at + 1;
  partition.last_rows = settings_.clock->Now();
  partition.has_rows = true;
  if (partition.leaving != nullptr && partition.leaving->left_out() > 0) {
    context_->meter->read += partition.leaving->left_out();
    leaf_.port->LeftOut(partition.leaving->left_out());
  }
  const int64_t rows = outcome.batch.num_rows();
  if (rows == 0) return true;
  context_->meter->read += rows;
  context_->meter->in_flight += rows;
  const velo::Status pushed = Push(partition, outcome.batch);
  context_->meter->in_flight -= rows;
  VELO_RETURN_IF_ERROR(pushed);
  VELO_RETURN_IF_ERROR(AdvanceWatermark());
  return true;
}

Status ScanDriver::Push(Partition& partition, const Batch& batch) {
  if (settings_.node->event_time_expression == nullptr) {
    return leaf_.port->Rows(
        {arrow::RecordBatch::Make(schema_, batch.num_rows(), batch.columns->columns()), batch.kinds});
  }
  std::shared_ptr<arrow::Array> times;
  const auto evaluate = [&](const Batch& part) -> velo::Status {
    VELO_ASSIGN_OR_RETURN(
        times, EvaluateToArray(*settings_.node->event_time_expression, *part.columns, &context_->evaluation));
    return velo::Status::OK();
  };
  const auto consume = [&](const Batch& part) -> velo::Status {
    std::vector<std::shared_ptr<arrow::Array>> columns = part.columns->columns();
    columns.insert(columns.begin() + settings_.node->event_time, NoteTimes(partition, part, times));
    return leaf_.port->Rows({arrow::RecordBatch::Make(schema_, part.num_rows(), std::move(columns)), part.kinds});
  };
  return EvaluateGoodRows(batch, *context_, true, evaluate, consume);
}

// Takes the times of a batch into account; returns the column to go on with, in which rows without a time have got one
// where the source allows that.
std::shared_ptr<arrow::Array> ScanDriver::NoteTimes(Partition& partition, const Batch& batch,
                                                    const std::shared_ptr<arrow::Array>& times) {
  const ScanNode& node = *settings_.node;
  const auto& values = static_cast<const arrow::Int64Array&>(*times);
  const arrow::BooleanArray* marks =
      node.punctuation_column < 0
          ? nullptr
          : static_cast<const arrow::BooleanArray*>(batch.columns->column(node.punctuation_column).get());
  if (values.null_count() == 0 && marks == nullptr && !ReportsDisorder()) {
    // Where the readers tell how low times can get, nobody asks how high they have been.
    if (settings_.tells_lowest_times) return times;
    EventMillis highest = partition.max_time;
    for (const int64_t time : std::span(values.raw_values(), static_cast<size_t>(values.length()))) {
      highest = std::max(highest, time);
    }
    partition.max_time = highest;
    return times;
  }
  bool disorder = false;
  const bool has_nulls = values.null_count() > 0;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (has_nulls && values.IsNull(i)) continue;
    disorder |= values.Value(i) < partition.max_time;
    partition.max_time = std::max(partition.max_time, values.Value(i));
    if (marks != nullptr && marks->IsValid(i) && marks->Value(i)) {
      partition.punctuated = std::max(partition.punctuated, values.Value(i));
    }
  }
  if (disorder && ReportsDisorder()) {
    disorder_reported_ = true;
    if (context_->warnings != nullptr) {
      context_->warnings->Add(
          "W4401",
          fmt::format("rows of {} are not in the order of {}, and no watermark.strategy says how late they may "
                      "be, so the newest row decides what is late",
                      node.relation->name, node.event_time_name));
    }
  }
  if (values.null_count() == 0 || node.time_fallback == ScanNode::TimeFallback::kReject) return times;
  return WithArrivalTimes(times);
}

// The time of arrival says nothing about other rows, so it does not move the watermark.
std::shared_ptr<arrow::Array> ScanDriver::WithArrivalTimes(const std::shared_ptr<arrow::Array>& times) {
  const auto& values = static_cast<const arrow::Int64Array&>(*times);
  const EventMillis now = context_->evaluation.now_micros / kMicrosPerMilli;
  std::vector<int64_t> filled;
  filled.reserve(static_cast<size_t>(values.length()));
  for (int64_t i = 0; i < values.length(); ++i) filled.push_back(values.IsValid(i) ? values.Value(i) : now);
  if (settings_.node->time_fallback == ScanNode::TimeFallback::kArrivalWithWarning && context_->warnings != nullptr) {
    context_->warnings->Add("E4202",
                            fmt::format("rows of {} without a usable {} got the time of their arrival",
                                        settings_.node->relation->name, settings_.node->event_time_name),
                            values.null_count());
  }
  return std::make_shared<arrow::Int64Array>(values.length(), arrow::Buffer::FromVector(std::move(filled)));
}

void ScanDriver::CountBadRecords(Partition& partition) {
  const int64_t bad = partition.reader->Progress().bad_records;
  if (bad == partition.bad_seen) return;
  context_->meter->read += bad - partition.bad_seen;
  context_->meter->bad += bad - partition.bad_seen;
  partition.bad_seen = bad;
  context_->bad_records->AddAll(partition.reader->TakeBadRecords());
}

bool ScanDriver::IsIdle(const Partition& partition) const {
  return settings_.node->idle_timeout_ms > 0 &&
         settings_.clock->Now() - partition.last_rows >= settings_.node->idle_timeout_ms * kMicrosPerMilli;
}

EventMillis ScanDriver::WatermarkOf(const Partition& partition) const {
  const EventMillis reached = settings_.node->punctuation_column >= 0 ? partition.punctuated : partition.max_time;
  if (reached == kBeginOfTime) return partition.told;
  return std::max(partition.told, reached - settings_.node->watermark_delay_ms);
}

// What the wall clock alone says: the present, for arrival times once all rows so far are read; the present less the
// idle timeout, when all partitions are silent and the source asks for it. Else kBeginOfTime.
EventMillis ScanDriver::WallClockWatermark() const {
  const ScanNode& node = *settings_.node;
  const EventMillis now = settings_.clock->Now() / kMicrosPerMilli;
  const auto all = [this](auto&& holds) {
    return std::all_of(partitions_.begin(), partitions_.end(), [&](const Partition& p) { return p.ended || holds(p); });
  };
  if (node.follows_wall_clock && all([](const Partition& p) { return !p.maybe_ready; })) return now;
  if (node.idle_advance && all([this](const Partition& p) { return IsIdle(p); })) return now - node.idle_timeout_ms;
  return kBeginOfTime;
}

Status ScanDriver::AdvanceWatermark() {
  if (settings_.tells_lowest_times) return TellLowestTime();
  if (!settings_.has_watermarks) return velo::Status::OK();
  EventMillis lowest = kEndOfTime;
  for (const Partition& partition : partitions_) {
    if (!partition.ended && !IsIdle(partition)) lowest = std::min(lowest, WatermarkOf(partition));
  }
  // With nobody left to speak for the time, it stands still.
  if (lowest == kEndOfTime) lowest = kBeginOfTime;
  lowest = std::max(lowest, WallClockWatermark());
  if (lowest <= watermark_) return velo::Status::OK();
  watermark_ = lowest;
  return leaf_.port->Watermark(watermark_);
}

Status ScanDriver::TellLowestTime() {
  EventMillis lowest = kEndOfTime;
  for (const Partition& partition : partitions_) {
    if (!partition.ended) lowest = std::min(lowest, partition.reader->LowestTime());
  }
  if (lowest <= watermark_ || lowest == kEndOfTime) return velo::Status::OK();
  watermark_ = lowest;
  return leaf_.port->Watermark(watermark_);
}

Status ScanDriver::Finish() {
  ended_ = true;
  watermark_ = kEndOfTime;
  VELO_RETURN_IF_ERROR(leaf_.port->Watermark(kEndOfTime));
  return leaf_.port->End();
}

EventMillis ScanDriver::ReadUpTo() const {
  if (settings_.tells_lowest_times) return watermark_;
  EventMillis lowest = kEndOfTime;
  if (settings_.order != ReadOrder::kByTime) return lowest;
  for (const Partition& partition : partitions_) {
    if (!partition.ended) lowest = std::min(lowest, partition.max_time);
  }
  return lowest;
}

int64_t ScanDriver::MillisToNextLook() const {
  if (!settings_.has_watermarks || ended_) return -1;
  const bool by_clock = settings_.node->follows_wall_clock || settings_.node->idle_advance;
  int64_t nearest = by_clock ? settings_.node->watermark_interval_ms : -1;
  if (settings_.node->idle_timeout_ms <= 0) return nearest;
  for (const Partition& partition : partitions_) {
    if (partition.ended || IsIdle(partition)) continue;
    const int64_t left =
        settings_.node->idle_timeout_ms - (settings_.clock->Now() - partition.last_rows) / kMicrosPerMilli;
    if (nearest < 0 || left < nearest) nearest = std::max<int64_t>(left, 1);
  }
  return nearest;
}

Status ScanDriver::Save(std::string* out) const {
  PutInteger(watermark_, out);
  PutInteger(ended_ ? 1 : 0, out);
  PutInteger(static_cast<int64_t>(partitions_.size()), out);
  for (const Partition& partition : partitions_) {
    PutText(partition.reader->Position(), out);
    PutInteger(partition.max_time, out);
    PutInteger(partition.punctuated, out);
    PutInteger(partition.told, out);
    PutInteger(partition.ended ? 1 : 0, out);
  }
  return velo::Status::OK();
}

Status ScanDriver::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(watermark_, TakeInteger(in));
  // Who has heard of the end already must not hear of it twice: it would give its result out again.
  VELO_ASSIGN_OR_RETURN(const int64_t all_ended, TakeInteger(in));
  ended_ = all_ended != 0;
  VELO_ASSIGN_OR_RETURN(const int64_t partitions, TakeInteger(in));
  if (partitions != static_cast<int64_t>(partitions_.size())) {
    return velo::Status::World("STATE_INCOMPATIBLE",
                               fmt::format("{} had {} partitions when its state was saved and has {} now",
                                           settings_.node->relation->name, partitions, partitions_.size()),
                               "start again with an empty checkpoint folder");
  }
  for (Partition& partition : partitions_) {
    VELO_ASSIGN_OR_RETURN(const std::string_view position, TakeText(in));
    VELO_RETURN_IF_ERROR(partition.reader->Seek(std::string(position)));
    VELO_ASSIGN_OR_RETURN(partition.max_time, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(partition.punctuated, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(partition.told, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const int64_t ended, TakeInteger(in));
    partition.ended = ended != 0;
  }
  return velo::Status::OK();
}

ScanStatus ScanDriver::Status() const {
  ScanStatus status;
  status.watermark = watermark_;
  const Partition* holder = nullptr;
  for (const Partition& partition : partitions_) {
    const ReadProgress progress = partition.reader->Progress();
    status.bytes_done += progress.bytes_done;
    status.bytes_total += progress.bytes_total;
    if (partition.ended || IsIdle(partition)) continue;
    if (holder == nullptr || WatermarkOf(partition) < WatermarkOf(*holder)) holder = &partition;
  }
  if (holder != nullptr && partitions_.size() > 1) {
    status.holding_partition = holder->reader->name();
    status.holder_has_rows = holder->has_rows;
    status.idle_micros = settings_.clock->Now() - holder->last_rows;
  }
  return status;
}

}  // namespace velo::exec
