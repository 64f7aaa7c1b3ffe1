#include "engine/formats/parquet_scan.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "engine/formats/parquet_column.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

/// Rows that are tested together, so that what they come to stays small.
constexpr int64_t kWindowRows = 131'072;
/// After so many rows without one to give out, the caller gets a say.
constexpr int64_t kLongestSilence = 1'048'576;

class ParquetScan : public RecordReader {
 public:
  ParquetScan(ParquetPiece piece, std::vector<std::unique_ptr<ParquetColumn>> columns,
              std::shared_ptr<arrow::RecordBatchReader> others)
      : piece_(std::move(piece)), columns_(std::move(columns)), others_(std::move(others)) {
    for (const int group : piece_.groups) total_ += RowsOf(group);
    // Batches of others are in the order of all rows.
    for (const auto& column : columns_) {
      if (others_ == nullptr && !column->plan().conditions.empty()) tested_.push_back(column.get());
    }
  }

  Result<DecodedRows> Read(int64_t max_rows) override {
    return WithoutExceptions(piece_.bytes->path(), [&] { return ReadRows(max_rows); });
  }

  PiecePosition position() const override { return {passed_, 0, 0}; }

  Status Seek(const PiecePosition& position) override {
    return WithoutExceptions(piece_.bytes->path(), [&]() -> Status {
      while (passed_ < position.records && (row_ < group_rows_ || StartGroup())) {
        const int64_t skipped = std::min(position.records - passed_, group_rows_ - row_);
        row_ += skipped;
        passed_ += skipped;
      }
      return others_ == nullptr ? Status::OK() : SkipOthers(passed_);
    });
  }

  int64_t bytes_read() const override {
    return total_ == 0 ? 0
                       : static_cast<int64_t>(static_cast<double>(piece_.size) * static_cast<double>(passed_) /
                                              static_cast<double>(total_));
  }

 private:
  int64_t RowsOf(int group) const { return piece_.metadata->RowGroup(group)->num_rows(); }

  /// Goes to the next row group that has rows. False at the end.
  bool StartGroup() {
    while (next_group_ < piece_.groups.size()) {
      const int group = piece_.groups[next_group_++];
      group_rows_ = RowsOf(group);
      row_ = 0;
      for (const auto& column : columns_) column->Start(group);
      if (group_rows_ > 0) return true;
    }
    return false;
  }

  Result<DecodedRows> ReadRows(int64_t max_rows) {
    DecodedRows decoded;
    decoded.first_record = piece_.first_record + passed_;
    while (given_ < selected_.size() || row_ < group_rows_ || StartGroup()) {
      if (tested_.empty()) {
        VELO_ASSIGN_OR_RETURN(decoded.rows, ReadAll(max_rows));
        return decoded;
      }
      if (given_ == selected_.size()) {
        const int64_t before = row_;
        VELO_RETURN_IF_ERROR(SelectWindow());
        if (selected_.empty()) {
          passed_ += row_ - before;
          decoded.left_out += row_ - before;
          if (decoded.left_out >= kLongestSilence) break;
          continue;
        }
        window_left_ = row_ - before;
      }
      VELO_ASSIGN_OR_RETURN(decoded.rows, GiveSelected(max_rows, &decoded.left_out));
      return decoded;
    }
    if (decoded.left_out > 0) {
      VELO_ASSIGN_OR_RETURN_ARROW(decoded.rows, arrow::RecordBatch::MakeEmpty(piece_.options.columns.ToArrow()));
    }
    return decoded;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> ReadAll(int64_t max_rows) {
    int64_t count = std::min(max_rows, group_rows_ - row_);
    arrow::ArrayVector arrays;
    arrow::FieldVector fields;
    if (others_ != nullptr) {
      VELO_RETURN_IF_ERROR(NextOthers());
      count = std::min(count, others_batch_->num_rows() - others_at_);
      const auto others = others_batch_->Slice(others_at_, count);
      others_at_ += count;
      arrays = others->columns();
      fields = others->schema()->fields();
    }
    for (const auto& column : columns_) {
      VELO_ASSIGN_OR_RETURN(arrays.emplace_back(), column->Read(row_, count));
      fields.push_back(arrow::field(NameOf(*column), arrays.back()->type()));
    }
    row_ += count;
    passed_ += count;
    return Conform(*arrow::RecordBatch::Make(arrow::schema(std::move(fields)), count, std::move(arrays)),
                   piece_.options);
  }

  /// Tests the next rows, up to the nearest end of a page of the columns that are tested.
  Status SelectWindow() {
    int64_t count = std::min(kWindowRows, group_rows_ - row_);
    for (ParquetColumn* column : tested_) {
      VELO_ASSIGN_OR_RETURN(const int64_t testable, column->TestableRows(row_));
      count = std::min(count, testable);
    }
    // Codes are tested fast, and what is left needs no look at the values of other columns.
    std::stable_partition(tested_.begin(), tested_.end(), [](ParquetColumn* column) { return column->TestsCodes(); });
    selected_.clear();
    given_ = 0;
    for (ParquetColumn* column : tested_) {
      VELO_RETURN_IF_ERROR(column->Test(row_, count, column == tested_.front(), &selected_));
      if (selected_.empty()) break;
    }
    row_ += count;
    return Status::OK();
  }

  /// Gives out selected rows of the window that have not been, and counts those left out in front of and after them.
  Result<std::shared_ptr<arrow::RecordBatch>> GiveSelected(int64_t max_rows, int64_t* left_out) {
    const std::span<const uint32_t> rest = std::span<const uint32_t>(selected_).subspan(given_);
    const std::span<const uint32_t> rows = rest.first(std::min(rest.size(), static_cast<size_t>(max_rows)));
    const auto count = static_cast<int64_t>(rows.size());
    const bool is_run = rows.back() - rows.front() + 1 == rows.size();
    arrow::ArrayVector arrays;
    arrow::FieldVector fields;
    for (const auto& column : columns_) {
      VELO_ASSIGN_OR_RETURN(arrays.emplace_back(), is_run ? column->Read(rows.front(), count) : column->Gather(rows));
      fields.push_back(arrow::field(NameOf(*column), arrays.back()->type()));
    }
    given_ += rows.size();
    const bool is_last = given_ == selected_.size();
    const int64_t window_begin = row_ - window_left_;
    const int64_t end = is_last ? row_ : int64_t{rows.back()} + 1;
    passed_ += end - window_begin;
    window_left_ = row_ - end;
    *left_out += end - window_begin - count;
    return Conform(*arrow::RecordBatch::Make(arrow::schema(std::move(fields)), count, std::move(arrays)),
                   piece_.options);
  }

  const std::string& NameOf(const ParquetColumn& column) const {
    return piece_.metadata->schema()->Column(column.plan().leaf)->name();
  }

  Status NextOthers() {
    while (others_batch_ == nullptr || others_at_ >= others_batch_->num_rows()) {
      others_at_ = 0;
      const arrow::Status status = others_->ReadNext(&others_batch_);
      if (!status.ok()) return DamagedParquet(piece_.bytes->path(), status.message());
      if (others_batch_ == nullptr) return DamagedParquet(piece_.bytes->path(), "rows are missing");
    }
    return Status::OK();
  }

  Status SkipOthers(int64_t rows) {
    while (rows > 0) {
      VELO_RETURN_IF_ERROR(NextOthers());
      const int64_t skipped = std::min(rows, others_batch_->num_rows() - others_at_);
      others_at_ += skipped;
      rows -= skipped;
    }
    return Status::OK();
  }

  const ParquetPiece piece_;
  const std::vector<std::unique_ptr<ParquetColumn>> columns_;
  std::vector<ParquetColumn*> tested_;
  const std::shared_ptr<arrow::RecordBatchReader> others_;
  std::shared_ptr<arrow::RecordBatch> others_batch_;
  int64_t others_at_ = 0;

  size_t next_group_ = 0;
  int64_t group_rows_ = 0, row_ = 0;  ///< Of the group: its rows, and those read or tested.
  std::vector<uint32_t> selected_;    ///< Rows of the group.
  size_t given_ = 0;                  ///< Of them, given out.
  int64_t window_left_ = 0;           ///< Rows from after the last one given out to row_.
  int64_t passed_ = 0, total_ = 0;
};

}  // namespace

