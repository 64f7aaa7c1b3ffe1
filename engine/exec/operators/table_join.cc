#include "engine/exec/operators/table_join.h"

#include "engine/exec/interval_join_state.h"
#include "engine/exec/join_input.h"
#include "engine/exec/join_output.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/table_side.h"

namespace velo::exec {

namespace {

constexpr uint32_t kNone = KeptRows::kNoRow;
constexpr int64_t kCleanupSlack = 65536;

class TableJoin : public TwoInputOperator {
 public:
  TableJoin(std::shared_ptr<const JoinNode> node, bool at_end, LaneContext* context)
      : node_(std::move(node)),
        at_end_(at_end),
        is_semi_(node_->join == sql::JoinKind::kLeftSemi),
        keeps_before_(node_->changes != Changes::kUpsert),
        context_(context),
        output_(node_, {}, context),
        inputs_{JoinInput(node_, Side::kLeft, false, context), JoinInput(node_, Side::kRight, false, context)},
        keys_(KeyTypes(node_->left_keys)),
        sides_{TableSide(*node_->inputs[0]), TableSide(*node_->inputs[1])} {
    is_outer_[0] = node_->join == sql::JoinKind::kLeft || node_->join == sql::JoinKind::kFull;
    is_outer_[1] = node_->join == sql::JoinKind::kRight || node_->join == sql::JoinKind::kFull;
  }

  Status OnBatch(Side side, const Batch& batch, Output& out) override {
    VELO_RETURN_IF_ERROR(inputs_[Index(side)].Evaluate(batch, [&](const JoinRows& rows) {
      seen_[Index(side)] += rows.batch.num_rows();
      return Consume(side, rows);
    }));
    VELO_RETURN_IF_ERROR(Flush(out));
    return StartAfreshIfWasteful();
  }

  Status OnEnd(Side, Output& out) override {
    if (++ended_ < 2 || !at_end_) return Status::OK();
    for (uint32_t row : sides_[0].Present()) {
      VELO_RETURN_IF_ERROR(FindPartners(Side::kLeft, row));
      Show(Side::kLeft, row, partners_, RowKind::kInsert);
      for (uint32_t partner : partners_) ++sides_[1].PartnersOf(partner);
      if (std::ssize(out_kinds_) >= context_->batch_rows) VELO_RETURN_IF_ERROR(Send(out));
    }
    for (uint32_t row : sides_[1].Present()) {
      if (is_outer_[1] && sides_[1].PartnersOf(row) == 0) Show(Side::kRight, row, {}, RowKind::kInsert);
      if (std::ssize(out_kinds_) >= context_->batch_rows) VELO_RETURN_IF_ERROR(Send(out));
    }
    return Flush(out);
  }

  Status Save(std::string* out) const override {
    for (size_t side = 0; side < 2; ++side) {
      PutInteger(seen_[side], out);
      VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> rows,
                            sides_[side].rows().TakeAll(sides_[side].Present()));
      VELO_RETURN_IF_ERROR(PutBatch(*rows, out));
    }
    PutInteger(ended_, out);
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    std::shared_ptr<arrow::RecordBatch> rows[2];
    for (size_t side = 0; side < 2; ++side) {
      VELO_ASSIGN_OR_RETURN(seen_[side], TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(rows[side], TakeBatch(in));
    }
    VELO_ASSIGN_OR_RETURN(ended_, TakeInteger(in));
    return Restore(rows);
  }

  int64_t StateBytes() const override {
    return keys_.MemoryBytes() + sides_[0].MemoryBytes() + sides_[1].MemoryBytes();
  }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    OperatorInsight insight;
    insight.kind = OperatorInsight::Kind::kJoin;
    insight.text = node_->description;
    insight.matches = matches_;
    for (size_t side = 0; side < 2; ++side) {
      insight.rows_seen[side] = seen_[side];
      insight.rows_waiting[side] = sides_[side].present();
    }
    insights->push_back(std::move(insight));
  }

 private:
  static size_t Index(Side side) { return static_cast<size_t>(side); }
  static bool TakesBack(RowKind kind) { return kind == RowKind::kDelete || kind == RowKind::kUpdateBefore; }

