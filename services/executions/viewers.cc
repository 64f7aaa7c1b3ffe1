// How an execution serves its viewers: API 2.3.9. Everything here runs with the execution's lock held.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "services/describe.h"
#include "services/executions/execution.h"
#include "services/executions/execution_json.h"

namespace velo::services {
namespace {

constexpr int64_t kAckSilenceMicros = 30'000'000;
constexpr size_t kSendBuffer = 1 << 20;
constexpr size_t kMergedRows = 1000;

}  // namespace

Result<int64_t> Execution::Attach(std::shared_ptr<ViewerSink> sink, const ViewerOptions& options) {
  int64_t id = 0;
  {
    std::lock_guard lock(mutex_);
    if (viewers_.size() >= kViewers) {
      return Status::World("OVERLOADED", "Too many views of this result are open.", "Close one of them.", true);
    }
    auto viewer = std::make_unique<Viewer>();
    viewer->id = id = next_viewer_++;
    viewer->sink = std::move(sink);
    viewer->options = options;
    int64_t oldest = ring_.empty() ? last_number_ + 1 : ring_.front().number;
    bool resumable = options.after >= oldest - 1 && options.after <= last_number_;
    viewer->sent = viewer->acknowledged = resumable ? options.after : last_number_;
    viewer->wants_snapshot = !resumable && !rows_.empty();
    viewer->snapshot_reason = "resume";
    SendConnected(viewer.get(), resumable ? options.after : 0);
    viewers_.push_back(std::move(viewer));
  }
  wake_();
  return id;
}

void Execution::Detach(int64_t viewer) {
  std::lock_guard lock(mutex_);
  std::erase_if(viewers_, [&](const auto& known) { return known->id == viewer; });
  if (viewers_.empty()) unseen_since_ = clock_->Now();
}

Execution::Viewer* Execution::FindViewer(int64_t id) {
  for (auto& viewer : viewers_) {
    if (viewer->id == id) return viewer.get();
  }
  return nullptr;
}

void Execution::Acknowledge(int64_t viewer, int64_t batch_number) {
  {
    std::lock_guard lock(mutex_);
    if (Viewer* known = FindViewer(viewer)) {
      known->acknowledged = std::max(known->acknowledged, std::min(batch_number, known->sent));
      known->full_since = 0;
    }
  }
  wake_();
}

void Execution::SetPaused(int64_t viewer, bool paused) {
  {
    std::lock_guard lock(mutex_);
    if (Viewer* known = FindViewer(viewer)) known->paused = paused;
  }
  wake_();
}

void Execution::SetRowRate(int64_t viewer, int64_t max_rows_per_second) {
  std::lock_guard lock(mutex_);
  if (Viewer* known = FindViewer(viewer)) known->options.max_rows_per_second = max_rows_per_second;
}

void Execution::SendConnected(Viewer* viewer, int64_t resumed_from) {
  Json message = {{"type", "connected"},
                  {"execution_id", id_},
                  {"columns", ToJson(shape_.columns)},
                  {"key_columns", shape_.key_columns},
                  {"state", StateName()},
                  {"viz", ToJson(VizLocked())},
                  {"window", kWindow},
                  {"resumed_from", resumed_from}};
  viewer->told_state = StateName();
  viewer->sink->Send(message.dump());
}

void Execution::Serve(Viewer* viewer) {
  int64_t now = clock_->Now();
  std::string state = StateName();
  if (state != viewer->told_state && !ended_) {
    viewer->told_state = state;
    viewer->sink->Send(Json{{"type", "state"}, {"state", state}, {"reason", nullptr}}.dump());
  }
  bool full = viewer->options.acknowledged ? viewer->sent - viewer->acknowledged >= kWindow
                                           : viewer->sink->queued_bytes() > kSendBuffer;
  if (full) {
    if (viewer->full_since == 0) viewer->full_since = now;
    if (viewer->options.acknowledged && now - viewer->full_since > kAckSilenceMicros) {
      viewer->sink->Close(4408, "client stopped acknowledging");
      viewer->told_end = true;
      return;
    }
  } else if (!viewer->paused) {
    viewer->full_since = 0;
    if (viewer->wants_snapshot) {
      SendSnapshot(viewer);
    } else if (viewer->sent < last_number_) {
      SendRows(viewer);
    }
  }
  bool delivered = viewer->sent == last_number_ && changes_.empty() && !viewer->wants_snapshot;
  if (ended_ && (delivered || viewer->paused)) {
    if (!delivered) return;  // A paused viewer gets the rest, then the end, when it resumes.
    SendMetrics(viewer, true);
    SendEnd(viewer);
    viewer->told_end = true;
    return;
  }
  if (now - viewer->metrics_at >= 1'000'000) SendMetrics(viewer, false);
}

void Execution::SendRows(Viewer* viewer) {
  if (viewer->sent + 1 < ring_.front().number) {
    viewer->wants_snapshot = true;
    viewer->snapshot_reason = "gap";
    SendSnapshot(viewer);
    return;
  }
  int64_t second = clock_->Now() / 1'000'000;
  if (viewer->rows_second != second) {
    viewer->rows_second = second;
    viewer->rows_in_second = 0;
  }
  int64_t rate = viewer->options.max_rows_per_second;
  if (rate > 0 && viewer->rows_in_second >= rate) return;

  // What has gathered since this viewer's last message goes out as one: newest value per key, or the newest rows.
  std::list<Change> merged;
  std::unordered_map<std::string, std::list<Change>::iterator> by_key;
  int64_t conflated = 0, dropped = 0;
  size_t first = static_cast<size_t>(viewer->sent + 1 - ring_.front().number);
  for (size_t i = first; i < ring_.size(); ++i) {
    const Published& batch = ring_[i];
    conflated += batch.conflated;
    dropped += batch.dropped;
    for (const Change& change : batch.changes) {
      auto known = keyed_ ? by_key.find(change.row->key) : by_key.end();
      if (known == by_key.end()) {
        auto place = merged.insert(merged.end(), change);
        if (keyed_) by_key[change.row->key] = place;
        continue;
      }
      ++conflated;
      Op before = known->second->op;
      *known->second = change;
      if (before == Op::kInsert && change.op == Op::kUpdate) known->second->op = Op::kInsert;
    }
    viewer->sent = batch.number;
    viewer->seen_changes = batch.changes_so_far;
    if (keyed_ && merged.size() >= kBatchRows) break;
  }
  for (; !keyed_ && merged.size() > kMergedRows; ++dropped) merged.pop_front();
  viewer->rows_in_second += static_cast<int64_t>(merged.size());

  std::string data, ops;
  bool plain = true;
  for (const Change& change : merged) {
    data += data.empty() ? "" : ",";
    data += Encode(change.row.get());
    plain &= change.op == Op::kInsert;
    ops += ops.empty() ? "" : ",";
    ops += change.op == Op::kInsert ? "\"insert\"" : change.op == Op::kUpdate ? "\"update\"" : "\"delete\"";
  }
  std::string message = fmt::format("{{\"type\":\"rows\",\"batch_number\":{},\"data\":[{}]", viewer->sent, data);
  if (!plain) message += ",\"ops\":[" + ops + "]";
  message +=
      fmt::format(",\"conflated\":{},\"dropped\":{},\"at\":\"{}\"}}", conflated, dropped, FormatInstant(clock_->Now()));
  viewer->sink->Send(std::move(message));
}

void Execution::SendSnapshot(Viewer* viewer) {
  std::string data;
  for (const RowPointer& row : rows_) {
    data += data.empty() ? "" : ",";
    data += Encode(row.get());
  }
  // Changes not published yet are in the rows already; they are published first so that numbers agree.
  if (!changes_.empty()) Publish();
  // Who comes for the first time has missed nothing.
  bool fresh = viewer->options.after < 0 && viewer->seen_changes == 0;
  int64_t stands_for = fresh ? 0 : changes_so_far_ - viewer->seen_changes;
  viewer->sink->Send(
      fmt::format("{{\"type\":\"snapshot\",\"batch_number\":{},\"reason\":\"{}\",\"stands_for\":{},\"data\":[{}]}}",
                  last_number_, viewer->snapshot_reason, stands_for, data));
  viewer->sent = last_number_;
  viewer->seen_changes = changes_so_far_;
  viewer->acknowledged = std::max(viewer->acknowledged, last_number_ - 1);
  viewer->wants_snapshot = false;
}

void Execution::SendMetrics(Viewer* viewer, bool last) {
  ExecutionFacts facts = FactsLocked();
  viewer->metrics_at = clock_->Now();
  if (!last && facts.metrics.rows_in == viewer->told_rows_in && facts.diagnosis.kind.empty()) return;
  viewer->told_rows_in = facts.metrics.rows_in;
  Json message = MetricsMessage(facts, clock_->Now());
  message["warnings"] = WarningsJson(EvidenceLocked().warnings);
  viewer->sink->Send(message.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void Execution::SendEnd(Viewer* viewer) {
  ExecutionFacts facts = FactsLocked();
  if (!facts.error.ok()) {
    Json error = ErrorMessage(facts.error, spec_.sql);
    viewer->sink->Send(error.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  Json complete = {{"type", "complete"},
                   {"state", facts.state},
                   {"total_rows", facts.row_count},
                   {"truncated", facts.truncated},
                   {"execution_time_ms", (facts.finished_at - facts.started_at) / 1000},
                   {"accounting", AccountingJson(facts.metrics)}};
  viewer->sink->Send(complete.dump());
  viewer->sink->Close(1000, "done");
}

}  // namespace velo::services
