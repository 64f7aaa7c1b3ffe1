#include "engine/exec/inner_rows.h"

#include "engine/exec/key_encoding.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/subquery_evaluator.h"

namespace velo::exec {

namespace {

// Dead rows are worth a rewrite once there are this many and they are in the majority.
constexpr size_t kDeadRowsKept = 1024;

}  // namespace

InnerRows::InnerRows(std::vector<std::shared_ptr<arrow::DataType>> types, std::vector<int> keys)
    : types_(std::move(types)), keys_(std::move(keys)) {
  Reset();
}

void InnerRows::Reset() {
  std::vector<std::shared_ptr<arrow::DataType>> key_types;
  for (int key : keys_) key_types.push_back(types_[static_cast<size_t>(key)]);
  groups_ = std::make_unique<GroupTable>(std::move(key_types));
  columns_.clear();
  for (const auto& type : types_) columns_.emplace_back(type);
  first_.clear();
  last_.clear();
  next_.clear();
  group_.clear();
  alive_.clear();
  dead_ = 0;
}

Status InnerRows::Add(const Batch& batch) {
  std::vector<uint32_t> added;
  const auto flush = [&]() -> Status {
    VELO_RETURN_IF_ERROR(Append(*batch.columns, added));
    added.clear();
    return Status::OK();
  };
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    bool matchable = true;
    for (int key : keys_) matchable = matchable && batch.columns->column(key)->IsValid(row);
    if (!matchable) continue;
    if (AddsRow(batch, row)) {
      added.push_back(static_cast<uint32_t>(row));
      continue;
    }
    VELO_RETURN_IF_ERROR(flush());
    VELO_RETURN_IF_ERROR(TakeBack(*batch.columns, static_cast<uint32_t>(row)));
  }
  VELO_RETURN_IF_ERROR(flush());
  return dead_ > kDeadRowsKept && dead_ * 2 > alive_.size() ? DropDeadRows() : Status::OK();
}

Status InnerRows::Append(const arrow::RecordBatch& batch, std::span<const uint32_t> rows) {
  if (rows.empty()) return Status::OK();
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (int key : keys_) keys.push_back(batch.column(key));
  std::vector<uint32_t> ids(static_cast<size_t>(batch.num_rows()));
  if (rows.size() == ids.size()) {
    VELO_RETURN_IF_ERROR(groups_->FindOrInsert(keys, batch.num_rows(), ids.data()));
  } else {
    // Rows that are not added must not make groups.
    for (uint32_t row : rows) {
      std::vector<std::shared_ptr<arrow::Array>> key;
      for (const auto& column : keys) key.push_back(column->Slice(row, 1));
      VELO_RETURN_IF_ERROR(groups_->FindOrInsert(key, 1, &ids[row]));
    }
  }
  first_.resize(groups_->size(), kNone);
  last_.resize(groups_->size(), kNone);
  for (uint32_t row : rows) {
    const auto id = static_cast<uint32_t>(next_.size());
    const uint32_t group = ids[row];
    (last_[group] == kNone ? first_[group] : next_[last_[group]]) = id;
    last_[group] = id;
    next_.push_back(kNone);
    group_.push_back(group);
    alive_.push_back(1);
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    VELO_RETURN_IF_ERROR(columns_[c].Append(*batch.column(static_cast<int>(c)), rows));
  }
  return Status::OK();
}

Status InnerRows::TakeBack(const arrow::RecordBatch& batch, uint32_t row) {
  std::vector<std::shared_ptr<arrow::Array>> keys, values;
  for (int key : keys_) keys.push_back(batch.column(key)->Slice(row, 1));
  for (const auto& column : batch.columns()) values.push_back(column->Slice(row, 1));
  std::vector<uint32_t> firsts;
  Find(keys, 1, &firsts);
  std::string wanted, candidate;
  std::vector<int64_t> ends;
  PackRows(values, 1, &wanted, &ends);
  uint32_t before = kNone;
  for (uint32_t id = firsts[0]; id != kNone; before = id, id = next_[id]) {
    std::vector<std::shared_ptr<arrow::Array>> held;
    for (const KeyColumn& column : columns_) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> value, column.Gather({&id, 1}));
      held.push_back(std::move(value));
    }
    PackRows(held, 1, &candidate, &ends);
    if (candidate != wanted) continue;
    const uint32_t group = group_[id];
    (before == kNone ? first_[group] : next_[before]) = next_[id];
    if (last_[group] == id) last_[group] = before;
    alive_[id] = 0;
    ++dead_;
    return Status::OK();
  }
  return Status::OK();
}

Status InnerRows::DropDeadRows() {
  std::vector<std::shared_ptr<arrow::Array>> kept;
  const std::vector<uint32_t> rows = AllRows();
  arrow::FieldVector fields;
  for (size_t c = 0; c < columns_.size(); ++c) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, columns_[c].Gather(rows));
    fields.push_back(arrow::field("", column->type()));
    kept.push_back(std::move(column));
  }
  Reset();
  const auto count = static_cast<int64_t>(rows.size());
  return Add({arrow::RecordBatch::Make(arrow::schema(std::move(fields)), count, std::move(kept)), {}});
}

void InnerRows::Find(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows,
                     std::vector<uint32_t>* firsts) {
  firsts->resize(static_cast<size_t>(rows));
  groups_->Find(keys, rows, firsts->data());
  for (uint32_t& id : *firsts) id = id == kNone || id >= first_.size() ? kNone : first_[id];
}

std::vector<uint32_t> InnerRows::AllRows() const {
  std::vector<uint32_t> rows;
  rows.reserve(alive_.size() - dead_);
  for (size_t i = 0; i < alive_.size(); ++i) {
    if (alive_[i] != 0) rows.push_back(static_cast<uint32_t>(i));
  }
  return rows;
}

Result<std::shared_ptr<arrow::RecordBatch>> InnerRows::ToBatch(const std::shared_ptr<arrow::Schema>& schema) const {
  const std::vector<uint32_t> rows = AllRows();
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const KeyColumn& column : columns_) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, column.Gather(rows));
    columns.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()), std::move(columns));
}

Status InnerRows::Save(std::string* out) const {
  const std::vector<uint32_t> rows = AllRows();
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const KeyColumn& column : columns_) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, column.Gather(rows));
    columns.push_back(std::move(array));
  }
  PutInteger(static_cast<int64_t>(rows.size()), out);
  return PutArrays(columns, static_cast<int64_t>(rows.size()), out);
}

Status InnerRows::Load(std::string_view* in) {
  Reset();
  VELO_ASSIGN_OR_RETURN(const int64_t rows, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> columns, TakeBatch(in));
  // A batch without columns does not remember how many rows it has.
  return Add({arrow::RecordBatch::Make(columns->schema(), rows, columns->columns()), {}});
}

int64_t InnerRows::MemoryBytes() const {
  int64_t bytes = groups_->MemoryBytes();
  for (const KeyColumn& column : columns_) bytes += column.MemoryBytes();
  return bytes + static_cast<int64_t>((first_.capacity() + last_.capacity() + next_.capacity() + group_.capacity()) *
                                          sizeof(uint32_t) +
                                      alive_.capacity());
}

}  // namespace velo::exec