  Status Consume(Side which, const JoinRows& input) {
    TableSide& side = sides_[Index(which)];
    const auto& columns = input.batch.columns;
    std::vector<uint32_t> keys(static_cast<size_t>(columns->num_rows())), identities;
    VELO_RETURN_IF_ERROR(keys_.Find(input.keys, columns->num_rows(), keys.data()));
    VELO_RETURN_IF_ERROR(side.Identify(*columns, &identities));
    VELO_ASSIGN_OR_RETURN(const uint32_t first, side.Add(columns));
    const Changes changes = node_->inputs[Index(which)]->changes;
    // An old row that was announced; the new one should be next.
    uint32_t announced = kNone;
    for (uint32_t i = 0; i < keys.size(); ++i) {
      const RowKind kind = input.batch.kinds.empty() ? RowKind::kInsert : input.batch.kinds[i];
      if (announced != kNone && kind != RowKind::kUpdateAfter) {
        VELO_RETURN_IF_ERROR(Replace(which, announced, kNone, 0, 0));
        announced = kNone;
      }
      if (changes == Changes::kAppend) {
        VELO_RETURN_IF_ERROR(Replace(which, kNone, first + i, keys[i], identities[i]));
      } else if (TakesBack(kind)) {
        dead_[Index(which)].push_back(first + i);
        // The newest row is replaced by its key, so its old form says nothing new.
        if (changes == Changes::kUpsert && kind == RowKind::kUpdateBefore) continue;
        const uint32_t old = side.FindIdentity(identities[i]);
        if (old == kNone) continue;
        if (kind == RowKind::kUpdateBefore) {
          announced = old;
        } else {
          VELO_RETURN_IF_ERROR(Replace(which, old, kNone, 0, 0));
        }
      } else {
        const uint32_t old = changes == Changes::kUpsert ? side.FindIdentity(identities[i]) : announced;
        announced = kNone;
        VELO_RETURN_IF_ERROR(Replace(which, old, first + i, keys[i], identities[i]));
      }
    }
    return announced == kNone ? Status::OK() : Replace(which, announced, kNone, 0, 0);
  }

  // The rows of the other side that belong to `row`, into partners_.
  Status FindPartners(Side which, uint32_t row) {
    partners_.clear();
    const TableSide& other = sides_[Index(OtherOf(which))];
    for (const TimedRow& partner : other.WithKey(sides_[Index(which)].KeyOf(row))) partners_.push_back(partner.row);
    if (node_->residual == nullptr || partners_.empty()) return Status::OK();
    std::vector<uint32_t> own(partners_.size(), row);
    std::vector<uint32_t>* left = which == Side::kLeft ? &own : &partners_;
    std::vector<uint32_t>* right = which == Side::kLeft ? &partners_ : &own;
    return output_.KeepMatching(sides_[0].rows(), sides_[1].rows(), left, right);
  }

  // Puts `next` in the place of `old`; either may be missing.
  Status Replace(Side which, uint32_t old, uint32_t next, uint32_t key, uint32_t identity) {
    TableSide& side = sides_[Index(which)];
    std::vector<uint32_t> before, after;
    if (old != kNone) {
      VELO_RETURN_IF_ERROR(FindPartners(which, old));
      before = partners_;
      side.Remove(old);
      dead_[Index(which)].push_back(old);
    }
    if (next != kNone) {
      side.Insert(next, key, identity);
      VELO_RETURN_IF_ERROR(FindPartners(which, next));
      after = partners_;
      side.PartnersOf(next) = static_cast<int32_t>(after.size());
    }
    if (!at_end_) EmitDifference(which, old, next, before, after);
    return Status::OK();
  }

