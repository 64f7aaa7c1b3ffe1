#include <algorithm>
#include <numeric>

#include "engine/exec/batch_rows.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/subquery_evaluator.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

// How often each combination of values is there.
class Counts {
 public:
  explicit Counts(const std::vector<std::shared_ptr<arrow::DataType>>& types) : ids_(types) {}

  /// Adds `change[i]` to the count of row i; rows[i] says where it is.
  Status Add(std::span<const ArrayPtr> keys, std::span<const int32_t> change, std::vector<uint32_t>* rows) {
    rows->resize(change.size());
    VELO_RETURN_IF_ERROR(ids_.FindOrInsert(keys, static_cast<int64_t>(change.size()), rows->data()));
    counts_.resize(ids_.size());
    for (size_t i = 0; i < change.size(); ++i) counts_[(*rows)[i]] += change[i];
    return Status::OK();
  }
  Status Find(std::span<const ArrayPtr> keys, int64_t rows, std::vector<uint32_t>* ids) const {
    ids->resize(static_cast<size_t>(rows));
    return ids_.Find(keys, rows, ids->data());
  }
  bool Has(uint32_t id) const { return id != UINT32_MAX && counts_[id] > 0; }
  size_t size() const { return counts_.size(); }

  Status Save(std::string* out) const {
    std::vector<uint32_t> all(ids_.size());
    std::iota(all.begin(), all.end(), 0U);
    VELO_RETURN_IF_ERROR(PutKeys(ids_, all, out));
    PutInteger(static_cast<int64_t>(counts_.size()), out);
    for (int64_t count : counts_) PutInteger(count, out);
    return Status::OK();
  }
  Status Load(std::string_view* in) {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
    VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
    std::vector<uint32_t> ids(static_cast<size_t>(size));
    if (size > 0) VELO_RETURN_IF_ERROR(ids_.FindOrInsert(keys->columns(), size, ids.data()));
    counts_.resize(static_cast<size_t>(size));
    for (int64_t& count : counts_) {
      VELO_ASSIGN_OR_RETURN(count, TakeInteger(in));
    }
    return Status::OK();
  }
  int64_t MemoryBytes() const {
    return ids_.MemoryBytes() + static_cast<int64_t>(counts_.capacity() * sizeof(int64_t));
  }

 private:
  GroupTable ids_;
  std::vector<int64_t> counts_;
};

std::vector<std::shared_ptr<arrow::DataType>> TypesOf(const SubqueryNode& node, bool with_value) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  const Schema& inner = node.inputs[1]->output;
  for (int key : node.inner_keys) types.push_back(inner.columns[key].type.ToArrow());
  if (with_value) types.push_back(inner.columns[node.values[0]].type.ToArrow());
  return types;
}

class MembershipEvaluator : public SubqueryEvaluator {
 public:
  MembershipEvaluator(std::shared_ptr<const SubqueryNode> node, LaneContext* context)
      : node_(std::move(node)),
        context_(context),
        is_in_(node_->form == SubqueryNode::Form::kIn),
        groups_(TypesOf(*node_, false)),
        members_(TypesOf(*node_, is_in_)) {}

