#include "services/sql/sample_run.h"

#include <mutex>

#include <arrow/record_batch.h>
#include <nlohmann/json.hpp>

#include "engine/types/value_text.h"
#include "services/executions/result_view.h"

namespace velo::services {
namespace {

constexpr int64_t kSampleRows = 100, kShownRows = 20, kTimeoutMs = 2000;

/// Keeps the first rows of a result as JSON objects of its visible columns.
class FirstRows : public ResultReceiver {
 public:
  explicit FirstRows(size_t visible) : visible_(visible) {}

  void OnRows(const Batch& batch) override {
    std::vector<int> columns;
    for (size_t i = 0; i < visible_; ++i) columns.push_back(static_cast<int>(i));
    auto shown = batch.columns->SelectColumns(columns);
    if (!shown.ok()) return;
    std::lock_guard lock(mutex_);
    for (int64_t i = 0; i < (*shown)->num_rows() && rows_.size() < kShownRows; ++i) {
      bool gone =
          !batch.kinds.empty() && (batch.kinds[i] == RowKind::kDelete || batch.kinds[i] == RowKind::kUpdateBefore);
      if (gone) continue;
      std::string text;
      AppendJsonRow(**shown, i, JsonStyle::kExact, &text);
      rows_.push_back(Json::parse(text, nullptr, false));
    }
  }
  void OnFinished(const Status&) override {}
  Json Take() {
    std::lock_guard lock(mutex_);
    return std::move(rows_);
  }

 private:
  size_t visible_;
  std::mutex mutex_;
  Json rows_ = Json::array();
};

Result<std::shared_ptr<arrow::RecordBatch>> SampleOf(Workspace& workspace, Catalog* catalog, const std::string& name) {
  VELO_ASSIGN_OR_RETURN(RelationPtr relation, catalog->Find(name, {}));
  if (relation == nullptr || relation->uri.empty()) return std::shared_ptr<arrow::RecordBatch>();
  Connector* connector = workspace.engine().connectors().Find(UriScheme(relation->uri));
  if (connector == nullptr) return std::shared_ptr<arrow::RecordBatch>();
  PreviewRequest request;
  request.limit = kSampleRows;
  request.from_end = !relation->bounded;
  VELO_ASSIGN_OR_RETURN(Preview preview, connector->Peek(relation->uri, relation->properties, request));
  return preview.rows;
}

}  // namespace

SampleRun RunOnSample(Workspace& workspace, Catalog* catalog, std::shared_ptr<const PreparedQuery> query) {
  SampleRun run;
  Engine::Inputs inputs;
  for (const std::string& name : query->sources) {
    Result<std::shared_ptr<arrow::RecordBatch>> rows = SampleOf(workspace, catalog, name);
    if (!rows.ok()) {
      run.error = rows.status().error().message;
      return run;
    }
    if (*rows == nullptr) return run;  // A declared source without data has nothing to try the query on.
    inputs.emplace_back(name, *rows);
  }
  auto receiver = std::make_shared<FirstRows>(query->output.columns.size());
  RunOptions options;
  options.coalesce_changes = true;
  options.lanes = 1;
  Result<std::shared_ptr<Job>> job = workspace.engine().StartOnRows(query, inputs, options, receiver);
  if (!job.ok()) {
    run.error = job.status().error().message;
    return run;
  }
  if (!(*job)->WaitFor(kTimeoutMs)) (*job)->Cancel();
  Status result = (*job)->result();
  if (!result.ok()) run.error = result.error().message;
  run.rows = receiver->Take();
  run.from = "up to 100 rows of each source";
  return run;
}

}  // namespace velo::services
