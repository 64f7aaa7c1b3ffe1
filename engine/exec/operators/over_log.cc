#include "engine/exec/operators/over_log.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/util/bit_util.h>

#include <cmath>

#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"
#include "engine/types/decimal.h"

namespace velo::exec {

namespace {

Result<std::shared_ptr<arrow::Buffer>> MakeBuffer(int64_t bytes) {
  VELO_ASSIGN_OR_RETURN_ARROW(std::unique_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(bytes));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

template <typename T>
void GatherFixed(const T* values, std::span<const uint32_t> ids, T* out) {
  for (size_t i = 0; i < ids.size(); ++i) out[i] = ids[i] == kNoRow ? T{} : values[ids[i]];
}

template <typename T>
void KeepFixed(std::vector<T>* values, std::span<const uint32_t> ids) {
  std::vector<T> kept(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) kept[i] = (*values)[ids[i]];
  *values = std::move(kept);
}

struct Wide {
  uint64_t words[2];
};

}  // namespace

LogColumn::LogColumn(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {
  switch (type_->id()) {
    case arrow::Type::BOOL:
      layout_ = Layout::kBoolean;
      width_ = 1;
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
      width_ = static_cast<size_t>(static_cast<const arrow::FixedWidthType&>(*type_).bit_width()) / 8;
      break;
    default:
      layout_ = Layout::kNested;
  }
}

Status LogColumn::Append(const arrow::Array& array, const uint8_t* selected) {
  const auto rows = static_cast<size_t>(array.length());
  const size_t start = valid_.size();
  valid_.resize(start + rows, 1);
  uint8_t* valid = valid_.data() + start;
  if (array.null_count() > 0) {
    for (size_t i = 0; i < rows; ++i) valid[i] = array.IsValid(static_cast<int64_t>(i)) ? 1 : 0;
  }
  if (selected != nullptr) {
    for (size_t i = 0; i < rows; ++i) valid[i] &= selected[i];
  }
  switch (layout_) {
    case Layout::kFixed: {
      const auto* values = array.data()->GetValues<uint8_t>(1, array.offset() * static_cast<int64_t>(width_));
      fixed_.insert(fixed_.end(), values, values + rows * width_);
      break;
    }
    case Layout::kBoolean: {
      const auto& values = static_cast<const arrow::BooleanArray&>(array);
      fixed_.resize(start + rows);
      for (size_t i = 0; i < rows; ++i) fixed_[start + i] = values.Value(static_cast<int64_t>(i)) ? 1 : 0;
      break;
    }
    case Layout::kBytes: {
      const auto& values = static_cast<const arrow::BinaryArray&>(array);
      for (size_t i = 0; i < rows; ++i) {
        if (valid[i] != 0) bytes_ += values.GetView(static_cast<int64_t>(i));
        ends_.push_back(static_cast<int64_t>(bytes_.size()));
      }
      break;
    }
    case Layout::kNested: {
      arrow::ArrayVector parts;
      if (nested_ != nullptr) parts.push_back(nested_);
      parts.push_back(arrow::MakeArray(array.data()));
      VELO_ASSIGN_OR_RETURN_ARROW(nested_, arrow::Concatenate(parts));
      break;
    }
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> LogColumn::Gather(std::span<const uint32_t> ids) const {
  const auto rows = static_cast<int64_t>(ids.size());
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> validity, MakeBuffer(arrow::bit_util::BytesForBits(rows)));
  uint8_t* bits = validity->mutable_data();
  std::memset(bits, 0, static_cast<size_t>(validity->size()));
  int64_t nulls = 0;
  for (int64_t i = 0; i < rows; ++i) {
    const uint8_t valid = ids[i] == kNoRow ? 0 : valid_[ids[i]];
    bits[i >> 3] = static_cast<uint8_t>(bits[i >> 3] | (valid << (i & 7)));
    nulls += 1 - valid;
  }
  if (nulls == 0) validity = nullptr;
  if (layout_ == Layout::kNested) {
    if (nested_ == nullptr) {
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> none, arrow::MakeArrayOfNull(type_, rows));
      return none;
    }
    const arrow::UInt32Array indices(rows, arrow::Buffer::Wrap(ids.data(), ids.size()), validity, nulls);
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> taken,
                                arrow::compute::Take(*nested_, indices, arrow::compute::TakeOptions::NoBoundsCheck()));
    return taken;
  }
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{validity};
  if (layout_ == Layout::kBoolean) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> values, MakeBuffer(arrow::bit_util::BytesForBits(rows)));
    for (int64_t i = 0; i < rows; ++i) {
      arrow::bit_util::SetBitTo(values->mutable_data(), i, ids[i] != kNoRow && fixed_[ids[i]] != 0);
    }
    buffers.push_back(std::move(values));
  } else if (layout_ == Layout::kFixed) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> out, MakeBuffer(rows * static_cast<int64_t>(width_)));
    if (width_ == 8) {
      GatherFixed(values<int64_t>(), ids, reinterpret_cast<int64_t*>(out->mutable_data()));
    } else if (width_ == 4) {
      GatherFixed(values<int32_t>(), ids, reinterpret_cast<int32_t*>(out->mutable_data()));
    } else {
      GatherFixed(values<Wide>(), ids, reinterpret_cast<Wide*>(out->mutable_data()));
    }
    buffers.push_back(std::move(out));
  } else {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> offsets, MakeBuffer((rows + 1) * 4));
    auto* ends = reinterpret_cast<int32_t*>(offsets->mutable_data());
    std::string joined;
    ends[0] = 0;
    for (int64_t i = 0; i < rows; ++i) {
      if (ids[i] != kNoRow) joined += text(ids[i]);
      ends[i + 1] = static_cast<int32_t>(joined.size());
    }
    buffers.push_back(std::move(offsets));
    buffers.push_back(arrow::Buffer::FromString(std::move(joined)));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, std::move(buffers), nulls));
}