Result<std::unique_ptr<RecordReader>> MakeParquetScan(ParquetPiece piece) {
  const parquet::SchemaDescriptor& schema = *piece.metadata->schema();
  std::vector<std::unique_ptr<ParquetColumn>> columns;
  std::vector<int> others;
  const bool is_plain = !piece.metadata->is_encryption_algorithm_set() &&
                        std::all_of(piece.groups.begin(), piece.groups.end(), [&](int group) {
                          return piece.metadata->RowGroup(group)->num_rows() <= INT32_MAX;
                        });
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const parquet::ColumnDescriptor& column = *schema.Column(leaf);
    const int wanted = piece.options.columns.Find(schema.GetColumnRoot(leaf)->name());
    if (wanted < 0) continue;
    const Column& target = piece.options.columns.columns[static_cast<size_t>(wanted)];
    const auto field = piece.schema->GetFieldByName(target.name);
    std::optional<ColumnPlan> plan;
    // A name twice, or another spelling of it, is parquet-cpp's.
    if (is_plain && field != nullptr && column.path()->ToDotVector().size() == 1 && column.name() == target.name &&
        std::all_of(piece.groups.begin(), piece.groups.end(),
                    [&](int group) { return ChunkPages::CanRead(*piece.metadata, group, leaf); })) {
      plan = ParquetColumn::PlanFor(column, *field->type(), target.type);
    }
    if (!plan) {
      others.push_back(leaf);
      continue;
    }
    plan->leaf = leaf;
    const std::vector<std::string>& codes = piece.options.dictionary_columns;
    plan->may_be_codes = plan->type->id() == arrow::Type::STRING && target.type.kind() == TypeKind::kString &&
                         std::find(codes.begin(), codes.end(), target.name) != codes.end();
    for (const ColumnPredicate& condition : piece.options.predicates) {
      if (!piece.options.leaves_out_rows || condition.column != target.name) continue;
      if (ParquetColumn::TestsCondition(*plan, target.type, condition)) plan->conditions.push_back(condition);
    }
    columns.push_back(std::make_unique<ParquetColumn>(piece.bytes, piece.metadata, *std::move(plan)));
  }
  std::shared_ptr<arrow::RecordBatchReader> others_reader;
  if (!others.empty()) {
    if (columns.empty()) return std::unique_ptr<RecordReader>();
    VELO_ASSIGN_OR_RETURN(others_reader, piece.open_others(others));
  }
  return std::unique_ptr<RecordReader>(
      std::make_unique<ParquetScan>(std::move(piece), std::move(columns), std::move(others_reader)));
}

}  // namespace velo::formats
