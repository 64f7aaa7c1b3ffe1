#include <arrow/scalar.h>

#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/from_binder.h"
#include "engine/plan/prepare.h"
#include "engine/plan/statement_analyser.h"

namespace velo::plan {
namespace {

BoundExpressionPtr TypedNull(const SqlType& type) {
  return MakeLiteral(arrow::MakeNullScalar(type.ToArrow()), type, "NULL");
}

}  // namespace

void StatementAnalyser::AnalyseInsert(const sql::InsertStatement& insert, StatementReport* report) {
  report->kind = "insert";
  report->name = insert.target.name;
  size_t given = 0;
  SourceSpan given_span = insert.target.span;
  std::shared_ptr<const PreparedQuery> rows;
  bool known = true;
  if (insert.query != nullptr) {
    BindingContext context = MakeContext();
    context.properties.push_back(&insert.properties);
    BoundQuery bound;
    if (!AnalyseQuery(WithEmit(*insert.query, sql::EmitMode::kDefault), &context, report, &bound, true)) return;
    given = bound.visible.columns.size();
    given_span = insert.query->span;
    known = bound.schema_known;
    rows = report->prepared;
  } else {
    const size_t errors = diagnostics_->error_count();
    rows = BindValues(insert);
    if (diagnostics_->error_count() > errors) return;
    if (!insert.rows.empty()) {
      given = insert.rows.front().size();
      if (given > 0) given_span = insert.rows.front().front()->span;
    }
  }
  report->sinks.push_back(insert.target.name);
  RelationPtr target;
  if (!known || !CheckTarget(insert, given, given_span, &target)) return;
  if (target != nullptr && target->schema_known && rows != nullptr) rows = ConformInsert(insert, *target, *rows);
  (insert.query != nullptr ? report->prepared : report->rows_to_write) = rows;
  if (rows != nullptr) report->output = rows->output;
}

/// The rows of VALUES as a plan; columns take the common type of their values.
std::shared_ptr<PreparedQuery> StatementAnalyser::BindValues(const sql::InsertStatement& insert) {
  BindingContext context = MakeContext();
  Scope scope;
  Environment environment;
  environment.scope = &scope;
  ExpressionBinder binder(&context, &environment);
  auto values = std::make_shared<ValuesNode>();
  values->bounded = true;
  for (const auto& row : insert.rows) {
    if (row.size() != insert.rows.front().size()) {
      diagnostics_->Error(
          "E2021", row.front()->span,
          fmt::format("this row has {} values, the first has {}", row.size(), insert.rows.front().size()));
      return nullptr;
    }
    std::vector<BoundExpressionPtr>& bound = values->rows.emplace_back();
    for (const sql::ExpressionPtr& value : row) bound.push_back(binder.Bind(*value, Clause::kSelect));
  }
  if (values->rows.empty()) return nullptr;
  for (size_t c = 0; c < values->rows.front().size(); ++c) {
    SqlType common(TypeKind::kNull);
    for (const auto& row : values->rows) common = CommonType(common, row[c]->type);
    if (common.kind() == TypeKind::kNull || common.kind() == TypeKind::kAny) common = TypeKind::kString;
    for (auto& row : values->rows) {
      if (row[c]->type.kind() == TypeKind::kNull || row[c]->type.kind() == TypeKind::kAny) {
        row[c] = TypedNull(common);
        continue;
      }
      Result<BoundExpressionPtr> cast = MakeCast(row[c], common, false, row[c]->text, row[c]->span);
      if (!cast.ok()) {
        diagnostics_->Error("E2302", row[c]->span, cast.status().error().message);
        return nullptr;
      }
      row[c] = cast.TakeValue();
    }
    std::string name = c < insert.columns.size() ? insert.columns[c].text : fmt::format("column_{}", c);
    values->output.columns.push_back({std::move(name), common, true});
  }
  auto prepared = std::make_shared<PreparedQuery>();
  prepared->output = values->output;
  prepared->plan = std::move(values);
  prepared->bounded = true;
  prepared->not_runnable_reason = context.not_runnable_reason;
  prepared->not_runnable_code = context.not_runnable_code;
  return prepared;
}

bool StatementAnalyser::CheckTarget(const sql::InsertStatement& insert, size_t given, SourceSpan given_span,
                                    RelationPtr* target) {
  Result<RelationPtr> found =
      insert.target.is_uri() ? Result<RelationPtr>(RelationPtr()) : catalog_->Find(insert.target.name, {});
  if (found.ok()) *target = *found;
  const bool known = *target != nullptr && (*target)->schema_known;
  bool fits = true;
  if (known) {
    for (const sql::Identifier& column : insert.columns) {
      if ((*target)->schema.Find(column.text) >= 0) continue;
      fits = false;
      std::string names;
      for (const Column& each : (*target)->schema.columns) names += (names.empty() ? "" : ", ") + each.name;
      diagnostics_
          ->Error("E2102", column.span, fmt::format("unknown column '{}' in '{}'", column.text, insert.target.name))
          .hint = fmt::format("columns of {}: {}", insert.target.name, names);
    }
  }
  const size_t wanted = !insert.columns.empty() ? insert.columns.size()
                        : known                 ? (*target)->schema.columns.size()
                                                : given;
  if (wanted == given) return fits;
  diagnostics_->Error("E2021", given_span,
                      fmt::format("{} value{} for {} column{} of '{}'", given, given == 1 ? "" : "s", wanted,
                                  wanted == 1 ? "" : "s", insert.target.name));
  return false;
}

std::shared_ptr<const PreparedQuery> StatementAnalyser::ConformInsert(const sql::InsertStatement& insert,
                                                                      const Relation& target,
                                                                      const PreparedQuery& rows) {
  std::vector<ColumnSource> sources;
  for (size_t c = 0; c < target.schema.columns.size(); ++c) {
    ColumnSource source;
    if (insert.columns.empty()) {
      source.column = static_cast<int>(c);
    } else {
      for (size_t i = 0; i < insert.columns.size(); ++i) {
        if (insert.columns[i].text == target.schema.columns[c].name) source.column = static_cast<int>(i);
      }
      if (source.column < 0) source.value = DefaultOf(target.name, target.schema.columns[c]);
    }
    sources.push_back(std::move(source));
  }
  return ConformTo(rows, target.schema, sources, insert.target.span);
}

/// The DEFAULT of a declared column, cast to its type; null when it has none.
BoundExpressionPtr StatementAnalyser::DefaultOf(const std::string& relation, const Column& column) {
  const auto declaration = declarations_.find(relation);
  if (declaration == declarations_.end()) return nullptr;
  for (const sql::ColumnDefinition& definition : declaration->second->columns) {
    if (definition.name.text != column.name || definition.default_value == nullptr) continue;
    BindingContext context = MakeContext();
    Scope scope;
    Environment environment;
    environment.scope = &scope;
    BoundExpressionPtr bound =
        ExpressionBinder(&context, &environment).Bind(*definition.default_value, Clause::kSelect);
    Result<BoundExpressionPtr> cast = MakeCast(bound, column.type, false, bound->text, bound->span);
    return cast.ok() ? cast.TakeValue() : nullptr;
  }
  return nullptr;
}

/// Puts a projection on top that gives the query the columns of `target`. What the query carries beside its visible
/// columns (keys, times) goes on after them. Null after reporting a type that cannot be cast.
std::shared_ptr<const PreparedQuery> StatementAnalyser::ConformTo(const PreparedQuery& query, const Schema& target,
                                                                  const std::vector<ColumnSource>& sources,
                                                                  SourceSpan span) {
  auto project = std::make_shared<ProjectNode>();
  const PlanNode& input = *query.plan;
  project->inputs = {query.plan};
  project->bounded = input.bounded;
  project->span = span;
  project->changes = input.changes;
  std::vector<int> places(input.output.columns.size(), -1);
  for (size_t c = 0; c < target.columns.size(); ++c) {
    const Column& wanted = target.columns[c];
    BoundExpressionPtr value = sources[c].value != nullptr ? sources[c].value : TypedNull(wanted.type);
    if (sources[c].column >= 0) {
      const Column& from = query.output.columns[sources[c].column];
      value = MakeColumn(sources[c].column, from.type, from.name);
      places[sources[c].column] = static_cast<int>(c);
      const bool untyped = from.type.kind() == TypeKind::kAny || wanted.type.kind() == TypeKind::kAny;
      Result<BoundExpressionPtr> cast =
          untyped ? Result<BoundExpressionPtr>(value) : MakeCast(value, wanted.type, false, from.name, span);
      if (!cast.ok()) {
        diagnostics_->Error("E2302", span,
                            fmt::format("column '{}' is {} and cannot become {}", wanted.name, from.type.ToString(),
                                        wanted.type.ToString()));
        return nullptr;
      }
      value = cast.TakeValue();
    }
    project->output.columns.push_back(wanted);
    project->expressions.push_back(std::move(value));
  }
  for (size_t hidden = query.output.columns.size(); hidden < input.output.columns.size(); ++hidden) {
    places[hidden] = static_cast<int>(project->expressions.size());
    const Column& column = input.output.columns[hidden];
    project->expressions.push_back(MakeColumn(static_cast<int>(hidden), column.type, column.name));
    project->output.columns.push_back(column);
  }
  auto place_of = [&](int column) { return column < 0 ? -1 : places[column]; };
  project->event_time = place_of(input.event_time);
  for (int column : input.change_key) project->change_key.push_back(place_of(column));
  auto conformed = std::make_shared<PreparedQuery>(query);
  conformed->output = target;
  conformed->key.clear();
  for (int column : query.key) {
    if (place_of(column) >= 0) conformed->key.push_back(place_of(column));
  }
  conformed->raw_key = place_of(query.raw_key);
  conformed->plan = std::move(project);
  return conformed;
}

/// Binds the rows an UPDATE or DELETE concerns as a query over the relation: "_offset", then its columns with the new
/// values, then for streams "_key". Also checks the condition where the columns are not known.
void StatementAnalyser::PrepareRewrite(const std::string& name, SourceSpan span, const Assignments& assignments,
                                       const sql::Expression* where, StatementReport* report) {
  const Result<RelationPtr> target = catalog_->Find(name, {});
  const bool known = target.ok() && *target != nullptr && (*target)->schema_known;
  sql::Query query;
  query.span = span;
  query.body.select = std::make_unique<sql::SelectCore>();
  sql::SelectCore& core = *query.body.select;
  core.span = span;
  auto add = [&](std::string column, sql::ExpressionPtr value) {
    sql::SelectItem item;
    item.span = value->span;
    item.expression = std::move(value);
    item.alias = {std::move(column), item.span};
    core.items.push_back(std::move(item));
  };
  auto reference = [&](std::string column) {
    auto node = std::make_unique<sql::ColumnReference>(span);
    node->parts.push_back({std::move(column), span, sql::Identifier::Quote::kBacktick});
    return node;
  };
  add(std::string(kOffsetColumn), reference(std::string(kOffsetColumn)));
  std::vector<std::string> columns;
  if (known) columns = (*target)->schema.Names();
  for (const auto& [column, value] : assignments) {
    if (!known) columns.push_back(column.text);
  }
  for (const std::string& column : columns) {
    const auto assigned = std::find_if(assignments.begin(), assignments.end(),
                                       [&](const auto& assignment) { return assignment.first.text == column; });
    add(column, assigned == assignments.end() ? reference(column) : sql::Clone(*assigned->second));
  }
  // A table knows its rows by their offsets, a stream by the keys of its messages.
  const bool keyed = known && (*target)->kind != RelationKind::kTable;
  if (keyed) add(std::string(kKeyColumn), reference(std::string(kKeyColumn)));
  sql::TableReference table;
  table.name = name;
  table.name_span = table.span = span;
  core.from.push_back(std::move(table));
  if (where != nullptr) core.where = sql::Clone(*where);
  core.where_span = span;
  BindingContext context = MakeContext();
  BoundQuery bound;
  const std::shared_ptr<PreparedQuery> rows = Prepare(&context, query, &bound);
  report->sources = context.sources;
  if (rows == nullptr || !known) return;
  Schema wanted = (*target)->schema;
  wanted.columns.insert(wanted.columns.begin(), rows->output.columns.front());
  if (keyed) wanted.columns.push_back(rows->output.columns.back());
  std::vector<ColumnSource> sources;
  for (size_t c = 0; c < wanted.columns.size(); ++c) sources.push_back({static_cast<int>(c), nullptr});
  report->rows_to_write = ConformTo(*rows, wanted, sources, span);
}

void StatementAnalyser::AnalyseUpdate(const sql::UpdateStatement& update, StatementReport* report) {
  report->kind = "update";
  report->name = update.name;
  PrepareRewrite(update.name, update.name_span, update.assignments, update.where.get(), report);
  Result<RelationPtr> target = catalog_->Find(update.name, {});
  if (target.ok() && *target != nullptr && (*target)->schema_known) {
    for (const auto& [column, value] : update.assignments) {
      if ((*target)->schema.Find(column.text) >= 0) continue;
      diagnostics_->Error("E2102", column.span, fmt::format("unknown column '{}' in '{}'", column.text, update.name));
    }
  }
  if (update.where == nullptr) {
    diagnostics_->Warning("W2601", update.span,
                          fmt::format("UPDATE without WHERE changes every row of '{}'", update.name));
  }
}

void StatementAnalyser::AnalyseDelete(const sql::DeleteStatement& remove, StatementReport* report) {
  report->kind = "delete";
  report->name = remove.name;
  PrepareRewrite(remove.name, remove.name_span, {}, remove.where.get(), report);
  if (remove.where == nullptr) {
    diagnostics_->Warning("W2601", remove.span,
                          fmt::format("DELETE without WHERE removes every row of '{}'", remove.name));
  }
}

}  // namespace velo::plan
