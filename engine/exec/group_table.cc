#include "engine/exec/group_table.h"

#include "engine/exec/key_encoding.h"

namespace velo::exec {

namespace {

// How many keys ahead of the one at hand are loaded.
constexpr int64_t kLookAhead = 16;
// Texts are loaded ahead a block at a time.
constexpr int64_t kBlock = 256;

}  // namespace

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
    integers_.Prefetch(integer_keys_[std::min(i + kLookAhead, rows - 1)]);
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

// In blocks: the places of a whole block are on their way while its first keys are looked up.
template <typename KeyOf, typename IsNull>
void GroupTable::FindBytes(int64_t rows, uint32_t* ids, KeyOf key_of, IsNull is_null) {
  ShortKey keys[kBlock];
  bool is_new = false;
  for (int64_t from = 0; from < rows; from += kBlock) {
    const int64_t count = std::min(kBlock, rows - from);
    for (int64_t k = 0; k < count; ++k) keys[k] = bytes_.Prepare(key_of(from + k));
    for (int64_t k = 0; k < count; ++k) {
      const int64_t row = from + k;
      if (is_null(row)) {
        ids[row] = NullId(static_cast<uint32_t>(row));
        continue;
      }
      ids[row] = bytes_.FindOrInsert(keys[k], key_of(row), size_, &is_new);
      if (is_new) {
        ++size_;
        new_rows_.push_back(static_cast<uint32_t>(row));
      }
    }
  }
}

void GroupTable::FindText(const arrow::Array& keys, int64_t rows, uint32_t* ids) {
  const auto& texts = static_cast<const arrow::BinaryArray&>(keys);
  const auto key_of = [&](int64_t row) { return texts.GetView(row); };
  if (keys.null_count() > 0) {
    FindBytes(rows, ids, key_of, [&](int64_t row) { return keys.IsNull(row); });
  } else {
    FindBytes(rows, ids, key_of, [](int64_t) { return false; });
  }
}

void GroupTable::FindPacked(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids) {
  PackRows(keys, rows, &packed_, &packed_ends_);
  const auto key_of = [&](int64_t row) {
    const int64_t begin = row == 0 ? 0 : packed_ends_[row - 1];
    return std::string_view(packed_).substr(static_cast<size_t>(begin), static_cast<size_t>(packed_ends_[row] - begin));
  };
  FindBytes(rows, ids, key_of, [](int64_t) { return false; });
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
