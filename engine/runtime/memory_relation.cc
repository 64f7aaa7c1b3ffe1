#include "engine/runtime/memory_relation.h"

#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "engine/exec/batch_rows.h"
#include "engine/io/constant_columns.h"
#include "engine/types/arrow_status.h"

namespace velo {

namespace {

// A reader may be so many rows behind before the jobs that write are told to wait, and so few before they may go on.
constexpr int64_t kPauseRows = 1'000'000;
constexpr int64_t kResumeRows = 250'000;
constexpr int kHiddenColumns = 3;  // _offset, _timestamp, _key

std::shared_ptr<arrow::Schema> StoredSchema(const Schema& schema, bool headers) {
  arrow::FieldVector fields = schema.ToArrow()->fields();
  fields.push_back(arrow::field(std::string(kOffsetColumn), arrow::int64(), false));
  fields.push_back(arrow::field(std::string(kTimestampColumn), arrow::int64(), false));
  fields.push_back(arrow::field(std::string(kKeyColumn), arrow::utf8()));
  if (headers) {
    fields.push_back(arrow::field(std::string(kHeadersColumn), SystemColumnType(kHeadersColumn)->ToArrow()));
  }
  return arrow::schema(std::move(fields));
}

bool Deletes(RowKind kind) { return kind == RowKind::kDelete || kind == RowKind::kUpdateBefore; }

}  // namespace

/// What one scan has before it: batches shared with the relation.
class MemoryRelationReader : public PartitionReader {
 public:
  MemoryRelationReader(std::shared_ptr<MemoryRelation> relation, ReadOptions options)
      : relation_(std::move(relation)), options_(std::move(options)) {}

  ~MemoryRelationReader() override {
    std::lock_guard lock(relation_->mutex_);
    std::erase(relation_->readers_, this);
    relation_->BalanceWriters();
  }

  Result<ReadOutcome> Read() override {
    Batch batch;
    {
      std::lock_guard lock(relation_->mutex_);
      while (!waiting_.empty() && at_ >= waiting_.front().num_rows()) {
        waiting_.pop_front();
        at_ = 0;
      }
      if (waiting_.empty()) {
        const bool more = options_.follow && !relation_->finished();
        return ReadOutcome{more ? ReadOutcome::State::kIdle : ReadOutcome::State::kEnd, {}};
      }
      const int64_t count = std::min(options_.batch_rows, waiting_.front().num_rows() - at_);
      batch = exec::Slice(waiting_.front(), at_, count);
      at_ += count;
      unread_ -= count;
      relation_->BalanceWriters();
    }
    VELO_ASSIGN_OR_RETURN(batch.columns, Wanted(*batch.columns));
    rows_ += batch.num_rows();
    return ReadOutcome{ReadOutcome::State::kRows, std::move(batch)};
  }

  void SetWakeUp(std::function<void()> wake_up) override {
    std::lock_guard lock(relation_->mutex_);
    wake_up_ = std::move(wake_up);
  }

  std::string Position() const override { return std::to_string(rows_); }
  Status Seek(const std::string& position) override {
    int64_t skip = std::strtoll(position.c_str(), nullptr, 10);
    rows_ = skip;
    std::lock_guard lock(relation_->mutex_);
    while (skip > 0 && !waiting_.empty()) {
      const int64_t passed = std::min(skip, waiting_.front().num_rows() - at_);
      at_ += passed;
      skip -= passed;
      unread_ -= passed;
      if (at_ < waiting_.front().num_rows()) continue;
      waiting_.pop_front();
      at_ = 0;
    }
    return Status::OK();
  }
  ReadProgress Progress() const override { return {.rows = rows_}; }
  std::string name() const override { return relation_->name(); }

  // REQUIRES for these: the relation's mutex is held.
  void Add(const Batch& batch) {
    waiting_.push_back(batch);
    unread_ += batch.num_rows();
  }
  void Wake() const {
    if (wake_up_) wake_up_();
  }
  bool follows() const { return options_.follow; }
  int64_t unread() const { return unread_; }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Wanted(const arrow::RecordBatch& rows) const {
    arrow::ArrayVector columns;
    arrow::FieldVector fields;
    for (const std::string& name : options_.columns) {
      std::shared_ptr<arrow::Array> column = rows.GetColumnByName(name);
      if (column == nullptr) {
        const SystemValues values{.origin = relation_->name()};
        VELO_ASSIGN_OR_RETURN(column, MakeSystemColumn(name, values, rows.num_rows()));
      }
      fields.push_back(arrow::field(name, column->type()));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(), std::move(columns));
  }

