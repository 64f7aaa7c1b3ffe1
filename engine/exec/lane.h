#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/exec/pipeline.h"
#include "engine/exec/scan_driver.h"
#include "engine/exec/worker_pool.h"

namespace velo::exec {

/// Switches that outsiders turn and lanes look at before every step.
struct LaneControl {
  std::atomic<bool> cancelled{false};
  std::atomic<bool> paused{false};
  /// As paused, for the short while in which the state is saved: the two do not know of each other.
  std::atomic<bool> held{false};
};

/// What a lane last said about itself.
struct LaneStatus {
  std::vector<ScanStatus> scans;
  std::vector<OperatorInsight> insights;
  std::vector<OperatorMetrics> operators;
  int64_t state_bytes = 0;
  int64_t division_by_zero = 0;
};

/// One strand of a running query: its scans and the operators they feed, stepped by the worker pool a batch at a time.
class Lane : public Task {
 public:
  /// `on_done` is called once, by the last step: with OK at the end of input or when cancelled.
  Lane(std::shared_ptr<LaneControl> control, const Clock* clock, WorkerPool* pool,
       std::function<void(const velo::Status&)> on_done);

  /// Set-up, before the lane is started.
  LaneContext& context() { return context_; }
  void SetPipeline(std::unique_ptr<Pipeline> pipeline) { pipeline_ = std::move(pipeline); }
  Pipeline& pipeline() { return *pipeline_; }
  void AddScan(ScanSettings settings, std::vector<std::unique_ptr<PartitionReader>> readers, Pipeline::Leaf leaf);
  /// Constant rows: pushed by the first step.
  void AddValues(Pipeline::Leaf leaf) { values_.push_back(std::move(leaf)); }
  /// Registers with the readers, so that new rows wake the lane. The lane must be owned by a shared_ptr.
  void ListenToReaders();

  /// Lets go of operators and their state once the lane is done.
  void Release() { pipeline_.reset(); }

  Next Step() override;
  LaneStatus status() const;

  /// Returns when no step is under way. With LaneControl::held set before, none starts until it is taken back; then the
  /// lane stands between two batches.
  void WaitForStep();
  /// Positions in the sources, and everything the operators remember. REQUIRES: held and waited for, or not started.
  velo::Status Save(std::string* out) const;
  /// Into a fresh lane over the same plan and partitions, before it is started.
  velo::Status Load(std::string_view* in);

 private:
  velo::Status PushValues();
  int64_t LeafNumber(const Pipeline::Leaf& leaf) const;
  std::vector<size_t> Turns() const;
  bool IsAhead(const ScanDriver& scan) const;
  bool TellCaughtUp();
  velo::Status CheckMemory() const;
  Next Finish(const velo::Status& status);
  void PublishStatus();

  const std::shared_ptr<LaneControl> control_;
  const Clock* const clock_;
  WorkerPool* const pool_;
  std::function<void(const velo::Status&)> on_done_;
  LaneContext context_;
  std::unique_ptr<Pipeline> pipeline_;
  std::vector<std::unique_ptr<ScanDriver>> scans_;
  std::vector<Pipeline::Leaf> values_;
  size_t turn_ = 0;
  int64_t steps_ = 0;
  std::mutex step_mutex_;  ///< Held during a step.
  mutable std::mutex status_mutex_;
  LaneStatus status_;
};

}  // namespace velo::exec