  Status AddRows(const Batch& rows) override {
    std::vector<ArrayPtr> keys;
    for (int key : node_->inner_keys) keys.push_back(rows.columns->column(key));
    std::vector<uint32_t> kept;
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      if (std::all_of(keys.begin(), keys.end(), [row](const ArrayPtr& key) { return key->IsValid(row); })) {
        kept.push_back(static_cast<uint32_t>(row));
      }
    }
    if (kept.empty()) return Status::OK();
    if (static_cast<int64_t>(kept.size()) == rows.num_rows()) return AddMatchable(rows);
    VELO_ASSIGN_OR_RETURN(const Batch matchable, TakeRows(rows, kept));
    return AddMatchable(matchable);
  }

  Result<ArrayPtr> Evaluate(const arrow::RecordBatch& outer) override {
    std::vector<ArrayPtr> keys;
    for (const BoundExpressionPtr& key : node_->outer_keys) {
      VELO_ASSIGN_OR_RETURN(ArrayPtr column, EvaluateToArray(*key, outer, &context_->evaluation));
      keys.push_back(std::move(column));
    }
    const int64_t rows = outer.num_rows();
    VELO_RETURN_IF_ERROR(groups_.Find(keys, rows, &group_ids_));
    arrow::BooleanBuilder truths;
    VELO_RETURN_IF_ARROW_ERROR(truths.Reserve(rows));
    if (!is_in_) {
      for (int64_t row = 0; row < rows; ++row) truths.UnsafeAppend(groups_.Has(group_ids_[row]));
    } else {
      VELO_ASSIGN_OR_RETURN(const ArrayPtr operand, EvaluateToArray(*node_->operands[0], outer, &context_->evaluation));
      keys.push_back(operand);
      VELO_RETURN_IF_ERROR(members_.Find(keys, rows, &member_ids_));
      for (int64_t row = 0; row < rows; ++row) {
        const uint32_t group = group_ids_[row];
        if (!groups_.Has(group)) {
          truths.UnsafeAppend(false);
        } else if (operand->IsNull(row)) {
          truths.UnsafeAppendNull();
        } else if (members_.Has(member_ids_[row])) {
          truths.UnsafeAppend(true);
        } else if (nulls_[group] > 0) {
          truths.UnsafeAppendNull();
        } else {
          truths.UnsafeAppend(false);
        }
      }
    }
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr result, truths.Finish());
    return result;
  }

  Status Save(std::string* out) const override {
    VELO_RETURN_IF_ERROR(groups_.Save(out));
    if (!is_in_) return Status::OK();
    for (int64_t count : nulls_) PutInteger(count, out);
    return members_.Save(out);
  }

  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(groups_.Load(in));
    if (!is_in_) return Status::OK();
    nulls_.resize(groups_.size());
    for (int64_t& count : nulls_) {
      VELO_ASSIGN_OR_RETURN(count, TakeInteger(in));
    }
    return members_.Load(in);
  }

  int64_t MemoryBytes() const override {
    return groups_.MemoryBytes() + members_.MemoryBytes() + static_cast<int64_t>(nulls_.capacity() * sizeof(int64_t));
  }

 private:
  // Adds rows none of whose keys is NULL.
  Status AddMatchable(const Batch& rows) {
    std::vector<ArrayPtr> keys;
    for (int key : node_->inner_keys) keys.push_back(rows.columns->column(key));
    std::vector<int32_t> change(static_cast<size_t>(rows.num_rows()));
    for (size_t row = 0; row < change.size(); ++row) change[row] = AddsRow(rows, static_cast<int64_t>(row)) ? 1 : -1;
    VELO_RETURN_IF_ERROR(groups_.Add(keys, change, &group_ids_));
    if (!is_in_) return Status::OK();
    nulls_.resize(groups_.size());
    const ArrayPtr value = rows.columns->column(node_->values[0]);
    keys.push_back(value);
    if (value->null_count() > 0) {
      for (size_t row = 0; row < change.size(); ++row) {
        if (value->IsNull(static_cast<int64_t>(row))) nulls_[group_ids_[row]] += change[row];
      }
    }
    // A NULL is counted as a member as well; no operand that gets so far is NULL.
    return members_.Add(keys, change, &member_ids_);
  }

  const std::shared_ptr<const SubqueryNode> node_;
  LaneContext* const context_;
  const bool is_in_;
  Counts groups_;                                 ///< By key.
  std::vector<int64_t> nulls_;                    ///< kIn, per group: rows whose value is NULL.
  Counts members_;                                ///< kIn: by key and value.
  std::vector<uint32_t> group_ids_, member_ids_;  ///< Scratch.
};

}  // namespace

std::unique_ptr<SubqueryEvaluator> MakeMembershipEvaluator(std::shared_ptr<const SubqueryNode> node,
                                                           LaneContext* context) {
  return std::make_unique<MembershipEvaluator>(std::move(node), context);
}

}  // namespace velo::exec
