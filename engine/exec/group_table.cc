#include "engine/exec/group_table.h"

#include "engine/exec/key_encoding.h"

namespace velo::exec {

namespace {

constexpr size_t kFirstCapacity = 64;

uint64_t Mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t HashInteger(uint64_t key) { return Mix(key ^ 0x9E3779B97F4A7C15ULL, 0xD6E8FEB86659FD93ULL); }

uint64_t HashBytes(std::string_view bytes) {
  uint64_t hash = 0x2545F4914F6CDD1DULL ^ bytes.size();
  const char* at = bytes.data();
  size_t left = bytes.size();
  while (left >= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    hash = Mix(hash ^ word, 0x9E3779B97F4A7C15ULL);
    at += 8;
    left -= 8;
  }
  uint64_t tail = 0;
  std::memcpy(&tail, at, left);
  return Mix(hash ^ tail, 0xD6E8FEB86659FD93ULL);
}

}  // namespace

uint32_t IntegerIds::FindOrInsert(int64_t key, uint32_t next, bool* is_new) {
  if (used_ * 2 >= slots_.size()) Grow();
  const size_t mask = slots_.size() - 1;
  for (size_t at = HashInteger(static_cast<uint64_t>(key)) & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.id == UINT32_MAX) {
      slot = {key, next};
      ++used_;
      *is_new = true;
      return next;
    }
    if (slot.key == key) {
      *is_new = false;
      return slot.id;
    }
  }
}

uint32_t IntegerIds::Find(int64_t key) const {
  if (slots_.empty()) return UINT32_MAX;
  const size_t mask = slots_.size() - 1;
  for (size_t at = HashInteger(static_cast<uint64_t>(key)) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id == UINT32_MAX || slot.key == key) return slot.id;
  }
}

void IntegerIds::Clear() {
  slots_.clear();
  used_ = 0;
}

void IntegerIds::Grow() {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(std::max(kFirstCapacity, old.size() * 2), Slot());
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id == UINT32_MAX) continue;
    size_t at = HashInteger(static_cast<uint64_t>(slot.key)) & mask;
    while (slots_[at].id != UINT32_MAX) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::string_view BytesIds::KeyOf(uint32_t entry) const {
  const int64_t from = entry == 0 ? 0 : ends_[entry - 1];
  return std::string_view(bytes_).substr(static_cast<size_t>(from), static_cast<size_t>(ends_[entry] - from));
}

uint32_t BytesIds::FindOrInsert(std::string_view key, uint32_t next, bool* is_new) {
  if (ids_.size() * 2 >= slots_.size()) Grow();
  const uint64_t full_hash = HashBytes(key);
  const auto hash = static_cast<uint32_t>(full_hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.id == UINT32_MAX) {
      slot = {hash, static_cast<uint32_t>(ids_.size())};
      ids_.push_back(next);
      bytes_ += key;
      ends_.push_back(static_cast<int64_t>(bytes_.size()));
      *is_new = true;
      return next;
    }
    if (slot.hash == hash && KeyOf(slot.id) == key) {
      *is_new = false;
      return ids_[slot.id];
    }
  }
}

uint32_t BytesIds::Find(std::string_view key) const {
  if (slots_.empty()) return UINT32_MAX;
  const auto hash = static_cast<uint32_t>(HashBytes(key) >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id == UINT32_MAX) return UINT32_MAX;
    if (slot.hash == hash && KeyOf(slot.id) == key) return ids_[slot.id];
  }
}

void BytesIds::Grow() {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(std::max(kFirstCapacity, old.size() * 2), Slot());
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id == UINT32_MAX) continue;
    size_t at = slot.hash & mask;
    while (slots_[at].id != UINT32_MAX) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

int64_t BytesIds::MemoryBytes() const {
  return static_cast<int64_t>(slots_.capacity() * sizeof(Slot) + ids_.capacity() * sizeof(uint32_t) +
                              ends_.capacity() * sizeof(int64_t) + bytes_.capacity());
}

GroupTable::GroupTable(std::vector<std::shared_ptr<arrow::DataType>> types) {
  if (types.empty()) {
    path_ = Path::kNone;
  } else if (types.size() > 1) {
    path_ = Path::kPacked;
  } else if (IsIntegerLike(*types[0])) {
    path_ = Path::kInteger;
  } else if (types[0]->id() == arrow::Type::STRING || types[0]->id() == arrow::Type::BINARY) {
    path_ = Path::kText;
  } else {
    path_ = Path::kPacked;
  }
  for (auto& type : types) columns_.emplace_back(std::move(type));
}

