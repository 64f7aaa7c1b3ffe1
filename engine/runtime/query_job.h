#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/exec/lane.h"
#include "engine/exec/ordered_output.h"
#include "engine/exec/worker_pool.h"
#include "engine/runtime/engine.h"

namespace velo {

/// Opens the source behind a scan.
using SourceOpener = std::function<Result<std::shared_ptr<Source>>(const ScanNode&)>;

/// One query on the worker pool. When the plan starts with an aggregation that several lanes can share, each lane works
/// on its own partitions and the lane that ends last joins the states and runs the rest of the plan; otherwise there is
/// one lane.
class QueryJob : public Job, public std::enable_shared_from_this<QueryJob> {
 public:
  QueryJob(std::shared_ptr<const PreparedQuery> query, RunOptions options, std::shared_ptr<ResultReceiver> receiver,
           exec::WorkerPool* pool, const Clock* clock);

  /// Opens the sources and starts the lanes. After an error the job must be dropped; the receiver hears nothing.
  Status Start(const SourceOpener& open);

  JobState state() const override;
  JobMetrics metrics() const override;
  Diagnosis WhyNoRows() const override;
  std::vector<BadRecord> RecentBadRecords() const override { return bad_records_.Newest(); }
  std::vector<BadRecord> RecentLateRecords() const override { return late_records_.Newest(); }
  std::vector<RuntimeWarning> Warnings() const override { return warnings_.All(); }
  void Cancel() override;
  void Pause() override;
  void Resume() override;
  void Hold() override;
  void LetGo() override;
  Status SaveState(std::string* out) const override;
  bool WaitFor(int64_t timeout_ms) override;
  Status result() const override;

 private:
  struct OpenScan {
    std::shared_ptr<const ScanNode> node;
    std::vector<std::unique_ptr<PartitionReader>> readers;
  };

  /// `wishes`: how lanes want the partitions; columns, predicates and start are filled in here.
  Result<OpenScan> Open(const std::shared_ptr<const ScanNode>& node, const SourceOpener& open, ReadOptions wishes = {});
  Status AddLeaf(const exec::Pipeline::Leaf& leaf, const SourceOpener& open, exec::Lane* lane, ReadOptions wishes = {},
                 bool reads_ahead = false);
  Status StartShared(const std::shared_ptr<const AggregateNode>& aggregate, const SourceOpener& open);
  /// Several lanes over a plan without state, their rows put back into input order.
  Status StartStateless(const SourceOpener& open);
  Status StartSingle(const SourceOpener& open);
  Status LoadState();
  size_t LanesWanted() const;
  exec::ScanSettings SettingsOf(const std::shared_ptr<const ScanNode>& node) const;
  std::shared_ptr<exec::Lane> MakeLane(std::function<void(const Status&)> on_done);
  /// Notes how a lane has ended; the first failure stops the others.
  bool IsLastLane(const Status& status);
  Status FirstFailure() const;
  void SharedLaneDone(const Status& status);
  Status JoinLanes();
  void Finish(Status status);
  void WakeLanes();

  const std::shared_ptr<const PreparedQuery> query_;
  const RunOptions options_;
  std::shared_ptr<ResultReceiver> receiver_;
  exec::WorkerPool* const pool_;
  const Clock* const clock_;
  exec::PipelineSettings settings_;

  std::shared_ptr<exec::LaneControl> control_ = std::make_shared<exec::LaneControl>();
  exec::InputMeter meter_;
  exec::BadRecordLog bad_records_;
  exec::BadRecordLog late_records_;
  exec::WarningLog warnings_;
  std::atomic<int64_t> rows_out_{0};
  std::unique_ptr<exec::Port> sink_;
  std::vector<std::shared_ptr<Source>> sources_;
  std::vector<std::shared_ptr<exec::Lane>> lanes_;

  // Several lanes only.
  std::unique_ptr<exec::OrderedOutput> ordered_;
  std::vector<std::unique_ptr<exec::OrderedLaneSink>> lane_sinks_;
  std::vector<exec::MergeableOperator*> parts_;  ///< Per lane, in input order.
  exec::LaneContext join_context_;
  std::unique_ptr<exec::Pipeline> rest_;  ///< The plan above the shared aggregate.
  std::atomic<int> lanes_open_{0};
  int64_t shared_rows_out_ = 0;  ///< Of the aggregate that the lanes share.

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  JobState state_ = JobState::kStarting;
  Status result_;
  Status first_failure_;
  std::vector<exec::OperatorInsight> rest_insights_;
  std::vector<OperatorMetrics> rest_operators_;
  Timestamp started_ = 0;
  Timestamp ended_ = 0;
};

}  // namespace velo