Status LogColumn::Keep(std::span<const uint32_t> ids) {
  if (layout_ == Layout::kNested) {
    if (nested_ != nullptr) {
      VELO_ASSIGN_OR_RETURN(nested_, Gather(ids));
    }
  } else if (layout_ == Layout::kBytes) {
    std::string kept;
    std::vector<int64_t> ends;
    ends.reserve(ids.size());
    for (uint32_t id : ids) {
      kept += text(id);
      ends.push_back(static_cast<int64_t>(kept.size()));
    }
    bytes_ = std::move(kept);
    ends_ = std::move(ends);
  } else {
    std::vector<uint8_t> kept(ids.size() * width_);
    if (width_ == 8) {
      GatherFixed(values<int64_t>(), ids, reinterpret_cast<int64_t*>(kept.data()));
    } else if (width_ == 16) {
      GatherFixed(values<Wide>(), ids, reinterpret_cast<Wide*>(kept.data()));
    } else if (width_ == 4) {
      GatherFixed(values<int32_t>(), ids, reinterpret_cast<int32_t*>(kept.data()));
    } else {
      GatherFixed(values<uint8_t>(), ids, kept.data());
    }
    fixed_ = std::move(kept);
  }
  KeepFixed(&valid_, ids);
  return Status::OK();
}

int64_t LogColumn::MemoryBytes() const {
  return static_cast<int64_t>(valid_.capacity() + fixed_.capacity() + bytes_.capacity() + ends_.capacity() * 8);
}

// --- OrderLog. Numbers: NULL is 0 or all ones; values lie between the bounds of their type.

namespace {

using Number = OrderLog::Number;

constexpr Number kWholeLow = Number{1} << 64;
constexpr Number kWholeHigh = kWholeLow + ~uint64_t{0};
constexpr uint64_t kSign = uint64_t{1} << 63;
constexpr int64_t kDayMilliseconds = 86'400'000;

Number DecimalHigh() { return static_cast<Number>(PowerOfTen(38)) * 2 + 1; }

uint64_t OrderedDouble(int64_t bits) {
  const auto raw = static_cast<uint64_t>(bits);
  return (raw & kSign) != 0 ? ~raw : raw | kSign;
}

int64_t DoubleBitsOf(uint64_t ordered) {
  return static_cast<int64_t>((ordered & kSign) != 0 ? ordered & ~kSign : ~ordered);
}

OrderLog::Unit UnitOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::TIMESTAMP:
    case arrow::Type::TIME64:
      return OrderLog::Unit::kMicroseconds;
    case arrow::Type::DATE32:
      return OrderLog::Unit::kDays;
    case arrow::Type::DOUBLE:
      return OrderLog::Unit::kFloat;
    case arrow::Type::DECIMAL128:
      return OrderLog::Unit::kDecimal;
    default:
      return OrderLog::Unit::kWhole;
  }
}

Number ClassLow(OrderLog::Unit unit) { return unit == OrderLog::Unit::kDecimal ? Number{1} : kWholeLow; }
Number ClassHigh(OrderLog::Unit unit) { return unit == OrderLog::Unit::kDecimal ? DecimalHigh() : kWholeHigh; }

}  // namespace