  // What the change of one row means for the result. `before` and `after` are in order of arrival.
  void EmitDifference(Side which, uint32_t old, uint32_t next, const std::vector<uint32_t>& before,
                      const std::vector<uint32_t>& after) {
    if (is_semi_) return EmitSemi(which, old, next, before, after);
    size_t b = 0, a = 0;
    const bool was_alone = old != kNone && before.empty() && is_outer_[Index(which)];
    const bool is_alone = next != kNone && after.empty() && is_outer_[Index(which)];
    // The row with NULLs and the first or last row with a partner follow each other.
    if (was_alone && is_alone) {
      EmitPair(which, old, kNone, RowKind::kUpdateBefore);
      EmitPair(which, next, kNone, RowKind::kUpdateAfter);
      return;
    }
    if (was_alone) EmitPair(which, old, kNone, after.empty() ? RowKind::kDelete : RowKind::kUpdateBefore);
    bool continues = was_alone;
    while (b < before.size() || a < after.size()) {
      if (a < after.size() && b < before.size() && before[b] == after[a]) {
        EmitPair(which, old, before[b++], RowKind::kUpdateBefore);
        EmitPair(which, next, after[a++], RowKind::kUpdateAfter);
      } else if (a == after.size() || (b < before.size() && before[b] < after[a])) {
        const bool is_last = is_alone && b + 1 == before.size();
        LosePartner(which, old, before[b++], is_last ? RowKind::kUpdateBefore : RowKind::kDelete);
      } else {
        GainPartner(which, next, after[a++], continues ? RowKind::kUpdateAfter : RowKind::kInsert);
        continues = false;
      }
    }
    if (is_alone) EmitPair(which, next, kNone, before.empty() ? RowKind::kInsert : RowKind::kUpdateAfter);
  }

  // A row of the other side, `partner`, gets `row` as a partner; its row with NULLs goes with the first.
  void GainPartner(Side which, uint32_t row, uint32_t partner, RowKind kind) {
    const Side other = OtherOf(which);
    if (sides_[Index(other)].PartnersOf(partner)++ == 0 && is_outer_[Index(other)]) {
      EmitPair(other, partner, kNone, RowKind::kUpdateBefore);
      kind = RowKind::kUpdateAfter;
    }
    EmitPair(which, row, partner, kind);
    ++matches_;
  }

  void LosePartner(Side which, uint32_t row, uint32_t partner, RowKind kind) {
    const Side other = OtherOf(which);
    const bool is_last = --sides_[Index(other)].PartnersOf(partner) == 0 && is_outer_[Index(other)];
    EmitPair(which, row, partner, is_last ? RowKind::kUpdateBefore : kind);
    if (is_last) EmitPair(other, partner, kNone, RowKind::kUpdateAfter);
  }

  // Rows of the left are shown as long as they have a partner.
  void EmitSemi(Side which, uint32_t old, uint32_t next, const std::vector<uint32_t>& before,
                const std::vector<uint32_t>& after) {
    if (which == Side::kLeft) {
      const bool was_shown = !before.empty(), is_shown = !after.empty();
      if (was_shown) EmitPair(which, old, before[0], is_shown ? RowKind::kUpdateBefore : RowKind::kDelete);
      if (is_shown) EmitPair(which, next, after[0], was_shown ? RowKind::kUpdateAfter : RowKind::kInsert);
      return;
    }
    for (uint32_t partner : after) {
      const bool stays = std::binary_search(before.begin(), before.end(), partner);
      if (!stays && sides_[0].PartnersOf(partner)++ == 0) EmitPair(which, next, partner, RowKind::kInsert);
    }
    for (uint32_t partner : before) {
      const bool stays = std::binary_search(after.begin(), after.end(), partner);
      if (!stays && --sides_[0].PartnersOf(partner) == 0) EmitPair(which, old, partner, RowKind::kDelete);
    }
  }

  // All result rows of one row.
  void Show(Side which, uint32_t row, const std::vector<uint32_t>& partners, RowKind kind) {
    if (partners.empty() && is_outer_[Index(which)]) EmitPair(which, row, kNone, kind);
    const size_t count = is_semi_ ? std::min<size_t>(1, partners.size()) : partners.size();
    for (size_t i = 0; i < count; ++i) EmitPair(which, row, partners[i], kind);
    matches_ += static_cast<int64_t>(count);
  }

  void EmitPair(Side which, uint32_t row, uint32_t partner, RowKind kind) {
    if (kind == RowKind::kUpdateBefore && !keeps_before_) return;
    out_rows_[Index(which)].push_back(row);
    out_rows_[Index(OtherOf(which))].push_back(partner);
    out_kinds_.push_back(kind);
  }

