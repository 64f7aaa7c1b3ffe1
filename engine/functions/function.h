#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/types/sql_type.h"

namespace arrow {
class Array;
class ArrayBuilder;
struct Datum;
}  // namespace arrow

namespace velo {

/// One record per function: docs/functions.md, completion, hover, signature help and `velo functions` read it.
struct FunctionDoc {
  std::string category;     ///< "String", "Math", "Date and time", "Aggregate" ...
  std::string signature;    ///< "SUBSTRING(text, position[, length]) → STRING"
  std::string description;  ///< One sentence.
  std::string nulls;        ///< "NULL in, NULL out"
  std::string example;      ///< "SUBSTRING('velo', 2, 2)"
  std::string example_result;
};

/// How one call is typed: the binder casts the arguments to `arguments` and takes `result` as the type of the call.
struct CallTypes {
  std::vector<SqlType> arguments;
  SqlType result;
};

/// Decides the types of a call, or says with E2301/E2311/E2313 why there are none. `constants` has, per argument, the
/// text of a literal argument or null (for DATE_TRUNC('hour', ts), PERCENTILE p ...).
using TypeRule = Result<CallTypes> (*)(std::string_view name, std::span<const SqlType> arguments,
                                       std::span<const std::string* const> constants);

/// What a kernel may know beside its arguments.
struct KernelContext {
  SqlType result;
  std::span<const SqlType> arguments;
  int64_t rows = 0;
  int64_t now_micros = 0;               ///< Wall clock, one value per batch.
  int64_t* division_by_zero = nullptr;  ///< Counter of the job, may be null.
};

/// Computes a whole column. Arguments are arrays of `rows` values or scalars; the result is either as well. Every
/// argument has the arrow type of its CallTypes entry. Errors end the batch: data errors carry E4xxx.
using ScalarKernel = Result<arrow::Datum> (*)(const KernelContext& context, std::span<const arrow::Datum> arguments);

struct ScalarFunction {
  std::string name;  ///< Upper case; operators are functions too: "+", "=", "LIKE", "IN", "IS NULL", "[]".
  std::vector<std::string> aliases;
  TypeRule types = nullptr;
  ScalarKernel kernel = nullptr;
  bool null_in_null_out = true;
  bool deterministic = true;
  /// The result is text that may stand for a number or a condition (JSON_VALUE): calls around it are typed as for a
  /// value of unknown type, so they read it as what they need.
  bool untyped_text = false;
  FunctionDoc doc;
};

/// Order of the values of one key: of ORDER BY inside an aggregate call.
struct ValueOrder {
  bool descending = false;
  bool nulls_first = false;
};

/// Aggregate state of many groups, kept in columns. Groups are dense ids 0..n-1 given by the caller.
/// Not thread safe: one per lane.
class Aggregator {
 public:
  virtual ~Aggregator() = default;
  /// Makes room for groups 0..groups-1; new ones start empty.
  virtual void Resize(int64_t groups) = 0;
  /// Adds rows: `group_ids[i]` is the group of row i. Arguments have the types of CallTypes. `selected` (may be null)
  /// has one byte per row; rows with 0 are skipped (FILTER).
  virtual Status Update(std::span<const std::shared_ptr<arrow::Array>> arguments, const uint32_t* group_ids,
                        const uint8_t* selected, int64_t rows) = 0;
  /// Takes rows back. Only where `retractable()`.
  virtual Status Retract(std::span<const std::shared_ptr<arrow::Array>> arguments, const uint32_t* group_ids,
                         const uint8_t* selected, int64_t rows);
  virtual bool retractable() const { return false; }
  /// Adds the groups of another state of the same function: group i of `other` goes into `group_map[i]`; UINT32_MAX
  /// skips.
  virtual Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) = 0;
  /// Appends the results of `groups`, in order, as one array of the result type.
  virtual Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) = 0;
  /// Empties groups so that their ids can be used again.
  virtual void Reset(std::span<const uint32_t> groups) = 0;
  /// Bytes held, for memory accounting.
  virtual int64_t MemoryBytes() const = 0;
  /// Writes and reads the state of all groups (format: engine/state/README.md).
  virtual void Save(std::string* out) const = 0;
  virtual Status Load(std::string_view* in) = 0;
};

struct AggregateFunction {
  std::string name;
  std::vector<std::string> aliases;
  TypeRule types = nullptr;
  /// Makes an empty state. `constants` as for TypeRule (percentile fraction, separator).
  std::unique_ptr<Aggregator> (*make)(const CallTypes& types, std::span<const std::string* const> constants) = nullptr;
  bool counts_rows = false;    ///< COUNT(*): no argument needed.
  bool counts_true = false;    ///< Rows for which its argument is true.
  bool counts_values = false;  ///< COUNT and COUNT_DISTINCT: its values that are not NULL.
  bool is_distinct = false;    ///< Takes each value once, without the word DISTINCT: bound as if it stood there.
  FunctionDoc doc;
};

/// Window-only functions (ROW_NUMBER, LAG ...) are known by name, type and doc here; exec/ evaluates them.
struct WindowFunction {
  std::string name;
  TypeRule types = nullptr;
  FunctionDoc doc;
};

}  // namespace velo
