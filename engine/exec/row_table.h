#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/exec/group_table.h"
#include "engine/plan/nodes/plan_node.h"
#include "engine/types/batch.h"

namespace arrow {
class DictionaryArray;
}

namespace velo::exec {

/// Rows in columns with a hash index on key columns: what joins and subqueries look rows up in. Rows have ids that stay
/// valid until the next Apply. A NULL in a key never matches. Not thread safe, except that const calls may run side by
/// side while nobody changes the table.
class RowTable {
 public:
  using Columns = std::vector<std::shared_ptr<arrow::Array>>;

  struct Settings {
    std::shared_ptr<arrow::Schema> schema;  ///< Of the rows.
    /// Types of the keys (not columns of the rows: the caller evaluates them); empty: every row has the same key.
    std::vector<std::shared_ptr<arrow::DataType>> key_types;
    /// What rows of other kinds than kInsert mean (see Changes). kUpsert: a row takes the place of the one with the
    /// same values in `identity`. kRetract: an old row goes, which is found by all its values.
    Changes changes = Changes::kAppend;
    std::vector<int> identity;
  };

  /// A probe row and the table row it meets, in order of the probe rows and, for one probe row, of arrival.
  struct Matches {
    std::vector<uint32_t> probe_rows, table_rows;
    /// Every probe row has exactly one match: probe_rows would be 0, 1, 2 ... and is left empty.
    bool one_each = false;
    bool has_missing = false;  ///< There may be kNoRow among the table rows.

    void WriteProbeRows();
  };
  static constexpr uint32_t kNoRow = UINT32_MAX;

  /// A walk over the matches of one batch, which may be many more than its rows.
  struct Walk {
    std::vector<uint32_t> first;  ///< Per probe row: its first match.
    bool has_missing = false;     ///< Some have none.
    size_t row = 0;               ///< Where the walk goes on: this probe row ...
    uint32_t next = kNoRow;       ///< ... and, in the middle of its matches, this table row.
    size_t rows = 0;              ///< Probe rows.
    bool IsDone() const { return row == rows; }
  };

  explicit RowTable(Settings settings);

  /// Takes in what the rows say. `keys`: the key columns of the same rows.
  Status Apply(const Batch& rows, std::span<const std::shared_ptr<arrow::Array>> keys);

  /// Puts the rows into one piece of memory: worth it before many look-ups without changes.
  Status Seal();

  /// Rows held.
  int64_t size() const { return static_cast<int64_t>(alive_.size()) - dead_; }
  /// Ids of all rows held, by arrival.
  std::vector<uint32_t> AllRows() const;
  /// The upper end of ids: every id is below it.
  uint32_t end_id() const { return static_cast<uint32_t>(alive_.size()); }
  /// Whether the row has a NULL in its key, so that it is never found.
  bool HasNullKey(uint32_t row) const { return null_key_[key_of_row_[row]] != 0; }

  /// Finds the rows of each key. With `outer`, a probe row without match is paired with kNoRow. A single text key may
  /// come as dictionary<int32, utf8>.
  Status Probe(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, bool outer, Matches* out) const;
  /// The same in pieces of about `limit` pairs. `walk` and `out` may be used again; what one_each says stands.
  Status Begin(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, Walk* walk) const;
  void Continue(Walk* walk, bool outer, size_t limit, Matches* out) const;
  /// Values of `columns` (positions in the schema) for row ids, in order; kNoRow gives NULL. Without `has_missing`
  /// there is none.
  Result<Columns> Take(std::span<const int> columns, std::span<const uint32_t> rows, bool has_missing = true) const;
  /// Values of a text column as dictionary<int32, utf8>, for readers that only tell them apart; null where that would
  /// not be cheaper.
  Result<std::shared_ptr<arrow::Array>> TakeCodes(int column, std::span<const uint32_t> rows,
                                                  bool has_missing = true) const;

  int64_t StateBytes() const;
  Status Save(std::string* out) const;
  Status Load(std::string_view* in);

 private:
  Status FindFirst(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* first,
                   bool* has_missing) const;
  Status FindCodes(const arrow::DictionaryArray& codes, int64_t rows, uint32_t* first, bool* has_missing) const;
  Status Append(const arrow::RecordBatch& rows, std::span<const std::shared_ptr<arrow::Array>> keys);
  Status ApplyChanges(const Batch& rows, std::span<const std::shared_ptr<arrow::Array>> keys);
  Result<std::shared_ptr<arrow::Array>> TakeColumn(int column, std::span<const uint32_t> rows, bool has_missing) const;
  void Link(uint32_t row);
  void Remove(uint32_t row);
  Status MergeChunks();
  Status Compact();
  void Clear();

  const Settings settings_;
  /// Rows as they came; neighbours are merged so that their number stays logarithmic.
  std::vector<std::shared_ptr<arrow::RecordBatch>> chunks_;
  std::vector<uint8_t> alive_;  ///< Per row id.
  int64_t dead_ = 0;
  // The index: key values have dense ids; the rows of one key are a chain in order of arrival.
  std::unique_ptr<GroupTable> keys_;
  std::vector<uint32_t> key_of_row_, next_;     ///< Per row id.
  std::vector<uint32_t> first_row_, last_row_;  ///< Per key id.
  std::vector<uint8_t> null_key_;               ///< Per key id: some part is NULL.
  bool unique_ = true;                          ///< No key has had two rows.
  // Where changes find the row they mean; only for tables that change.
  std::unique_ptr<GroupTable> identities_;
  std::vector<int> identity_columns_;
  std::vector<std::vector<uint32_t>> rows_of_identity_;
};

}  // namespace velo::exec