  Status Send(Output& out) {
    if (out_kinds_.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> rows,
                          output_.Pairs(sides_[0].rows(), sides_[1].rows(), out_rows_[0], out_rows_[1]));
    Batch batch{std::move(rows), std::move(out_kinds_)};
    out_rows_[0].clear();
    out_rows_[1].clear();
    out_kinds_.clear();
    const bool only_inserts =
        std::all_of(batch.kinds.begin(), batch.kinds.end(), [](RowKind kind) { return kind == RowKind::kInsert; });
    if (only_inserts) batch.kinds.clear();
    return out.Emit(std::move(batch));
  }

  Status Flush(Output& out) {
    VELO_RETURN_IF_ERROR(Send(out));
    for (size_t side = 0; side < 2; ++side) {
      sides_[side].Release(dead_[side]);
      dead_[side].clear();
    }
    return Status::OK();
  }

  Status StartAfreshIfWasteful() {
    const bool has_dead_keys = keys_.size() > 4 * (sides_[0].present() + sides_[1].present()) + kCleanupSlack;
    if (!has_dead_keys && !sides_[0].IsWasteful() && !sides_[1].IsWasteful()) return Status::OK();
    std::shared_ptr<arrow::RecordBatch> rows[2];
    for (size_t side = 0; side < 2; ++side) {
      VELO_ASSIGN_OR_RETURN(rows[side], sides_[side].rows().TakeAll(sides_[side].Present()));
    }
    return Restore(rows);
  }

  // Starts again with these rows.
  Status Restore(const std::shared_ptr<arrow::RecordBatch> (&rows)[2]) {
    keys_.Clear();
    for (size_t which = 0; which < 2; ++which) {
      TableSide& side = sides_[which];
      side = TableSide(*node_->inputs[which]);
      const auto columns =
          arrow::RecordBatch::Make(side.rows().schema(), rows[which]->num_rows(), rows[which]->columns());
      VELO_ASSIGN_OR_RETURN(const auto key_columns, inputs_[which].Keys(*columns));
      std::vector<uint32_t> keys(static_cast<size_t>(columns->num_rows())), identities;
      VELO_RETURN_IF_ERROR(keys_.Find(key_columns, columns->num_rows(), keys.data()));
      VELO_RETURN_IF_ERROR(side.Identify(*columns, &identities));
      VELO_ASSIGN_OR_RETURN(const uint32_t first, side.Add(columns));
      for (uint32_t i = 0; i < keys.size(); ++i) side.Insert(first + i, keys[i], identities[i]);
    }
    if (at_end_) return Status::OK();
    for (uint32_t row : sides_[0].Present()) {
      VELO_RETURN_IF_ERROR(FindPartners(Side::kLeft, row));
      sides_[0].PartnersOf(row) = static_cast<int32_t>(partners_.size());
      for (uint32_t partner : partners_) ++sides_[1].PartnersOf(partner);
    }
    return Status::OK();
  }

  const std::shared_ptr<const JoinNode> node_;
  const bool at_end_;
  const bool is_semi_;
  const bool keeps_before_;  ///< Whether who reads the result wants the old form of a row before the new one.
  LaneContext* const context_;
  const JoinOutput output_;
  const JoinInput inputs_[2];
  JoinKeys keys_;
  TableSide sides_[2];
  bool is_outer_[2];
  int64_t ended_ = 0;
  int64_t matches_ = 0;
  int64_t seen_[2] = {0, 0};
  std::vector<uint32_t> out_rows_[2];  ///< Result rows to be sent: row of each side, or kNone.
  std::vector<RowKind> out_kinds_;
  std::vector<uint32_t> dead_[2];   ///< Rows to release once everything is sent.
  std::vector<uint32_t> partners_;  ///< Scratch.
};

}  // namespace

std::unique_ptr<TwoInputOperator> MakeTableJoin(std::shared_ptr<const JoinNode> node, bool at_end,
                                                LaneContext* context) {
  return std::make_unique<TableJoin>(std::move(node), at_end, context);
}

}  // namespace velo::exec
