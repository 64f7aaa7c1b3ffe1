#include <numeric>

#include "engine/exec/batch_rows.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/operators/distinct.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

constexpr size_t kFewDeadValues = 4096;

class ChangingDistinct : public Operator {
 public:
  ChangingDistinct(std::shared_ptr<const DistinctNode> node, bool joins_updates)
      : node_(std::move(node)), joins_updates_(joins_updates) {
    for (int column : node_->columns) types_.push_back(node_->output.columns[column].type.ToArrow());
    values_ = std::make_unique<GroupTable>(types_);
  }

  Status OnBatch(const Batch& batch, Output& out) override {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (int column : node_->columns) columns.push_back(batch.columns->column(column));
    ids_.resize(static_cast<size_t>(batch.num_rows()));
    VELO_RETURN_IF_ERROR(values_->FindOrInsert(columns, batch.num_rows(), ids_.data()));
    counts_.resize(values_->size(), 0);
    std::vector<uint32_t> rows;
    std::vector<RowKind> kinds;
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      const RowKind kind = batch.kinds.empty() ? RowKind::kInsert : batch.kinds[row];
      const bool leaves = kind == RowKind::kDelete || kind == RowKind::kUpdateBefore;
      int64_t& count = counts_[ids_[row]];
      const bool replaced_itself = leaves && kind == RowKind::kUpdateBefore && row + 1 < batch.num_rows() &&
                                   batch.kinds[row + 1] == RowKind::kUpdateAfter && ids_[row + 1] == ids_[row];
      if (replaced_itself) {
        ++row;
        continue;
      }
      count += leaves ? -1 : 1;
      if (count != (leaves ? 0 : 1)) continue;
      const bool follows = kind == RowKind::kUpdateAfter && !rows.empty() && rows.back() == row - 1 &&
                           kinds.back() == RowKind::kDelete && batch.kinds[row - 1] == RowKind::kUpdateBefore;
      if (joins_updates_ && follows) {
        kinds.back() = RowKind::kUpdateBefore;
        kinds.push_back(RowKind::kUpdateAfter);
      } else {
        kinds.push_back(leaves ? RowKind::kDelete : RowKind::kInsert);
      }
      rows.push_back(static_cast<uint32_t>(row));
    }
    if (!rows.empty()) {
      VELO_ASSIGN_OR_RETURN(Batch changed, TakeRows({batch.columns, {}}, rows));
      changed.kinds = std::move(kinds);
      VELO_RETURN_IF_ERROR(out.Emit(std::move(changed)));
    }
    return CompactIfWorthwhile();
  }

  Status Save(std::string* out) const override {
    const std::vector<uint32_t> live = LiveValues();
    VELO_RETURN_IF_ERROR(PutKeys(*values_, live, out));
    for (uint32_t id : live) PutInteger(counts_[id], out);
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> values, TakeBatch(in));
    std::vector<int64_t> counts;
    for (int64_t i = 0; i < values->num_rows(); ++i) {
      VELO_ASSIGN_OR_RETURN(const int64_t count, TakeInteger(in));
      counts.push_back(count);
    }
    return Refill(values->columns(), std::move(counts));
  }

  int64_t StateBytes() const override {
    return values_->MemoryBytes() + static_cast<int64_t>(counts_.capacity() * sizeof(int64_t));
  }

 private:
  std::vector<uint32_t> LiveValues() const {
    std::vector<uint32_t> live(counts_.size());
    std::iota(live.begin(), live.end(), 0U);
    std::erase_if(live, [this](uint32_t id) { return counts_[id] <= 0; });
    return live;
  }

  Status Refill(const std::vector<std::shared_ptr<arrow::Array>>& values, std::vector<int64_t> counts) {
    auto fresh = std::make_unique<GroupTable>(types_);
    std::vector<uint32_t> ids(counts.size());
    if (!ids.empty()) {
      VELO_RETURN_IF_ERROR(fresh->FindOrInsert(values, static_cast<int64_t>(ids.size()), ids.data()));
    }
    values_ = std::move(fresh);
    counts_ = std::move(counts);
    return Status::OK();
  }

  Status CompactIfWorthwhile() {
    if (counts_.size() < look_again_) return Status::OK();
    const std::vector<uint32_t> live = LiveValues();
    look_again_ = std::max(kFewDeadValues, 2 * counts_.size());
    if (2 * live.size() > counts_.size()) return Status::OK();
    std::vector<std::shared_ptr<arrow::Array>> columns;
    std::vector<int64_t> counts;
    for (size_t column = 0; column < types_.size(); ++column) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, values_->Keys(column, live));
      columns.push_back(std::move(array));
    }
    for (uint32_t id : live) counts.push_back(counts_[id]);
    look_again_ = std::max(kFewDeadValues, 2 * live.size());
    return Refill(columns, std::move(counts));
  }

  const std::shared_ptr<const DistinctNode> node_;
  const bool joins_updates_;
  std::vector<std::shared_ptr<arrow::DataType>> types_;
  std::unique_ptr<GroupTable> values_;
  std::vector<int64_t> counts_;  ///< Per value: rows that have it.
  size_t look_again_ = kFewDeadValues;
  std::vector<uint32_t> ids_;  ///< Scratch.
};

}  // namespace

std::unique_ptr<Operator> MakeChangingDistinct(std::shared_ptr<const DistinctNode> node, bool joins_updates) {
  return std::make_unique<ChangingDistinct>(std::move(node), joins_updates);
}

}  // namespace velo::exec
