#include "tests/runner/restarting_query.h"

#include "engine/exec/scan_driver.h"

namespace velo::testing {

namespace {

class CollectingPort : public exec::Port {
 public:
  Status Rows(const Batch& batch) override {
    batches.push_back(batch);
    return Status::OK();
  }
  Status Watermark(exec::EventMillis) override { return Status::OK(); }
  Status End() override { return Status::OK(); }

  std::vector<Batch> batches;
};

class RestartingQuery {
 public:
  RestartingQuery(std::shared_ptr<const PreparedQuery> query, const OpenScan& open, Clock* clock)
      : query_(std::move(query)), open_(open), clock_(clock) {}

  Result<std::vector<Batch>> Run(int64_t rows_between) {
    VELO_RETURN_IF_ERROR(Build());
    int64_t steps = 0;
    for (bool worked = true; worked;) {
      worked = false;
      for (size_t i = 0; i < drivers_.size(); ++i) {
        if (!drivers_[i]->MayRead()) continue;
        VELO_ASSIGN_OR_RETURN(const auto progress, drivers_[i]->Step());
        if (progress == exec::ScanDriver::Progress::kWorked) worked = true;
        if (progress == exec::ScanDriver::Progress::kIdle) return Status::Bug("a bounded source has fallen asleep");
      }
      if (worked && ++steps % rows_between == 0) VELO_RETURN_IF_ERROR(Restart());
    }
    return std::move(sink_.batches);
  }

 private:
  Status Build() {
    context_ = {};
    context_.evaluation.now_micros = clock_->Now();
    context_.meter = &meter_;
    context_.bad_records = &bad_records_;
    exec::PipelineSettings settings;
    settings.ends = true;
    settings.has_watermarks = false;
    drivers_.clear();
    VELO_ASSIGN_OR_RETURN(pipeline_, exec::BuildPipeline(query_->plan, settings, &context_, &sink_));
    for (const exec::Pipeline::Leaf& leaf : pipeline_->leaves) {
      if (leaf.node->kind != PlanKind::kScan) return Status::User("TEST", "only scans can be restarted");
      exec::ScanSettings scan;
      scan.node = std::static_pointer_cast<const ScanNode>(leaf.node);
      scan.clock = clock_;
      scan.tells_lowest_times = !leaf.time_column.empty();
      VELO_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, open_(*scan.node));
      ReadOptions read;
      read.columns = scan.node->columns;
      read.batch_rows = 1;
      read.time_column = leaf.time_column;
      VELO_ASSIGN_OR_RETURN(auto readers, source->OpenReaders(read));
      drivers_.push_back(std::make_unique<exec::ScanDriver>(scan, std::move(readers), leaf, &context_));
    }
    return Status::OK();
  }

  Status Restart() {
    std::string state;
    for (const auto& driver : drivers_) VELO_RETURN_IF_ERROR(driver->Save(&state));
    VELO_RETURN_IF_ERROR(pipeline_->Save(&state));
    VELO_RETURN_IF_ERROR(Build());
    std::string_view left = state;
    for (const auto& driver : drivers_) VELO_RETURN_IF_ERROR(driver->Load(&left));
    VELO_RETURN_IF_ERROR(pipeline_->Load(&left));
    return left.empty() ? Status::OK() : Status::Bug("a step left a part of its state unread");
  }

  const std::shared_ptr<const PreparedQuery> query_;
  const OpenScan& open_;
  Clock* const clock_;
  exec::InputMeter meter_;
  exec::BadRecordLog bad_records_;
  exec::LaneContext context_;
  CollectingPort sink_;
  std::unique_ptr<exec::Pipeline> pipeline_;
  std::vector<std::unique_ptr<exec::ScanDriver>> drivers_;
};

}  // namespace

Result<std::vector<Batch>> RunWithRestarts(const std::shared_ptr<const PreparedQuery>& query, const OpenScan& open,
                                           int64_t rows_between, Clock* clock) {
  return RestartingQuery(query, open, clock).Run(rows_between);
}

}  // namespace velo::testing
