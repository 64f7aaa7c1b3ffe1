#include "engine/exec/operators/hash_aggregate.h"

#include <numeric>

#include "engine/exec/group_lives.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/parallel_for.h"
#include "engine/exec/partitioned_groups.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

constexpr size_t kFewDeadGroups = 1024;
// From about this many groups on their state does not fit into the cache any more.
constexpr uint32_t kManyGroups = 1 << 17;
// Partitions that are finished before their rows are given out: work for every thread, little memory.
constexpr size_t kPartsAtOnce = 4;

class HashAggregate : public MergeableOperator {
 public:
  HashAggregate(AggregateSettings settings, LaneContext* context)
      : settings_(std::move(settings)),
        node_(*settings_.node),
        ends_lives_(node_.max_groups > 0 || node_.group_ttl_ms > 0 || (settings_.takes_back && !node_.keys.empty())),
        interval_(settings_.emit == EmitMode::kEachRow ? node_.emit_interval_ms * kMicrosPerMilli : 0),
        may_part_(settings_.emit == EmitMode::kFinal && !settings_.takes_back && !ends_lives_ && !node_.keys.empty()),
        schema_(node_.output.ToArrow()),
        context_(context),
        groups_(KeyTypes(node_.keys)),
        states_(node_.aggregates, settings_.takes_back) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    VELO_RETURN_IF_ERROR(OnTimer(context_->evaluation.now_micros, out));
    KeysAndInputs input;
    return EvaluateGoodRows(
        batch, *context_, settings_.counts_input,
        [&](const Batch& part) { return EvaluateKeysAndInputs(node_, part, &context_->evaluation, &input); },
        [&](const Batch&) { return Consume(input, out); }, &counts);
  }

  Status OnEnd(Output& out) override {
    VELO_RETURN_IF_ERROR(EmitPending(out));
    if (node_.keys.empty() && groups_.size() == 0) {
      uint32_t id = 0;
      VELO_RETURN_IF_ERROR(groups_.FindOrInsert({}, 1, &id));
      Grow();
      return EmitGroups({&id, 1}, out);
    }
    if (settings_.emit != EmitMode::kFinal) return Status::OK();
    // The order of many groups must not depend on the number of lanes.
    if (parts_ == nullptr && HasManyGroups()) VELO_RETURN_IF_ERROR(Part());
    return parts_ != nullptr ? EmitParts(out) : EmitGroups(LiveGroups(), out);
  }

  Timestamp NextTimer() const override {
    Timestamp next = pending_.empty() ? INT64_MAX : pending_due_;
    if (node_.group_ttl_ms > 0 && lives_.oldest() != GroupLives::kNone) next = std::min(next, ExpiryOfOldest());
    return next;
  }

  Status OnTimer(Timestamp now, Output& out) override {
    if (!pending_.empty() && pending_due_ <= now) VELO_RETURN_IF_ERROR(EmitPending(out));
    if (node_.group_ttl_ms == 0) return Status::OK();
    EmissionBuffer rows(schema_);
    while (lives_.oldest() != GroupLives::kNone && ExpiryOfOldest() <= now) {
      VELO_RETURN_IF_ERROR(Forget(lives_.oldest(), &rows));
    }
    VELO_RETURN_IF_ERROR(rows.Flush(out));
    return CompactIfWorthwhile();
  }

  Status MergeFrom(MergeableOperator& other) override {
    auto& source = static_cast<HashAggregate&>(other);
    if (parts_ != nullptr || source.parts_ != nullptr) {
      VELO_RETURN_IF_ERROR(Part());
      VELO_RETURN_IF_ERROR(source.Part());
      parts_->MergeFrom(*source.parts_);
      return SpillWhenTooLarge();
    }
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
    PutText({reinterpret_cast<const char*>(members_.data()), members_.size() * sizeof(int64_t)}, out);
    PutIntegers(pending_, out);
    PutInteger(pending_due_, out);
    lives_.Save(out);
    states_.Save(out);
    PutInteger(parts_ != nullptr ? 1 : 0, out);
    if (parts_ == nullptr) return Status::OK();
    VELO_RETURN_IF_ERROR(parts_->Flush());
    return parts_->Save(out);
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
    std::vector<uint32_t> ids(static_cast<size_t>(size));
    if (size > 0) VELO_RETURN_IF_ERROR(groups_.FindOrInsert(keys->columns(), size, ids.data()));
    VELO_ASSIGN_OR_RETURN(const std::string_view emitted, TakeText(in));
    emitted_.assign(emitted.begin(), emitted.end());
    VELO_ASSIGN_OR_RETURN(const std::string_view members, TakeText(in));
    members_.resize(members.size() / sizeof(int64_t));
    if (!members_.empty()) std::memcpy(members_.data(), members.data(), members.size());
    VELO_ASSIGN_OR_RETURN(pending_, TakeIntegers(in));
    VELO_ASSIGN_OR_RETURN(pending_due_, TakeInteger(in));
    VELO_RETURN_IF_ERROR(lives_.Load(in));
    Grow();
    for (uint32_t id : pending_) is_pending_[id] = 1;
    VELO_RETURN_IF_ERROR(states_.Load(in));
    VELO_ASSIGN_OR_RETURN(const int64_t has_parts, TakeInteger(in));
    if (has_parts == 0) return Status::OK();
    parts_ = std::make_unique<PartitionedGroups>(node_, context_->memory_limit);
    return parts_->Load(in);
  }

  int64_t StateBytes() const override {
    return groups_.MemoryBytes() + states_.MemoryBytes() + lives_.MemoryBytes() +
           (parts_ == nullptr ? 0 : parts_->MemoryBytes());
  }

 private:
  Status Consume(const KeysAndInputs& input, Output& out) {
    if (settings_.counts_input) context_->meter->used += input.inputs.rows;
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + input.inputs.rows;
    if (parts_ != nullptr) {
      VELO_RETURN_IF_ERROR(parts_->Add(input));
      return SpillWhenTooLarge();
    }
    ids_.resize(static_cast<size_t>(input.inputs.rows));
    VELO_RETURN_IF_ERROR(groups_.FindOrInsert(input.keys, input.inputs.rows, ids_.data()));
    Grow();
    EmissionBuffer rows(schema_);
    if (!ends_lives_) {
      VELO_RETURN_IF_ERROR(TakeIn(input.inputs, ids_.data(), input.signs, &rows));
      if (HasManyGroups() || IsTooLarge()) VELO_RETURN_IF_ERROR(Part());
      if (parts_ != nullptr) VELO_RETURN_IF_ERROR(SpillWhenTooLarge());
      return rows.Flush(out);
    }
    VELO_RETURN_IF_ERROR(TakeInWithinLimits(input, &rows));
    VELO_RETURN_IF_ERROR(rows.Flush(out));
    return CompactIfWorthwhile();
  }

  bool HasManyGroups() const { return may_part_ && groups_.size() > kManyGroups; }
  // A little below the limit, where the query would have to end.
  bool IsTooLarge() const { return may_part_ && PartitionedGroups::NearsLimit(StateBytes(), context_->memory_limit); }

  // Deals the groups out to partitions, which take their place.
  Status Part() {
    if (parts_ != nullptr) return Status::OK();
    parts_ = std::make_unique<PartitionedGroups>(node_, context_->memory_limit);
    VELO_RETURN_IF_ERROR(parts_->AddGroups(groups_, states_, counts.rows_used));
    groups_ = GroupTable(KeyTypes(node_.keys));
    states_ = AggregateColumns(node_.aggregates);
    emitted_ = {};
    is_pending_ = {};
    return Status::OK();
  }

  Status SpillWhenTooLarge() { return IsTooLarge() ? parts_->Spill() : Status::OK(); }

  // Some partitions are finished side by side, then given out in their order.
  Status EmitParts(Output& out) {
    const size_t at_once = context_->memory_limit > 0 ? 1 : kPartsAtOnce;
    for (size_t first = 0; first < PartitionedGroups::kPartitions; first += at_once) {
      std::vector<std::vector<std::shared_ptr<arrow::RecordBatch>>> finished(at_once);
      const auto finish = [&](size_t i) { return FinishPart(first + i, &finished[i]); };
      VELO_RETURN_IF_ERROR(ParallelFor(context_->pool, at_once, finish));
      for (std::vector<std::shared_ptr<arrow::RecordBatch>>& batches : finished) {
        for (std::shared_ptr<arrow::RecordBatch>& batch : batches) {
          if (context_->IsCancelled()) return Status::OK();
          std::vector<RowKind> kinds(static_cast<size_t>(batch->num_rows()), RowKind::kInsert);
          VELO_RETURN_IF_ERROR(out.Emit({std::move(batch), std::move(kinds)}));
        }
      }
    }
    return Status::OK();
  }

  Status FinishPart(size_t number, std::vector<std::shared_ptr<arrow::RecordBatch>>* batches) const {
    if (context_->IsCancelled()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(const auto part, parts_->Take(number));
    std::vector<uint32_t> ids(part->groups.size());
    std::iota(ids.begin(), ids.end(), 0U);
    const auto chunk = static_cast<size_t>(context_->batch_rows);
    for (size_t from = 0; from < ids.size(); from += chunk) {
      const auto some = std::span<const uint32_t>(ids).subspan(from, std::min(chunk, ids.size() - from));
      VELO_ASSIGN_OR_RETURN(auto columns, ColumnsOf(part->groups, &part->states, some));
      batches->push_back(arrow::RecordBatch::Make(schema_, static_cast<int64_t>(some.size()), std::move(columns)));
    }
    return Status::OK();
  }

  Result<std::vector<std::shared_ptr<arrow::Array>>> ColumnsOf(const GroupTable& groups, AggregateColumns* states,
                                                               std::span<const uint32_t> ids) const {
    VELO_ASSIGN_OR_RETURN(auto columns, KeysOf(groups, ids));
    VELO_RETURN_IF_ERROR(states->Finalise(ids, &columns));
    return columns;
  }

  Result<std::vector<std::shared_ptr<arrow::Array>>> KeysOf(const GroupTable& groups,
                                                            std::span<const uint32_t> ids) const {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t key = 0; key < node_.keys.size(); ++key) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, groups.Keys(key, ids));
      columns.push_back(std::move(column));
    }
    return columns;
  }

  // A new group beyond the limit takes the place of the least recently updated one. Rows go in up to there first when
  // that one has rows among them.
  Status TakeInWithinLimits(const KeysAndInputs& input, EmissionBuffer* rows) {
    int64_t start = 0;
    const auto take_until = [&](int64_t end) -> Status {
      if (end == start) return Status::OK();
      const int64_t from = std::exchange(start, end);
      return TakeIn(input.inputs.Slice(from, end - from), ids_.data() + from, input.signs.Slice(from, end - from),
                    rows);
    };
    const Timestamp now = context_->evaluation.now_micros;
    touched_.resize(groups_.size(), -1);
    std::fill(touched_.begin(), touched_.end(), -1);
    for (int64_t row = 0; row < input.inputs.rows; ++row) {
      const uint32_t id = ids_[row];
      const bool is_full = node_.max_groups > 0 && static_cast<int64_t>(lives_.live()) >= node_.max_groups;
      if (is_full && !lives_.IsLive(id)) {
        if (node_.fails_at_max_groups) return TooManyGroups();
        const uint32_t oldest = lives_.oldest();
        if (touched_[oldest] >= start) VELO_RETURN_IF_ERROR(take_until(row));
        VELO_RETURN_IF_ERROR(Forget(oldest, rows));
        if (context_->warnings != nullptr) context_->warnings->Add("W4301", LimitText());
      }
      lives_.Touch(id, now);
      touched_[id] = row;
    }
    return take_until(input.inputs.rows);
  }

  std::string LimitText() const {
    return fmt::format(
        "the limit of {} groups (max.groups) is reached; the least recently updated groups are forgotten",
        node_.max_groups);
  }

  Status TooManyGroups() const {
    return Status::User("W4301", fmt::format("the limit of {} groups (max.groups) is reached", node_.max_groups),
                        "raise max.groups, or let old groups go with group.limit.action = 'evict'")
        .WithSpan(node_.span);
  }

  Status TakeIn(const AggregateInputs& inputs, const uint32_t* ids, const ChangeSigns& signs, EmissionBuffer* rows) {
    const std::span<const uint32_t> all(ids, static_cast<size_t>(inputs.rows));
    if (settings_.emit == EmitMode::kEachRow && interval_ == 0 && !settings_.takes_back) {
      VELO_ASSIGN_OR_RETURN(auto columns, KeysOf(groups_, all));
      VELO_RETURN_IF_ERROR(states_.UpdateShowing(inputs, ids, &columns));
      rows->Add(std::move(columns), ShownKinds(all));
      return Status::OK();
    }
    if (settings_.emit == EmitMode::kEachRow && interval_ == 0) {
      return states_.ApplyInRuns(inputs, ids, signs, [&](int64_t offset, int64_t length) -> Status {
        const auto run = all.subspan(static_cast<size_t>(offset), static_cast<size_t>(length));
        if (signs.takes_back.empty()) return AppendChanged(run, rows, CountMembers(run, signs, offset));
        return AppendChanged(GroupsOfRun(run, signs, offset), rows, CountMembers(run, signs, offset));
      });
    }
    VELO_RETURN_IF_ERROR(states_.Apply(inputs, ids, signs));
    const bool emptied = CountMembers(all, signs, 0);
    if (settings_.emit == EmitMode::kEachBatch) {
      return AppendChanged(DistinctInOrder(all, groups_.size()), rows, emptied);
    }
    if (settings_.emit == EmitMode::kEachRow) return Postpone(all, rows);
    if (!emptied) return Status::OK();
    for (uint32_t id : DistinctInOrder(all, groups_.size())) {
      if (members_[id] == 0) Clear(id);
    }
    return Status::OK();
  }

  // Within a run only the two rows of an update can have the same group.
  std::vector<uint32_t> GroupsOfRun(std::span<const uint32_t> run, const ChangeSigns& signs, int64_t offset) const {
    std::vector<uint32_t> groups;
    for (size_t i = 0; i < run.size(); ++i) {
      const bool again = i > 0 && signs.replaced[offset + static_cast<int64_t>(i) - 1] != 0 && run[i] == run[i - 1];
      if (!again) groups.push_back(run[i]);
    }
    return groups;
  }

  // Returns whether a group may have lost its last row.
  bool CountMembers(std::span<const uint32_t> ids, const ChangeSigns& signs, int64_t offset) {
    if (!settings_.takes_back || node_.keys.empty()) return false;
    bool emptied = false;
    for (size_t i = 0; i < ids.size(); ++i) {
      const bool leaves = !signs.takes_back.empty() && signs.takes_back[offset + static_cast<int64_t>(i)] != 0;
      members_[ids[i]] += leaves ? -1 : 1;
      emptied |= members_[ids[i]] <= 0;
    }
    return emptied;
  }

  // `emptied`: some of the groups may have no rows left; they vanish.
  Status AppendChanged(std::span<const uint32_t> ids, EmissionBuffer* rows, bool emptied) {
    for (size_t i = 0; settings_.takes_back && ends_lives_ && i < ids.size(); ++i) {
      // Emptied and filled again by rows of one batch.
      if (!lives_.IsLive(ids[i]) && members_[ids[i]] > 0) lives_.Touch(ids[i], context_->evaluation.now_micros);
    }
    if (!emptied) return AppendRows(ids, rows);
    size_t start = 0;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (members_[ids[i]] > 0) continue;
      VELO_RETURN_IF_ERROR(AppendRows(ids.subspan(start, i - start), rows));
      VELO_RETURN_IF_ERROR(Forget(ids[i], rows));
      start = i + 1;
    }
    return AppendRows(ids.subspan(start), rows);
  }

  // emit.interval: the first change since the last emission starts the interval.
  Status Postpone(std::span<const uint32_t> ids, EmissionBuffer* rows) {
    for (uint32_t id : ids) {
      if (settings_.takes_back && !node_.keys.empty() && members_[id] <= 0) {
        VELO_RETURN_IF_ERROR(Forget(id, rows));
        continue;
      }
      if (is_pending_[id] != 0) continue;
      if (pending_.empty()) pending_due_ = context_->evaluation.now_micros + interval_;
      is_pending_[id] = 1;
      pending_.push_back(id);
    }
    return Status::OK();
  }

  Status EmitPending(Output& out) {
    std::vector<uint32_t> ids;
    for (uint32_t id : pending_) {
      if (is_pending_[id] != 0) ids.push_back(id);
      is_pending_[id] = 0;
    }
    pending_.clear();
    return EmitGroups(ids, out);
  }

  Timestamp ExpiryOfOldest() const { return lives_.updated(lives_.oldest()) + node_.group_ttl_ms * kMicrosPerMilli; }

  // Ends a group; receivers that keep the newest row per key hear of it.
  Status Forget(uint32_t id, EmissionBuffer* rows) {
    if (is_pending_[id] != 0 && (!settings_.takes_back || members_[id] > 0)) {
      VELO_RETURN_IF_ERROR(AppendRows({&id, 1}, rows));
    }
    if (settings_.emits_deletes && emitted_[id] != 0) VELO_RETURN_IF_ERROR(AppendRows({&id, 1}, rows, true));
    Clear(id);
    return Status::OK();
  }

  void Clear(uint32_t id) {
    states_.Reset({&id, 1});
    emitted_[id] = 0;
    is_pending_[id] = 0;
    if (settings_.takes_back) members_[id] = 0;
    lives_.Drop(id);
  }

  std::vector<uint32_t> LiveGroups() const {
    std::vector<uint32_t> ids(groups_.size());
    std::iota(ids.begin(), ids.end(), 0U);
    if (ends_lives_) std::erase_if(ids, [this](uint32_t id) { return !lives_.IsLive(id); });
    return ids;
  }

  void Grow() {
    states_.Resize(groups_.size());
    emitted_.resize(groups_.size(), 0);
    is_pending_.resize(groups_.size(), 0);
    if (settings_.takes_back) members_.resize(groups_.size(), 0);
    if (ends_lives_) lives_.Resize(groups_.size());
  }

  Status AppendRows(std::span<const uint32_t> ids, EmissionBuffer* rows, bool deletes = false) {
    if (ids.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(auto columns, ColumnsOf(groups_, &states_, ids));
    std::vector<RowKind> kinds = ShownKinds(ids);
    if (deletes) std::fill(kinds.begin(), kinds.end(), RowKind::kDelete);
    rows->Add(std::move(columns), std::move(kinds));
    return Status::OK();
  }

  // Of rows that are given out now: the first of a group is an insert.
  std::vector<RowKind> ShownKinds(std::span<const uint32_t> ids) {
    std::vector<RowKind> kinds(ids.size(), RowKind::kUpdateAfter);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (emitted_[ids[i]] == 0) kinds[i] = RowKind::kInsert;
      emitted_[ids[i]] = 1;
    }
    return kinds;
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

  // Inserts the keys `ids` of another table; returns for each of them its id here.
  Result<std::vector<uint32_t>> AddKeys(const GroupTable& other, std::span<const uint32_t> ids) {
    VELO_ASSIGN_OR_RETURN(const auto keys, KeysOf(other, ids));
    std::vector<uint32_t> map(ids.size());
    if (!ids.empty()) VELO_RETURN_IF_ERROR(groups_.FindOrInsert(keys, static_cast<int64_t>(ids.size()), map.data()));
    Grow();
    return map;
  }

  // Rewrites everything without dead groups when they outnumber the live ones.
  Status CompactIfWorthwhile() {
    if (lives_.dead() < kFewDeadGroups || lives_.dead() < lives_.live()) return Status::OK();
    const std::vector<uint32_t> kept = LiveGroups(), by_age = lives_.InOrder();
    GroupTable old_groups = std::exchange(groups_, GroupTable(KeyTypes(node_.keys)));
    AggregateColumns old_states = std::exchange(states_, AggregateColumns(node_.aggregates, settings_.takes_back));
    const GroupLives old_lives = std::exchange(lives_, GroupLives());
    const std::vector<uint8_t> old_emitted = std::exchange(emitted_, {}), old_pending = std::exchange(is_pending_, {});
    const std::vector<int64_t> old_members = std::exchange(members_, {});
    VELO_ASSIGN_OR_RETURN(const std::vector<uint32_t> ids, AddKeys(old_groups, kept));
    std::vector<uint32_t> map(old_groups.size(), UINT32_MAX);
    for (size_t i = 0; i < kept.size(); ++i) {
      map[kept[i]] = ids[i];
      emitted_[ids[i]] = old_emitted[kept[i]];
      is_pending_[ids[i]] = old_pending[kept[i]];
      if (settings_.takes_back) members_[ids[i]] = old_members[kept[i]];
    }
    for (uint32_t id : by_age) lives_.Touch(map[id], old_lives.updated(id));
    std::erase_if(pending_, [&](uint32_t id) { return map[id] == UINT32_MAX; });
    for (uint32_t& id : pending_) id = map[id];
    return states_.Merge(old_states, map);
  }

  const AggregateSettings settings_;
  const AggregateNode& node_;
  const bool ends_lives_;     ///< Groups can go before the query does.
  const Timestamp interval_;  ///< emit.interval in microseconds; 0: none.
  const bool may_part_;       ///< All groups are given out at the end, in any order.
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
  GroupTable groups_;
  AggregateColumns states_;
  GroupLives lives_;                 ///< Only with ends_lives_.
  std::vector<uint8_t> emitted_;     ///< Per group: a row has been given out.
  std::vector<int64_t> members_;     ///< Per group: rows in it; only where rows are taken back.
  std::vector<uint8_t> is_pending_;  ///< Per group: changed, not given out yet.
  std::vector<uint32_t> pending_;    ///< Those groups, in order of their change.
  Timestamp pending_due_ = 0;
  std::unique_ptr<PartitionedGroups> parts_;  ///< In place of groups_ and states_ once there are many.
  std::vector<uint32_t> ids_;                 ///< Scratch.
  std::vector<int64_t> touched_;              ///< Scratch: last row of the batch at hand in each group.
};

}  // namespace

std::unique_ptr<MergeableOperator> MakeHashAggregate(AggregateSettings settings, LaneContext* context) {
  return std::make_unique<HashAggregate>(std::move(settings), context);
}

}  // namespace velo::exec
