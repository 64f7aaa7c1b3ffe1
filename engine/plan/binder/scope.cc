#include "engine/plan/binder/scope.h"

#include <algorithm>

#include "engine/sql/words.h"

namespace velo::plan {

int Scope::Use(int relation, const Column& column, bool system) {
  const int found = FindUsed(relation, column.name);
  if (found >= 0) return found;
  columns_.push_back({relation, column, system});
  return static_cast<int>(columns_.size()) - 1;
}

int Scope::FindUsed(int relation, std::string_view name) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].relation == relation && columns_[i].column.name == name) return static_cast<int>(i);
  }
  return -1;
}

void Scope::Assume(int relation, std::string_view name) {
  Schema& schema = relations_[relation].schema;
  if (schema.Find(name) < 0) schema.columns.push_back({std::string(name), SqlType(TypeKind::kAny), true});
}

void Scope::MakeNullable(int relation) {
  for (Column& column : relations_[relation].schema.columns) column.nullable = true;
  for (ScopeColumn& used : columns_) {
    if (used.relation == relation) used.column.nullable = true;
  }
}

const MergedColumn* Scope::FindMerged(int relation, std::string_view name) const {
  for (const MergedColumn& merged : merged_) {
    const bool holds = std::find(merged.relations.begin(), merged.relations.end(), relation) != merged.relations.end();
    if (holds && merged.name == name) return &merged;
  }
  return nullptr;
}

int Scope::FindRelation(std::string_view qualifier) const {
  for (size_t i = 0; i < relations_.size(); ++i) {
    const ScopeRelation& relation = relations_[i];
    if (relation.visible && !relation.alias.empty() && relation.alias == qualifier) return static_cast<int>(i);
  }
  for (size_t i = 0; i < relations_.size(); ++i) {
    if (relations_[i].visible && relations_[i].name == qualifier) return static_cast<int>(i);
  }
  return -1;
}

bool Scope::has_unknown_schema() const {
  return std::any_of(relations_.begin(), relations_.end(), [](const ScopeRelation& r) { return !r.schema_known; });
}

std::vector<std::string> Scope::VisibleNames() const {
  std::vector<std::string> names;
  for (const ScopeRelation& relation : relations_) {
    if (!relation.visible) continue;
    for (const Column& column : relation.schema.columns) {
      if (std::find(names.begin(), names.end(), column.name) == names.end()) names.push_back(column.name);
    }
  }
  return names;
}

