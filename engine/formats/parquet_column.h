#pragma once

#include <arrow/buffer_builder.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/formats/parquet_pages.h"
#include "engine/io/source.h"
#include "engine/types/schema.h"

namespace velo::formats {

/// How the values of a column lie in the file and in the arrays made of them.
enum class ValueForm : uint8_t {
  kInt32,       ///< 32 bits, whatever they mean.
  kInt32Wider,  ///< To be widened to 64 bits.
  kInt64,
  kFloatWider,  ///< To be widened to double.
  kDouble,
  kBytes,  ///< Texts and binary values.
};

/// What a column is to be read as.
struct ColumnPlan {
  int leaf = 0;
  ValueForm form = ValueForm::kInt64;
  std::shared_ptr<arrow::DataType> type;    ///< Of the arrays.
  bool may_be_codes = false;                ///< The arrays may be dictionary<int32, type>.
  std::vector<ColumnPredicate> conditions;  ///< Those that TestsCondition allows; a row must fulfil all of them.
};

/// Reads one flat column of the row groups of a file, a row group at a time, into arrays. Rows are numbered within
/// their row group and asked for in ascending order. Callers stand inside WithoutExceptions.
class ParquetColumn {
 public:
  ParquetColumn(std::shared_ptr<const ParquetBytes> bytes, std::shared_ptr<parquet::FileMetaData> metadata,
                ColumnPlan plan);

  /// How to read a column of the file's type `type` that is wanted as `wanted`; nothing: parquet-cpp has to.
  static std::optional<ColumnPlan> PlanFor(const parquet::ColumnDescriptor& column, const arrow::DataType& type,
                                           const SqlType& wanted);
  /// Whether a column that is read this way can be tested for a condition, with the same outcome as the comparison of
  /// the array's values.
  static bool TestsCondition(const ColumnPlan& plan, const SqlType& wanted, const ColumnPredicate& condition);

  const ColumnPlan& plan() const { return plan_; }
  void Start(int group);

  /// How many rows from `row` on can be tested at once: up to the end of their page.
  Result<int64_t> TestableRows(int64_t row);
  /// Whether the page of the next row holds codes, which are tested fast. REQUIRES: TestableRows was called.
  bool TestsCodes() const { return pages_.is_coded(); }
  /// Leaves in `selected` the rows of [row, row + count) that fulfil the conditions: of all of them when `is_all`, else
  /// of those in it. REQUIRES: count <= TestableRows(row). These rows can still be read afterwards.
  Status Test(int64_t row, int64_t count, bool is_all, std::vector<uint32_t>* selected);

  Result<std::shared_ptr<arrow::Array>> Read(int64_t row, int64_t count);
  Result<std::shared_ptr<arrow::Array>> Gather(std::span<const uint32_t> rows);

 private:
  /// A place among the rows of the page.
  struct Cursor {
    int64_t row = 0;    ///< Within the page.
    int64_t value = 0;  ///< The next of its values.
    size_t byte = 0;    ///< Where that begins, for plain texts.
    bool reads_codes = false;
    RunReader codes;
  };
  /// What is read into: an array of a known number of rows.
  struct Filling {
    int64_t rows = 0, done = 0, nulls = 0;
    std::shared_ptr<arrow::Buffer> values, validity;  ///< Values: fixed ones, or codes.
    bool as_codes = false;
    arrow::TypedBufferBuilder<int32_t> offsets;
    arrow::BufferBuilder bytes;
  };

  Status Damaged(std::string_view reason) const;
  Status NextPage();
  Status GoTo(int64_t row);
  Status MoveTo(int64_t row, const DataPageContent& page, Cursor* cursor);
  Status Pass(int64_t values, const DataPageContent& page, Cursor* cursor);
  Status BeginCodes(const DataPageContent& page, Cursor* cursor);
  Status KnowDictionary();

  Status StartFilling(int64_t rows, Filling* filling);
  Status Fill(const DataPageContent& page, int64_t count, Filling* filling);
  Status FillAt(const DataPageContent& page, std::span<const uint32_t> rows, Filling* filling);
  Status FillValues(const DataPageContent& page, const uint32_t* places, int64_t count, Filling* filling);
  Status ReadCodes(const uint32_t* places, int64_t count, uint32_t* out);
  Status FillFromDictionary(const uint32_t* codes, int64_t count, Filling* filling);
  Status FillPlainBytes(const DataPageContent& page, const uint32_t* places, int64_t count, Filling* filling);
  Result<int64_t> FillEqualTexts(std::span<const uint8_t> bytes, int64_t count, Filling* filling);
  Status FillTexts(const uint32_t* codes, int64_t count, Filling* filling) const;
  Status BecomeBytes(Filling* filling);
  void Spread(const uint8_t* present, int64_t count, int64_t values, Filling* filling);
  Result<std::shared_ptr<arrow::Array>> Finish(Filling filling);

  Status FindPassing();
  Status TestValues(const DataPageContent& page, int64_t count, uint8_t* passes);
  Status TestFixedAt(const DataPageContent& page, std::vector<uint32_t>* selected) const;

  const std::shared_ptr<const ParquetBytes> file_;
  const ColumnPlan plan_;
  const std::string name_;
  ChunkPages pages_;
  int64_t page_begin_ = 0;  ///< Of its rows in the row group.
  bool has_page_ = false;
  Cursor read_, test_;

  int64_t known_dictionary_ = 0;
  std::shared_ptr<arrow::Array> dictionary_;  ///< Of texts.
  int64_t longest_ = 0;                       ///< Of them, in bytes.
  int64_t passing_dictionary_ = 0;
  std::vector<uint8_t> passing_;  ///< 1 for the values of the dictionary that fulfil the conditions.
  std::vector<uint32_t> codes_, places_;
  PageMemory passes_, passed_rows_;
};

}  // namespace velo::formats
