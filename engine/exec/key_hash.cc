#include "engine/exec/key_hash.h"

#include <string>

#include "engine/exec/key_encoding.h"
#include "engine/exec/key_ids.h"

namespace velo::exec {

namespace {

constexpr uint64_t kNullHash = 0x8F14E45FCEEA167AULL;

uint64_t Combine(uint64_t hash, uint64_t value) { return hashing::Mix(hash ^ value, 0x9E3779B97F4A7C15ULL); }

uint64_t HashText(std::string_view text) {
  uint64_t hash = text.size();
  while (text.size() >= sizeof(uint64_t)) {
    hash = Combine(hash, hashing::Load<uint64_t>(text.data()));
    text.remove_prefix(sizeof(uint64_t));
  }
  uint64_t tail = 0;
  std::memcpy(&tail, text.data(), text.size());
  return Combine(hash, tail);
}

// Calls value_of(row) for rows that are not NULL.
template <typename ValueOf>
void Add(const arrow::Array& keys, std::vector<uint64_t>* hashes, ValueOf value_of) {
  const bool has_nulls = keys.null_count() > 0;
  for (size_t row = 0; row < hashes->size(); ++row) {
    const bool is_null = has_nulls && keys.IsNull(static_cast<int64_t>(row));
    (*hashes)[row] = Combine((*hashes)[row], is_null ? kNullHash : value_of(row));
  }
}

}  // namespace

void HashKeys(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, std::vector<uint64_t>* hashes) {
  hashes->assign(static_cast<size_t>(rows), 0x2545F4914F6CDD1DULL);
  std::vector<int64_t> integers;
  for (const std::shared_ptr<arrow::Array>& column : keys) {
    if (IsIntegerLike(*column->type())) {
      const int64_t* values = IntegersOf(*column, &integers);
      Add(*column, hashes, [&](size_t row) { return static_cast<uint64_t>(values[row]); });
    } else if (column->type_id() == arrow::Type::STRING || column->type_id() == arrow::Type::BINARY) {
      const auto& texts = static_cast<const arrow::BinaryArray&>(*column);
      Add(texts, hashes, [&](size_t row) { return HashText(texts.GetView(static_cast<int64_t>(row))); });
    } else {
      std::string packed;
      std::vector<int64_t> ends;
      PackRows({&column, 1}, rows, &packed, &ends);
      Add(*column, hashes, [&](size_t row) {
        const auto from = static_cast<size_t>(row == 0 ? 0 : ends[row - 1]);
        return HashText(std::string_view(packed).substr(from, static_cast<size_t>(ends[row]) - from));
      });
    }
  }
}

}  // namespace velo::exec
