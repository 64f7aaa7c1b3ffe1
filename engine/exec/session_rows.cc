#include "engine/exec/session_rows.h"

#include <algorithm>

#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

constexpr int64_t kFewDead = 4096;

Result<std::shared_ptr<arrow::Array>> FlagsOf(const std::vector<uint8_t>& selected) {
  arrow::BooleanBuilder flags;
  VELO_RETURN_IF_ARROW_ERROR(flags.AppendValues(selected.data(), static_cast<int64_t>(selected.size())));
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, flags.Finish());
  return array;
}

std::vector<std::shared_ptr<arrow::DataType>> ValueTypes(const std::vector<AggregateCall>& calls) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const AggregateCall& call : calls) {
    for (const BoundExpressionPtr& argument : call.arguments) types.push_back(argument->type.ToArrow());
  }
  for (const AggregateCall& call : calls) {
    if (call.filter != nullptr) types.push_back(arrow::boolean());
  }
  return types;
}

}  // namespace

SessionRows::SessionRows(const AggregateNode& node, int64_t gap, int64_t longest)
    : node_(node),
      gap_(gap),
      longest_(longest),
      value_types_(ValueTypes(node.aggregates)),
      keys_(std::make_unique<GroupTable>(KeyTypes(node.keys))),
      values_(std::make_unique<GroupTable>(value_types_)) {}

Status SessionRows::Find(const KeysAndInputs& input, std::vector<uint32_t>* key_ids, std::vector<uint32_t>* value_ids) {
  const int64_t rows = input.inputs.rows;
  key_ids->resize(static_cast<size_t>(rows));
  value_ids->resize(static_cast<size_t>(rows));
  VELO_RETURN_IF_ERROR(keys_->FindOrInsert(input.keys, rows, key_ids->data()));
  keyed_.resize(keys_->size());
  std::vector<std::shared_ptr<arrow::Array>> values;
  for (const auto& arguments : input.inputs.arguments) values.insert(values.end(), arguments.begin(), arguments.end());
  for (size_t call = 0; call < node_.aggregates.size(); ++call) {
    if (node_.aggregates[call].filter == nullptr) continue;
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> flags, FlagsOf(input.inputs.selected[call]));
    values.push_back(std::move(flags));
  }
  return values_->FindOrInsert(values, rows, value_ids->data());
}

void SessionRows::Add(uint32_t key, int64_t time, uint32_t values) {
  keyed_[key].times[time].push_back({next_arrival_++, values});
  ++rows_;
}

bool SessionRows::TakeBack(uint32_t key, int64_t time, uint32_t values) {
  const auto at = keyed_[key].times.find(time);
  if (at == keyed_[key].times.end()) return false;
  const auto oldest =
      std::find_if(at->second.begin(), at->second.end(), [&](const Row& row) { return row.values == values; });
  if (oldest == at->second.end()) return false;
  at->second.erase(oldest);
  --rows_;
  return true;
}

bool SessionRows::Reaches(uint32_t key, int64_t time) const {
  const auto at = keyed_[key].times.lower_bound(time - gap_);
  return at != keyed_[key].times.end() && at->first <= time + gap_;
}

SessionRows::Stretch SessionRows::StretchAround(uint32_t key, int64_t time) const {
  const Times& times = keyed_[key].times;
  const auto at = times.find(time);
  VELO_CHECK(at != times.end());
  auto from = at, to = at;
  while (from != times.begin() && from->first - std::prev(from)->first <= gap_) --from;
  while (std::next(to) != times.end() && std::next(to)->first - to->first <= gap_) ++to;
  return {from->first, to->first};
}

std::vector<std::pair<int64_t, int64_t>> SessionRows::SessionsIn(uint32_t key, Stretch stretch) const {
  const Times& times = keyed_[key].times;
  std::vector<std::pair<int64_t, int64_t>> sessions;
  for (auto at = times.lower_bound(stretch.from); at != times.end() && at->first <= stretch.to; ++at) {
    if (at->second.empty()) continue;
    const bool joins = !sessions.empty() && at->first - sessions.back().second <= gap_ &&
                       (longest_ == 0 || at->first - sessions.back().first <= longest_);
    if (!joins) sessions.emplace_back(at->first, at->first);
    sessions.back().second = at->first;
  }
  return sessions;
}

