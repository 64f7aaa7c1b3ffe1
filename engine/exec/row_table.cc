#include "engine/exec/row_table.h"

#include <arrow/array/concatenate.h>

#include <algorithm>
#include <numeric>

#include "engine/exec/batch_rows.h"
#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

Result<std::shared_ptr<arrow::RecordBatch>> Concatenated(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& parts) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  int64_t rows = 0;
  for (const auto& part : parts) rows += part->num_rows();
  for (int c = 0; c < parts[0]->num_columns(); ++c) {
    arrow::ArrayVector arrays;
    for (const auto& part : parts) arrays.push_back(part->column(c));
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column, arrow::Concatenate(arrays));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(parts[0]->schema(), rows, std::move(columns));
}

int64_t BytesOf(const arrow::RecordBatch& batch) {
  int64_t bytes = 0;
  for (const auto& column : batch.columns()) {
    for (const auto& buffer : column->data()->buffers) bytes += buffer == nullptr ? 0 : buffer->size();
  }
  return bytes;
}

// Indices for a take; kNoRow becomes NULL.
Result<std::shared_ptr<arrow::Array>> Indices(std::span<const uint32_t> rows, bool has_missing = true) {
  const auto count = static_cast<int64_t>(rows.size());
  const auto values = arrow::Buffer::Wrap(rows.data(), rows.size());
  const auto missing = has_missing ? std::count(rows.begin(), rows.end(), RowTable::kNoRow) : 0;
  if (missing == 0) return std::shared_ptr<arrow::Array>(std::make_shared<arrow::UInt32Array>(count, values));
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> validity, arrow::AllocateBitmap(count));
  uint8_t* bits = validity->mutable_data();
  for (int64_t i = 0; i < count; ++i) arrow::bit_util::SetBitTo(bits, i, rows[i] != RowTable::kNoRow);
  return std::shared_ptr<arrow::Array>(std::make_shared<arrow::UInt32Array>(count, values, validity, missing));
}

std::vector<std::shared_ptr<arrow::DataType>> TypesOf(const arrow::Schema& schema, const std::vector<int>& columns) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (int column : columns) types.push_back(schema.field(column)->type());
  return types;
}

}  // namespace

RowTable::RowTable(Settings settings)
    : settings_(std::move(settings)), keys_(std::make_unique<GroupTable>(settings_.key_types)) {
  if (settings_.changes == Changes::kAppend) return;
  identity_columns_ = settings_.identity;
  if (settings_.changes == Changes::kRetract || identity_columns_.empty()) {
    identity_columns_.resize(static_cast<size_t>(settings_.schema->num_fields()));
    std::iota(identity_columns_.begin(), identity_columns_.end(), 0);
  }
  identities_ = std::make_unique<GroupTable>(TypesOf(*settings_.schema, identity_columns_));
}

Status RowTable::Apply(const Batch& rows, std::span<const std::shared_ptr<arrow::Array>> keys) {
  if (rows.num_rows() == 0) return Status::OK();
  if (identities_ != nullptr) return ApplyChanges(rows, keys);
  return Append(*rows.columns, keys);
}

Status RowTable::Append(const arrow::RecordBatch& rows, std::span<const std::shared_ptr<arrow::Array>> keys) {
  const auto first = static_cast<uint32_t>(alive_.size());
  const auto count = static_cast<size_t>(rows.num_rows());
  key_of_row_.resize(first + count);
  VELO_RETURN_IF_ERROR(keys_->FindOrInsert(keys, rows.num_rows(), key_of_row_.data() + first));
  alive_.resize(first + count, 1);
  next_.resize(first + count, kNoRow);
  first_row_.resize(keys_->size(), kNoRow);
  last_row_.resize(keys_->size(), kNoRow);
  null_key_.resize(keys_->size(), 0);
  for (const auto& key : keys) {
    if (key->null_count() == 0) continue;
    for (size_t i = 0; i < count; ++i) {
      if (key->IsNull(static_cast<int64_t>(i))) null_key_[key_of_row_[first + i]] = 1;
    }
  }
  for (size_t i = 0; i < count; ++i) Link(static_cast<uint32_t>(first + i));
  chunks_.push_back(arrow::RecordBatch::Make(settings_.schema, rows.num_rows(), rows.columns()));
  return MergeChunks();
}

