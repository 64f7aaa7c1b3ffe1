#include "engine/runtime/engine.h"

#include <thread>

#include "engine/exec/worker_pool.h"
#include "engine/io/memory_source.h"
#include "engine/runtime/engine_catalog.h"
#include "engine/runtime/memory_relation.h"
#include "engine/runtime/query_job.h"

namespace velo {

namespace {

constexpr int64_t kRetentionMillis = 30'000;
constexpr int64_t kStopMillis = 10'000;

// Lets the topic store drop what is too old or too large, every half minute.
class RetentionTask : public exec::Task {
 public:
  RetentionTask(TopicStore* topics, exec::WorkerPool* pool) : topics_(topics), pool_(pool) {}
  Next Step() override {
    // A failure here (disk full) shows at the next append, where somebody can act on it.
    last_ = topics_->ApplyRetention();
    pool_->WakeAfter(shared_from_this(), kRetentionMillis);
    return Next::kWait;
  }

 private:
  TopicStore* const topics_;
  exec::WorkerPool* const pool_;
  Status last_;
};

// Rows cut into neighbouring runs, one per partition, so that reading the partitions in order gives the rows in order.
std::vector<std::vector<std::shared_ptr<arrow::RecordBatch>>> InPartitions(
    const std::shared_ptr<arrow::RecordBatch>& rows, int64_t partitions) {
  std::vector<std::vector<std::shared_ptr<arrow::RecordBatch>>> parts;
  const int64_t share = (rows->num_rows() + partitions - 1) / partitions;
  for (int64_t from = 0; from < rows->num_rows(); from += share) parts.push_back({rows->Slice(from, share)});
  if (parts.empty()) parts.emplace_back();
  return parts;
}

class EmbeddedEngine : public Engine {
 public:
  explicit EmbeddedEngine(const EngineOptions& options)
      : clock_(options.clock != nullptr ? options.clock : &SystemClock()),
        connectors_(options.connectors != nullptr ? options.connectors : &own_connectors_) {}

  ~EmbeddedEngine() override {
    std::vector<std::shared_ptr<QueryJob>> running;
    {
      std::lock_guard lock(mutex_);
      for (const std::weak_ptr<QueryJob>& job : jobs_) {
        if (auto alive = job.lock()) running.push_back(std::move(alive));
      }
    }
    for (const auto& job : running) job->Cancel();
    for (const auto& job : running) job->WaitFor(kStopMillis);
  }

  Status Open(const EngineOptions& options) {
    if (!options.data_dir.empty()) {
      VELO_ASSIGN_OR_RETURN(topics_, TopicStore::Open(options.data_dir, clock_));
      connectors_->Add(MakeTopicConnector(topics_.get()));
    }
    connectors_->Add(MakeMemoryConnector(&memory_, clock_));
    catalog_ = std::make_unique<EngineCatalog>(topics_.get(), connectors_, clock_);
    const auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    pool_ = std::make_unique<exec::WorkerPool>(options.workers > 0 ? options.workers : cores);
    if (topics_ != nullptr) pool_->Start(retention_ = std::make_shared<RetentionTask>(topics_.get(), pool_.get()));
    return Status::OK();
  }

  TopicStore* topics() override { return topics_.get(); }
  ConnectorRegistry& connectors() override { return *connectors_; }
  MemoryStore& memory() override { return memory_; }
  Catalog& catalog() override { return *catalog_; }
  Clock& clock() override { return *clock_; }

  Result<std::shared_ptr<Job>> Start(std::shared_ptr<const PreparedQuery> query, const RunOptions& options,
                                     std::shared_ptr<ResultReceiver> receiver) override {
    return Run(std::move(query), options, std::move(receiver), [this](const ScanNode& scan) { return OpenUri(scan); });
  }

  Result<std::shared_ptr<Job>> StartOnRows(std::shared_ptr<const PreparedQuery> query, const Inputs& inputs,
                                           const RunOptions& options,
                                           std::shared_ptr<ResultReceiver> receiver) override {
    RunOptions ending = options;
    ending.live = false;
    const int64_t lanes = options.lanes > 0 ? options.lanes : 1;
    return Run(
        std::move(query), ending, std::move(receiver), [&](const ScanNode& scan) -> Result<std::shared_ptr<Source>> {
          for (const auto& [name, rows] : inputs) {
            if (name != scan.relation->name) continue;
            return std::shared_ptr<Source>(MakeMemorySource(name, scan.relation->schema, InPartitions(rows, lanes)));
          }
          return Status::User("SOURCE_NOT_FOUND", fmt::format("no rows were given for '{}'", scan.relation->name));
        });
  }

 private:
  Result<std::shared_ptr<Source>> OpenUri(const ScanNode& scan) {
    const Relation& relation = *scan.relation;
    if (relation.uri.empty()) {
      return Status::User("E3001", fmt::format("no source is configured for '{}'", relation.name),
                          "read a file with FROM file:///path, or create the topic first")
          .WithSpan(scan.span);
    }
    Connector* connector = connectors_->Find(UriScheme(relation.uri));
    if (connector == nullptr) {
      return Status::User("E3004", fmt::format("'{}' cannot be read by this build", relation.uri)).WithSpan(scan.span);
    }
    VELO_ASSIGN_OR_RETURN(std::unique_ptr<Source> source, connector->OpenSource(relation.uri, scan.properties));
    return std::shared_ptr<Source>(std::move(source));
  }

  Result<std::shared_ptr<Job>> Run(std::shared_ptr<const PreparedQuery> query, const RunOptions& options,
                                   std::shared_ptr<ResultReceiver> receiver, const SourceOpener& open) {
    if (!query->not_runnable_reason.empty()) {
      return Status::User(query->not_runnable_code.empty() ? "E3090" : query->not_runnable_code,
                          query->not_runnable_reason);
    }
    auto job = std::make_shared<QueryJob>(std::move(query), options, std::move(receiver), pool_.get(), clock_);
    VELO_RETURN_IF_ERROR(job->Start(open));
    std::lock_guard lock(mutex_);
    std::erase_if(jobs_, [](const std::weak_ptr<QueryJob>& known) { return known.expired(); });
    jobs_.push_back(job);
    return std::shared_ptr<Job>(std::move(job));
  }

  Clock* const clock_;
  ConnectorRegistry own_connectors_;
  ConnectorRegistry* const connectors_;
  std::unique_ptr<TopicStore> topics_;
  MemoryStore memory_;
  std::unique_ptr<EngineCatalog> catalog_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<QueryJob>> jobs_;
  std::shared_ptr<exec::Task> retention_;
  std::unique_ptr<exec::WorkerPool> pool_;  ///< Last: its threads end before anything they use goes.
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options) {
  auto engine = std::make_unique<EmbeddedEngine>(options);
  VELO_RETURN_IF_ERROR(engine->Open(options));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace velo