  const std::shared_ptr<MemoryRelation> relation_;
  const ReadOptions options_;
  std::deque<Batch> waiting_;
  int64_t at_ = 0;  ///< In the first waiting batch.
  int64_t unread_ = 0;
  int64_t rows_ = 0;
  std::function<void()> wake_up_;
};

class MemoryRelationSource : public Source {
 public:
  explicit MemoryRelationSource(std::shared_ptr<MemoryRelation> relation) : relation_(std::move(relation)) {}

  const Schema& schema() const override { return relation_->schema(); }
  bool bounded() const override {
    std::lock_guard lock(relation_->mutex_);
    return relation_->finished();
  }

  Result<std::vector<std::unique_ptr<PartitionReader>>> OpenReaders(const ReadOptions& options) override {
    auto reader = std::make_unique<MemoryRelationReader>(relation_, options);
    {
      std::lock_guard lock(relation_->mutex_);
      if (relation_->kind() == RelationKind::kTable) VELO_RETURN_IF_ERROR(relation_->Compact());
      for (const Batch& batch : relation_->log_) {
        if (batch.num_rows() > 0) reader->Add(batch);
      }
      if (options.follow) relation_->readers_.push_back(reader.get());
    }
    std::vector<std::unique_ptr<PartitionReader>> readers;
    readers.push_back(std::move(reader));
    return readers;
  }

 private:
  const std::shared_ptr<MemoryRelation> relation_;
};

MemoryRelation::MemoryRelation(std::string name, Schema schema, RelationKind kind, std::vector<std::string> key_columns,
                               const Clock* clock)
    : name_(std::move(name)),
      schema_(std::move(schema)),
      kind_(kind),
      key_columns_(std::move(key_columns)),
      clock_(clock) {}

Result<std::shared_ptr<arrow::RecordBatch>> MemoryRelation::Stored(const SinkRows& rows) {
  const int64_t count = rows.columns->num_rows();
  arrow::ArrayVector columns = rows.columns->columns();
  arrow::Int64Builder offsets;
  VELO_RETURN_IF_ARROW_ERROR(offsets.Reserve(count));
  for (int64_t row = 0; row < count; ++row) offsets.UnsafeAppend(next_offset_++);
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> offset_column, offsets.Finish());
  columns.push_back(std::move(offset_column));
  const int64_t now = clock_->Now() / kMicrosPerMilli;
  const auto* times = static_cast<const arrow::Int64Array*>(rows.event_times.get());
  if (times != nullptr && times->null_count() == 0) {
    columns.push_back(rows.event_times);
  } else {
    arrow::Int64Builder stamps;
    VELO_RETURN_IF_ARROW_ERROR(stamps.Reserve(count));
    for (int64_t row = 0; row < count; ++row) {
      stamps.UnsafeAppend(times != nullptr && times->IsValid(row) ? times->Value(row) : now);
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> stamp_column, stamps.Finish());
    columns.push_back(std::move(stamp_column));
  }
  if (rows.keys != nullptr) {
    columns.push_back(rows.keys);
  } else {
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> none, arrow::MakeArrayOfNull(arrow::utf8(), count));
    columns.push_back(std::move(none));
  }
  if (keeps_headers_ && rows.headers != nullptr) {
    columns.push_back(rows.headers);
  } else if (keeps_headers_) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> none, MakeSystemColumn(kHeadersColumn, {}, count));
    columns.push_back(std::move(none));
  }
  return arrow::RecordBatch::Make(StoredSchema(schema_, keeps_headers_), count, std::move(columns));
}

Status MemoryRelation::Append(const SinkRows& rows, std::span<const std::shared_ptr<arrow::Array>> identity) {
  std::lock_guard lock(mutex_);
  Batch stored{nullptr, rows.kinds};
  VELO_ASSIGN_OR_RETURN(stored.columns, Stored(rows));
  if (kind_ == RelationKind::kTable) return Upsert(stored, identity);
  VELO_ASSIGN_OR_RETURN(Batch plain, exec::WithoutRetractions(stored));
  if (plain.num_rows() == 0) return Status::OK();
  VELO_RETURN_IF_ERROR(Publish(plain));
  return AppendToLog(std::move(plain));
}

