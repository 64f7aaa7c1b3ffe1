#include "engine/exec/operators/hash_aggregate.h"

#include <numeric>

#include "engine/exec/aggregate_columns.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

class HashAggregate : public MergeableOperator {
 public:
  HashAggregate(AggregateSettings settings, LaneContext* context)
      : settings_(std::move(settings)),
        node_(*settings_.node),
        schema_(node_.output.ToArrow()),
        context_(context),
        groups_(KeyTypes(node_.keys)),
        states_(node_.aggregates) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    KeysAndInputs input;
    return EvaluateGoodRows(
        batch, *context_, settings_.counts_input,
        [&](const Batch& part) { return EvaluateKeysAndInputs(node_, part, &context_->evaluation, &input); },
        [&](const Batch&) { return Consume(input, out); });
  }

  Status OnEnd(Output& out) override {
    if (node_.keys.empty() && groups_.size() == 0) {
      uint32_t id = 0;
      VELO_RETURN_IF_ERROR(groups_.FindOrInsert({}, 1, &id));
      Grow();
      return EmitGroups({&id, 1}, out);
    }
    if (settings_.emit != EmitMode::kFinal) return Status::OK();
    std::vector<uint32_t> ids(groups_.size());
    std::iota(ids.begin(), ids.end(), 0U);
    return EmitGroups(ids, out);
  }

  Status MergeFrom(MergeableOperator& other) override {
    auto& source = static_cast<HashAggregate&>(other);
    std::vector<uint32_t> all(source.groups_.size());
    std::iota(all.begin(), all.end(), 0U);
    VELO_ASSIGN_OR_RETURN(const std::vector<uint32_t> map, AddKeys(source.groups_, all));
    VELO_RETURN_IF_ERROR(states_.Merge(source.states_, map));
    source.groups_ = GroupTable(KeyTypes(node_.keys));
    source.states_ = AggregateColumns(node_.aggregates);
    return Status::OK();
  }

  Status Save(std::string* out) const override {
    std::vector<uint32_t> all(groups_.size());
    std::iota(all.begin(), all.end(), 0U);
    PutInteger(groups_.size(), out);
    VELO_RETURN_IF_ERROR(PutKeys(groups_, all, out));
    PutText({reinterpret_cast<const char*>(emitted_.data()), emitted_.size()}, out);
    states_.Save(out);
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
    std::vector<uint32_t> ids(static_cast<size_t>(size));
    if (size > 0) VELO_RETURN_IF_ERROR(groups_.FindOrInsert(keys->columns(), size, ids.data()));
    VELO_ASSIGN_OR_RETURN(const std::string_view emitted, TakeText(in));
    emitted_.assign(emitted.begin(), emitted.end());
    Grow();
    return states_.Load(in);
  }

  int64_t StateBytes() const override { return groups_.MemoryBytes() + states_.MemoryBytes(); }

 private:
  Status Consume(const KeysAndInputs& input, Output& out) {
    ids_.resize(static_cast<size_t>(input.inputs.rows));
    VELO_RETURN_IF_ERROR(groups_.FindOrInsert(input.keys, input.inputs.rows, ids_.data()));
    Grow();
    if (settings_.counts_input) context_->meter->used += input.inputs.rows;
    switch (settings_.emit) {
      case EmitMode::kFinal:
        return states_.Update(input.inputs, ids_.data());
      case EmitMode::kEachBatch:
        VELO_RETURN_IF_ERROR(states_.Update(input.inputs, ids_.data()));
        return EmitGroups(DistinctInOrder(ids_, groups_.size()), out);
      case EmitMode::kEachRow:
        break;
    }
    EmissionBuffer rows(schema_);
    VELO_RETURN_IF_ERROR(states_.UpdateInRuns(input.inputs, ids_.data(), [&](int64_t offset, int64_t length) -> Status {
      return AppendRows(std::span(ids_).subspan(static_cast<size_t>(offset), static_cast<size_t>(length)), &rows);
    }));
    return rows.Flush(out);
  }

  void Grow() {
    states_.Resize(groups_.size());
    emitted_.resize(groups_.size(), 0);
  }

  Status AppendRows(std::span<const uint32_t> ids, EmissionBuffer* rows) {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t key = 0; key < node_.keys.size(); ++key) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, groups_.Keys(key, ids));
      columns.push_back(std::move(column));
    }
    VELO_RETURN_IF_ERROR(states_.Finalise(ids, &columns));
    std::vector<RowKind> kinds;
    for (uint32_t id : ids) {
      kinds.push_back(emitted_[id] != 0 ? RowKind::kUpdateAfter : RowKind::kInsert);
      emitted_[id] = 1;
    }
    rows->Add(std::move(columns), std::move(kinds));
    return Status::OK();
  }

  Status EmitGroups(std::span<const uint32_t> ids, Output& out) {
    const auto chunk = static_cast<size_t>(context_->batch_rows);
    for (size_t from = 0; from < ids.size() && !context_->IsCancelled(); from += chunk) {
      EmissionBuffer rows(schema_);
      VELO_RETURN_IF_ERROR(AppendRows(ids.subspan(from, std::min(chunk, ids.size() - from)), &rows));
      VELO_RETURN_IF_ERROR(rows.Flush(out));
    }
    return Status::OK();
  }

  // Inserts the keys `ids` of another table; returns for each id of that table its id here.
  Result<std::vector<uint32_t>> AddKeys(const GroupTable& other, std::span<const uint32_t> ids) {
    std::vector<std::shared_ptr<arrow::Array>> keys;
    for (size_t key = 0; key < node_.keys.size(); ++key) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, other.Keys(key, ids));
      keys.push_back(std::move(column));
    }
    std::vector<uint32_t> map(ids.size());
    if (!ids.empty()) VELO_RETURN_IF_ERROR(groups_.FindOrInsert(keys, static_cast<int64_t>(ids.size()), map.data()));
    Grow();
    return map;
  }

  const AggregateSettings settings_;
  const AggregateNode& node_;
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
  GroupTable groups_;
  AggregateColumns states_;
  std::vector<uint8_t> emitted_;  ///< Per group: a row has been given out.
  std::vector<uint32_t> ids_;     ///< Scratch.
};

}  // namespace

std::unique_ptr<MergeableOperator> MakeHashAggregate(AggregateSettings settings, LaneContext* context) {
  return std::make_unique<HashAggregate>(std::move(settings), context);
}

}  // namespace velo::exec
