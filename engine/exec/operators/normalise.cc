#include "engine/exec/operators/normalise.h"

#include <map>
#include <numeric>

#include "engine/exec/group_table.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/window_math.h"

namespace velo::exec {

namespace {

constexpr uint32_t kNoRow = UINT32_MAX;
constexpr int64_t kFewDeadRows = 4096;

class Normalise : public Operator {
 public:
  explicit Normalise(std::shared_ptr<const NormaliseNode> node)
      : node_(std::move(node)), schema_(node_->output.ToArrow()) {
    Clear();
  }

  Status OnBatch(const Batch& batch, Output& out) override {
    VELO_RETURN_IF_ERROR(FindKeys(*batch.columns));
    const int64_t first = columns_.empty() ? 0 : columns_[0].size();
    VELO_RETURN_IF_ERROR(Append(*batch.columns));
    std::vector<uint32_t> rows;
    Batch result;
    rows.reserve(static_cast<size_t>(batch.num_rows()) * 2);
    result.kinds.reserve(static_cast<size_t>(batch.num_rows()) * 2);
    const auto add = [&](uint32_t row, RowKind kind) {
      rows.push_back(row);
      result.kinds.push_back(kind);
    };
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      const RowKind kind = batch.kinds.empty() ? RowKind::kInsert : batch.kinds[i];
      uint32_t& newest = newest_[ids_[i]];
      const auto row = static_cast<uint32_t>(first + i);
      switch (kind) {
        case RowKind::kUpdateBefore:
          ++dead_;
          break;
        case RowKind::kDelete:
          ++dead_;
          if (newest == kNoRow) break;
          add(newest, RowKind::kDelete);
          newest = kNoRow;
          ++dead_;
          --live_;
          break;
        case RowKind::kInsert:
        case RowKind::kUpdateAfter:
          if (newest == kNoRow) {
            add(row, RowKind::kInsert);
            ++live_;
          } else {
            add(newest, RowKind::kUpdateBefore);
            add(row, RowKind::kUpdateAfter);
            ++dead_;
          }
          newest = row;
          break;
      }
    }
    NoteWindowEnds(*batch.columns);
    if (!rows.empty()) {
      VELO_ASSIGN_OR_RETURN(result.columns, Gather(rows));
      VELO_RETURN_IF_ERROR(out.Emit(std::move(result)));
    }
    return CompactIfWorthwhile();
  }

  // Rows of windows that can no longer change are forgotten; nobody above hears of it.
  Status OnWatermark(EventMillis watermark, Output&) override {
    while (!ends_.empty() && HasPassed(watermark, ends_.begin()->first, node_->window_kept_ms)) {
      for (uint32_t id : ends_.begin()->second) {
        if (newest_[id] == kNoRow || window_end_[id] != ends_.begin()->first) continue;
        newest_[id] = kNoRow;
        --live_;
        ++dead_;
      }
      ends_.erase(ends_.begin());
    }
    return CompactIfWorthwhile();
  }

  Status Save(std::string* out) const override {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> rows, Gather(LiveRows()));
    return PutBatch(*rows, out);
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> rows, TakeBatch(in));
    return Refill(*rows);
  }

  int64_t StateBytes() const override {
    int64_t bytes = keys_->MemoryBytes() + static_cast<int64_t>(newest_.capacity() * sizeof(uint32_t));
    for (const KeyColumn& column : columns_) bytes += column.MemoryBytes();
    return bytes;
  }

 private:
  void Clear() {
    std::vector<std::shared_ptr<arrow::DataType>> types;
    for (int column : node_->change_key) types.push_back(schema_->field(column)->type());
    keys_ = std::make_unique<GroupTable>(std::move(types));
    columns_.clear();
    for (const auto& field : schema_->fields()) columns_.emplace_back(field->type());
    newest_.clear();
    window_end_.clear();
    ends_.clear();
    live_ = dead_ = 0;
  }

  Status FindKeys(const arrow::RecordBatch& batch) {
    std::vector<std::shared_ptr<arrow::Array>> keys;
    for (int column : node_->change_key) keys.push_back(batch.column(column));
    ids_.resize(static_cast<size_t>(batch.num_rows()));
    VELO_RETURN_IF_ERROR(keys_->FindOrInsert(keys, batch.num_rows(), ids_.data()));
    newest_.resize(keys_->size(), kNoRow);
    if (node_->window_end >= 0) window_end_.resize(keys_->size(), INT64_MIN);
    return Status::OK();
  }

  Status Append(const arrow::RecordBatch& batch) {
    std::vector<uint32_t> all(static_cast<size_t>(batch.num_rows()));
    std::iota(all.begin(), all.end(), 0U);
    for (size_t c = 0; c < columns_.size(); ++c) {
      VELO_RETURN_IF_ERROR(columns_[c].Append(*batch.column(static_cast<int>(c)), all));
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Gather(std::span<const uint32_t> rows) const {
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const KeyColumn& column : columns_) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, column.Gather(rows));
      arrays.push_back(std::move(array));
    }
    return arrow::RecordBatch::Make(schema_, static_cast<int64_t>(rows.size()), std::move(arrays));
  }

  // A session may grow, so a key can be noted under several ends; only the newest counts.
  void NoteWindowEnds(const arrow::RecordBatch& batch) {
    if (node_->window_end < 0) return;
    const auto& ends = static_cast<const arrow::Int64Array&>(*batch.column(node_->window_end));
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      if (window_end_[ids_[i]] == ends.Value(i) || newest_[ids_[i]] == kNoRow) continue;
      window_end_[ids_[i]] = ends.Value(i);
      ends_[ends.Value(i)].push_back(ids_[i]);
    }
  }

  std::vector<uint32_t> LiveRows() const {
    std::vector<uint32_t> rows;
    for (uint32_t row : newest_) {
      if (row != kNoRow) rows.push_back(row);
    }
    return rows;
  }

  Status Refill(const arrow::RecordBatch& rows) {
    Clear();
    VELO_RETURN_IF_ERROR(FindKeys(rows));
    VELO_RETURN_IF_ERROR(Append(rows));
    for (uint32_t row = 0; row < ids_.size(); ++row) newest_[ids_[row]] = row;
    live_ = rows.num_rows();
    NoteWindowEnds(rows);
    return Status::OK();
  }

  Status CompactIfWorthwhile() {
    if (dead_ < kFewDeadRows || dead_ < live_) return Status::OK();
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> rows, Gather(LiveRows()));
    return Refill(*rows);
  }

  const std::shared_ptr<const NormaliseNode> node_;
  const std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<GroupTable> keys_;
  std::vector<KeyColumn> columns_;   ///< Every row taken in since the last compaction.
  std::vector<uint32_t> newest_;     ///< Per key id: its newest row in columns_, or kNoRow.
  std::vector<int64_t> window_end_;  ///< Per key id.
  std::map<int64_t, std::vector<uint32_t>> ends_;
  int64_t live_ = 0, dead_ = 0;  ///< Rows in columns_ that are, or are not, the newest of a key.
  std::vector<uint32_t> ids_;    ///< Scratch.
};

}  // namespace

std::unique_ptr<Operator> MakeNormalise(std::shared_ptr<const NormaliseNode> node) {
  return std::make_unique<Normalise>(std::move(node));
}

}  // namespace velo::exec