void SessionRows::Settle(uint32_t key, Stretch stretch) {
  Times& times = keyed_[key].times;
  for (auto at = times.lower_bound(stretch.from); at != times.end() && at->first <= stretch.to;) {
    at = at->second.empty() ? times.erase(at) : std::next(at);
  }
}

void SessionRows::AppendValues(uint32_t key, int64_t first, int64_t last, std::vector<uint32_t>* values) const {
  const Times& times = keyed_[key].times;
  std::vector<Row> rows;
  for (auto at = times.lower_bound(first); at != times.end() && at->first <= last; ++at) {
    rows.insert(rows.end(), at->second.begin(), at->second.end());
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.arrival < b.arrival; });
  for (const Row& row : rows) values->push_back(row.values);
}

void SessionRows::Drop(uint32_t key, Sessions::iterator session) {
  Times& times = keyed_[key].times;
  const auto until = times.upper_bound(session->second.last);
  for (auto at = times.lower_bound(session->first); at != until; at = times.erase(at)) {
    rows_ -= static_cast<int64_t>(at->second.size());
  }
  keyed_[key].sessions.erase(session);
}

Result<AggregateInputs> SessionRows::InputsOf(std::span<const uint32_t> value_ids) const {
  AggregateInputs inputs;
  inputs.rows = static_cast<int64_t>(value_ids.size());
  size_t column = 0;
  for (const AggregateCall& call : node_.aggregates) {
    std::vector<std::shared_ptr<arrow::Array>>& arguments = inputs.arguments.emplace_back();
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, values_->Keys(column++, value_ids));
      arguments.push_back(std::move(array));
    }
  }
  for (const AggregateCall& call : node_.aggregates) {
    std::vector<uint8_t>& selected = inputs.selected.emplace_back();
    if (call.filter == nullptr) continue;
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> array, values_->Keys(column++, value_ids));
    const auto& flags = static_cast<const arrow::BooleanArray&>(*array);
    for (int64_t i = 0; i < flags.length(); ++i) selected.push_back(flags.Value(i) ? 1 : 0);
  }
  return inputs;
}

std::vector<uint32_t> SessionRows::LiveKeys() const {
  std::vector<uint32_t> live;
  for (uint32_t key = 0; key < keyed_.size(); ++key) {
    if (!keyed_[key].times.empty()) live.push_back(key);
  }
  return live;
}

Result<bool> SessionRows::CompactIfWorthwhile() {
  const bool many_values = values_->size() > kFewDead && values_->size() > 2 * rows_;
  const bool many_keys = keys_->size() > kFewDead && keys_->size() > 2 * rows_;
  if (!many_values && !many_keys) return false;
  VELO_RETURN_IF_ERROR(Refill(LiveKeys()));
  return true;
}

// Moves keys and values into fresh tables; the keys of `live` get the ids 0, 1 ...
Status SessionRows::Refill(const std::vector<uint32_t>& live) {
  std::vector<std::shared_ptr<arrow::Array>> key_columns, value_columns;
  std::vector<uint32_t> used;
  std::vector<Keyed> keyed;
  for (uint32_t key : live) {
    keyed.push_back(std::move(keyed_[key]));
    for (const auto& [time, rows] : keyed.back().times) {
      for (const Row& row : rows) used.push_back(row.values);
    }
  }
  for (size_t column = 0; column < node_.keys.size(); ++column) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, keys_->Keys(column, live));
    key_columns.push_back(std::move(array));
  }
  for (size_t column = 0; column < value_types_.size(); ++column) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, values_->Keys(column, used));
    value_columns.push_back(std::move(array));
  }
  keys_ = std::make_unique<GroupTable>(KeyTypes(node_.keys));
  values_ = std::make_unique<GroupTable>(value_types_);
  std::vector<uint32_t> key_ids(live.size()), value_ids(used.size());
  if (!live.empty()) {
    VELO_RETURN_IF_ERROR(keys_->FindOrInsert(key_columns, static_cast<int64_t>(live.size()), key_ids.data()));
  }
  if (!used.empty()) {
    VELO_RETURN_IF_ERROR(values_->FindOrInsert(value_columns, static_cast<int64_t>(used.size()), value_ids.data()));
  }
  size_t next = 0;
  for (Keyed& each : keyed) {
    for (auto& [time, rows] : each.times) {
      for (Row& row : rows) row.values = value_ids[next++];
    }
  }
  keyed_ = std::move(keyed);
  return Status::OK();
}

