#include "engine/exec/value_numbers.h"

#include <numeric>

#include "engine/exec/key_encoding.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

// So few that remembering them for nothing costs less than looking.
constexpr size_t kFewValues = 4096;

}  // namespace

ValueNumbers::ValueNumbers(const std::vector<SqlType>& arguments) {
  for (const SqlType& argument : arguments) types_.push_back(argument.ToArrow());
  if (types_.size() > 1 || !IsIntegerLike(*types_[0])) table_ = std::make_unique<GroupTable>(types_);
}

Status ValueNumbers::Find(std::span<const std::shared_ptr<arrow::Array>> arguments, int64_t rows,
                          std::vector<int64_t>* numbers) {
  if (are_values()) {
    ToIntegers(*arguments[0], numbers);
    return Status::OK();
  }
  ids_.resize(static_cast<size_t>(rows));
  VELO_RETURN_IF_ERROR(table_->FindOrInsert(arguments, rows, ids_.data()));
  numbers->assign(ids_.begin(), ids_.end());
  return Status::OK();
}

Result<std::vector<std::shared_ptr<arrow::Array>>> ValueNumbers::ValuesOf(std::span<const int64_t> numbers,
                                                                          std::span<const size_t> nulls) const {
  if (are_values()) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, FromIntegers(types_[0], numbers, nulls));
    return std::vector<std::shared_ptr<arrow::Array>>{std::move(array)};
  }
  const std::vector<uint32_t> ids(numbers.begin(), numbers.end());
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t column = 0; column < types_.size(); ++column) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, table_->Keys(column, ids));
    columns.push_back(std::move(array));
  }
  return columns;
}

bool ValueNumbers::MostlyUnused(size_t held) const {
  return !are_values() && table_->size() > kFewValues && table_->size() / 2 > held;
}

Status ValueNumbers::KeepOnly(std::span<int64_t> numbers) {
  if (are_values()) return Status::OK();
  // Those in use, once each, in the order of their first sight.
  std::vector<uint32_t> renamed(table_->size(), 0);
  for (const int64_t number : numbers) renamed[static_cast<size_t>(number)] = 1;
  std::vector<int64_t> used;
  for (size_t number = 0; number < renamed.size(); ++number) {
    if (renamed[number] == 0) continue;
    renamed[number] = static_cast<uint32_t>(used.size());
    used.push_back(static_cast<int64_t>(number));
  }
  VELO_ASSIGN_OR_RETURN(const auto columns, ValuesOf(used));
  table_ = std::make_unique<GroupTable>(types_);
  std::vector<int64_t> ids;
  VELO_RETURN_IF_ERROR(Find(columns, static_cast<int64_t>(used.size()), &ids));
  for (int64_t& number : numbers) number = ids[renamed[static_cast<size_t>(number)]];
  return Status::OK();
}

int64_t ValueNumbers::MemoryBytes() const {
  return (are_values() ? 0 : table_->MemoryBytes()) + static_cast<int64_t>(ids_.capacity() * sizeof(uint32_t));
}

void ValueNumbers::Save(std::string* out) const {
  if (are_values()) return;
  std::vector<int64_t> all(table_->size());
  std::iota(all.begin(), all.end(), 0);
  const auto columns = ValuesOf(all);
  VELO_CHECK(columns.ok());
  VELO_CHECK(PutArrays(*columns, table_->size(), out).ok());
}

Status ValueNumbers::Load(std::string_view* in) {
  if (are_values()) return Status::OK();
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> values, TakeBatch(in));
  table_ = std::make_unique<GroupTable>(types_);
  std::vector<int64_t> numbers;
  return Find(values->columns(), values->num_rows(), &numbers);
}

}  // namespace velo::exec
