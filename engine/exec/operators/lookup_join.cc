#include "engine/exec/operators/lookup_join.h"

#include <numeric>

#include "engine/exec/batch_rows.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/state_codec.h"
#include "engine/functions/column_reader.h"
#include "engine/types/arrow_status.h"
#include "engine/types/value_text.h"

namespace velo::exec {

namespace {

using Arrays = std::vector<std::shared_ptr<arrow::Array>>;

/// What becomes of a left row that finds nothing.
enum class Missing : uint8_t { kSkip, kNulls, kDefaults, kFail };

Missing MissingOf(const JoinNode& node) {
  if (node.fallback == "emitwithnulls") return Missing::kNulls;
  if (node.fallback == "skiprecord") return Missing::kSkip;
  if (node.fallback == "usedefaults") return Missing::kDefaults;
  if (node.fallback == "failfast" || node.fallback == "waitandretry") return Missing::kFail;
  return node.join == sql::JoinKind::kLeft || node.join == sql::JoinKind::kFull ? Missing::kNulls : Missing::kSkip;
}

RowTable::Settings TableSettings(const JoinNode& node) {
  const PlanNode& table = *node.inputs[1];
  RowTable::Settings settings;
  settings.schema = table.output.ToArrow();
  for (const BoundExpressionPtr& key : node.right_keys) settings.key_types.push_back(key->type.ToArrow());
  settings.changes = table.changes;
  settings.identity = table.change_key;
  if (settings.changes == Changes::kAppend && !node.table_key.empty()) {
    settings.changes = Changes::kUpsert;
    settings.identity = node.table_key;
  }
  return settings;
}

class LookupJoin : public TwoInputOperator {
 public:
  LookupJoin(LookupJoinSettings settings, LaneContext* context)
      : settings_(std::move(settings)),
        node_(*settings_.node),
        schema_(node_.output.ToArrow()),
        missing_(MissingOf(node_)),
        shows_right_(node_.join == sql::JoinKind::kRight || node_.join == sql::JoinKind::kFull),
        left_columns_(PayloadColumns(*node_.inputs[0])),
        right_columns_(PayloadColumns(*node_.inputs[1])),
        context_(context),
        table_(settings_.table->rows) {
    if (node_.residual != nullptr) {
      CollectColumns(*node_.residual, &residual_columns_);
      std::vector<int> mapping(static_cast<size_t>(left_columns_ + right_columns_), -1);
      for (size_t i = 0; i < residual_columns_.size(); ++i) mapping[residual_columns_[i]] = static_cast<int>(i);
      residual_ = RemapColumns(node_.residual, mapping);
    }
  }

  Status OnBatch(Side side, const Batch& batch, Output& out) override {
    Arrays keys;
    const bool left = side == Side::kLeft;
    const bool counts = left ? settings_.counts_left : settings_.counts_right;
    const auto evaluate = [&](const Batch& part) -> Status {
      keys.clear();
      for (const BoundExpressionPtr& key : left ? node_.left_keys : node_.right_keys) {
        VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column,
                              EvaluateToArray(*key, *part.columns, &context_->evaluation));
        keys.push_back(std::move(column));
      }
      return Status::OK();
    };
    const auto consume = [&](const Batch& part) -> Status {
      if (counts) context_->meter->used += part.num_rows();
      NoteSample(side, keys);
      if (left) rows_seen_ += part.num_rows();
      fills_table_ |= !left;
      return left ? Join(part, keys, out) : table_.Apply(part, keys);
    };
    return EvaluateGoodRows(batch, *context_, counts, evaluate, consume);
  }

  Status OnEnd(Side side, Output& out) override {
    if (side == Side::kRight) {
      VELO_RETURN_IF_ERROR(table_.Seal());
      settings_.table->loaded = true;
      if (context_->on_table_loaded) context_->on_table_loaded();
      return Status::OK();
    }
    left_ended_ = true;
    return shows_right_ ? EmitUnmatchedRight(out) : Status::OK();
  }

  bool WantsLeft() const override {
    if (settings_.table->loaded) return true;
    // An exact answer needs the whole table; a stream does not wait for ever.
    if (node_.inputs[0]->bounded && node_.inputs[1]->bounded) return false;
    if (waits_since_ == 0) waits_since_ = context_->evaluation.now_micros;
    return context_->evaluation.now_micros - waits_since_ >= node_.table_wait_ms * 1000;
  }
  void OnRightCaughtUp() override {
    if (!node_.inputs[1]->bounded) settings_.table->loaded = true;
  }

