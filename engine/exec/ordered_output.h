#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/exec/pipeline.h"
#include "engine/exec/scan_driver.h"

namespace velo::exec {

/// Brings rows that several lanes make out of the partitions of one scan back into input order: what comes of the first
/// partition that has not ended goes on at once, what comes of later ones is held. Thread safe; the sink is called by
/// one thread at a time.
class OrderedOutput {
 public:
  /// `on_progress` is called, from any thread, when lanes that had to wait may go on.
  OrderedOutput(Port* sink, size_t partitions, std::function<void()> on_progress);

  Status Rows(size_t partition, const Batch& batch);
  Status PartitionEnd(size_t partition);
  /// True while so much is held that the lane of this partition should leave the time to others.
  bool MustWait(size_t partition) const;

 private:
  struct Held {
    std::deque<Batch> batches;
    bool ended = false;
  };
  Status PassOnHeld();

  Port* const sink_;
  const std::function<void()> on_progress_;
  mutable std::mutex mutex_;
  std::vector<Held> partitions_;
  size_t first_ = 0;  ///< Whose rows go on at once.
  int64_t held_bytes_ = 0;
};

/// The end of one lane's pipeline, in front of an OrderedOutput. The lane has every `lanes`-th partition, from `lane`
/// on.
class OrderedLaneSink : public Port, public PartitionObserver {
 public:
  OrderedLaneSink(OrderedOutput* output, size_t lane, size_t lanes)
      : output_(output), lane_(lane), lanes_(lanes), partition_(lane) {}

  Status Rows(const Batch& batch) override;
  Status Watermark(EventMillis) override { return Status::OK(); }
  Status End() override { return Status::OK(); }

  bool MayRead(size_t index) override;
  Status OnPartitionEnd(size_t index) override { return output_->PartitionEnd(index * lanes_ + lane_); }

 private:
  OrderedOutput* const output_;
  const size_t lane_, lanes_;
  size_t partition_;  ///< Whose rows come out of the pipeline.
};

}  // namespace velo::exec