void RowTable::Link(uint32_t row) {
  const uint32_t key = key_of_row_[row];
  if (first_row_[key] == kNoRow) {
    first_row_[key] = row;
  } else {
    next_[last_row_[key]] = row;
    unique_ = false;
  }
  last_row_[key] = row;
}

void RowTable::Remove(uint32_t row) {
  const uint32_t key = key_of_row_[row];
  uint32_t before = kNoRow;
  for (uint32_t at = first_row_[key]; at != row; at = next_[at]) before = at;
  if (before == kNoRow) {
    first_row_[key] = next_[row];
  } else {
    next_[before] = next_[row];
  }
  if (last_row_[key] == row) last_row_[key] = before;
  alive_[row] = 0;
  ++dead_;
}

Status RowTable::ApplyChanges(const Batch& rows, std::span<const std::shared_ptr<arrow::Array>> keys) {
  Columns identity;
  for (int column : identity_columns_) identity.push_back(rows.columns->column(column));
  const auto count = static_cast<size_t>(rows.num_rows());
  std::vector<uint32_t> ids(count);
  VELO_RETURN_IF_ERROR(identities_->FindOrInsert(identity, rows.num_rows(), ids.data()));
  rows_of_identity_.resize(identities_->size());
  // What comes and goes within the batch never enters the table.
  std::vector<uint8_t> stays(count, 0);
  for (size_t i = 0; i < count; ++i) {
    const RowKind kind = rows.kinds.empty() ? RowKind::kInsert : rows.kinds[i];
    const bool leaves = kind == RowKind::kDelete || kind == RowKind::kUpdateBefore;
    std::vector<uint32_t>& held = rows_of_identity_[ids[i]];
    if (leaves || settings_.changes == Changes::kUpsert) {
      // Rows of this batch have marks above all ids in the table: kNoRow - 1 - position.
      if (!held.empty()) {
        const uint32_t old = held.back();
        held.pop_back();
        if (old < end_id()) {
          Remove(old);
        } else {
          stays[kNoRow - 1 - old] = 0;
        }
      }
    }
    if (leaves) continue;
    stays[i] = 1;
    held.push_back(kNoRow - 1 - static_cast<uint32_t>(i));
  }
  std::vector<uint32_t> kept;
  for (size_t i = 0; i < count; ++i) {
    if (stays[i] == 0) continue;
    std::vector<uint32_t>& held = rows_of_identity_[ids[i]];
    *std::find(held.begin(), held.end(), kNoRow - 1 - static_cast<uint32_t>(i)) =
        end_id() + static_cast<uint32_t>(kept.size());
    kept.push_back(static_cast<uint32_t>(i));
  }
  if (!kept.empty()) {
    VELO_ASSIGN_OR_RETURN(const Batch taken, TakeRows({rows.columns, {}}, kept));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> indices, Indices(kept));
    Columns kept_keys;
    for (const auto& key : keys) {
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column, arrow::compute::Take(*key, *indices));
      kept_keys.push_back(std::move(column));
    }
    VELO_RETURN_IF_ERROR(Append(*taken.columns, kept_keys));
  }
  constexpr int64_t kFewDead = 1024;
  return dead_ > kFewDead && dead_ > size() ? Compact() : Status::OK();
}

