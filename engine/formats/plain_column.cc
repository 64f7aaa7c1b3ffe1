#include "engine/formats/plain_column.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <vector>

#include "engine/base/status.h"

namespace velo::formats {
namespace {

constexpr size_t kLeastTextBytes = 4096;

bool IsText(const SqlType& type) { return type.kind() == TypeKind::kString || type.kind() == TypeKind::kJson; }

size_t WidthOf(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return sizeof(bool);
    case TypeKind::kDate:
    case TypeKind::kString:
    case TypeKind::kJson:
      return sizeof(int32_t);
    default:
      return sizeof(int64_t);
  }
}

std::shared_ptr<arrow::ResizableBuffer> Allocate(size_t bytes) {
  auto buffer = arrow::AllocateResizableBuffer(static_cast<int64_t>(bytes));
  VELO_CHECK(buffer.ok());
  return std::move(*buffer);
}

void Resize(arrow::ResizableBuffer& buffer, size_t bytes, bool to_fit) {
  VELO_CHECK(buffer.Resize(static_cast<int64_t>(bytes), to_fit).ok());
}

/// Truth values of a byte each as bits.
std::shared_ptr<arrow::Buffer> PackBits(const char* values, int64_t count) {
  auto bits = Allocate(static_cast<size_t>(count + 7) / 8);
  std::memset(bits->mutable_data(), 0, static_cast<size_t>(bits->size()));
  for (int64_t i = 0; i < count; ++i) bits->mutable_data()[i / 8] |= static_cast<uint8_t>(values[i] << (i % 8));
  return bits;
}

}  // namespace

bool PlainColumn::Takes(const SqlType& type) {
  const TypeKind kind = type.kind();
  return IsText(type) || kind == TypeKind::kInteger || kind == TypeKind::kFloat || kind == TypeKind::kTimestamp ||
         kind == TypeKind::kBoolean || kind == TypeKind::kDate;
}

PlainColumn::PlainColumn(SqlType type, bool* full) : type_(std::move(type)), width_(WidthOf(type_)), full_(full) {
  VELO_CHECK(Takes(type_));
}
PlainColumn::~PlainColumn() = default;

size_t PlainColumn::ValueBytes(size_t rows) const { return (rows + (IsText(type_) ? 1 : 0)) * width_; }

void PlainColumn::Reserve(int64_t rows) {
  if (rows <= rows_) return;
  const auto count = static_cast<size_t>(rows);
  const size_t bytes = ValueBytes(count);
  if (value_buffer_ == nullptr) {
    value_buffer_ = Allocate(bytes);
    // The offset at which the first text begins; of other columns room that is filled later.
    std::memset(value_buffer_->mutable_data(), 0, width_);
  } else {
    Resize(*value_buffer_, bytes, false);
  }
  values_ = reinterpret_cast<char*>(value_buffer_->mutable_data());
  if (valid_buffer_ != nullptr) {
    const auto before = static_cast<size_t>(valid_buffer_->size()), needed = (count + 7) / 8;
    Resize(*valid_buffer_, needed, false);
    std::memset(valid_buffer_->mutable_data() + before, 0xff, needed - before);
  }
  if (IsText(type_) && text_buffer_ == nullptr) GrowText(std::max(text_expected_, kLeastTextBytes));
  rows_ = rows;
}

void PlainColumn::GrowText(size_t bytes) {
  const size_t needed = std::max(2 * text_capacity_, text_used_ + bytes + kPadding);
  // Offsets are 32 bits wide; readers end the batch long before.
  VELO_CHECK(text_used_ + bytes <= INT32_MAX);
  if (text_buffer_ == nullptr) {
    text_buffer_ = Allocate(needed);
  } else {
    Resize(*text_buffer_, needed, false);
  }
  texts_ = reinterpret_cast<char*>(text_buffer_->mutable_data());
  text_capacity_ = needed;
  if (text_capacity_ > kManyTextBytes) *full_ = true;
}

void PlainColumn::AppendNull() {
  if (valid_buffer_ == nullptr) {
    valid_buffer_ = Allocate(static_cast<size_t>(rows_ + 7) / 8);
    std::memset(valid_buffer_->mutable_data(), 0xff, static_cast<size_t>(valid_buffer_->size()));
  }
  arrow::bit_util::ClearBit(valid_buffer_->mutable_data(), length_);
  ++nulls_;
  if (IsText(type_)) {
    EndText(0);
  } else {
    constexpr int64_t kZeros = 0;
    Put(&kZeros, width_);
  }
}

std::shared_ptr<arrow::Array> PlainColumn::Finish() {
  Reserve(1);
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{std::move(valid_buffer_)};
  if (type_.kind() == TypeKind::kBoolean) {
    buffers.push_back(PackBits(values_, length_));
  } else {
    Resize(*value_buffer_, ValueBytes(static_cast<size_t>(length_)), false);
    buffers.push_back(std::move(value_buffer_));
  }
  if (IsText(type_)) {
    Resize(*text_buffer_, text_used_, false);
    buffers.push_back(std::move(text_buffer_));
  }
  auto data = arrow::ArrayData::Make(type_.ToArrow(), length_, std::move(buffers), nulls_);
  valid_buffer_ = value_buffer_ = text_buffer_ = nullptr;
  values_ = texts_ = nullptr;
  // The next batch will likely be as large.
  text_expected_ = text_used_ + text_used_ / 8;
  length_ = nulls_ = rows_ = 0;
  text_used_ = text_capacity_ = 0;
  return arrow::MakeArray(std::move(data));
}

}  // namespace velo::formats