uint32_t GroupTable::NullId(uint32_t row) {
  if (null_id_ == UINT32_MAX) {
    null_id_ = size_++;
    new_rows_.push_back(row);
  }
  return null_id_;
}

Status GroupTable::FindOrInsert(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids) {
  new_rows_.clear();
  switch (path_) {
    case Path::kNone:
      size_ = 1;
      std::fill(ids, ids + rows, 0);
      break;
    case Path::kInteger:
      FindIntegers(*keys[0], rows, ids);
      break;
    case Path::kText:
      FindText(*keys[0], rows, ids);
      break;
    case Path::kPacked:
      FindPacked(keys, rows, ids);
      break;
  }
  if (new_rows_.empty()) return Status::OK();
  for (size_t c = 0; c < columns_.size(); ++c) VELO_RETURN_IF_ERROR(columns_[c].Append(*keys[c], new_rows_));
  return Status::OK();
}

void GroupTable::FindIntegers(const arrow::Array& keys, int64_t rows, uint32_t* ids) {
  ToIntegers(keys, &integer_keys_);
  const bool has_nulls = keys.null_count() > 0;
  bool is_new = false;
  for (int64_t i = 0; i < rows; ++i) {
    if (has_nulls && keys.IsNull(i)) {
      ids[i] = NullId(static_cast<uint32_t>(i));
      continue;
    }
    ids[i] = integers_.FindOrInsert(integer_keys_[i], size_, &is_new);
    if (is_new) {
      ++size_;
      new_rows_.push_back(static_cast<uint32_t>(i));
    }
  }
}

void GroupTable::FindText(const arrow::Array& keys, int64_t rows, uint32_t* ids) {
  const auto& texts = static_cast<const arrow::BinaryArray&>(keys);
  const bool has_nulls = keys.null_count() > 0;
  bool is_new = false;
  for (int64_t i = 0; i < rows; ++i) {
    if (has_nulls && keys.IsNull(i)) {
      ids[i] = NullId(static_cast<uint32_t>(i));
      continue;
    }
    ids[i] = bytes_.FindOrInsert(texts.GetView(i), size_, &is_new);
    if (is_new) {
      ++size_;
      new_rows_.push_back(static_cast<uint32_t>(i));
    }
  }
}

void GroupTable::FindPacked(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids) {
  PackRows(keys, rows, &packed_, &packed_ends_);
  int64_t from = 0;
  bool is_new = false;
  for (int64_t i = 0; i < rows; ++i) {
    const std::string_view key(packed_.data() + from, static_cast<size_t>(packed_ends_[i] - from));
    from = packed_ends_[i];
    ids[i] = bytes_.FindOrInsert(key, size_, &is_new);
    if (is_new) {
      ++size_;
      new_rows_.push_back(static_cast<uint32_t>(i));
    }
  }
}

Status GroupTable::Find(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids) const {
  const auto or_null = [&](int64_t row, auto&& find) { return keys[0]->IsNull(row) ? null_id_ : find(row); };
  switch (path_) {
    case Path::kNone:
      std::fill(ids, ids + rows, size_ == 0 ? UINT32_MAX : 0);
      break;
    case Path::kInteger: {
      std::vector<int64_t> values;
      ToIntegers(*keys[0], &values);
      for (int64_t i = 0; i < rows; ++i) {
        ids[i] = or_null(i, [&](int64_t row) { return integers_.Find(values[static_cast<size_t>(row)]); });
      }
      break;
    }
    case Path::kText: {
      const auto& texts = static_cast<const arrow::BinaryArray&>(*keys[0]);
      for (int64_t i = 0; i < rows; ++i) {
        ids[i] = or_null(i, [&](int64_t row) { return bytes_.Find(texts.GetView(row)); });
      }
      break;
    }
    case Path::kPacked: {
      std::string packed;
      std::vector<int64_t> ends;
      PackRows(keys, rows, &packed, &ends);
      int64_t from = 0;
      for (int64_t i = 0; i < rows; ++i) {
        ids[i] = bytes_.Find({packed.data() + from, static_cast<size_t>(ends[i] - from)});
        from = ends[i];
      }
      break;
    }
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> GroupTable::Keys(size_t column, std::span<const uint32_t> ids) const {
  return columns_[column].Gather(ids);
}

std::vector<std::shared_ptr<arrow::DataType>> GroupTable::types() const {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const KeyColumn& column : columns_) types.push_back(column.type());
  return types;
}

int64_t GroupTable::MemoryBytes() const {
  int64_t bytes = integers_.MemoryBytes() + bytes_.MemoryBytes();
  for (const KeyColumn& column : columns_) bytes += column.MemoryBytes();
  return bytes;
}

}  // namespace velo::exec
