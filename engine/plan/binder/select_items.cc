#include <algorithm>

#include "engine/plan/binder/output_names.h"
#include "engine/plan/binder/select_binder_internal.h"

namespace velo::plan {
namespace {

bool IsBareEventTime(const sql::SelectItem& item) {
  if (!item.alias.empty() || item.expression->kind != sql::ExpressionKind::kColumn) return false;
  const auto& reference = static_cast<const sql::ColumnReference&>(*item.expression);
  return UpperCase(reference.parts.back().text) == UpperCase(kEventTimeColumn);
}

std::string ExpressionName(const sql::Expression& expression, size_t ordinal) {
  using Kind = sql::ExpressionKind;
  switch (expression.kind) {
    case Kind::kColumn: {
      const std::string& last = static_cast<const sql::ColumnReference&>(expression).parts.back().text;
      return SystemColumnType(last) != nullptr ? LowerCase(last) : last;
    }
    case Kind::kAccess: {
      const auto& access = static_cast<const sql::Access&>(expression);
      if (access.step == sql::Access::Step::kField) return access.field.text;
      return ExpressionName(*access.base, ordinal);
    }
    case Kind::kCall: {
      const auto& call = static_cast<const sql::Call&>(expression);
      return (call.over != nullptr ? "window_" : "") + UpperCase(call.name.text);
    }
    case Kind::kCase:
      return "case_expr";
    case Kind::kScalarQuery:
    case Kind::kExists:
      return "subquery";
    default:
      return "expr_" + std::to_string(ordinal);
  }
}

}  // namespace

std::string OutputName(const sql::SelectItem& item, size_t ordinal) {
  return item.alias.empty() ? ExpressionName(*item.expression, ordinal) : item.alias.text;
}

void SelectBinder::BindItems() {
  size_t ordinal = 0;
  for (const sql::SelectItem& item : core_.items) {
    ++ordinal;
    fields_.push_back(ExpressionText(*item.expression));
    if (item.expression->kind == sql::ExpressionKind::kStar) {
      ExpandStar(item);
    } else {
      BindItem(item, ordinal);
    }
  }
  MakeNamesUnique();
}

void SelectBinder::BindItem(const sql::SelectItem& item, size_t ordinal) {
  OutputItem output;
  output.name = OutputName(item, ordinal);
  output.expression = binder_.Bind(*item.expression, Clause::kSelect, true);
  output.nullable = Nullable(*output.expression);
  output.primary_key = item.primary_key;
  output.span = item.span;
  output.sets_event_time = UpperCase(output.name) == UpperCase(kEventTimeColumn);
  for (Alias& alias : environment_.aliases) {
    if (alias.source == item.expression.get()) alias.expression = output.expression;
  }
  if (IsBareEventTime(item)) return;
  const bool after_star =
      std::any_of(core_.items.begin(), core_.items.begin() + (ordinal - 1),
                  [](const sql::SelectItem& i) { return i.expression->kind == sql::ExpressionKind::kStar; });
  AddItem(std::move(output), after_star);
}

void SelectBinder::AddItem(OutputItem item, bool replaces) {
  if (replaces && !item.sets_event_time) {
    // *, expr AS c replaces the column c in place.
    for (OutputItem& known : items_) {
      if (known.name != item.name || known.sets_event_time) continue;
      known = std::move(item);
      return;
    }
  }
  items_.push_back(std::move(item));
}

void SelectBinder::AddStarColumn(int relation, const Column& column, const std::string& name, SourceSpan span,
                                 bool* ungrouped) {
  const int place = scope_.Use(relation, column);
  OutputItem output;
  output.name = name;
  output.nullable = column.nullable;
  output.span = span;
  output.expression = MakeColumn(place, column.type, column.name, span);
  if (aggregated_) {
    const int key = stage_.FindKeyColumn(place);
    if (key >= 0) {
      output.expression = MakeColumn(key, column.type, column.name, span);
    } else {
      output.expression = binder_.LastValue(output.expression, span, false);
      *ungrouped = true;
    }
  }
  items_.push_back(std::move(output));
}

void SelectBinder::AddMergedColumn(const MergedColumn& merged, SourceSpan span, bool* ungrouped) {
  if (merged.source >= 0) {
    const Schema& schema = scope_.relations()[merged.source].schema;
    const Column column = schema.columns[schema.Find(merged.name)];
    return AddStarColumn(merged.source, column, merged.name, span, ungrouped);
  }
  OutputItem output;
  output.name = merged.name;
  output.span = span;
  output.expression = binder_.BindMerged(ResolveColumn(scope_, {std::string_view(merged.name)}), span);
  *ungrouped = *ungrouped || aggregated_;
  items_.push_back(std::move(output));
}

void SelectBinder::ExpandStar(const sql::SelectItem& item) {
  const auto& star = static_cast<const sql::Star&>(*item.expression);
  int only = -1;
  if (!star.qualifier.empty()) {
    only = scope_.FindRelation(star.qualifier.text);
    if (only < 0) {
      Diagnostic& found = context_->diagnostics->Error(
          "E2104", star.qualifier.span,
          fmt::format("unknown relation or alias '{}' in {}.*", star.qualifier.text, star.qualifier.text));
      for (const ScopeRelation& relation : scope_.relations()) {
        found.hint += (found.hint.empty() ? "relations of this query: " : ", ") +
                      (relation.alias.empty() ? relation.name : relation.alias);
      }
      return;
    }
  }
  std::vector<std::string> unused;
  for (const sql::Identifier& name : star.except) unused.push_back(name.text);
  bool ungrouped = false;
  for (size_t r = 0; r < scope_.relations().size(); ++r) {
    if (only >= 0 && only != static_cast<int>(r)) continue;
    if (!scope_.relations()[r].visible) continue;
    if (!scope_.relations()[r].schema_known) schema_known_ = false;
    const Schema schema = scope_.relations()[r].schema;
    const ScopeRelation& relation = scope_.relations()[r];
    const std::string prefix = relation.alias.empty() ? relation.name : relation.alias;
    for (const Column& column : schema.columns) {
      const auto excepted = std::find_if(star.except.begin(), star.except.end(),
                                         [&](const sql::Identifier& name) { return name.text == column.name; });
      if (excepted != star.except.end()) {
        unused.erase(std::remove(unused.begin(), unused.end(), column.name), unused.end());
        continue;
      }
      const MergedColumn* merged = only < 0 ? scope_.FindMerged(static_cast<int>(r), column.name) : nullptr;
      if (merged != nullptr) {
        // A column named in USING shows once, where the left-most relation has it.
        if (merged->relations.front() == static_cast<int>(r)) AddMergedColumn(*merged, item.span, &ungrouped);
        continue;
      }
      const bool duplicate =
          r > 0 && only < 0 &&
          std::any_of(items_.begin(), items_.end(), [&](const OutputItem& known) { return known.name == column.name; });
      AddStarColumn(static_cast<int>(r), column, duplicate ? prefix + "_" + column.name : column.name, item.span,
                    &ungrouped);
    }
  }
  if (ungrouped) {
    context_->diagnostics
        ->Warning("W2111", item.expression->span,
                  "* with GROUP BY shows, for columns that are not grouped, the value of the last row of each group")
        .hint = "name the columns and aggregates you want";
  }
  for (const sql::Identifier& name : star.except) {
    if (!schema_known_ || std::find(unused.begin(), unused.end(), name.text) == unused.end()) continue;
    context_->diagnostics->Error("E2102", name.span, fmt::format("unknown column '{}' in EXCEPT", name.text)).hint =
        scope_.relations().empty() ? "" : ColumnsHint(scope_.relations()[std::max(only, 0)]);
  }
}

void SelectBinder::MakeNamesUnique() {
  for (size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].sets_event_time) continue;
    const std::string base = items_[i].name;
    auto taken = [&](const std::string& name) {
      return std::any_of(items_.begin(), items_.begin() + i,
                         [&](const OutputItem& known) { return known.name == name; });
    };
    if (!taken(base)) continue;
    for (int suffix = 2; taken(items_[i].name); ++suffix) items_[i].name = base + "_" + std::to_string(suffix);
    context_->diagnostics
        ->Warning("W2101", items_[i].span,
                  fmt::format("the result has two columns '{}'; this one becomes '{}'", base, items_[i].name))
        .hint = "give it a name with AS";
  }
}

bool SelectBinder::Nullable(const BoundExpression& expression) const {
  if (expression.kind == BoundKind::kLiteral)
    return expression.type.kind() == TypeKind::kNull || expression.type.kind() == TypeKind::kAny;
  if (expression.kind != BoundKind::kColumn) return true;
  if (!aggregated_) return scope_.columns()[expression.column].column.nullable;
  const int keys = static_cast<int>(stage_.keys().size());
  if (expression.column < keys) {
    const BoundExpression& key = *stage_.keys()[expression.column].bound;
    return key.kind != BoundKind::kColumn || scope_.columns()[key.column].column.nullable;
  }
  if (expression.column < keys + 2) return false;
  const int call = stage_.CallAt(expression.column);
  return call < 0 || stage_.call_nullable(call);
}

}  // namespace velo::plan