// Keeps the number of chunks logarithmic: a chunk is at least twice as large as the next.
Status RowTable::MergeChunks() {
  size_t from = chunks_.size() - 1;
  int64_t rows = chunks_.back()->num_rows();
  while (from > 0 && chunks_[from - 1]->num_rows() < 2 * rows) rows += chunks_[--from]->num_rows();
  if (from + 1 == chunks_.size()) return Status::OK();
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> merged,
                        Concatenated({chunks_.begin() + static_cast<std::ptrdiff_t>(from), chunks_.end()}));
  chunks_.resize(from);
  chunks_.push_back(std::move(merged));
  return Status::OK();
}

Status RowTable::Seal() {
  // Larger ones may not fit into one array.
  constexpr int64_t kMostBytes = int64_t{1} << 30;
  int64_t bytes = 0;
  for (const auto& chunk : chunks_) bytes += BytesOf(*chunk);
  if (chunks_.size() <= 1 || bytes > kMostBytes) return Status::OK();
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> merged, Concatenated(chunks_));
  chunks_ = {std::move(merged)};
  return Status::OK();
}

std::vector<uint32_t> RowTable::AllRows() const {
  std::vector<uint32_t> rows;
  rows.reserve(static_cast<size_t>(size()));
  for (uint32_t row = 0; row < end_id(); ++row) {
    if (alive_[row] != 0) rows.push_back(row);
  }
  return rows;
}

void RowTable::Matches::WriteProbeRows() {
  if (!one_each) return;
  probe_rows.resize(table_rows.size());
  std::iota(probe_rows.begin(), probe_rows.end(), 0U);
}

Status RowTable::Probe(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, bool outer,
                       Matches* out) const {
  Walk walk;
  VELO_RETURN_IF_ERROR(Begin(keys, rows, &walk));
  Continue(&walk, outer, SIZE_MAX, out);
  out->WriteProbeRows();
  return Status::OK();
}

// Sets first[i] to the first row with the code of row i, kNoRow where there is none. Each value is looked up once.
Status RowTable::FindCodes(const arrow::DictionaryArray& codes, int64_t rows, uint32_t* first,
                           bool* has_missing) const {
  std::vector<uint32_t> of_code(static_cast<size_t>(codes.dictionary()->length()));
  VELO_RETURN_IF_ERROR(FindFirst(std::span(&codes.dictionary(), 1), std::ssize(of_code), of_code.data(), has_missing));
  const int32_t* values = static_cast<const arrow::Int32Array&>(*codes.indices()).raw_values();
  if (codes.null_count() == 0) {
    for (int64_t i = 0; i < rows; ++i) first[i] = of_code[static_cast<size_t>(values[i])];
  } else {
    for (int64_t i = 0; i < rows; ++i) first[i] = codes.IsNull(i) ? kNoRow : of_code[static_cast<size_t>(values[i])];
    *has_missing = true;
  }
  // Not every value of the dictionary has to be there.
  if (*has_missing) *has_missing = std::find(first, first + rows, kNoRow) != first + rows;
  return Status::OK();
}

// Sets first[i] to the first row with the key of row i, kNoRow where there is none.
Status RowTable::FindFirst(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* first,
                           bool* has_missing) const {
  std::shared_ptr<arrow::Array> texts;
  if (keys.size() == 1 && keys[0]->type_id() == arrow::Type::DICTIONARY) {
    const auto& codes = static_cast<const arrow::DictionaryArray&>(*keys[0]);
    if (codes.dictionary()->length() <= rows) return FindCodes(codes, rows, first, has_missing);
    VELO_ASSIGN_OR_RETURN_ARROW(texts, arrow::compute::Take(*codes.dictionary(), *codes.indices()));
    keys = std::span(&texts, 1);
  }
  VELO_RETURN_IF_ERROR(keys_->Find(keys, rows, first));
  for (const auto& key : keys) {
    for (int64_t i = 0; key->null_count() > 0 && i < rows; ++i) {
      if (key->IsNull(i)) first[i] = kNoRow;
    }
  }
  *has_missing = false;
  for (int64_t i = 0; i < rows; ++i) {
    first[i] = first[i] == kNoRow ? kNoRow : first_row_[first[i]];
    *has_missing |= first[i] == kNoRow;
  }
  return Status::OK();
}

