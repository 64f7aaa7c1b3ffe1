#include "engine/exec/gather.h"

#include <arrow/util/bit_util.h>

#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

using Pieces = std::span<const arrow::Array* const>;
using Places = std::span<const PieceRow>;

Result<std::shared_ptr<arrow::Buffer>> MakeBuffer(int64_t bytes) {
  VELO_ASSIGN_OR_RETURN_ARROW(std::unique_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(bytes));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

// The validity of the result; null when every value is there.
Result<std::shared_ptr<arrow::Buffer>> GatherValidity(Pieces pieces, Places places, int64_t* nulls) {
  *nulls = 0;
  if (std::all_of(pieces.begin(), pieces.end(), [](const arrow::Array* piece) { return piece->null_count() == 0; })) {
    return std::shared_ptr<arrow::Buffer>();
  }
  const auto rows = static_cast<int64_t>(places.size());
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> validity, MakeBuffer(arrow::bit_util::BytesForBits(rows)));
  uint8_t* bits = validity->mutable_data();
  for (int64_t i = 0; i < rows; ++i) {
    const bool valid = pieces[places[i].piece]->IsValid(places[i].row);
    arrow::bit_util::SetBitTo(bits, i, valid);
    *nulls += valid ? 0 : 1;
  }
  return *nulls == 0 ? std::shared_ptr<arrow::Buffer>() : validity;
}

template <typename Value>
Result<std::shared_ptr<arrow::Buffer>> GatherFixed(Pieces pieces, Places places) {
  std::vector<const Value*> values;
  for (const arrow::Array* piece : pieces) values.push_back(piece->data()->GetValues<Value>(1));
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> buffer,
                        MakeBuffer(static_cast<int64_t>(places.size() * sizeof(Value))));
  auto* out = reinterpret_cast<Value*>(buffer->mutable_data());
  if (values.size() == 1) {
    const Value* only = values[0];
    for (size_t i = 0; i < places.size(); ++i) out[i] = only[places[i].row];
  } else {
    for (size_t i = 0; i < places.size(); ++i) out[i] = values[places[i].piece][places[i].row];
  }
  return buffer;
}

struct Bytes16 {
  uint64_t halves[2];
};

Result<std::shared_ptr<arrow::Buffer>> GatherBits(Pieces pieces, Places places) {
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> buffer,
                        MakeBuffer(arrow::bit_util::BytesForBits(static_cast<int64_t>(places.size()))));
  for (size_t i = 0; i < places.size(); ++i) {
    const auto& piece = static_cast<const arrow::BooleanArray&>(*pieces[places[i].piece]);
    arrow::bit_util::SetBitTo(buffer->mutable_data(), static_cast<int64_t>(i), piece.Value(places[i].row));
  }
  return buffer;
}

Status GatherText(Pieces pieces, Places places, std::vector<std::shared_ptr<arrow::Buffer>>* buffers) {
  struct Text {
    const int32_t* ends;
    const uint8_t* bytes;
  };
  std::vector<Text> texts;
  for (const arrow::Array* piece : pieces) {
    const auto& array = static_cast<const arrow::BinaryArray&>(*piece);
    texts.push_back({array.raw_value_offsets(), array.raw_data()});
  }
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> offsets,
                        MakeBuffer(static_cast<int64_t>((places.size() + 1) * sizeof(int32_t))));
  auto* ends = reinterpret_cast<int32_t*>(offsets->mutable_data());
  int64_t total = 0;
  ends[0] = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    const int32_t* from = texts[places[i].piece].ends + places[i].row;
    total += from[1] - from[0];
    if (total > INT32_MAX) {
      return Status::World("OUT_OF_MEMORY", "the joined rows hold more than 2 GiB of text at once",
                           "narrow the join or select fewer columns");
    }
    ends[i + 1] = static_cast<int32_t>(total);
  }
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> bytes, MakeBuffer(total));
  uint8_t* out = bytes->mutable_data();
  for (size_t i = 0; i < places.size(); ++i) {
    const Text& text = texts[places[i].piece];
    std::memcpy(out + ends[i], text.bytes + text.ends[places[i].row], static_cast<size_t>(ends[i + 1] - ends[i]));
  }
  buffers->push_back(std::move(offsets));
  buffers->push_back(std::move(bytes));
  return Status::OK();
}

// Nested values, and whatever else has no flat layout: runs of neighbours are appended piece by piece.
Result<std::shared_ptr<arrow::Array>> GatherNested(const std::shared_ptr<arrow::DataType>& type, Pieces pieces,
                                                   Places places) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  VELO_RETURN_IF_ARROW_ERROR(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder));
  for (size_t from = 0; from < places.size();) {
    size_t to = from + 1;
    while (to < places.size() && places[to].piece == places[from].piece && places[to].row == places[to - 1].row + 1) {
      ++to;
    }
    VELO_RETURN_IF_ARROW_ERROR(builder->AppendArraySlice(*pieces[places[from].piece]->data(), places[from].row,
                                                         static_cast<int64_t>(to - from)));
    from = to;
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder->Finish());
  return array;
}

int FixedWidth(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT64:
    case arrow::Type::DOUBLE:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::TIME64:
    case arrow::Type::DURATION:
      return 8;
    case arrow::Type::DATE32:
      return 4;
    case arrow::Type::DECIMAL128:
      return 16;
    default:
      return 0;
  }
}

}  // namespace

bool AreNeighbours(Places places) {
  if (places.empty()) return false;
  const PieceRow first = places[0];
  // The last one tells most of the time.
  if (places.back().piece != first.piece || places.back().row != first.row + places.size() - 1) return false;
  for (size_t i = 1; i < places.size(); ++i) {
    if (places[i].piece != first.piece || places[i].row != first.row + i) return false;
  }
  return true;
}

Result<std::shared_ptr<arrow::Array>> Gather(const std::shared_ptr<arrow::DataType>& type, Pieces pieces,
                                             Places places) {
  const auto rows = static_cast<int64_t>(places.size());
  const int width = FixedWidth(*type);
  const bool is_text = type->id() == arrow::Type::STRING || type->id() == arrow::Type::BINARY;
  if (width == 0 && !is_text && type->id() != arrow::Type::BOOL) return GatherNested(type, pieces, places);
  int64_t nulls = 0;
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Buffer> validity, GatherValidity(pieces, places, &nulls));
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{std::move(validity)};
  if (is_text) {
    VELO_RETURN_IF_ERROR(GatherText(pieces, places, &buffers));
  } else {
    Result<std::shared_ptr<arrow::Buffer>> values = width == 8    ? GatherFixed<uint64_t>(pieces, places)
                                                    : width == 4  ? GatherFixed<uint32_t>(pieces, places)
                                                    : width == 16 ? GatherFixed<Bytes16>(pieces, places)
                                                                  : GatherBits(pieces, places);
    if (!values.ok()) return values.status();
    buffers.push_back(*std::move(values));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type, rows, std::move(buffers), nulls));
}

}  // namespace velo::exec
