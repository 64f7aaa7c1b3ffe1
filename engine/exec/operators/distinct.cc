#include "engine/exec/operators/distinct.h"

#include <numeric>

#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

class DistinctOperator : public Operator {
 public:
  DistinctOperator(std::shared_ptr<const DistinctNode> node, bool bounded_memory)
      : node_(std::move(node)), bounded_memory_(bounded_memory) {
    for (int column : node_->columns) types_.push_back(node_->output.columns[column].type.ToArrow());
    newer_ = std::make_unique<GroupTable>(types_);
    older_ = std::make_unique<GroupTable>(types_);
  }

  Status OnBatch(const Batch& batch, Output& out) override {
    VELO_ASSIGN_OR_RETURN(const Batch input, WithoutRetractions(batch));
    std::vector<uint32_t> rows;
    VELO_RETURN_IF_ERROR(KeepUnseen(*newer_, *input.columns, &rows));
    if (older_->size() > 0 && !rows.empty()) VELO_RETURN_IF_ERROR(DropSeenBefore(*input.columns, &rows));
    if (bounded_memory_ && static_cast<int64_t>(newer_->size()) * 2 > node_->max_entries) {
      older_ = std::move(newer_);
      newer_ = std::make_unique<GroupTable>(types_);
    }
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + static_cast<int64_t>(rows.size());
    counts.rows_filtered += batch.num_rows() - static_cast<int64_t>(rows.size());
    if (rows.empty()) return Status::OK();
    if (static_cast<int64_t>(rows.size()) == input.num_rows()) return out.Emit(input);
    VELO_ASSIGN_OR_RETURN(Batch unseen, TakeRows(input, rows));
    return out.Emit(std::move(unseen));
  }

  Status Save(std::string* out) const override {
    VELO_RETURN_IF_ERROR(SaveTable(*older_, out));
    return SaveTable(*newer_, out);
  }

  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(LoadTable(older_.get(), in));
    return LoadTable(newer_.get(), in);
  }

  int64_t StateBytes() const override { return newer_->MemoryBytes() + older_->MemoryBytes(); }

 private:
  std::vector<std::shared_ptr<arrow::Array>> KeysOf(const arrow::RecordBatch& batch) const {
    std::vector<std::shared_ptr<arrow::Array>> keys;
    for (int column : node_->columns) keys.push_back(batch.column(column));
    return keys;
  }

  // Adds all rows to the table; sets `rows` to those that are the first with their values.
  Status KeepUnseen(GroupTable& table, const arrow::RecordBatch& batch, std::vector<uint32_t>* rows) {
    uint32_t known = table.size();
    std::vector<uint32_t> ids(static_cast<size_t>(batch.num_rows()));
    VELO_RETURN_IF_ERROR(table.FindOrInsert(KeysOf(batch), batch.num_rows(), ids.data()));
    for (uint32_t row = 0; row < ids.size(); ++row) {
      if (ids[row] != known) continue;
      rows->push_back(row);
      ++known;
    }
    return Status::OK();
  }

  Status DropSeenBefore(const arrow::RecordBatch& batch, std::vector<uint32_t>* rows) {
    const uint32_t known = older_->size();
    std::vector<uint32_t> ids(static_cast<size_t>(batch.num_rows()));
    VELO_RETURN_IF_ERROR(older_->FindOrInsert(KeysOf(batch), batch.num_rows(), ids.data()));
    std::erase_if(*rows, [&](uint32_t row) { return ids[row] < known; });
    return Status::OK();
  }

  static Status SaveTable(const GroupTable& table, std::string* out) {
    std::vector<uint32_t> all(table.size());
    std::iota(all.begin(), all.end(), 0U);
    return PutKeys(table, all, out);
  }

  static Status LoadTable(GroupTable* table, std::string_view* in) {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
    std::vector<uint32_t> ids(static_cast<size_t>(keys->num_rows()));
    return table->FindOrInsert(keys->columns(), keys->num_rows(), ids.data());
  }

  const std::shared_ptr<const DistinctNode> node_;
  const bool bounded_memory_;
  std::vector<std::shared_ptr<arrow::DataType>> types_;
  std::unique_ptr<GroupTable> newer_, older_;  ///< Two generations; the older one goes when the newer one is half full.
};

}  // namespace

std::unique_ptr<Operator> MakeDistinct(std::shared_ptr<const DistinctNode> node, bool bounded_memory, LaneContext*) {
  return std::make_unique<DistinctOperator>(std::move(node), bounded_memory);
}

}  // namespace velo::exec