  /// The rows of the table have no say in time.
  EventMillis PassedWatermark(EventMillis left, EventMillis) const override { return left; }
  bool IsSatisfied() const override { return left_ended_; }
  void Explain(std::vector<OperatorInsight>* insights) const override {
    OperatorInsight insight;
    insight.kind = OperatorInsight::Kind::kJoin;
    insight.text = node_.description;
    insight.matches = has_matches_ ? 1 : 0;
    insight.rows_seen[0] = rows_seen_;
    insight.rows_seen[1] = table_.size();
    for (size_t side = 0; side < 2; ++side) insight.sample_key[side] = sample_key_[side];
    insights->push_back(std::move(insight));
  }
  int64_t StateBytes() const override {
    // A lane that shares the table must not look into it while another one fills it.
    const bool may_look = fills_table_ || settings_.table.use_count() == 1 || settings_.table->loaded;
    return (may_look ? table_.StateBytes() : 0) + static_cast<int64_t>(matched_.capacity());
  }

  Status Save(std::string* out) const override {
    PutInteger(settings_.table->loaded ? 1 : 0, out);
    PutInteger(left_ended_ ? 1 : 0, out);
    // Ids of a restored table count rows held only.
    std::string matched;
    for (uint32_t row : table_.AllRows()) matched.push_back(row < matched_.size() ? matched_[row] : '\0');
    PutText(matched, out);
    return table_.Save(out);
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const int64_t loaded, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const int64_t left_ended, TakeInteger(in));
    settings_.table->loaded = loaded != 0;
    left_ended_ = left_ended != 0;
    VELO_ASSIGN_OR_RETURN(const std::string_view matched, TakeText(in));
    matched_ = matched;
    return table_.Load(in);
  }

 private:
  // One key of each side, to show why none meet.
  void NoteSample(Side side, const Arrays& keys) {
    std::string& sample = sample_key_[static_cast<size_t>(side)];
    if (!sample.empty() || keys.empty() || keys[0]->length() == 0) return;
    for (const auto& key : keys) {
      if (!sample.empty()) sample += ", ";
      AppendText(*key, 0, &sample);
    }
  }

  bool keeps_unmatched() const { return missing_ == Missing::kNulls || missing_ == Missing::kDefaults; }

  Status Join(const Batch& batch, const Arrays& keys, Output& out) {
    if (shows_right_) matched_.resize(table_.end_id(), '\0');
    VELO_RETURN_IF_ERROR(table_.Begin(keys, batch.num_rows(), &walk_));
    const bool outer = missing_ != Missing::kSkip;
    const bool checks = residual_ != nullptr || node_.join == sql::JoinKind::kLeftSemi || missing_ == Missing::kFail;
    straddling_ = false;
    while (!walk_.IsDone() && !context_->IsCancelled()) {
      table_.Continue(&walk_, outer, static_cast<size_t>(2 * context_->batch_rows), &matches_);
      if (checks) VELO_RETURN_IF_ERROR(Check(batch, walk_, &matches_));
      VELO_RETURN_IF_ERROR(Emit(batch, matches_, out));
    }
    return Status::OK();
  }

  /// Takes out the pairs that the residual refuses, and settles which left rows have found nothing.
  Status Check(const Batch& batch, const RowTable::Walk& walk, RowTable::Matches* matches) {
    matches->WriteProbeRows();
    std::vector<uint8_t> holds(matches->probe_rows.size(), 1);
    if (residual_ != nullptr && !holds.empty()) {
      VELO_RETURN_IF_ERROR(EvaluateResidual(batch, *matches, 0, holds.size(), holds.data()));
    }
    RowTable::Matches kept;
    kept.has_missing = true;
    const bool semi = node_.join == sql::JoinKind::kLeftSemi;
    const size_t pairs = holds.size();
    for (size_t i = 0; i < pairs;) {
      const uint32_t row = matches->probe_rows[i];
      bool found = straddling_ && row == straddling_row_;
      for (; i < pairs && matches->probe_rows[i] == row; ++i) {
        if (holds[i] == 0 || matches->table_rows[i] == RowTable::kNoRow || (semi && found)) continue;
        found = true;
        kept.probe_rows.push_back(row);
        kept.table_rows.push_back(matches->table_rows[i]);
      }
      const bool goes_on = i == pairs && walk.next != RowTable::kNoRow && walk.row == row;
      if (goes_on) {
        straddling_ = found;
        straddling_row_ = row;
      } else if (!found) {
        VELO_RETURN_IF_ERROR(AddUnmatched(batch, row, &kept));
      }
    }
    *matches = std::move(kept);
    return Status::OK();
  }