Status MemoryRelation::AppendToLog(Batch stored) {
  VELO_ASSIGN_OR_RETURN_ARROW(const int64_t bytes, arrow::util::ReferencedBufferSize(*stored.columns));
  log_rows_ += stored.num_rows();
  log_bytes_ += bytes;
  log_.push_back(std::move(stored));
  if (log_bytes_ > kMaxBytes && kind_ == RelationKind::kTable) VELO_RETURN_IF_ERROR(Compact());
  if (log_bytes_ > kMaxBytes) {
    return Status::World("LIMIT_EXCEEDED", fmt::format("'{}' holds more than {} GiB in memory", name_, kMaxBytes >> 30),
                         "write it to a topic or a file with INTO, and read that");
  }
  while (keep_newest_ >= 0 && kind_ == RelationKind::kStream && !log_.empty() &&
         log_rows_ - log_.front().num_rows() >= keep_newest_) {
    VELO_ASSIGN_OR_RETURN_ARROW(const int64_t front, arrow::util::ReferencedBufferSize(*log_.front().columns));
    log_rows_ -= log_.front().num_rows();
    log_bytes_ -= front;
    log_.erase(log_.begin());
  }
  return Status::OK();
}

Result<std::vector<std::shared_ptr<arrow::Array>>> MemoryRelation::IdentityOf(const arrow::RecordBatch& rows) const {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const std::string& name : key_columns_) {
    std::shared_ptr<arrow::Array> column = rows.GetColumnByName(name);
    if (column == nullptr) return Status::Bug(fmt::format("'{}' has no key column '{}'", name_, name));
    columns.push_back(std::move(column));
  }
  return columns;
}

Result<std::vector<uint32_t>> MemoryRelation::IdsOf(const Batch& stored,
                                                    std::span<const std::shared_ptr<arrow::Array>> identity) {
  std::vector<uint32_t> ids(static_cast<size_t>(stored.num_rows()));
  std::vector<std::shared_ptr<arrow::Array>> own;
  if (identity.empty()) {
    VELO_ASSIGN_OR_RETURN(own, IdentityOf(*stored.columns));
    identity = own;
  }
  if (identity.empty()) {
    // Without a key every row stays for itself.
    std::iota(ids.begin(), ids.end(), static_cast<uint32_t>(row_of_id_.size()));
    row_of_id_.resize(row_of_id_.size() + ids.size(), -1);
    return ids;
  }
  if (!index_.has_value()) {
    std::vector<std::shared_ptr<arrow::DataType>> types;
    for (const auto& column : identity) types.push_back(column->type());
    index_.emplace(std::move(types));
  }
  VELO_RETURN_IF_ERROR(index_->FindOrInsert(identity, stored.num_rows(), ids.data()));
  row_of_id_.resize(index_->size(), -1);
  return ids;
}

Status MemoryRelation::Upsert(const Batch& stored, std::span<const std::shared_ptr<arrow::Array>> identity) {
  VELO_ASSIGN_OR_RETURN(const std::vector<uint32_t> ids, IdsOf(stored, identity));
  Batch changes{nullptr, {}};
  std::vector<uint32_t> kept;
  const int64_t base = log_rows_;
  for (uint32_t row = 0; row < ids.size(); ++row) {
    const RowKind kind = stored.kinds.empty() ? RowKind::kInsert : stored.kinds[row];
    if (kind == RowKind::kUpdateBefore) continue;
    int64_t& place = row_of_id_[ids[row]];
    if (Deletes(kind)) {
      if (place < 0) continue;
      --live_rows_;
      place = -1;
      kept.push_back(row);
      changes.kinds.push_back(RowKind::kDelete);
      id_of_row_.push_back(UINT32_MAX);
      continue;
    }
    changes.kinds.push_back(place >= 0 ? RowKind::kUpdateAfter : RowKind::kInsert);
    if (place < 0) ++live_rows_;
    place = base + static_cast<int64_t>(kept.size());
    kept.push_back(row);
    id_of_row_.push_back(ids[row]);
  }
  if (kept.empty()) return Status::OK();
  VELO_ASSIGN_OR_RETURN(const Batch taken, exec::TakeRows({stored.columns, {}}, kept));
  changes.columns = taken.columns;
  VELO_RETURN_IF_ERROR(Publish(changes));
  VELO_RETURN_IF_ERROR(AppendToLog({changes.columns, {}}));
  constexpr int64_t kSmall = 65'536;
  return log_rows_ > 4 * live_rows_ + kSmall ? Compact() : Status::OK();
}

