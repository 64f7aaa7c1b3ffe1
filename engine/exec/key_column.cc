#include "engine/exec/key_column.h"

#include <arrow/util/bit_util.h>

#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

Result<std::shared_ptr<arrow::Buffer>> MakeBuffer(int64_t bytes) {
  VELO_ASSIGN_OR_RETURN_ARROW(std::unique_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(bytes));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

template <size_t kWidth>
void CopyFixed(const char* values, std::span<const uint32_t> rows, char* target) {
  for (size_t i = 0; i < rows.size(); ++i) std::memcpy(target + i * kWidth, values + size_t{rows[i]} * kWidth, kWidth);
}

// The values of `rows` one after the other.
void CopyFixed(const char* values, std::span<const uint32_t> rows, int width, char* target) {
  switch (width) {
    case 4:
      return CopyFixed<4>(values, rows, target);
    case 8:
      return CopyFixed<8>(values, rows, target);
    default:
      return CopyFixed<16>(values, rows, target);
  }
}

}  // namespace

KeyColumn::KeyColumn(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {
  switch (type_->id()) {
    case arrow::Type::BOOL:
      layout_ = Layout::kBits;
      break;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      layout_ = Layout::kBytes;
      break;
    case arrow::Type::INT64:
    case arrow::Type::DOUBLE:
    case arrow::Type::DATE32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
    case arrow::Type::DECIMAL128:
      layout_ = Layout::kFixed;
      width_ = static_cast<const arrow::FixedWidthType&>(*type_).bit_width() / 8;
      break;
    default:
      layout_ = Layout::kNested;
  }
}

void KeyColumn::Reserve(size_t values) {
  valid_.reserve(values);
  if (layout_ == Layout::kFixed) bytes_.reserve(values * static_cast<size_t>(width_));
}

Status KeyColumn::Append(const arrow::Array& array, std::span<const uint32_t> rows) {
  const bool has_nulls = array.null_count() > 0;
  const size_t before = valid_.size();
  valid_.resize(before + rows.size(), 1);
  for (size_t i = 0; has_nulls && i < rows.size(); ++i) valid_[before + i] = array.IsNull(rows[i]) ? 0 : 1;
  switch (layout_) {
    case Layout::kBits: {
      const auto& values = static_cast<const arrow::BooleanArray&>(array);
      for (uint32_t row : rows) bytes_.push_back(static_cast<char>(values.Value(row)));
      break;
    }
    case Layout::kFixed: {
      const auto* values = array.data()->GetValues<uint8_t>(1, array.offset() * width_);
      const size_t start = bytes_.size();
      bytes_.resize(start + rows.size() * static_cast<size_t>(width_));
      CopyFixed(reinterpret_cast<const char*>(values), rows, width_, bytes_.data() + start);
      break;
    }
    case Layout::kBytes: {
      const auto& values = static_cast<const arrow::BinaryArray&>(array);
      for (uint32_t row : rows) {
        if (!has_nulls || values.IsValid(row)) bytes_ += values.GetView(row);
        ends_.push_back(static_cast<int64_t>(bytes_.size()));
      }
      break;
    }
    case Layout::kNested:
      for (uint32_t row : rows) {
        VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Scalar> value, array.GetScalar(row));
        nested_.push_back(std::move(value));
      }
      break;
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> KeyColumn::Gather(std::span<const uint32_t> ids) const {
  const auto rows = static_cast<int64_t>(ids.size());
  if (layout_ == Layout::kNested) {
    std::unique_ptr<arrow::ArrayBuilder> builder;
    VELO_RETURN_IF_ARROW_ERROR(arrow::MakeBuilder(arrow::default_memory_pool(), type_, &builder));
    for (uint32_t id : ids) VELO_RETURN_IF_ARROW_ERROR(builder->AppendScalar(*nested_[id]));
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder->Finish());
    return array;
  }
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> validity, MakeBuffer(arrow::bit_util::BytesForBits(rows)));
  uint8_t* bits = validity->mutable_data();
  std::memset(bits, 0, static_cast<size_t>(validity->size()));
  int64_t nulls = 0;
  for (int64_t i = 0; i < rows; ++i) {
    bits[i / 8] |= static_cast<uint8_t>(valid_[ids[i]] << (i % 8));
    nulls += 1 - valid_[ids[i]];
  }
  if (nulls == 0) validity = nullptr;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{validity};
  if (layout_ == Layout::kBits) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> values, MakeBuffer(arrow::bit_util::BytesForBits(rows)));
    for (int64_t i = 0; i < rows; ++i) arrow::bit_util::SetBitTo(values->mutable_data(), i, bytes_[ids[i]] != 0);
    buffers.push_back(values);
  } else if (layout_ == Layout::kFixed) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> values, MakeBuffer(rows * width_));
    CopyFixed(bytes_.data(), ids, width_, reinterpret_cast<char*>(values->mutable_data()));
    buffers.push_back(values);
  } else {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> offsets, MakeBuffer((rows + 1) * sizeof(int32_t)));
    auto* ends = reinterpret_cast<int32_t*>(offsets->mutable_data());
    ends[0] = 0;
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t from = ids[i] == 0 ? 0 : ends_[ids[i] - 1];
      ends[i + 1] = ends[i] + static_cast<int32_t>(ends_[ids[i]] - from);
    }
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> text, MakeBuffer(ends[rows]));
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t from = ids[i] == 0 ? 0 : ends_[ids[i] - 1];
      std::memcpy(text->mutable_data() + ends[i], bytes_.data() + from, static_cast<size_t>(ends[i + 1] - ends[i]));
    }
    buffers.push_back(offsets);
    buffers.push_back(text);
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, std::move(buffers), nulls));
}

int64_t KeyColumn::MemoryBytes() const {
  return static_cast<int64_t>(valid_.capacity() + bytes_.capacity() + ends_.capacity() * sizeof(int64_t) +
                              nested_.capacity() * 64);
}

}  // namespace velo::exec
