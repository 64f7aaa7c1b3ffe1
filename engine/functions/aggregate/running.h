#pragma once

#include "engine/functions/aggregate/group_state.h"

namespace velo {

/// An aggregate that can say its result after every single row, in one pass: what EMIT CHANGES shows. Those that cannot
/// are asked for the results of runs of rows in which no group comes twice.
class RunningAggregator {
 public:
  virtual ~RunningAggregator() = default;
  /// False where the types of the call have no such pass.
  virtual bool shows_each_row() const = 0;
  /// As Aggregator::Update, and returns for each row the result of its group with the rows up to it.
  virtual Result<std::shared_ptr<arrow::Array>> UpdateShowing(ArgumentSpan arguments, const uint32_t* groups,
                                                              const uint8_t* selected, int64_t rows) = 0;
};

/// Which rows of a batch an aggregate takes in: the selected ones in which `values` is not NULL.
class TakenRows {
 public:
  TakenRows(const arrow::Array& values, const uint8_t* selected)
      : validity_(values.null_count() > 0 ? values.null_bitmap_data() : nullptr),
        offset_(values.offset()),
        selected_(selected) {}
  bool operator()(int64_t row) const {
    return (selected_ == nullptr || selected_[row] != 0) &&
           (validity_ == nullptr || arrow::bit_util::GetBit(validity_, offset_ + row));
  }

 private:
  const uint8_t* validity_;
  int64_t offset_;
  const uint8_t* selected_;
};

/// A column of `type` with take_in(row), called in the order of rows, which takes the row in and returns what its group
/// shows now: a T or optional<T>.
template <typename T, typename TakeIn>
Result<std::shared_ptr<arrow::Array>> ShowEachRow(const SqlType& type, int64_t rows, TakeIn take_in) {
  KernelContext context;
  context.result = type;
  context.rows = rows;
  VELO_ASSIGN_OR_RETURN(const arrow::Datum column, MapFixed<T>(context, {}, take_in));
  return column.make_array();
}

}  // namespace velo