/// Brings the log of a table down to the newest row of every key, in order of the keys.
Status MemoryRelation::Compact() {
  if (log_.empty() || (log_.size() == 1 && log_rows_ == live_rows_)) return Status::OK();
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (const Batch& batch : log_) batches.push_back(batch.columns);
  VELO_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::RecordBatch> all, arrow::ConcatenateRecordBatches(batches));
  std::vector<uint32_t> rows;
  std::vector<uint32_t> ids;
  for (uint32_t id = 0; id < row_of_id_.size(); ++id) {
    if (row_of_id_[id] < 0) continue;
    rows.push_back(static_cast<uint32_t>(row_of_id_[id]));
    row_of_id_[id] = static_cast<int64_t>(ids.size());
    ids.push_back(id);
  }
  VELO_ASSIGN_OR_RETURN(const Batch newest, exec::TakeRows({all, {}}, rows));
  log_ = {newest};
  id_of_row_ = std::move(ids);
  log_rows_ = newest.num_rows();
  VELO_ASSIGN_OR_RETURN_ARROW(log_bytes_, arrow::util::ReferencedBufferSize(*newest.columns));
  return Status::OK();
}

/// For every row of `offsets` (its first column) the row of the compacted log with that "_offset", or -1.
Result<std::vector<int64_t>> MemoryRelation::RowsOf(const arrow::RecordBatch& offsets) {
  VELO_RETURN_IF_ERROR(Compact());
  std::unordered_map<int64_t, int64_t> places;
  if (!log_.empty()) {
    const auto& known =
        static_cast<const arrow::Int64Array&>(*log_.front().columns->column(static_cast<int>(schema_.columns.size())));
    for (int64_t row = 0; row < known.length(); ++row) places.emplace(known.Value(row), row);
  }
  const auto& wanted = static_cast<const arrow::Int64Array&>(*offsets.column(0));
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < wanted.length(); ++i) {
    const auto at = places.find(wanted.Value(i));
    rows.push_back(at == places.end() ? -1 : at->second);
  }
  return rows;
}

Result<int64_t> MemoryRelation::Remove(const arrow::RecordBatch& rows) {
  std::lock_guard lock(mutex_);
  VELO_ASSIGN_OR_RETURN(const std::vector<int64_t> places, RowsOf(rows));
  std::vector<uint32_t> gone;
  for (int64_t place : places) {
    if (place < 0) continue;
    gone.push_back(static_cast<uint32_t>(place));
    row_of_id_[id_of_row_[place]] = -1;
    --live_rows_;
  }
  if (gone.empty()) return int64_t{0};
  VELO_ASSIGN_OR_RETURN(Batch deleted, exec::TakeRows({log_.front().columns, {}}, gone));
  deleted.kinds.assign(gone.size(), RowKind::kDelete);
  VELO_RETURN_IF_ERROR(Publish(deleted));
  VELO_RETURN_IF_ERROR(Compact());
  return static_cast<int64_t>(gone.size());
}

