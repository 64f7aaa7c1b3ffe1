#include <arrow/record_batch.h>

#include "engine/io/schema_report.h"
#include "engine/runtime/memory_relation.h"
#include "engine/types/arrow_status.h"

namespace velo {

namespace {

constexpr std::string_view kScheme = "memory";

class MemorySink : public Sink {
 public:
  explicit MemorySink(std::shared_ptr<MemoryRelation> relation) : relation_(std::move(relation)) {
    relation_->AddWriter();
  }
  ~MemorySink() override {
    if (open_) relation_->RemoveWriter();
  }
  Status Write(const SinkRows& rows) override { return relation_->Append(rows); }
  Status Close() override {
    if (std::exchange(open_, false)) relation_->RemoveWriter();
    return Status::OK();
  }
  std::string where() const override { return "memory://" + relation_->name(); }

 private:
  const std::shared_ptr<MemoryRelation> relation_;
  bool open_ = true;
};

class MemoryConnector : public Connector {
 public:
  MemoryConnector(MemoryStore* store, const Clock* clock) : store_(store), clock_(clock) {}

  std::string_view scheme() const override { return kScheme; }
  const std::vector<ConnectorOption>& options() const override {
    static const std::vector<ConnectorOption> none;
    return none;
  }

  Result<ConnectionReport> Connect(const std::string& uri, const PropertyMap&) override {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<MemoryRelation> relation, Find(uri));
    ConnectionReport report;
    report.uri = uri;
    report.type = kScheme;
    SourceItem item;
    item.name = relation->name();
    item.kind = relation->kind() == RelationKind::kTable ? "table" : "stream";
    item.rows = relation->row_count();
    item.size_bytes = report.total_bytes = relation->bytes();
    report.items.push_back(std::move(item));
    return report;
  }

  Result<SchemaReport> Describe(const std::string& uri, const PropertyMap& properties, int64_t max_records) override {
    VELO_ASSIGN_OR_RETURN(const Preview rows, Peek(uri, properties, {.limit = max_records}));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<MemoryRelation> relation, Find(uri));
    return DescribeSample(*rows.rows, relation->schema());
  }

  Result<Preview> Peek(const std::string& uri, const PropertyMap&, const PreviewRequest& request) override {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<MemoryRelation> relation, Find(uri));
    ReadOptions read;
    read.columns = relation->schema().Names();
    VELO_ASSIGN_OR_RETURN(const auto readers, relation->OpenSource()->OpenReaders(read));
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    for (int64_t rows = 0; request.from_end || rows < request.limit;) {
      VELO_ASSIGN_OR_RETURN(const ReadOutcome outcome, readers.front()->Read());
      if (outcome.state != ReadOutcome::State::kRows) break;
      rows += outcome.batch.num_rows();
      batches.push_back(outcome.batch.columns);
    }
    Preview preview;
    if (batches.empty()) {
      VELO_ASSIGN_OR_RETURN_ARROW(preview.rows, arrow::RecordBatch::MakeEmpty(relation->schema().ToArrow()));
      return preview;
    }
    VELO_ASSIGN_OR_RETURN_ARROW(const auto all, arrow::ConcatenateRecordBatches(batches));
    const int64_t skip = request.from_end ? std::max<int64_t>(0, all->num_rows() - request.limit) : 0;
    preview.rows = all->Slice(skip, request.limit);
    return preview;
  }

  Result<std::unique_ptr<Source>> OpenSource(const std::string& uri, const PropertyMap&) override {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<MemoryRelation> relation, Find(uri));
    return relation->OpenSource();
  }

  Result<std::unique_ptr<Sink>> OpenSink(const SinkTarget& target) override {
    const std::string name = target.uri.substr(kScheme.size() + 3);
    std::shared_ptr<MemoryRelation> relation = store_->Find(name);
    if (relation == nullptr) {
      const RelationKind kind = target.table ? RelationKind::kTable : RelationKind::kStream;
      relation = store_->Create(name, target.columns, kind, target.key_columns, clock_);
    } else if (relation->schema() != target.columns) {
      return Status::User("CONFLICT", fmt::format("'{}' is there with other columns", target.uri),
                          "write to another name");
    }
    return std::unique_ptr<Sink>(std::make_unique<MemorySink>(std::move(relation)));
  }

 private:
  Result<std::shared_ptr<MemoryRelation>> Find(const std::string& uri) const {
    std::shared_ptr<MemoryRelation> relation = store_->Find(std::string_view(uri).substr(kScheme.size() + 3));
    if (relation != nullptr) return relation;
    return Status::User("SOURCE_NOT_FOUND", fmt::format("There is nothing at {}.", uri),
                        "Write to it first: INSERT INTO 'memory://name' ...");
  }

  MemoryStore* const store_;
  const Clock* const clock_;
};

}  // namespace

std::shared_ptr<MemoryRelation> MemoryStore::Create(const std::string& name, Schema schema, RelationKind kind,
                                                    std::vector<std::string> key_columns, const Clock* clock) {
  auto relation = std::make_shared<MemoryRelation>(name, std::move(schema), kind, std::move(key_columns), clock);
  std::lock_guard lock(mutex_);
  relations_[name] = relation;
  return relation;
}

std::shared_ptr<MemoryRelation> MemoryStore::Find(std::string_view name) const {
  std::lock_guard lock(mutex_);
  const auto at = relations_.find(name);
  return at == relations_.end() ? nullptr : at->second;
}

void MemoryStore::Remove(std::string_view name) {
  std::lock_guard lock(mutex_);
  if (const auto at = relations_.find(name); at != relations_.end()) relations_.erase(at);
}

std::vector<std::string> MemoryStore::Names() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, relation] : relations_) names.push_back(name);
  return names;
}

std::unique_ptr<Connector> MakeMemoryConnector(MemoryStore* store, const Clock* clock) {
  return std::make_unique<MemoryConnector>(store, clock);
}

}  // namespace velo
