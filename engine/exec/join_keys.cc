#include "engine/exec/join_keys.h"

#include "engine/exec/key_encoding.h"

namespace velo::exec {

JoinKeys::JoinKeys(std::vector<std::shared_ptr<arrow::DataType>> types) : types_(std::move(types)) { Clear(); }

void JoinKeys::Clear() {
  parts_.assign(types_.size(), Part());
  for (size_t i = 0; i < types_.size(); ++i) {
    parts_[i].is_integer = IsIntegerLike(*types_[i]);
    parts_[i].is_text = types_[i]->id() == arrow::Type::STRING || types_[i]->id() == arrow::Type::BINARY;
  }
  pairs_.assign(types_.empty() ? 0 : types_.size() - 1, Part());
}

Status JoinKeys::Find(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids) {
  if (keys.empty()) {
    std::fill(ids, ids + rows, 0);
    return Status::OK();
  }
  FindPart(keys[0], rows, &parts_[0], ids);
  more_ids_.resize(static_cast<size_t>(rows));
  for (size_t i = 1; i < keys.size(); ++i) {
    FindPart(keys[i], rows, &parts_[i], more_ids_.data());
    Combine(rows, more_ids_.data(), &pairs_[i - 1], ids);
  }
  return Status::OK();
}

void JoinKeys::FindPart(const std::shared_ptr<arrow::Array>& keys, int64_t rows, Part* part, uint32_t* ids) {
  bool is_new = false;
  if (part->is_integer) {
    ToIntegers(*keys, &integers_);
    for (int64_t i = 0; i < rows; ++i) {
      ids[i] = part->integers.FindOrInsert(integers_[i], part->size, &is_new);
      part->size += is_new ? 1 : 0;
    }
  } else if (part->is_text) {
    const auto& texts = static_cast<const arrow::BinaryArray&>(*keys);
    for (int64_t i = 0; i < rows; ++i) {
      ids[i] = part->bytes.FindOrInsert(texts.GetView(i), part->size, &is_new);
      part->size += is_new ? 1 : 0;
    }
  } else {
    PackRows({&keys, 1}, rows, &packed_, &ends_);
    int64_t from = 0;
    for (int64_t i = 0; i < rows; ++i) {
      const std::string_view key(packed_.data() + from, static_cast<size_t>(ends_[i] - from));
      from = ends_[i];
      ids[i] = part->bytes.FindOrInsert(key, part->size, &is_new);
      part->size += is_new ? 1 : 0;
    }
  }
  if (keys->null_count() == 0) return;
  for (int64_t i = 0; i < rows; ++i) {
    if (keys->IsNull(i)) ids[i] = kNoKey;
  }
}

void JoinKeys::Combine(int64_t rows, const uint32_t* more, Part* pairs, uint32_t* ids) {
  bool is_new = false;
  for (int64_t i = 0; i < rows; ++i) {
    if (ids[i] == kNoKey || more[i] == kNoKey) {
      ids[i] = kNoKey;
      continue;
    }
    const auto pair = static_cast<int64_t>(static_cast<uint64_t>(ids[i]) << 32 | more[i]);
    ids[i] = pairs->integers.FindOrInsert(pair, pairs->size, &is_new);
    pairs->size += is_new ? 1 : 0;
  }
}

uint32_t JoinKeys::size() const {
  uint32_t most = 0;
  for (const Part& part : parts_) most = std::max(most, part.size);
  for (const Part& pairs : pairs_) most = std::max(most, pairs.size);
  return most;
}

int64_t JoinKeys::MemoryBytes() const {
  int64_t bytes = 0;
  for (const Part& part : parts_) bytes += part.integers.MemoryBytes() + part.bytes.MemoryBytes();
  for (const Part& pairs : pairs_) bytes += pairs.integers.MemoryBytes();
  return bytes;
}

}  // namespace velo::exec