Status RowTable::Begin(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, Walk* walk) const {
  walk->first.resize(static_cast<size_t>(rows));
  walk->rows = walk->first.size();
  walk->row = 0;
  walk->next = kNoRow;
  return FindFirst(keys, rows, walk->first.data(), &walk->has_missing);
}

void RowTable::Continue(Walk* walk, bool outer, size_t limit, Matches* out) const {
  out->probe_rows.clear();
  out->table_rows.clear();
  out->has_missing = outer && walk->has_missing;
  out->one_each = unique_ && walk->row == 0 && (outer || !walk->has_missing);
  const std::vector<uint32_t>& first = walk->first;
  const size_t count = walk->rows;
  if (out->one_each) {
    out->table_rows.swap(walk->first);
    walk->row = count;
    return;
  }
  out->probe_rows.reserve(std::min(count, limit));
  out->table_rows.reserve(std::min(count, limit));
  for (; walk->row < count && out->probe_rows.size() < limit; ++walk->row) {
    uint32_t row = walk->next != kNoRow ? walk->next : first[walk->row];
    walk->next = kNoRow;
    if (row == kNoRow && !outer) continue;
    do {
      if (out->probe_rows.size() >= limit) {
        walk->next = row;
        return;
      }
      out->probe_rows.push_back(static_cast<uint32_t>(walk->row));
      out->table_rows.push_back(row);
      row = row == kNoRow ? kNoRow : next_[row];
    } while (row != kNoRow);
  }
}

Result<std::shared_ptr<arrow::Array>> RowTable::TakeColumn(int column, std::span<const uint32_t> rows,
                                                           bool has_missing) const {
  if (chunks_.empty()) {
    VELO_ASSIGN_OR_RETURN_ARROW(
        std::shared_ptr<arrow::Array> nulls,
        arrow::MakeArrayOfNull(settings_.schema->field(column)->type(), static_cast<int64_t>(rows.size())));
    return nulls;
  }
  const auto take = arrow::compute::TakeOptions::NoBoundsCheck();
  if (chunks_.size() == 1) {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> indices, Indices(rows, has_missing));
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> taken,
                                arrow::compute::Take(*chunks_[0]->column(column), *indices, take));
    return taken;
  }
  // From each chunk what is asked of it, then into the order asked for.
  std::vector<uint32_t> ends;
  for (const auto& chunk : chunks_) {
    ends.push_back((ends.empty() ? 0 : ends.back()) + static_cast<uint32_t>(chunk->num_rows()));
  }
  std::vector<std::vector<uint32_t>> of_chunk(chunks_.size());
  std::vector<uint32_t> chunk_of_row(rows.size()), order(rows.size(), kNoRow);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == kNoRow) continue;
    const size_t c = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), rows[i]) - ends.begin());
    chunk_of_row[i] = static_cast<uint32_t>(c);
    order[i] = static_cast<uint32_t>(of_chunk[c].size());
    of_chunk[c].push_back(rows[i] - (c == 0 ? 0 : ends[c - 1]));
  }
  arrow::ArrayVector parts;
  std::vector<uint32_t> starts(chunks_.size(), 0);
  uint32_t start = 0;
  for (size_t c = 0; c < chunks_.size(); ++c) {
    starts[c] = start;
    start += static_cast<uint32_t>(of_chunk[c].size());
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> indices, Indices(of_chunk[c]));
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> part,
                                arrow::compute::Take(*chunks_[c]->column(column), *indices, take));
    parts.push_back(std::move(part));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (order[i] != kNoRow) order[i] += starts[chunk_of_row[i]];
  }
  VELO_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::Array> gathered, arrow::Concatenate(parts));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> indices, Indices(order));
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> taken, arrow::compute::Take(*gathered, *indices, take));
  return taken;
}

