#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/operators/over_rows.h"
#include "engine/expr/bound_expression.h"

namespace velo::exec {

/// The arguments that the functions of one row window read, logged row by row. Functions that read the same column
/// share it.
class OverArguments {
 public:
  /// Returns the log of an argument. With `filter` rows that do not satisfy it are NULL; with `only_true` so are all
  /// rows where the (BOOLEAN) value is not true. The pointer stays valid.
  const LogColumn* Add(const BoundExpressionPtr& value, const BoundExpressionPtr& filter, bool only_true = false);
  /// Where an argument that Add returned is among the evaluated ones.
  int PlaceOf(const LogColumn* argument) const;

  /// One evaluated batch, not yet appended.
  struct Evaluated {
    std::vector<std::shared_ptr<arrow::Array>> values;
    std::vector<std::vector<uint8_t>> selected;
  };
  Result<Evaluated> Evaluate(const arrow::RecordBatch& batch, EvaluationContext* context) const;
  Status Append(const Evaluated& batch);
  Status Keep(std::span<const uint32_t> ids);
  int64_t MemoryBytes() const;
  Status Save(std::span<const uint32_t> ids, std::string* out) const;
  Status Load(std::string_view* in);

 private:
  struct Argument {
    BoundExpressionPtr value, filter;
    bool only_true = false;
    std::unique_ptr<LogColumn> log;
  };
  std::vector<Argument> arguments_;
};

/// Computes one OVER call for batch after batch. State is kept per partition. Not thread safe.
class OverFunction {
 public:
  virtual ~OverFunction() = default;
  /// Returns one value per row.
  virtual Result<std::shared_ptr<arrow::Array>> Compute(const OverRows& rows) = 0;
  /// New partition i is what partition keep[i] was.
  virtual void KeepPartitions(std::span<const uint32_t> keep) = 0;
  /// Adds the ids of the rows the state refers to, and takes their new ids. Only running windows have such.
  virtual void CollectRows(std::vector<uint32_t>* ids) const { (void)ids; }
  virtual void RenumberRows(std::span<const uint32_t> new_ids) { (void)new_ids; }
  /// State that cannot be made from the buffers again: that of running windows. `new_ids` as for RenumberRows.
  virtual void Save(std::span<const uint32_t> new_ids, std::string* out) const { (void)new_ids, (void)out; }
  virtual Status Load(std::string_view* in) {
    (void)in;
    return Status::OK();
  }
  virtual int64_t MemoryBytes() const { return 0; }
};

/// Makes the function of call `index` and says in `facts` and `arguments` what it needs.
std::unique_ptr<OverFunction> MakeOverFunction(const OverNode& node, size_t index, OverArguments* arguments,
                                               OverFacts* facts);

/// Families, in files of their own; null when the call is not of the family.
std::unique_ptr<OverFunction> MakeOverPosition(const OverNode& node, const OverCall& call, OverFacts* facts);
std::unique_ptr<OverFunction> MakeOverNeighbour(const OverNode& node, const OverCall& call, OverArguments* arguments,
                                                OverFacts* facts);
std::unique_ptr<OverFunction> MakeOverSum(const OverNode& node, const OverCall& call, OverArguments* arguments,
                                          OverFacts* facts);
std::unique_ptr<OverFunction> MakeOverMoment(const OverNode& node, const OverCall& call, OverArguments* arguments,
                                             OverFacts* facts);
std::unique_ptr<OverFunction> MakeOverExtreme(const OverNode& node, const OverCall& call, OverArguments* arguments,
                                              OverFacts* facts);
/// Any aggregate: computed anew from the rows of every frame.
std::unique_ptr<OverFunction> MakeOverAggregate(const OverCall& call, OverArguments* arguments, OverFacts* facts);

}  // namespace velo::exec