  Status AddUnmatched(const Batch& batch, uint32_t row, RowTable::Matches* kept) {
    if (keeps_unmatched()) {
      kept->probe_rows.push_back(row);
      kept->table_rows.push_back(RowTable::kNoRow);
    } else if (missing_ == Missing::kFail) {
      BadRecord record;
      AppendJsonRow(*batch.columns, row, JsonStyle::kDialect, &record.raw);
      record.reason = "no row of the table belongs to this record (" + node_.description + ")";
      context_->bad_records->Add(std::move(record));
      if (settings_.counts_left) {
        --context_->meter->used;
        ++context_->meter->bad;
      }
    }
    return Status::OK();
  }

  /// Sets holds[i] for the pairs [from, from + count). A pair for which the condition fails does not meet.
  Status EvaluateResidual(const Batch& batch, const RowTable::Matches& matches, size_t from, size_t count,
                          uint8_t* holds) {
    const std::span probe_rows(matches.probe_rows.data() + from, count);
    const std::span table_rows(matches.table_rows.data() + from, count);
    Arrays columns;
    for (int column : residual_columns_) {
      if (column < left_columns_) {
        const auto one_column = arrow::RecordBatch::Make(arrow::schema({schema_->field(column)}), batch.num_rows(),
                                                         {batch.columns->column(column)});
        VELO_ASSIGN_OR_RETURN(const Batch taken, TakeRows({one_column, {}}, probe_rows));
        columns.push_back(taken.columns->column(0));
      } else {
        const int of_table = column - left_columns_;
        VELO_ASSIGN_OR_RETURN(Arrays taken, table_.Take(std::span(&of_table, 1), table_rows));
        columns.push_back(std::move(taken[0]));
      }
    }
    std::vector<std::shared_ptr<arrow::Field>> fields;
    for (const auto& column : columns) fields.push_back(arrow::field("", column->type()));
    const auto pairs = arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(count), columns);
    Result<std::shared_ptr<arrow::Array>> value = EvaluateToArray(*residual_, *pairs, &context_->evaluation);
    if (!value.ok()) {
      if (!IsRowError(value.status())) return value.status();
      if (count > 1) {
        VELO_RETURN_IF_ERROR(EvaluateResidual(batch, matches, from, count / 2, holds));
        return EvaluateResidual(batch, matches, from + count / 2, count - count / 2, holds + count / 2);
      }
      holds[0] = 0;
      BadRecord record;
      AppendJsonRow(*batch.columns, probe_rows[0], JsonStyle::kDialect, &record.raw);
      record.reason = value.status().error().message;
      context_->bad_records->Add(std::move(record));
      return Status::OK();
    }
    const auto& truth = static_cast<const arrow::BooleanArray&>(**value);
    for (size_t i = 0; i < count; ++i) {
      const auto row = static_cast<int64_t>(i);
      holds[i] = truth.IsValid(row) && truth.Value(row) ? 1 : 0;
    }
    return Status::OK();
  }

  Status Emit(const Batch& batch, const RowTable::Matches& matches, Output& out) {
    if (matches.table_rows.empty()) return Status::OK();
    has_matches_ = has_matches_ || std::any_of(matches.table_rows.begin(), matches.table_rows.end(),
                                               [](uint32_t row) { return row != RowTable::kNoRow; });
    if (shows_right_) {
      for (uint32_t row : matches.table_rows) {
        if (row != RowTable::kNoRow) matched_[row] = 1;
      }
    }
    VELO_ASSIGN_OR_RETURN(const Batch left, matches.one_each ? Result<Batch>(batch) : TakeLeft(batch, matches));
    Arrays columns(left.columns->columns().begin(), left.columns->columns().begin() + left_columns_);
    const bool semi = node_.join == sql::JoinKind::kLeftSemi;
    if (!semi) {
      VELO_ASSIGN_OR_RETURN(Arrays right, TakeRight(matches.table_rows, matches.has_missing));
      if (missing_ == Missing::kDefaults) VELO_RETURN_IF_ERROR(PutDefaults(matches.table_rows, &right));
      columns.insert(columns.end(), right.begin(), right.end());
    }
    if (node_.event_time >= 0 && !IsWanted(columns.size())) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> none, Nulls(columns.size(), std::ssize(matches.table_rows)));
      columns.push_back(std::move(none));
    } else if (node_.event_time >= 0) {
      std::shared_ptr<arrow::Array> left_time, right_time;
      if (node_.inputs[0]->event_time >= 0) left_time = left.columns->column(node_.inputs[0]->event_time);
      if (node_.inputs[1]->event_time >= 0) {
        VELO_ASSIGN_OR_RETURN(Arrays times,
                              table_.Take(std::span(&node_.inputs[1]->event_time, 1), matches.table_rows));
        right_time = std::move(times[0]);
      }
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> time, Later(left_time, right_time));
      columns.push_back(std::move(time));
    }
    const auto rows = static_cast<int64_t>(matches.table_rows.size());
    return out.Emit({arrow::RecordBatch::Make(schema_, rows, std::move(columns)), std::move(left.kinds)});
  }

  bool IsWanted(size_t output) const { return settings_.wanted.empty() || settings_.wanted[output]; }

  // NULLs in place of an output column that nobody reads.
  Result<std::shared_ptr<arrow::Array>> Nulls(size_t output, int64_t count) {
    nulls_.resize(node_.output.columns.size());
    std::shared_ptr<arrow::Array>& nulls = nulls_[output];
    if (nulls == nullptr || nulls->length() < count) {
      VELO_ASSIGN_OR_RETURN_ARROW(nulls, arrow::MakeArrayOfNull(schema_->field(static_cast<int>(output))->type(),
                                                                std::max(count, context_->batch_rows)));
    }
    return nulls->Slice(0, count);
  }

  // The rows of the left that are in pairs. The hidden time is not among the output columns of the left.
  Result<Batch> TakeLeft(const Batch& batch, const RowTable::Matches& matches) {
    const auto count = static_cast<int64_t>(matches.probe_rows.size());
    const arrow::UInt32Array indices(count, arrow::Buffer::Wrap(matches.probe_rows.data(), matches.probe_rows.size()));
    Batch taken;
    Arrays columns;
    for (int c = 0; c < batch.columns->num_columns(); ++c) {
      const int output = c == node_.inputs[0]->event_time ? node_.event_time : c;
      if (output >= 0 && !IsWanted(static_cast<size_t>(output))) {
        VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> none, Nulls(static_cast<size_t>(output), count));
        columns.push_back(std::move(none));
        continue;
      }
      VELO_ASSIGN_OR_RETURN_ARROW(
          std::shared_ptr<arrow::Array> column,
          arrow::compute::Take(*batch.columns->column(c), indices, arrow::compute::TakeOptions::NoBoundsCheck()));
      columns.push_back(std::move(column));
    }
    taken.columns = arrow::RecordBatch::Make(batch.columns->schema(), count, std::move(columns));
    if (batch.kinds.empty()) return taken;
    taken.kinds.reserve(matches.probe_rows.size());
    for (uint32_t row : matches.probe_rows) taken.kinds.push_back(batch.kinds[row]);
    return taken;
  }

  Result<Arrays> TakeRight(std::span<const uint32_t> rows, bool has_missing) {
    Arrays columns;
    for (int c = 0; c < right_columns_; ++c) {
      const auto output = static_cast<size_t>(left_columns_ + c);
      if (!IsWanted(output)) {
        VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> none, Nulls(output, std::ssize(rows)));
        columns.push_back(std::move(none));
        continue;
      }
      std::shared_ptr<arrow::Array> codes;
      if (output < settings_.coded.size() && settings_.coded[output] && missing_ != Missing::kDefaults) {
        VELO_ASSIGN_OR_RETURN(codes, table_.TakeCodes(c, rows, has_missing));
      }
      if (codes == nullptr) {
        VELO_ASSIGN_OR_RETURN(Arrays taken, table_.Take(std::span(&c, 1), rows, has_missing));
        codes = std::move(taken[0]);
      }
      columns.push_back(std::move(codes));
    }
    return columns;
  }

  static Result<std::shared_ptr<arrow::Array>> Later(const std::shared_ptr<arrow::Array>& left,
                                                     const std::shared_ptr<arrow::Array>& right) {
    if (right == nullptr) return left;
    if (left == nullptr) return right;
    VELO_ASSIGN_OR_RETURN(const arrow::Datum later, CallArrow("max_element_wise", {left, right}));
    return later.make_array();
  }

  Status PutDefaults(std::span<const uint32_t> rows, Arrays* columns) {
    arrow::BooleanBuilder builder;
    for (uint32_t row : rows) VELO_RETURN_IF_ARROW_ERROR(builder.Append(row == RowTable::kNoRow));
    VELO_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::Array> missing, builder.Finish());
    const auto one_row = arrow::RecordBatch::Make(arrow::schema({}), 1, arrow::ArrayVector());
    for (size_t c = 0; c < columns->size(); ++c) {
      if (c >= node_.fallback_values.size() || node_.fallback_values[c] == nullptr) continue;
      VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> value,
                            EvaluateToArray(*node_.fallback_values[c], *one_row, &context_->evaluation));
      VELO_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::Scalar> scalar, value->GetScalar(0));
      VELO_ASSIGN_OR_RETURN(const arrow::Datum filled,
                            CallArrow("if_else", {arrow::Datum(missing), arrow::Datum(scalar), (*columns)[c]}));
      (*columns)[c] = filled.make_array();
    }
    return Status::OK();
  }

  Status EmitUnmatchedRight(Output& out) {
    matched_.resize(table_.end_id(), '\0');
    std::vector<uint32_t> rows;
    for (uint32_t row : table_.AllRows()) {
      if (matched_[row] == '\0') rows.push_back(row);
    }
    const auto step = static_cast<size_t>(context_->batch_rows);
    for (size_t from = 0; from < rows.size() && !context_->IsCancelled(); from += step) {
      const std::span part(rows.data() + from, std::min(step, rows.size() - from));
      const auto count = static_cast<int64_t>(part.size());
      Arrays columns;
      for (int c = 0; c < left_columns_; ++c) {
        VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> nulls,
                                    arrow::MakeArrayOfNull(schema_->field(c)->type(), count));
        columns.push_back(std::move(nulls));
      }
      VELO_ASSIGN_OR_RETURN(Arrays right, TakeRight(part, false));
      columns.insert(columns.end(), right.begin(), right.end());
      if (node_.event_time >= 0) {
        if (node_.inputs[1]->event_time >= 0) {
          VELO_ASSIGN_OR_RETURN(Arrays times, table_.Take(std::span(&node_.inputs[1]->event_time, 1), part));
          columns.push_back(std::move(times[0]));
        } else {
          VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> nulls,
                                      arrow::MakeArrayOfNull(arrow::int64(), count));
          columns.push_back(std::move(nulls));
        }
      }
      VELO_RETURN_IF_ERROR(out.Emit({arrow::RecordBatch::Make(schema_, count, std::move(columns)), {}}));
    }
    return Status::OK();
  }

  const LookupJoinSettings settings_;
  const JoinNode& node_;
  const std::shared_ptr<arrow::Schema> schema_;
  const Missing missing_;
  const bool shows_right_;
  const int left_columns_, right_columns_;
  LaneContext* const context_;
  BoundExpressionPtr residual_;                       ///< Over residual_columns_; null: none.
  std::vector<int> residual_columns_;                 ///< Columns of the joined rows that the residual reads.
  std::vector<std::shared_ptr<arrow::Array>> nulls_;  ///< Per output column that nobody reads: as many as ever needed.
  RowTable& table_;
  std::string matched_;  ///< RIGHT, FULL: per row of the table, whether it has met a row.
  bool left_ended_ = false;
  bool fills_table_ = false;   ///< This lane reads the rows of the table.
  int64_t rows_seen_ = 0;      ///< Of the left.
  bool has_matches_ = false;   ///< Some row of the left has met one of the table.
  std::string sample_key_[2];  ///< The first key of each side; for Explain.
  mutable int64_t waits_since_ = 0;
  RowTable::Walk walk_;  ///< Scratch, as is matches_.
  RowTable::Matches matches_;
  // A left row whose matches come in several pieces.
  bool straddling_ = false;
  uint32_t straddling_row_ = 0;
};

}  // namespace

LookupTable::LookupTable(const JoinNode& node) : rows(TableSettings(node)) {}

std::unique_ptr<TwoInputOperator> MakeLookupJoin(LookupJoinSettings settings, LaneContext* context) {
  return std::make_unique<LookupJoin>(std::move(settings), context);
}

}  // namespace velo::exec