Result<int64_t> MemoryRelation::Replace(const arrow::RecordBatch& rows) {
  std::lock_guard lock(mutex_);
  VELO_ASSIGN_OR_RETURN(const std::vector<int64_t> places, RowsOf(rows));
  std::vector<uint32_t> still, old_rows;
  for (uint32_t i = 0; i < places.size(); ++i) {
    if (places[i] < 0) continue;
    still.push_back(i);
    old_rows.push_back(static_cast<uint32_t>(places[i]));
  }
  if (still.empty()) return int64_t{0};
  arrow::ArrayVector columns(rows.columns().begin() + 1, rows.columns().end());
  const auto payload = arrow::RecordBatch::Make(schema_.ToArrow(), rows.num_rows(), std::move(columns));
  VELO_ASSIGN_OR_RETURN(const Batch kept, exec::TakeRows({payload, {}}, still));
  VELO_ASSIGN_OR_RETURN(const Batch old, exec::TakeRows({log_.front().columns, {}}, old_rows));
  SinkRows renewed;
  renewed.columns = kept.columns;
  renewed.keys = old.columns->column(static_cast<int>(schema_.columns.size()) + kHiddenColumns - 1);
  if (keeps_headers_) renewed.headers = old.columns->GetColumnByName(std::string(kHeadersColumn));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> stored, Stored(renewed));
  if (key_columns_.empty()) {
    // The rows keep their places.
    for (size_t i = 0; i < old_rows.size(); ++i) {
      const uint32_t id = id_of_row_[old_rows[i]];
      row_of_id_[id] = log_rows_ + static_cast<int64_t>(i);
      id_of_row_.push_back(id);
    }
    VELO_RETURN_IF_ERROR(Publish({stored, std::vector<RowKind>(still.size(), RowKind::kUpdateAfter)}));
    VELO_RETURN_IF_ERROR(AppendToLog({stored, {}}));
    return static_cast<int64_t>(still.size());
  }
  // A changed key leaves its old place first, so that swapped keys do not remove each other.
  VELO_ASSIGN_OR_RETURN(const std::vector<uint32_t> new_ids, IdsOf({stored, {}}, {}));
  std::vector<uint32_t> moved;
  for (size_t i = 0; i < old_rows.size(); ++i) {
    const uint32_t old_id = id_of_row_[old_rows[i]];
    if (old_id == new_ids[i]) continue;
    row_of_id_[old_id] = -1;
    --live_rows_;
    moved.push_back(static_cast<uint32_t>(i));
  }
  if (!moved.empty()) {
    VELO_ASSIGN_OR_RETURN(Batch left, exec::TakeRows({old.columns, {}}, moved));
    left.kinds.assign(moved.size(), RowKind::kDelete);
    VELO_RETURN_IF_ERROR(Publish(left));
  }
  VELO_RETURN_IF_ERROR(Upsert({stored, {}}, {}));
  return static_cast<int64_t>(still.size());
}

Status MemoryRelation::Publish(const Batch& batch) {
  for (MemoryRelationReader* reader : readers_) {
    reader->Add(batch);
    reader->Wake();
  }
  BalanceWriters();
  return Status::OK();
}

/// Lets the jobs that write wait while a reader is far behind. REQUIRES: mutex_ is held.
void MemoryRelation::BalanceWriters() {
  int64_t furthest = 0;
  for (const MemoryRelationReader* reader : readers_) furthest = std::max(furthest, reader->unread());
  const bool pause = furthest > (writers_paused_ ? kResumeRows : kPauseRows);
  if (pause == writers_paused_) return;
  writers_paused_ = pause;
  for (const std::weak_ptr<Job>& writer : writer_jobs_) {
    if (const std::shared_ptr<Job> job = writer.lock()) pause ? job->Pause() : job->Resume();
  }
}

void MemoryRelation::AddWriter() {
  std::lock_guard lock(mutex_);
  ++writers_;
}

void MemoryRelation::SetWriterJob(const std::shared_ptr<Job>& job) {
  std::lock_guard lock(mutex_);
  writer_jobs_.push_back(job);
  if (writers_paused_) job->Pause();
}

void MemoryRelation::RemoveWriter() {
  std::lock_guard lock(mutex_);
  if (--writers_ > 0) return;
  for (const MemoryRelationReader* reader : readers_) reader->Wake();
}

void MemoryRelation::KeepNewest(int64_t rows) {
  std::lock_guard lock(mutex_);
  keep_newest_ = rows;
}

std::unique_ptr<Source> MemoryRelation::OpenSource() {
  return std::make_unique<MemoryRelationSource>(shared_from_this());
}

int64_t MemoryRelation::row_count() const {
  std::lock_guard lock(mutex_);
  return kind_ == RelationKind::kTable ? live_rows_ : next_offset_;
}

int64_t MemoryRelation::bytes() const {
  std::lock_guard lock(mutex_);
  return log_bytes_;
}

}  // namespace velo
