#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/exec/group_table.h"
#include "engine/exec/key_column.h"
#include "engine/types/batch.h"

namespace velo::exec {

/// The rows of a table that subqueries read, in columns, with a chain of rows for each key in order of arrival. A row
/// that is taken back is found by all of its values. Not thread safe.
class InnerRows {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// `keys` are positions in `types`; rows with a NULL in one of them are not kept, because nothing equals it.
  InnerRows(std::vector<std::shared_ptr<arrow::DataType>> types, std::vector<int> keys);

  /// Adds rows, or takes them back where `batch.kinds` says so.
  Status Add(const Batch& batch);
  /// firsts[i] is the first row with the keys of row i, or kNone.
  void Find(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, std::vector<uint32_t>* firsts);
  /// The row after `row` with the same key, or kNone.
  uint32_t Next(uint32_t row) const { return next_[row]; }
  /// Values of one column at `rows`, in that order.
  Result<std::shared_ptr<arrow::Array>> Gather(size_t column, std::span<const uint32_t> rows) const {
    return columns_[column].Gather(rows);
  }
  /// Every row there is, in order of arrival.
  std::vector<uint32_t> AllRows() const;
  Result<std::shared_ptr<arrow::RecordBatch>> ToBatch(const std::shared_ptr<arrow::Schema>& schema) const;

  Status Save(std::string* out) const;
  Status Load(std::string_view* in);
  int64_t MemoryBytes() const;

 private:
  Status Append(const arrow::RecordBatch& batch, std::span<const uint32_t> rows);
  Status TakeBack(const arrow::RecordBatch& batch, uint32_t row);
  Status DropDeadRows();
  void Reset();

  const std::vector<std::shared_ptr<arrow::DataType>> types_;
  const std::vector<int> keys_;
  std::unique_ptr<GroupTable> groups_;
  std::vector<uint32_t> first_, last_;  ///< Per group.
  std::vector<uint32_t> next_, group_;  ///< Per row.
  std::vector<uint8_t> alive_;          ///< Per row.
  std::vector<KeyColumn> columns_;
  size_t dead_ = 0;
};

}  // namespace velo::exec
