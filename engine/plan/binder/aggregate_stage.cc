#include "engine/plan/binder/aggregate_stage.h"

#include <arrow/scalar.h>

#include <algorithm>

namespace velo::plan {

bool SameBound(const BoundExpression& a, const BoundExpression& b) {
  if (a.kind != b.kind || a.column != b.column || a.function != b.function || a.try_cast != b.try_cast) return false;
  if (!(a.type == b.type) || a.arguments.size() != b.arguments.size()) return false;
  if (a.function != nullptr && !a.function->deterministic) return false;
  if ((a.literal == nullptr) != (b.literal == nullptr)) return false;
  if (a.literal != nullptr && !a.literal->Equals(*b.literal)) return false;
  for (size_t i = 0; i < a.arguments.size(); ++i) {
    if (!SameBound(*a.arguments[i], *b.arguments[i])) return false;
  }
  return true;
}

namespace {

bool SameCall(const AggregateCall& a, const AggregateCall& b) {
  if (a.function != b.function || a.distinct != b.distinct || a.arguments.size() != b.arguments.size()) return false;
  const auto same_order = [](const ValueOrder& x, const ValueOrder& y) {
    return x.descending == y.descending && x.nulls_first == y.nulls_first;
  };
  if (!std::equal(a.order_by.begin(), a.order_by.end(), b.order_by.begin(), b.order_by.end(), same_order)) return false;
  if ((a.filter == nullptr) != (b.filter == nullptr)) return false;
  if (a.filter != nullptr && !SameBound(*a.filter, *b.filter)) return false;
  for (size_t i = 0; i < a.arguments.size(); ++i) {
    if (!SameBound(*a.arguments[i], *b.arguments[i])) return false;
  }
  return true;
}

}  // namespace

int AggregateStage::AddCall(AggregateCall call, bool nullable) {
  const int first = static_cast<int>(keys_.size()) + 2;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot] >= 0 && SameCall(calls_[slots_[slot]], call)) return first + static_cast<int>(slot);
  }
  slots_.push_back(static_cast<int>(calls_.size()));
  calls_.push_back(std::move(call));
  nullable_.push_back(nullable);
  return first + static_cast<int>(slots_.size()) - 1;
}

int AggregateStage::AddPlace() {
  slots_.push_back(-1);
  return static_cast<int>(keys_.size() + 2 + slots_.size()) - 1;
}

int AggregateStage::CallAt(int place) const {
  const int slot = place - static_cast<int>(keys_.size()) - 2;
  return slot < 0 ? -1 : slots_[slot];
}

int AggregateStage::FindKey(const sql::Expression& expression) const {
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].source == nullptr || keys_[i].source->kind != expression.kind) continue;
    if (sql::SameExpression(*keys_[i].source, expression)) return static_cast<int>(i);
  }
  return -1;
}

int AggregateStage::FindKeyColumn(int column) const {
  for (size_t i = 0; i < keys_.size(); ++i) {
    const BoundExpression& bound = *keys_[i].bound;
    if (bound.kind == BoundKind::kColumn && bound.column == column) return static_cast<int>(i);
  }
  return -1;
}

std::vector<int> AggregateStage::Layout(bool windowed) const {
  const int keys = static_cast<int>(keys_.size());
  const int calls = static_cast<int>(calls_.size());
  std::vector<int> mapping;
  for (int i = 0; i < keys; ++i) mapping.push_back(i);
  mapping.push_back(windowed ? keys + calls : -1);
  mapping.push_back(windowed ? keys + calls + 1 : -1);
  for (int call : slots_) mapping.push_back(call < 0 ? -1 : keys + call);
  return mapping;
}

}  // namespace velo::plan
