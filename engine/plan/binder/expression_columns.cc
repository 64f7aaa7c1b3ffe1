#include <arrow/scalar.h>

#include <algorithm>

#include "engine/base/near_names.h"
#include "engine/plan/binder/expression_binder.h"
#include "engine/sql/printer.h"

namespace velo::plan {
namespace {

std::vector<std::string_view> PartTexts(const sql::ColumnReference& reference) {
  std::vector<std::string_view> parts;
  for (const sql::Identifier& part : reference.parts) parts.push_back(part.text);
  return parts;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && UpperCase(a) == UpperCase(b);
}

SourceSpan PartSpan(const sql::ColumnReference& reference, size_t index) {
  if (index >= reference.parts.size() || !reference.parts[index].span.valid()) return reference.span;
  return reference.parts[index].span;
}

}  // namespace

std::string ColumnsHint(const ScopeRelation& relation) {
  constexpr size_t kMostNames = 12;
  std::string names;
  for (size_t i = 0; i < relation.schema.columns.size() && i < kMostNames; ++i) {
    names += (i > 0 ? ", " : "") + relation.schema.columns[i].name;
  }
  if (relation.schema.columns.size() > kMostNames) {
    names += fmt::format(" and {} more", relation.schema.columns.size() - kMostNames);
  }
  const std::string& name = relation.display_name();
  return name.empty() ? "columns: " + names : fmt::format("columns of {}: {}", name, names);
}

BoundExpressionPtr ExpressionBinder::WindowBoundColumn(bool start, SourceSpan span, std::string text) {
  if (env_->stage != nullptr) {
    const int place = start ? env_->stage->window_start_place() : env_->stage->window_end_place();
    return MakeColumn(place, TypeKind::kInteger, std::move(text), span);
  }
  return MakeColumn(start ? env_->window_start_column : env_->window_end_column, TypeKind::kInteger, std::move(text),
                    span);
}

BoundExpressionPtr ExpressionBinder::TryWindowBound(const sql::ColumnReference& reference) {
  const bool above_window = env_->windowed && (env_->stage == nullptr || inside_aggregate_ == 0) &&
                            clause_ != Clause::kWhere && clause_ != Clause::kGroupBy && clause_ != Clause::kWindow;
  if (!above_window) return nullptr;
  const std::string& last = reference.parts.back().text;
  if (reference.parts.size() > 2) return nullptr;
  const bool qualified = reference.parts.size() == 2;
  if (qualified && env_->scope->FindRelation(reference.parts[0].text) < 0) return nullptr;
  for (const bool start : {true, false}) {
    const std::string_view system = start ? kWindowStartColumn : kWindowEndColumn;
    if (EqualIgnoringCase(last, system)) return WindowBoundColumn(start, reference.span, std::string(system));
    // The plain name means the bound when no relation is known to have such a column.
    if (qualified || last != system.substr(1)) continue;
    const ColumnMatch match = ResolveColumn(*env_->scope, {std::string_view(last)});
    const bool real = match.kind == ColumnMatch::Kind::kColumn && !match.assumed;
    if (!real) return WindowBoundColumn(start, reference.span, last);
  }
  return nullptr;
}

BoundExpressionPtr ExpressionBinder::TryAlias(const sql::ColumnReference& reference, bool* poisoned) {
  *poisoned = false;
  const bool sees_aliases = clause_ == Clause::kSelect || clause_ == Clause::kHaving || clause_ == Clause::kOrderBy;
  if (!sees_aliases || inside_aggregate_ > 0) return nullptr;
  if (reference.parts.size() > 1 && env_->scope->FindRelation(reference.parts[0].text) >= 0) return nullptr;
  for (auto alias = env_->aliases.rbegin(); alias != env_->aliases.rend(); ++alias) {
    if (alias->expression == nullptr || alias->name != reference.parts[0].text) continue;
    // Like the arguments of aggregates, those of OVER mean the input where it has such a column.
    if (inside_over_ && env_->stage == nullptr) {
      const ColumnMatch match = ResolveColumn(*env_->scope, PartTexts(reference));
      if (match.kind == ColumnMatch::Kind::kColumn && !match.assumed) return nullptr;
    }
    Bound bound = alias->expression;
    for (size_t i = 1; i < reference.parts.size(); ++i)
      bound = Field(bound, reference.parts[i].text, PartSpan(reference, i));
    return bound;
  }
  return nullptr;
}

BoundExpressionPtr ExpressionBinder::BindColumn(const sql::ColumnReference& reference, bool whole_element) {
  bool poisoned = false;
  const sql::Identifier& first = reference.parts[0];
  const bool maybe_string =
      reference.parts.size() == 1 && first.quote == sql::Identifier::Quote::kDouble && !whole_element;
  if (!maybe_string) {
    if (Bound bound = TryWindowBound(reference)) return bound;
  }
  if (Bound alias = TryAlias(reference, &poisoned)) return alias;

  const std::vector<std::string_view> parts = PartTexts(reference);
  const ColumnMatch match = ResolveColumn(*env_->scope, parts);
  // A relation of an enclosing query wins over a column of this one that would have to have fields.
  const bool whole_column = match.kind == ColumnMatch::Kind::kColumn && match.parts_used == parts.size();
  const int own = env_->scope->FindRelation(parts[0]);
  // So does one that goes by that name over a relation of this query that has an alias in its place.
  const bool renamed =
      own >= 0 && !env_->scope->relations()[own].alias.empty() && env_->scope->relations()[own].alias != parts[0];
  if (parts.size() > 1 && (renamed || (own < 0 && !whole_column))) {
    if (Bound outer = UseOuterRelation(reference)) return outer;
  }
  if (maybe_string && (match.kind != ColumnMatch::Kind::kColumn || match.assumed || match.case_differs)) {
    return MakeLiteral(std::make_shared<arrow::StringScalar>(first.text), TypeKind::kString, first.text,
                       reference.span);
  }
  if (match.kind == ColumnMatch::Kind::kColumn && !match.assumed) return UseMatch(match, reference);
  if (match.kind != ColumnMatch::Kind::kAmbiguous) {
    if (Bound expanded = ExpandAliasOverInput(reference)) return expanded;
    if (Bound outer = UseOuter(reference, parts)) return outer;
    if (ReportMissingAlias(reference)) return Poison(reference.span);
  }
  if (match.kind == ColumnMatch::Kind::kColumn) return UseMatch(match, reference);
  return ReportMissing(match, reference);
}

BoundExpressionPtr ExpressionBinder::ExpandAliasOverInput(const sql::ColumnReference& reference) {
  if (inside_aggregate_ == 0 || env_->stage == nullptr || reference.parts.size() != 1 || expanding_alias_)
    return nullptr;
  for (const Alias& alias : env_->aliases) {
    if (alias.name != reference.parts[0].text || alias.expression == nullptr || alias.source == nullptr) continue;
    if (ContainsAggregate(*alias.source, *context_->functions)) continue;
    expanding_alias_ = true;
    Bound bound = BindNode(*alias.source);
    expanding_alias_ = false;
    return bound;
  }
  return nullptr;
}

BoundExpressionPtr ExpressionBinder::UseMatch(const ColumnMatch& match, const sql::ColumnReference& reference) {
  Scope& scope = *env_->scope;
  if (match.assumed) scope.Assume(match.relation, match.column.name);
  const SourceSpan column_span = PartSpan(reference, match.parts_used - 1);
  if (match.case_differs) {
    Diagnostic& found =
        diagnostics().Warning("W2106", column_span,
                              fmt::format("'{}' is written '{}' in {}", reference.parts[match.parts_used - 1].text,
                                          match.column.name, scope.relations()[match.relation].display_name()));
    found.fixes.push_back(
        {fmt::format("write '{}'", match.column.name), {{column_span, sql::QuoteIdentifier(match.column.name)}}});
  }
  if (!match.coalesced.empty()) return MergedColumn(match, reference.span);
  const int place = scope.Use(match.relation, match.column, match.system);
  Bound bound = MakeColumn(place, match.column.type, match.column.name, reference.span);
  if (!input_level()) {
    const int key = env_->stage->FindKeyColumn(place);
    bound = key >= 0 ? MakeColumn(key, match.column.type, match.column.name, reference.span)
                     : LastValue(bound, reference.span, match.column.name != kHeadersColumn);
  }
  for (size_t i = match.parts_used; i < reference.parts.size(); ++i) {
    bound = Field(bound, reference.parts[i].text, PartSpan(reference, i));
  }
  return bound;
}

BoundExpressionPtr ExpressionBinder::MergedColumn(const ColumnMatch& match, SourceSpan span) {
  Scope& scope = *env_->scope;
  std::vector<Bound> sides;
  SqlType type = match.column.type;
  for (int relation : match.coalesced) {
    const Schema& schema = scope.relations()[relation].schema;
    const Column column = schema.columns[schema.Find(match.column.name)];
    type = CommonType(type, column.type);
    sides.push_back(MakeColumn(scope.Use(relation, column), column.type, column.name, span));
  }
  auto first_value = std::make_shared<BoundExpression>();
  first_value->kind = BoundKind::kCoalesce;
  first_value->type = type;
  first_value->span = span;
  first_value->text = match.column.name;
  for (const Bound& side : sides) {
    Bound value = side;
    if (Result<Bound> cast = MakeCast(side, type, false, side->text, span); cast.ok()) value = *cast;
    if (!input_level()) value = LastValue(value, span, false);
    first_value->arguments.push_back(std::move(value));
  }
  return first_value;
}

BoundExpressionPtr ExpressionBinder::UseOuterRelation(const sql::ColumnReference& reference) {
  const std::string& name = reference.parts[0].text;
  for (const Scope* outer = env_->scope->outer(); outer != nullptr; outer = outer->outer()) {
    if (outer->FindRelation(name) >= 0) return env_->scope->outer()->reader()->AddParameter(reference);
  }
  return nullptr;
}

BoundExpressionPtr ExpressionBinder::UseOuter(const sql::ColumnReference& reference,
                                              const std::vector<std::string_view>& parts) {
  for (const Scope* outer = env_->scope->outer(); outer != nullptr; outer = outer->outer()) {
    const ColumnMatch match = ResolveColumn(*outer, parts);
    const bool qualified_assumption = match.assumed && match.qualifier_relation >= 0;
    if (match.kind != ColumnMatch::Kind::kColumn || (match.assumed && !qualified_assumption)) continue;
    // The nearest query around binds the name, asking further out when it is not its own.
    return env_->scope->outer()->reader()->AddParameter(reference);
  }
  return nullptr;
}

bool ExpressionBinder::IsOfOuterQuery(const sql::ColumnReference& reference) const {
  const std::vector<std::string_view> parts = PartTexts(reference);
  const auto found_in = [&](const Scope& scope) {
    if (parts.size() > 1 && scope.FindRelation(parts[0]) >= 0) return true;
    const ColumnMatch match = ResolveColumn(scope, parts);
    return match.kind == ColumnMatch::Kind::kAmbiguous || (match.kind == ColumnMatch::Kind::kColumn && !match.assumed);
  };
  if (found_in(*env_->scope)) return false;
  for (const Scope* outer = env_->scope->outer(); outer != nullptr; outer = outer->outer()) {
    if (found_in(*outer)) return true;
  }
  return false;
}

bool ExpressionBinder::BelongsToOuterQuery(const sql::Call& aggregate) const {
  if (env_->scope->outer() == nullptr || env_->scope->outer()->reader() == nullptr) return false;
  bool any = false, all = true;
  VisitExpressions(aggregate, [&](const sql::Expression& node) {
    if (node.kind != sql::ExpressionKind::kColumn) return true;
    any = true;
    all = all && IsOfOuterQuery(static_cast<const sql::ColumnReference&>(node));
    return true;
  });
  return any && all;
}

bool ExpressionBinder::ReportMissingAlias(const sql::ColumnReference& reference) {
  if (reference.parts.size() != 1) return false;
  const std::string& name = reference.parts[0].text;
  const auto alias =
      std::find_if(env_->aliases.begin(), env_->aliases.end(), [&](const Alias& a) { return a.name == name; });
  if (alias == env_->aliases.end()) return false;
  const bool unknown = env_->scope->has_unknown_schema();
  auto report = [&](std::string code, std::string message) -> Diagnostic& {
    code.insert(0, unknown ? "W" : "E");
    return unknown ? diagnostics().Warning(std::move(code), reference.span, std::move(message))
                   : diagnostics().Error(std::move(code), reference.span, std::move(message));
  };
  if (clause_ == Clause::kWhere || clause_ == Clause::kOn) {
    Diagnostic& found = report("2105", fmt::format("'{}' is a SELECT alias, which WHERE cannot see", name));
    const bool aggregate = ContainsAggregate(*alias->source, *context_->functions);
    found.hint = aggregate ? "move the condition to HAVING"
                           : fmt::format("repeat its expression: {}", ExpressionText(*alias->source));
    if (!aggregate) {
      found.fixes.push_back({"use the expression", {{reference.span, "(" + ExpressionText(*alias->source) + ")"}}});
    }
    return !unknown;
  }
  if (clause_ == Clause::kSelect && inside_aggregate_ == 0 && alias->expression == nullptr) {
    // x + 1 AS x reads the input column; only an alias defined further right is used too early.
    if (alias->span.valid() && reference.span.valid() && alias->source != nullptr &&
        reference.span.offset >= alias->source->span.offset && reference.span.end() <= alias->source->span.end()) {
      return false;
    }
    report("2108", fmt::format("'{}' is used before it is defined", name)).hint =
        "move the item that defines it further left";
    return !unknown;
  }
  return false;
}

BoundExpressionPtr ExpressionBinder::ReportMissing(const ColumnMatch& match, const sql::ColumnReference& reference) {
  if (match.kind == ColumnMatch::Kind::kAmbiguous) {
    ReportAmbiguous(match, reference);
  } else if (env_->scope->relations().empty()) {
    diagnostics()
        .Error("E2107", reference.span,
               fmt::format("'{}' is a column, but the query has no FROM", reference.parts[0].text))
        .hint = "add FROM and the name of a stream";
  } else if (match.kind == ColumnMatch::Kind::kUnknownQualifier) {
    ReportUnknownQualifier(reference);
  } else {
    ReportUnknownColumn(match, reference);
  }
  return Poison(reference.span);
}

void ExpressionBinder::ReportAmbiguous(const ColumnMatch& match, const sql::ColumnReference& reference) {
  std::string candidates;
  Diagnostic found;
  found.code = "E2103";
  found.span = reference.span;
  for (int index : match.candidates) {
    const ScopeRelation& relation = env_->scope->relations()[index];
    const std::string qualifier = relation.alias.empty() ? relation.name : relation.alias;
    const std::string full = sql::QuoteIdentifier(qualifier) + "." + sql::QuoteIdentifier(match.column.name);
    candidates += (candidates.empty() ? "" : ", ") + full;
    found.fixes.push_back({"write " + full, {{reference.parts[0].span, full}}});
  }
  found.message = fmt::format("'{}' is in more than one relation", reference.parts[0].text);
  found.hint = "say which: " + candidates;
  found.statement = diagnostics().statement();
  diagnostics().Add(std::move(found));
}

void ExpressionBinder::ReportUnknownQualifier(const sql::ColumnReference& reference) {
  std::vector<std::string> names;
  bool is_hidden = false;
  for (const ScopeRelation& relation : env_->scope->relations()) {
    const std::string& name = relation.alias.empty() ? relation.name : relation.alias;
    if (name == reference.parts[0].text) {
      is_hidden = true;
    } else {
      names.push_back(name);
    }
  }
  if (is_hidden) {
    diagnostics()
        .Error("E2104", PartSpan(reference, 0),
               fmt::format("the columns of '{}' can only be used in ON: it is the right side of a LEFT SEMI JOIN",
                           reference.parts[0].text))
        .hint = "use JOIN to show columns of both sides";
    return;
  }
  Diagnostic& found = diagnostics().Error(
      "E2104", PartSpan(reference, 0),
      fmt::format("unknown relation or alias '{}' in {}", reference.parts[0].text, ExpressionText(reference)));
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  found.hint = "relations of this query: " + list;
  std::vector<std::string> near = NearNames(reference.parts[0].text, names);
  if (near.empty() && names.size() == 1) near = names;
  for (const std::string& name : near) {
    found.fixes.push_back(
        {fmt::format("did you mean '{}'?", name), {{PartSpan(reference, 0), sql::QuoteIdentifier(name)}}});
  }
}

void ExpressionBinder::ReportUnknownColumn(const ColumnMatch& match, const sql::ColumnReference& reference) {
  const Scope& scope = *env_->scope;
  const bool one = match.qualifier_relation >= 0 || scope.relations().size() == 1;
  const int relation_index = match.qualifier_relation >= 0 ? match.qualifier_relation : 0;
  const size_t part = match.qualifier_relation >= 0 ? 1 : 0;
  const ScopeRelation& relation = scope.relations()[relation_index];
  const std::string& name = reference.parts[part].text;
  const std::string where =
      one && !relation.display_name().empty() ? fmt::format(" in '{}'", relation.display_name()) : "";
  Diagnostic& found =
      diagnostics().Error("E2102", PartSpan(reference, part), fmt::format("unknown column '{}'{}", name, where));
  std::vector<std::string> candidates = one ? relation.schema.Names() : scope.VisibleNames();
  if (clause_ != Clause::kWhere) {
    for (const Alias& alias : env_->aliases) {
      if (alias.expression != nullptr) candidates.push_back(alias.name);
    }
  }
  if (one) {
    found.hint = ColumnsHint(relation);
  } else {
    for (const ScopeRelation& each : scope.relations())
      found.hint += (found.hint.empty() ? "" : "; ") + ColumnsHint(each);
  }
  for (const std::string& near : NearNames(name, candidates)) {
    found.fixes.push_back(
        {fmt::format("did you mean '{}'?", near), {{PartSpan(reference, part), sql::QuoteIdentifier(near)}}});
  }
}

void ExpressionBinder::OfferGroupBy(const std::string& column, Diagnostic* found) {
  const sql::SelectCore* core = env_->core;
  if (core == nullptr || core->from.empty()) return;
  const std::string name = sql::QuoteIdentifier(column);
  if (core->group_by_span.valid()) {
    found->fixes.push_back(
        {fmt::format("add {} to GROUP BY", column), {{{core->group_by_span.end(), 0}, ", " + name}}});
    return;
  }
  const SourceSpan before = core->where_span.valid() ? core->where_span : core->from.back().span;
  if (!before.valid() || !core->from.back().joins.empty()) return;
  found->fixes.push_back({fmt::format("group by {}", column), {{{before.end(), 0}, " GROUP BY " + name}}});
}

BoundExpressionPtr ExpressionBinder::LastValue(const BoundExpressionPtr& input_column, SourceSpan span, bool warn) {
  if (warn) {
    Diagnostic& found = diagnostics().Warning(
        "W2111", span,
        fmt::format("'{}' is not grouped, so the value of the last row of each group is shown", input_column->text));
    found.hint = fmt::format("add {} to GROUP BY, or aggregate it", input_column->text);
    OfferGroupBy(input_column->text, &found);
  }
  const AggregateFunction* last = context_->functions->FindAggregate("LAST_VALUE");
  if (last == nullptr) last = context_->functions->FindAggregate("LAST");
  if (last == nullptr) {
    context_->RefuseToRun("E3090", "Columns that are not grouped cannot be shown in this version.");
    return Placeholder(input_column->type, span);
  }
  AggregateCall call;
  call.function = last;
  call.types = {{input_column->type}, input_column->type};
  call.arguments = {input_column};
  call.constants = {""};
  call.constant_given = {false};
  call.text = input_column->text;
  if (OrdersByEventTime()) {
    call.types.arguments.push_back(TypeKind::kInteger);
    call.arguments.push_back(EventTimeColumn(span));
  }
  const int place = env_->stage->AddCall(std::move(call), true);
  return MakeColumn(place, input_column->type, input_column->text, span);
}

}  // namespace velo::plan
