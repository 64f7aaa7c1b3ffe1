// LAG over the rows of a partition as they come.
#include "engine/exec/operators/arrival_functions.h"
#include "engine/exec/operators/over_sliding.h"

namespace velo::exec {

namespace {

// Rows further back than this are left to the buffers, which need memory only for rows that are there.
constexpr int64_t kFurthest = 16;

// The argument of the row so many rows before, as it is: any type of eight bytes.
class ArrivalLag : public ArrivalFunction {
 public:
  ArrivalLag(std::shared_ptr<arrow::DataType> type, uint32_t offset) : offset_(offset), results_(std::move(type)) {}

  Result<std::shared_ptr<arrow::Array>> Compute(const ArrivalRows& rows) override {
    values_.resize(size_t{rows.partition_count} * offset_);
    valid_.resize(size_t{rows.partition_count} * offset_, 0);
    next_.resize(rows.partition_count, 0);
    VELO_RETURN_IF_ERROR(results_.Prepare(rows.rows));
    const auto* values = rows.argument->data()->GetValues<int64_t>(1);
    for (int64_t i = 0; i < rows.rows; ++i) {
      const uint32_t partition = rows.partitions[i];
      uint8_t* valid = valid_.data() + size_t{partition} * offset_;
      if (rows.restarts != nullptr && rows.restarts[i] != 0) std::fill_n(valid, offset_, 0);
      // The oldest of the last rows gives way to the newest.
      uint32_t& place = next_[partition];
      int64_t& kept = values_[size_t{partition} * offset_ + place];
      if (valid[place] != 0) {
        results_.Set(i, kept);
      } else {
        results_.SetNull(i);
      }
      kept = values[i];
      valid[place] = rows.valid[i];
      place = place + 1 == offset_ ? 0 : place + 1;
    }
    return results_.Finish();
  }

  void Save(std::string* out) const override {
    PutText({reinterpret_cast<const char*>(values_.data()), values_.size() * sizeof(int64_t)}, out);
    PutText({reinterpret_cast<const char*>(valid_.data()), valid_.size()}, out);
    PutIntegers(next_, out);
  }
  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const std::string_view values, TakeText(in));
    VELO_ASSIGN_OR_RETURN(const std::string_view valid, TakeText(in));
    VELO_ASSIGN_OR_RETURN(next_, TakeIntegers(in));
    values_.resize(values.size() / sizeof(int64_t));
    if (!values_.empty()) std::memcpy(values_.data(), values.data(), values.size());
    valid_.assign(valid.begin(), valid.end());
    return Status::OK();
  }
  int64_t MemoryBytes() const override {
    return static_cast<int64_t>(values_.capacity() * sizeof(int64_t) + valid_.capacity() + next_.capacity() * 4);
  }

 private:
  const uint32_t offset_;
  FixedResults<int64_t> results_;
  std::vector<int64_t> values_;  ///< Per partition the last `offset` rows, in turn.
  std::vector<uint8_t> valid_;
  std::vector<uint32_t> next_;  ///< Per partition: where the oldest is.
};

bool HasEightBytes(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::kInteger:
    case TypeKind::kFloat:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::unique_ptr<ArrivalFunction> MakeArrivalLag(const OverNode& node, const OverCall& call) {
  const bool is_plain = call.window->name == "LAG" && !call.ignore_nulls && call.otherwise == nullptr &&
                        call.call.filter == nullptr && HasEightBytes(call.call.arguments[0]->type);
  const bool reaches = call.offset > 0 && call.offset <= kFurthest && call.offset < node.buffer_rows;
  if (!is_plain || !reaches) return nullptr;
  return std::make_unique<ArrivalLag>(call.call.arguments[0]->type.ToArrow(), static_cast<uint32_t>(call.offset));
}

}  // namespace velo::exec