Status SessionRows::Save(std::string* out) const {
  const std::vector<uint32_t> live = LiveKeys();
  PutInteger(next_arrival_, out);
  PutInteger(static_cast<int64_t>(live.size()), out);
  VELO_RETURN_IF_ERROR(PutKeys(*keys_, live, out));
  std::vector<uint32_t> used;
  for (uint32_t key : live) {
    PutInteger(static_cast<int64_t>(keyed_[key].sessions.size()), out);
    for (const auto& [first, session] : keyed_[key].sessions) {
      PutInteger(first, out);
      PutInteger(session.last, out);
      PutInteger((session.closed ? 1 : 0) + (session.emitted ? 2 : 0), out);
    }
    PutInteger(static_cast<int64_t>(keyed_[key].times.size()), out);
    for (const auto& [time, rows] : keyed_[key].times) {
      PutInteger(time, out);
      PutInteger(static_cast<int64_t>(rows.size()), out);
      for (const Row& row : rows) {
        PutInteger(row.arrival, out);
        used.push_back(row.values);
      }
    }
  }
  return PutKeys(*values_, used, out);
}

Status SessionRows::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(next_arrival_, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(const int64_t live, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
  std::vector<uint32_t> key_ids(static_cast<size_t>(live));
  if (live > 0) VELO_RETURN_IF_ERROR(keys_->FindOrInsert(keys->columns(), live, key_ids.data()));
  keyed_.resize(static_cast<size_t>(live));
  std::vector<Row*> rows;
  for (Keyed& keyed : keyed_) {
    VELO_ASSIGN_OR_RETURN(const int64_t sessions, TakeInteger(in));
    for (int64_t i = 0; i < sessions; ++i) {
      VELO_ASSIGN_OR_RETURN(const int64_t first, TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(const int64_t last, TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(const int64_t flags, TakeInteger(in));
      keyed.sessions[first] = {last, (flags & 1) != 0, (flags & 2) != 0};
    }
    VELO_ASSIGN_OR_RETURN(const int64_t times, TakeInteger(in));
    for (int64_t i = 0; i < times; ++i) {
      VELO_ASSIGN_OR_RETURN(const int64_t time, TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(const int64_t count, TakeInteger(in));
      std::vector<Row>& at = keyed.times[time];
      at.resize(static_cast<size_t>(count));
      for (Row& row : at) {
        VELO_ASSIGN_OR_RETURN(row.arrival, TakeInteger(in));
        rows.push_back(&row);
      }
    }
  }
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> values, TakeBatch(in));
  std::vector<uint32_t> value_ids(rows.size());
  if (!rows.empty()) {
    VELO_RETURN_IF_ERROR(values_->FindOrInsert(values->columns(), static_cast<int64_t>(rows.size()), value_ids.data()));
  }
  for (size_t i = 0; i < rows.size(); ++i) rows[i]->values = value_ids[i];
  rows_ = static_cast<int64_t>(rows.size());
  return Status::OK();
}

int64_t SessionRows::MemoryBytes() const {
  constexpr int64_t kTreeNode = 64;
  return keys_->MemoryBytes() + values_->MemoryBytes() + rows_ * static_cast<int64_t>(sizeof(Row) + kTreeNode) +
         static_cast<int64_t>(keyed_.size() * sizeof(Keyed));
}

}  // namespace velo::exec