Status OrderLog::Append(std::span<const OrderPart> parts, int64_t rows) {
  const bool single = parts.size() == 1;
  const arrow::DataType* type = single ? parts[0].values->type().get() : nullptr;
  wide_ = single && (IsIntegerLike(*type) || type->id() == arrow::Type::DECIMAL128);
  if (!wide_) {
    std::vector<std::string> texts;
    EncodeOrder(parts, rows, &texts);
    texts_.insert(texts_.end(), std::make_move_iterator(texts.begin()), std::make_move_iterator(texts.end()));
    return Status::OK();
  }
  const arrow::Array& array = *parts[0].values;
  unit_ = UnitOf(*type);
  descending_ = parts[0].descending;
  const size_t start = numbers_.size();
  numbers_.resize(start + static_cast<size_t>(rows));
  Number* out = numbers_.data() + start;
  if (unit_ == Unit::kDecimal) {
    scale_ = static_cast<const arrow::Decimal128Type&>(*type).scale();
    const Int128* values = array.data()->GetValues<Int128>(1);
    for (int64_t i = 0; i < rows; ++i) out[i] = static_cast<Number>(values[i] + PowerOfTen(38)) + 1;
  } else {
    ToIntegers(array, &integers_);
    if (unit_ == Unit::kFloat) {
      for (int64_t i = 0; i < rows; ++i) out[i] = kWholeLow + OrderedDouble(integers_[i]);
    } else {
      const int64_t factor = unit_ == Unit::kDays ? kDayMilliseconds : 1;
      for (int64_t i = 0; i < rows; ++i) out[i] = kWholeLow + (static_cast<uint64_t>(integers_[i] * factor) ^ kSign);
    }
  }
  if (descending_) {
    const Number both = ClassLow(unit_) + ClassHigh(unit_);
    for (int64_t i = 0; i < rows; ++i) out[i] = both - out[i];
  }
  if (array.null_count() > 0) {
    const Number null = parts[0].nulls_first ? Number{0} : ~Number{0};
    for (int64_t i = 0; i < rows; ++i) {
      if (array.IsNull(i)) out[i] = null;
    }
  }
  return Status::OK();
}

OrderLog::Number OrderLog::Shifted(uint32_t id, int64_t offset) const {
  const Number low = ClassLow(unit_), high = ClassHigh(unit_);
  const Number value = numbers_[id];
  if (unit_ == Unit::kFloat) {
    const Number plain = descending_ ? low + high - value : value;
    const int64_t bits = DoubleBitsOf(static_cast<uint64_t>(plain - low));
    double number = 0;
    std::memcpy(&number, &bits, sizeof(number));
    if (std::isnan(number)) return value;
    number += static_cast<double>(descending_ ? -offset : offset);
    int64_t moved = 0;
    number += 0.0;  // -0.0 and 0.0 are one value.
    std::memcpy(&moved, &number, sizeof(moved));
    const Number ordered = low + OrderedDouble(moved);
    return descending_ ? low + high - ordered : ordered;
  }
  Int128 distance = offset;
  if (unit_ == Unit::kMicroseconds) distance *= 1000;
  if (unit_ == Unit::kDecimal) distance *= PowerOfTen(scale_);
  if (distance < 0) {
    const auto back = static_cast<Number>(-distance);
    return value - low < back ? low : value - back;
  }
  const auto ahead = static_cast<Number>(distance);
  return high - value < ahead ? high : value + ahead;
}

void OrderLog::Keep(std::span<const uint32_t> ids) {
  if (wide_) {
    KeepFixed(&numbers_, ids);
    return;
  }
  std::vector<std::string> kept;
  kept.reserve(ids.size());
  for (uint32_t id : ids) kept.push_back(std::move(texts_[id]));
  texts_ = std::move(kept);
}

Status OrderLog::Save(std::span<const uint32_t> ids, std::string* out) const {
  PutInteger((wide_ ? 1 : 0) + (descending_ ? 2 : 0) + 4 * static_cast<int64_t>(unit_) + 64 * scale_, out);
  const bool empty = wide_ ? numbers_.empty() : texts_.empty();
  PutInteger(empty ? 0 : static_cast<int64_t>(ids.size()), out);
  for (uint32_t id : ids) {
    if (empty) break;
    if (wide_) {
      PutText({reinterpret_cast<const char*>(&numbers_[id]), sizeof(Number)}, out);
    } else {
      PutText(texts_[id], out);
    }
  }
  return Status::OK();
}

Status OrderLog::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t form, TakeInteger(in));
  wide_ = (form & 1) != 0;
  descending_ = (form & 2) != 0;
  unit_ = static_cast<Unit>((form >> 2) & 15);
  scale_ = static_cast<int>(form >> 6);
  VELO_ASSIGN_OR_RETURN(const int64_t rows, TakeInteger(in));
  for (int64_t i = 0; i < rows; ++i) {
    VELO_ASSIGN_OR_RETURN(const std::string_view bytes, TakeText(in));
    if (!wide_) {
      texts_.emplace_back(bytes);
      continue;
    }
    if (bytes.size() != sizeof(Number)) return Status::Bug("the order of a row window is damaged");
    numbers_.emplace_back();
    std::memcpy(&numbers_.back(), bytes.data(), sizeof(Number));
  }
  return Status::OK();
}

int64_t OrderLog::MemoryBytes() const {
  int64_t bytes = static_cast<int64_t>(numbers_.capacity() * sizeof(Number) + texts_.capacity() * sizeof(std::string));
  if (!texts_.empty()) bytes += static_cast<int64_t>(texts_.size() * texts_[0].capacity());
  return bytes;
}

}  // namespace velo::exec
