#include "engine/exec/table_side.h"

#include <numeric>

namespace velo::exec {

namespace {

constexpr int64_t kCleanupSlack = 65536;

}  // namespace

TableSide::TableSide(const PlanNode& input) : rows_(input.output.ToArrow()) {
  if (input.changes == Changes::kAppend) return;
  identity_columns_ = input.change_key;
  if (input.changes == Changes::kRetract || identity_columns_.empty()) {
    identity_columns_.clear();
    for (int c = 0; c < rows_.schema()->num_fields(); ++c) {
      if (c != input.event_time) identity_columns_.push_back(c);
    }
  }
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (int column : identity_columns_) types.push_back(rows_.schema()->field(column)->type());
  identities_.emplace(std::move(types));
}

Result<uint32_t> TableSide::Add(const std::shared_ptr<arrow::RecordBatch>& columns) {
  const uint32_t first = rows_.end();
  VELO_RETURN_IF_ERROR(rows_.Add(columns));
  info_.resize(rows_.end());
  return first;
}

Status TableSide::Identify(const arrow::RecordBatch& columns, std::vector<uint32_t>* identities) {
  identities->assign(static_cast<size_t>(columns.num_rows()), 0);
  if (!identities_.has_value()) return Status::OK();
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (int column : identity_columns_) keys.push_back(columns.column(column));
  return identities_->FindOrInsert(keys, columns.num_rows(), identities->data());
}

void TableSide::Insert(uint32_t row, uint32_t key, uint32_t identity) {
  info_[row] = {key, identity, 0, true};
  if (key != JoinKeys::kNoKey) by_key_.Insert(key, {row, row});
  if (identities_.has_value()) by_identity_.Insert(identity, {row, row});
  ++present_;
}

void TableSide::Remove(uint32_t row) {
  Info& info = info_[row];
  if (info.key != JoinKeys::kNoKey) by_key_.Remove(info.key, {row, row});
  if (identities_.has_value()) by_identity_.Remove(info.identity, {row, row});
  info.present = false;
  --present_;
}

uint32_t TableSide::FindIdentity(uint32_t identity) const {
  const std::span<const TimedRow> rows = by_identity_.Window(identity, INT64_MIN, INT64_MAX);
  return rows.empty() ? KeptRows::kNoRow : rows.back().row;
}

std::span<const TimedRow> TableSide::WithKey(uint32_t key) const {
  if (key == JoinKeys::kNoKey) return {};
  return by_key_.Window(key, INT64_MIN, INT64_MAX);
}

void TableSide::Release(std::span<const uint32_t> rows) {
  for (uint32_t row : rows) rows_.Release(row);
}

std::vector<uint32_t> TableSide::Present() const {
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < info_.size(); ++row) {
    if (info_[row].present) rows.push_back(row);
  }
  return rows;
}

bool TableSide::IsWasteful() const {
  const int64_t worth = 4 * present_ + kCleanupSlack;
  return std::ssize(info_) > worth || (identities_.has_value() && identities_->size() > worth);
}

int64_t TableSide::MemoryBytes() const {
  return rows_.MemoryBytes() + by_key_.MemoryBytes() + by_identity_.MemoryBytes() +
         (identities_.has_value() ? identities_->MemoryBytes() : 0) +
         static_cast<int64_t>(info_.capacity() * sizeof(Info));
}

}  // namespace velo::exec
