#include "engine/exec/group_table.h"

#include <arrow/array/util.h>

#include "engine/exec/key_encoding.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

// Keys are loaded ahead a block at a time.
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
      if (keys[0]->type_id() == arrow::Type::DICTIONARY) {
        return FindCodes(static_cast<const arrow::DictionaryArray&>(*keys[0]), rows, ids);
      }
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

// In blocks: the places of a whole block are on their way while its first keys are looked up.
void GroupTable::FindIntegers(const arrow::Array& keys, int64_t rows, uint32_t* ids) {
  const int64_t* values = IntegersOf(keys, &integer_keys_);
  const bool has_nulls = keys.null_count() > 0;
  uint64_t hashes[kBlock];
  for (int64_t from = 0; from < rows; from += kBlock) {
    const int64_t until = std::min(rows, from + kBlock);
    integers_.Prepare(values + from, static_cast<size_t>(until - from), hashes);
    for (int64_t i = from; i < until; ++i) {
      if (has_nulls && keys.IsNull(i)) {
        ids[i] = NullId(static_cast<uint32_t>(i));
        continue;
      }
      bool is_new = false;
      ids[i] = integers_.FindOrInsert(values[i], hashes[i - from], size_, &is_new);
      if (is_new) {
        ++size_;
        new_rows_.push_back(static_cast<uint32_t>(i));
      }
    }
  }
}

void GroupTable::Reserve(size_t groups) {
  if (path_ == Path::kInteger) integers_.Reserve(groups);
  for (KeyColumn& column : columns_) column.Reserve(groups);
}

// In blocks as well.
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

Status GroupTable::FindCodes(const arrow::DictionaryArray& keys, int64_t rows, uint32_t* ids) {
  // Arrays made anew of the same codes share the data of their dictionary.
  if (dictionary_ == nullptr || dictionary_->data() != keys.dictionary()->data()) {
    dictionary_ = keys.dictionary();
    code_ids_.assign(static_cast<size_t>(dictionary_->length()), UINT32_MAX);
  }
  const int32_t* codes = static_cast<const arrow::Int32Array&>(*keys.indices()).raw_values();
  const bool has_nulls = keys.null_count() > 0;
  for (int64_t i = 0; i < rows; ++i) {
    if (has_nulls && keys.IsNull(i)) {
      if (null_id_ == UINT32_MAX) {
        null_id_ = size_++;
        VELO_ASSIGN_OR_RETURN_ARROW(const auto null, arrow::MakeArrayOfNull(columns_[0].type(), 1));
        VELO_RETURN_IF_ERROR(columns_[0].Append(*null, std::vector<uint32_t>{0}));
      }
      ids[i] = null_id_;
      continue;
    }
    uint32_t& id = code_ids_[static_cast<size_t>(codes[i])];
    if (id == UINT32_MAX) {
      VELO_ASSIGN_OR_RETURN(id, FindCode(*dictionary_, codes[i]));
    }
    ids[i] = id;
  }
  return Status::OK();
}

Result<uint32_t> GroupTable::FindCode(const arrow::Array& dictionary, int32_t code) {
  bool is_new = false;
  const uint32_t id =
      bytes_.FindOrInsert(static_cast<const arrow::StringArray&>(dictionary).GetView(code), size_, &is_new);
  if (is_new) {
    ++size_;
    VELO_RETURN_IF_ERROR(columns_[0].Append(dictionary, std::vector<uint32_t>{static_cast<uint32_t>(code)}));
  }
  return id;
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