Result<std::shared_ptr<arrow::Array>> RowTable::TakeCodes(int column, std::span<const uint32_t> rows,
                                                          bool has_missing) const {
  // A larger dictionary costs its readers more than it saves them.
  constexpr uint32_t kMostCodes = 1 << 16;
  const bool is_cheap = chunks_.size() == 1 && end_id() <= kMostCodes && chunks_[0]->column(column)->null_count() == 0;
  if (!is_cheap) return std::shared_ptr<arrow::Array>();
  const auto count = static_cast<int64_t>(rows.size());
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> codes, arrow::AllocateBuffer(count * 4));
  std::memcpy(codes->mutable_data(), rows.data(), rows.size_bytes());
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> with_missing, Indices(rows, has_missing));
  const std::shared_ptr<arrow::Array> indices = arrow::MakeArray(arrow::ArrayData::Make(
      arrow::int32(), count, {with_missing->data()->buffers[0], std::move(codes)}, with_missing->null_count()));
  return std::shared_ptr<arrow::Array>(std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(arrow::int32(), settings_.schema->field(column)->type()), indices, chunks_[0]->column(column)));
}

Result<RowTable::Columns> RowTable::Take(std::span<const int> columns, std::span<const uint32_t> rows,
                                         bool has_missing) const {
  Columns taken;
  for (int column : columns) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> values, TakeColumn(column, rows, has_missing));
    taken.push_back(std::move(values));
  }
  return taken;
}

int64_t RowTable::StateBytes() const {
  int64_t bytes = keys_->MemoryBytes() + (identities_ == nullptr ? 0 : identities_->MemoryBytes());
  for (const auto& chunk : chunks_) bytes += BytesOf(*chunk);
  bytes += static_cast<int64_t>(alive_.capacity() + null_key_.capacity() + rows_of_identity_.capacity() * 32);
  for (const auto* ids : {&key_of_row_, &next_, &first_row_, &last_row_}) {
    bytes += static_cast<int64_t>(ids->capacity() * sizeof(uint32_t));
  }
  return bytes;
}

Status RowTable::Save(std::string* out) const {
  const std::vector<uint32_t> rows = AllRows();
  std::vector<int> columns(static_cast<size_t>(settings_.schema->num_fields()));
  std::iota(columns.begin(), columns.end(), 0);
  VELO_ASSIGN_OR_RETURN(const Columns values, Take(columns, rows));
  std::vector<uint32_t> key_ids;
  for (uint32_t row : rows) key_ids.push_back(key_of_row_[row]);
  Columns keys;
  for (size_t c = 0; c < keys_->column_count(); ++c) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> key, keys_->Keys(c, key_ids));
    keys.push_back(std::move(key));
  }
  PutInteger(static_cast<int64_t>(rows.size()), out);
  VELO_RETURN_IF_ERROR(PutArrays(values, static_cast<int64_t>(rows.size()), out));
  return PutArrays(keys, static_cast<int64_t>(rows.size()), out);
}

Status RowTable::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t rows, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> values, TakeBatch(in));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
  Clear();
  const auto batch = arrow::RecordBatch::Make(settings_.schema, rows, values->columns());
  return Apply({batch, {}}, keys->columns());
}

void RowTable::Clear() {
  chunks_.clear();
  alive_.clear();
  dead_ = 0;
  keys_ = std::make_unique<GroupTable>(settings_.key_types);
  for (auto* ids : {&key_of_row_, &next_, &first_row_, &last_row_}) ids->clear();
  null_key_.clear();
  unique_ = true;
  if (identities_ != nullptr) {
    identities_ = std::make_unique<GroupTable>(TypesOf(*settings_.schema, identity_columns_));
  }
  rows_of_identity_.clear();
}

Status RowTable::Compact() {
  std::string rows;
  VELO_RETURN_IF_ERROR(Save(&rows));
  std::string_view in = rows;
  return Load(&in);
}

}  // namespace velo::exec
