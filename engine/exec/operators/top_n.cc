#include "engine/exec/operators/top_n.h"

#include "engine/exec/batch_rows.h"
#include "engine/exec/key_encoding.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

// A single kept row may hold on to a batch of at most this many rows; else it is copied.
constexpr int64_t kSharedBatchRows = 1024;

class TopN : public Operator {
 public:
  TopN(std::shared_ptr<const SortNode> node, bool per_batch, LaneContext* context)
      : node_(std::move(node)),
        wanted_(node_->limit < 0 ? INT64_MAX : node_->limit + node_->offset),
        per_batch_(per_batch),
        takes_back_(node_->row_key.empty() && node_->inputs[0]->changes != Changes::kAppend),
        schema_(node_->output.ToArrow()),
        context_(context) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    std::vector<OrderPart> parts;
    for (const SortKey& key : node_->keys) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> values,
                            EvaluateToArray(*key.expression, *batch.columns, &context_->evaluation));
      parts.push_back({std::move(values), key.descending, key.nulls_first});
    }
    std::vector<std::string> orders;
    EncodeOrder(parts, batch.num_rows(), &orders);
    const std::vector<std::string> keys = KeysOf(*batch.columns);
    EmissionBuffer rows(schema_);
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      const RowKind kind = batch.kinds.empty() ? RowKind::kInsert : batch.kinds[i];
      if (takes_back_) {
        const bool leaves = kind == RowKind::kUpdateBefore || kind == RowKind::kDelete;
        const std::string key = InstanceOf(keys[i], leaves);
        VELO_RETURN_IF_ERROR(Apply(key, orders[i], leaves ? RowKind::kDelete : RowKind::kInsert, batch, i));
        // The new row of an update follows.
        if (kind == RowKind::kUpdateBefore) continue;
      } else if (kind == RowKind::kUpdateBefore) {
        continue;
      } else {
        VELO_RETURN_IF_ERROR(Apply(keys.empty() ? std::to_string(next_) : keys[i], orders[i], kind, batch, i));
      }
      if (!per_batch_) EmitDifference(&rows);
    }
    if (per_batch_) EmitDifference(&rows);
    return rows.Flush(out);
  }

  Status Save(std::string* out) const override {
    PutInteger(next_, out);
    for (const auto* entries : {&entries_, &shown_}) {
      PutInteger(static_cast<int64_t>(entries->size()), out);
      for (const auto& [key, entry] : *entries) {
        PutText(key, out);
        PutText(entry.place.first, out);
        PutInteger(entry.place.second, out);
        PutInteger(entry.version, out);
        VELO_RETURN_IF_ERROR(PutBatch(*entry.row, out));
      }
    }
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(next_, TakeInteger(in));
    for (auto* entries : {&entries_, &shown_}) {
      VELO_ASSIGN_OR_RETURN(const int64_t count, TakeInteger(in));
      for (int64_t i = 0; i < count; ++i) {
        VELO_ASSIGN_OR_RETURN(const std::string_view key, TakeText(in));
        Entry& entry = (*entries)[std::string(key)];
        VELO_ASSIGN_OR_RETURN(const std::string_view order, TakeText(in));
        entry.place.first = order;
        VELO_ASSIGN_OR_RETURN(entry.place.second, TakeInteger(in));
        VELO_ASSIGN_OR_RETURN(entry.version, TakeInteger(in));
        VELO_ASSIGN_OR_RETURN(entry.row, TakeBatch(in));
      }
    }
    for (const auto& [key, entry] : entries_) {
      order_[entry.place] = key;
      if (takes_back_) ++instances_[key.substr(0, key.rfind('#'))];
    }
    return Status::OK();
  }

  int64_t StateBytes() const override { return static_cast<int64_t>(entries_.size()) * 256; }

 private:
  using Place = std::pair<std::string, int64_t>;  ///< Sort key as bytes, then arrival.
  struct Entry {
    Place place;
    int64_t version = 0;
    std::shared_ptr<arrow::RecordBatch> row;
  };
  using Entries = std::map<std::string, Entry>;

  // Equal rows without a key are told apart by number; the last one leaves first.
  std::string InstanceOf(const std::string& row, bool leaves) {
    int64_t& count = instances_[row];
    const int64_t number = leaves ? --count : count++;
    if (count <= 0) instances_.erase(row);
    return fmt::format("{}#{}", row, number);
  }

  // One packed key per row, the whole row where rows without a key can be taken back; empty when rows have no key.
  std::vector<std::string> KeysOf(const arrow::RecordBatch& rows) const {
    std::vector<std::string> keys;
    if (node_->row_key.empty() && !takes_back_) return keys;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (int column : node_->row_key) columns.push_back(rows.column(column));
    if (takes_back_) columns = rows.columns();
    std::string bytes;
    std::vector<int64_t> ends;
    PackRows(columns, rows.num_rows(), &bytes, &ends);
    int64_t from = 0;
    for (int64_t end : ends) {
      keys.push_back(bytes.substr(static_cast<size_t>(from), static_cast<size_t>(end - from)));
      from = end;
    }
    return keys;
  }

  Status Apply(const std::string& key, const std::string& order, RowKind kind, const Batch& batch, int64_t row) {
    const auto known = entries_.find(key);
    // Keeping the first arrival number makes rows of equal rank stay where they are.
    const int64_t arrival = known != entries_.end() ? known->second.place.second : next_;
    if (known != entries_.end()) order_.erase(known->second.place);
    if (kind == RowKind::kDelete) {
      if (known != entries_.end()) entries_.erase(known);
      return Status::OK();
    }
    Entry entry{{order, arrival}, next_++, nullptr};
    if (batch.num_rows() <= kSharedBatchRows) {
      entry.row = batch.columns->Slice(row, 1);
    } else {
      const auto index = static_cast<uint32_t>(row);
      VELO_ASSIGN_OR_RETURN(const Batch copy, TakeRows({batch.columns, {}}, {&index, 1}));
      entry.row = copy.columns;
    }
    order_[entry.place] = key;
    entries_[key] = std::move(entry);
    // Rows without a key never change, so what does not make it now never will.
    if (node_->row_key.empty() && !takes_back_ && static_cast<int64_t>(order_.size()) > wanted_) {
      const auto worst = std::prev(order_.end());
      entries_.erase(worst->second);
      order_.erase(worst);
    }
    return Status::OK();
  }

  // Compares the best rows with those given out before.
  void EmitDifference(EmissionBuffer* rows) {
    Entries best;
    int64_t position = 0;
    std::vector<std::pair<const Entry*, RowKind>> changes;
    for (auto at = order_.begin(); at != order_.end() && position < wanted_; ++at, ++position) {
      if (position < node_->offset) continue;
      const Entry& entry = entries_.at(at->second);
      const auto before = shown_.find(at->second);
      best[at->second] = entry;
      if (before != shown_.end() && before->second.version == entry.version) continue;
      changes.emplace_back(&entry, before == shown_.end() ? RowKind::kInsert : RowKind::kUpdateAfter);
    }
    for (const auto& [key, entry] : shown_) {
      if (!best.contains(key)) rows->Add(entry.row->columns(), {RowKind::kDelete});
    }
    for (const auto& [entry, kind] : changes) rows->Add(entry->row->columns(), {kind});
    shown_ = std::move(best);
  }

  const std::shared_ptr<const SortNode> node_;
  const int64_t wanted_;
  const bool per_batch_;
  const bool takes_back_;  ///< Rows have no key, and a row is taken back by its values.
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
  Entries entries_;                           ///< All candidates by key.
  std::map<Place, std::string> order_;        ///< Rank to key.
  Entries shown_;                             ///< What was given out last.
  std::map<std::string, int64_t> instances_;  ///< With takes_back_: rows with the same values.
  int64_t next_ = 0;                          ///< Numbers rows.
};

}  // namespace

std::unique_ptr<Operator> MakeTopN(std::shared_ptr<const SortNode> node, bool per_batch, LaneContext* context) {
  return std::make_unique<TopN>(std::move(node), per_batch, context);
}

}  // namespace velo::exec