namespace {

struct Found {
  Column column;
  bool system = false;
  bool case_differs = false;
};

bool IsWindowBound(std::string_view lower) { return lower == kWindowStartColumn || lower == kWindowEndColumn; }

/// Columns that a derived table carries beside the visible ones: the bounds of its time window and its event time.
const Column* FindHidden(const ScopeRelation& relation, std::string_view name) {
  if (relation.plan == nullptr) return nullptr;
  const int index = relation.plan->output.Find(name);
  return index < 0 ? nullptr : &relation.plan->output.columns[index];
}

bool FindSystem(const ScopeRelation& relation, std::string_view name, Found* found) {
  const std::string lower = sql::LowerCase(name);
  const SqlType* type = SystemColumnType(lower);
  if (type == nullptr) return false;
  if (relation.unnested != nullptr) return false;
  if (relation.plan != nullptr) {
    if (lower == kEventTimeColumn && relation.plan->event_time < 0) return false;
    if (lower != kEventTimeColumn && FindHidden(relation, lower) == nullptr) return false;
  } else if (IsWindowBound(lower)) {
    return false;
  }
  *found = {Column{lower, *type, true}, true, false};
  return true;
}

bool FindExact(const ScopeRelation& relation, std::string_view name, Found* found) {
  const int index = relation.schema.Find(name);
  if (index < 0) return false;
  *found = {relation.schema.columns[index], false, false};
  return true;
}

bool FindAnyCase(const ScopeRelation& relation, std::string_view name, Found* found) {
  if (!relation.schema_known) return false;
  const int index = relation.schema.FindIgnoringCase(name);
  if (index < 0) return false;
  *found = {relation.schema.columns[index], false, true};
  return true;
}

std::string JoinParts(const std::vector<std::string_view>& parts, size_t from, size_t to) {
  std::string name;
  for (size_t i = from; i < to; ++i) {
    if (i > from) name += '.';
    name += parts[i];
  }
  return name;
}

using Finder = bool (*)(const ScopeRelation&, std::string_view, Found*);

/// Looks for a column in one relation, taking as many parts as form its name (a flat column "a.b" wins over a path).
bool FindInRelation(const ScopeRelation& relation, const std::vector<std::string_view>& parts, size_t from,
                    Finder finder, Found* found, size_t* used) {
  for (size_t end = parts.size(); end > from; --end) {
    if (!finder(relation, JoinParts(parts, from, end), found)) continue;
    *used = end;
    return true;
  }
  return false;
}

void Fill(ColumnMatch* match, int relation, const Found& found, size_t used) {
  match->kind = ColumnMatch::Kind::kColumn;
  match->relation = relation;
  match->column = found.column;
  match->system = found.system;
  match->case_differs = found.case_differs;
  match->parts_used = used;
}

/// Finds a column without qualifier in all relations; more than one holder is ambiguous.
bool FindUnqualified(const Scope& scope, const std::vector<std::string_view>& parts, Finder finder,
                     ColumnMatch* match) {
  for (size_t i = 0; i < scope.relations().size(); ++i) {
    Found found;
    size_t used = 0;
    if (!scope.relations()[i].visible) continue;
    if (!FindInRelation(scope.relations()[i], parts, 0, finder, &found, &used)) continue;
    match->candidates.push_back(static_cast<int>(i));
    if (match->candidates.size() == 1) Fill(match, static_cast<int>(i), found, used);
  }
  if (match->candidates.empty()) return false;
  const MergedColumn* merged = scope.FindMerged(match->relation, match->column.name);
  if (merged != nullptr && merged->relations == match->candidates) {
    if (merged->source >= 0) {
      match->relation = merged->source;
      const Schema& schema = scope.relations()[merged->source].schema;
      match->column = schema.columns[schema.Find(merged->name)];
    } else {
      match->coalesced = merged->relations;
    }
  } else if (match->candidates.size() > 1) {
    match->kind = ColumnMatch::Kind::kAmbiguous;
  }
  return true;
}

ColumnMatch ResolveQualified(const Scope& scope, const std::vector<std::string_view>& parts, int relation_index) {
  ColumnMatch match;
  match.qualifier_relation = relation_index;
  const ScopeRelation& relation = scope.relations()[relation_index];
  Found found;
  size_t used = 0;
  for (Finder finder : {Finder(FindExact), Finder(FindSystem), Finder(FindAnyCase)}) {
    if (!FindInRelation(relation, parts, 1, finder, &found, &used)) continue;
    Fill(&match, relation_index, found, used);
    return match;
  }
  if (!relation.schema_known) {
    Fill(&match, relation_index, {Column{std::string(parts[1]), SqlType(TypeKind::kAny), true}, false, false}, 2);
    match.assumed = true;
  }
  return match;
}

}  // namespace

ColumnMatch ResolveColumn(const Scope& scope, const std::vector<std::string_view>& parts) {
  ColumnMatch match;
  // A flat column whose name has dots wins over any other reading.
  if (parts.size() > 1) {
    const std::string whole = JoinParts(parts, 0, parts.size());
    for (size_t i = 0; i < scope.relations().size(); ++i) {
      Found found;
      if (!scope.relations()[i].visible) continue;
      if (!FindExact(scope.relations()[i], whole, &found)) continue;
      Fill(&match, static_cast<int>(i), found, parts.size());
      return match;
    }
    const int relation = scope.FindRelation(parts[0]);
    if (relation >= 0) return ResolveQualified(scope, parts, relation);
  }
  const bool known_first = FindUnqualified(scope, parts, FindExact, &match);
  if (known_first) return match;
  // System columns exist in every relation; without qualifier the left-most is meant.
  for (size_t i = 0; i < scope.relations().size(); ++i) {
    Found found;
    size_t used = 0;
    if (!scope.relations()[i].visible) continue;
    if (!FindInRelation(scope.relations()[i], parts, 0, FindSystem, &found, &used)) continue;
    Fill(&match, static_cast<int>(i), found, used);
    return match;
  }
  if (FindUnqualified(scope, parts, FindAnyCase, &match)) return match;

  const bool dotted = parts.size() > 1;
  if (scope.has_unknown_schema() && !(dotted && scope.relations().size() > 1)) {
    for (size_t i = 0; i < scope.relations().size(); ++i) {
      if (scope.relations()[i].schema_known || !scope.relations()[i].visible) continue;
      Fill(&match, static_cast<int>(i), {Column{std::string(parts[0]), SqlType(TypeKind::kAny), true}, false, false},
           1);
      match.assumed = true;
      return match;
    }
  }
  match.kind = dotted ? ColumnMatch::Kind::kUnknownQualifier : ColumnMatch::Kind::kNone;
  return match;
}

}  // namespace velo::plan
