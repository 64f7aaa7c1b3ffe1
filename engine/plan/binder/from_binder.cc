#include "engine/plan/binder/from_binder.h"

#include <algorithm>

#include "engine/base/near_names.h"
#include "engine/plan/binder/event_time.h"
#include "engine/plan/binder/watermark_binder.h"
#include "engine/plan/nodes/join_node.h"
#include "engine/sql/parser.h"
#include "engine/sql/printer.h"

namespace velo::plan {

void FromBinder::Bind(const std::vector<sql::TableReference>& from, QueryNeeds needs) {
  for (const sql::TableReference& table : from) {
    BindTable(table, needs);
    for (const sql::Join& join : table.joins) BindJoin(join, needs);
  }
  if (env_->scope->relations().size() > 1) {
    context_->RefuseToRun("E3090", "Joins are checked but cannot be run in this version.");
  }
}

void FromBinder::BindTable(const sql::TableReference& table, QueryNeeds needs) {
  switch (table.kind) {
    case sql::TableReference::Kind::kRelation:
      if (!BindInlined(table, needs)) BindNamed(table, needs);
      break;
    case sql::TableReference::Kind::kSubquery:
      BindDerived(*table.subquery, table.column_aliases, "", table, needs);
      break;
    case sql::TableReference::Kind::kFunction:
      BindTableFunction(table);
      break;
  }
}

bool FromBinder::BindInlined(const sql::TableReference& table, QueryNeeds needs) {
  for (size_t i = context_->common_tables.size(); i-- > 0;) {
    const sql::CommonTable& common = *context_->common_tables[i];
    if (common.name.text != table.name) continue;
    // A common table sees only the ones before it.
    std::vector<const sql::CommonTable*> visible(context_->common_tables.begin(), context_->common_tables.begin() + i);
    visible.swap(context_->common_tables);
    BindDerived(*common.query, common.columns, common.name.text, table, needs);
    visible.swap(context_->common_tables);
    return true;
  }
  if (context_->views == nullptr) return false;
  const auto view = context_->views->find(table.name);
  if (view == context_->views->end()) return false;
  std::vector<const sql::CommonTable*> none;
  none.swap(context_->common_tables);
  BindDerived(*view->second, {}, table.name, table, needs);
  none.swap(context_->common_tables);
  return true;
}

void FromBinder::BindDerived(const sql::Query& query, const std::vector<sql::Identifier>& column_names,
                             std::string name, const sql::TableReference& table, QueryNeeds needs) {
  needs.feeds_query = true;
  BoundQuery bound = BindQueryTree(context_, query, nullptr, needs);
  ScopeRelation relation;
  relation.name = std::move(name);
  relation.alias = table.alias.text;
  relation.span = table.span;
  relation.plan = bound.plan;
  relation.schema = bound.visible;
  relation.schema_known = bound.schema_known;
  const std::vector<sql::Identifier>& renames = table.column_aliases.empty() ? column_names : table.column_aliases;
  if (!renames.empty() && bound.schema_known) {
    if (renames.size() != relation.schema.columns.size()) {
      context_->diagnostics->Error(
          "E2021", SourceSpan::Cover(renames.front().span, renames.back().span),
          fmt::format("{} names are given for {} columns", renames.size(), relation.schema.columns.size()));
    } else {
      auto renamed = std::make_shared<ProjectNode>();
      renamed->inputs = {bound.plan};
      renamed->bounded = bound.plan->bounded;
      renamed->event_time = bound.plan->event_time;
      renamed->output = bound.plan->output;
      renamed->span = table.span;
      for (size_t i = 0; i < renames.size(); ++i) {
        relation.schema.columns[i].name = renames[i].text;
        renamed->output.columns[i].name = renames[i].text;
      }
      for (size_t i = 0; i < renamed->output.columns.size(); ++i) {
        const Column& column = renamed->output.columns[i];
        renamed->expressions.push_back(MakeColumn(static_cast<int>(i), column.type, column.name));
      }
      relation.plan = renamed;
    }
  }
  env_->scope->relations().push_back(std::move(relation));
}

void FromBinder::BindNamed(const sql::TableReference& table, QueryNeeds) {
  ScopeRelation relation;
  relation.name = table.name;
  relation.alias = table.alias.text;
  relation.span = table.name_span.valid() ? table.name_span : table.span;
  relation.properties = RelationProperties(*context_, table.name, table.alias.text, table.properties);
  if (std::find(context_->sources.begin(), context_->sources.end(), table.name) == context_->sources.end()) {
    context_->sources.push_back(table.name);
  }
  Result<RelationPtr> found = context_->catalog == nullptr ? Result<RelationPtr>(RelationPtr())
                                                           : context_->catalog->Find(table.name, relation.properties);
  if (!found.ok()) {
    const ErrorInfo& error = found.status().error();
    const bool own_code = error.code.size() == 5 && error.code[0] == 'E';
    Diagnostic& warning = context_->diagnostics->Warning(own_code ? error.code : "E3022", relation.span, error.message);
    warning.hint = error.hint;
    context_->RefuseToRun(error.code, error.message + (error.hint.empty() ? "" : " " + error.hint));
  } else if (*found == nullptr) {
    ReportUnknown(table, relation.properties);
  } else {
    relation.relation = *found;
    relation.schema = relation.relation->schema;
    relation.schema_known = relation.relation->schema_known;
  }
  if (relation.relation == nullptr) {
    auto unknown = std::make_shared<Relation>();
    unknown->name = table.name;
    unknown->schema_known = false;
    relation.relation = std::move(unknown);
    relation.schema_known = false;
  }
  env_->scope->relations().push_back(std::move(relation));
}

void FromBinder::ReportUnknown(const sql::TableReference& table, const PropertyMap& properties) {
  if (context_->broken_names != nullptr && context_->broken_names->contains(table.name)) {
    context_->RefuseToRun("VALIDATION_ERROR", fmt::format("'{}' is made by a statement that has errors.", table.name));
    return;
  }
  const std::string type = PropertyValue(properties, "type");
  if (!type.empty() || !PropertyValue(properties, "topic").empty() || !PropertyValue(properties, "path").empty()) {
    context_->RefuseToRun("E3004", fmt::format("'{}' cannot be read: this version has no connector for {}.", table.name,
                                               type.empty() ? "it" : "'" + type + "'"));
    return;
  }
  Diagnostic& found = context_->diagnostics->Warning(
      "W3001", table.name_span.valid() ? table.name_span : table.span,
      fmt::format("'{}' is not connected yet, so its columns are taken as written", table.name));
  const std::vector<std::string> near =
      NearNames(table.name, context_->catalog == nullptr ? std::vector<std::string>() : context_->catalog->Names());
  for (const std::string& name : near) {
    found.hint += (found.hint.empty() ? "did you mean " : " or ") + name;
    found.fixes.push_back({fmt::format("did you mean '{}'?", name), {{found.span, sql::QuoteRelation(name)}}});
  }
  if (!near.empty()) found.hint += "?";
  if (near.empty()) found.hint = "connect a source of that name, or read a file: FROM file:///path/*.csv";
  context_->RefuseToRun("SOURCE_NOT_FOUND",
                        fmt::format("There is no stream or table '{}'. {}", table.name,
                                    near.empty() ? "Connect it first." : "Did you mean '" + near[0] + "'?"));
}

void FromBinder::BindTableFunction(const sql::TableReference& table) {
  const auto& call = static_cast<const sql::Call&>(*table.function);
  const std::string name = UpperCase(call.name.text);
  ScopeRelation relation;
  relation.alias = table.alias.text;
  relation.span = table.span;
  auto shape = std::make_shared<Relation>();
  if (name == "UNNEST") {
    ExpressionBinder binder(context_, env_);
    SqlType item(TypeKind::kAny);
    for (const sql::ExpressionPtr& argument : call.arguments) {
      const BoundExpressionPtr bound = binder.Bind(*argument, Clause::kOn);
      if (bound->type.kind() == TypeKind::kArray) item = bound->type.children()[0].type;
    }
    shape->schema.columns = {{"value", item, true}, {"ordinality", TypeKind::kInteger, false}};
    for (size_t i = 0; i < table.column_aliases.size() && i < 2; ++i) {
      shape->schema.columns[i].name = table.column_aliases[i].text;
    }
    shape->bounded = true;
    context_->RefuseToRun("E3090", "UNNEST in FROM is checked but cannot be run in this version.");
  } else if (name == "KAFKA_TOPIC") {
    shape->schema_known = false;
    context_->RefuseToRun("E3090",
                          "KAFKA_TOPIC cannot be run in this version; this version reads files and embedded topics.");
  } else {
    Diagnostic& found =
        context_->diagnostics->Error("E2309", call.name.span, fmt::format("unknown table function {}", call.name.text));
    found.hint = "table functions: UNNEST(array), KAFKA_TOPIC('name')";
    shape->schema_known = false;
  }
  relation.name = name;
  relation.schema = shape->schema;
  relation.schema_known = shape->schema_known;
  relation.relation = std::move(shape);
  env_->scope->relations().push_back(std::move(relation));
}

void FromBinder::BindJoin(const sql::Join& join, QueryNeeds needs) {
  BindTable(*join.right, needs);
  for (const sql::Join& nested : join.right->joins) BindJoin(nested, needs);
  const int right = static_cast<int>(env_->scope->relations().size()) - 1;
  static constexpr std::string_view kNames[] = {"inner join", "left join",  "right join",
                                                "full join",  "cross join", "left semi join"};
  context_->joins.push_back(
      fmt::format("{} {}", kNames[static_cast<size_t>(join.kind)], env_->scope->relations()[right].display_name()));
  CheckJoin(join, right);
}

void FromBinder::CheckJoin(const sql::Join& join, int right) {
  ExpressionBinder binder(context_, env_);
  if (join.on != nullptr) binder.BindBoolean(*join.on, Clause::kOn, "ON");
  for (const sql::Identifier& column : join.using_columns) {
    for (int side : {0, right}) {
      ScopeRelation& relation = env_->scope->relations()[side];
      if (!relation.schema_known) {
        env_->scope->Assume(side, column.text);
      } else if (relation.schema.Find(column.text) < 0) {
        context_->diagnostics
            ->Error("E2102", column.span,
                    fmt::format("unknown column '{}' in '{}'", column.text, relation.display_name()))
            .hint = ColumnsHint(relation);
      }
    }
  }
  bool equality = !join.using_columns.empty();
  bool time_bound = join.within.has_value() || context_->FindProperty("join.upper_bound") != nullptr ||
                    context_->FindProperty("join.type") != nullptr;
  if (join.on != nullptr) {
    VisitExpressions(*join.on, [&](const sql::Expression& node) {
      if (node.kind == sql::ExpressionKind::kBetween) time_bound = true;
      if (node.kind == sql::ExpressionKind::kLiteral &&
          static_cast<const sql::Literal&>(node).type == sql::Literal::Type::kInterval)
        time_bound = true;
      if (node.kind == sql::ExpressionKind::kBinary &&
          static_cast<const sql::Binary&>(node).op == sql::BinaryOperator::kEqual) {
        const auto& binary = static_cast<const sql::Binary&>(node);
        equality = equality || (binary.left->kind != sql::ExpressionKind::kLiteral &&
                                binary.right->kind != sql::ExpressionKind::kLiteral);
      }
      return true;
    });
  }
  const ScopeRelation& relation = env_->scope->relations()[right];
  const bool table = relation.relation != nullptr
                         ? relation.relation->bounded || relation.relation->kind == RelationKind::kTable ||
                               PropertyValue(relation.properties, "type").starts_with("file") ||
                               PropertyValue(relation.properties, "role") == "table"
                         : relation.plan != nullptr && relation.plan->bounded;
  if (table) return;
  if (!equality && join.kind != sql::JoinKind::kCross) {
    context_->diagnostics->Warning("W2302", join.span, "this join has no key, so every row meets every row").hint =
        "join on an equality, such as a.id = b.id";
  } else if (!time_bound && join.kind != sql::JoinKind::kCross) {
    context_->diagnostics
        ->Warning("W2305", join.span, "this join of two streams has no time bound, so each side is kept for an hour")
        .hint = "add WITHIN INTERVAL '10' MINUTE, or a BETWEEN on the two times";
  }
}

bool FromBinder::bounded() const {
  const auto& relations = env_->scope->relations();
  return std::all_of(relations.begin(), relations.end(),
                     [](const ScopeRelation& r) { return r.plan != nullptr ? r.plan->bounded : r.relation->bounded; });
}

BoundExpressionPtr FromBinder::DefaultTime(SourceSpan span, std::string* name) {
  Scope& scope = *env_->scope;
  if (scope.relations().empty()) return nullptr;
  const ScopeRelation& relation = scope.relations()[0];
  if (relation.plan != nullptr) {
    if (relation.plan->event_time < 0) {
      context_->diagnostics->Error("E4201", span, "the rows of this subquery carry no time").hint =
          ColumnsHint(relation) + "; name one: WINDOW TUMBLING(column, INTERVAL '5' MINUTE)";
      return nullptr;
    }
    *name = "event time";
    const Column& column = relation.plan->output.columns[relation.plan->event_time];
    return MakeColumn(scope.Use(0, {std::string(kEventTimeColumn), column.type, true}, true), column.type,
                      "_event_time");
  }
  std::string field = PropertyValue(relation.properties, "event.time.field");
  if (field.empty()) field = relation.relation->event_time_column;
  std::string format = PropertyValue(relation.properties, "event.time.format");
  if (format.empty()) format = relation.relation->event_time_format;
  if (field.empty()) {
    *name = "message time";
    return MakeColumn(scope.Use(0, {std::string(kTimestampColumn), TypeKind::kInteger, false}, true),
                      TypeKind::kInteger, "_timestamp");
  }
  *name = field;
  const ColumnMatch match = ResolveColumn(scope, {std::string_view(field)});
  if (match.kind != ColumnMatch::Kind::kColumn) {
    context_->diagnostics->Error("E4201", span, fmt::format("the time column '{}' does not exist", field)).hint =
        "available fields: " + ColumnsHint(relation);
    return nullptr;
  }
  if (match.assumed) scope.Assume(match.relation, match.column.name);
  const int place = scope.Use(match.relation, match.column, match.system);
  BoundExpressionPtr time = ToEventTime(MakeColumn(place, match.column.type, field), format, *context_->functions);
  if (time == nullptr) {
    context_->diagnostics
        ->Error("E4201", span, fmt::format("'{}' is {} and cannot be a time", field, match.column.type.ToString()))
        .hint = ColumnsHint(relation);
  }
  return time;
}

PlanNodePtr FromBinder::BuildScan(int index, std::vector<int>* mapping) {
  const ScopeRelation& relation = env_->scope->relations()[index];
  auto scan = std::make_shared<ScanNode>();
  scan->relation = relation.relation;
  scan->properties = relation.properties;
  scan->bounded = relation.relation->bounded;
  scan->span = relation.span;
  const auto& used = env_->scope->columns();
  for (size_t place = 0; place < used.size(); ++place) {
    if (used[place].relation != index || (used[place].system && used[place].column.name == kEventTimeColumn)) continue;
    (*mapping)[place] = static_cast<int>(scan->columns.size());
    scan->columns.push_back(used[place].column.name);
    scan->output.columns.push_back(used[place].column);
  }
  if (time_ != nullptr) {
    BindWatermark(*context_, time_in_window_, scan.get());
    scan->event_time = static_cast<int>(scan->columns.size());
    scan->event_time_expression = RemapColumns(time_, *mapping);
    scan->event_time_name = time_name_;
    scan->follows_wall_clock = time_in_window_ && IsArrivalTime(*time_);
    scan->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
    const int place = env_->scope->FindUsed(index, kEventTimeColumn);
    if (place >= 0) (*mapping)[place] = scan->event_time;
  }
  if (!relation.schema_known) context_->inferred.emplace_back(relation.name, relation.schema);
  return scan;
}

PlanNodePtr FromBinder::BuildDerived(int index, std::vector<int>* mapping) {
  const ScopeRelation& relation = env_->scope->relations()[index];
  const auto& used = env_->scope->columns();
  for (size_t place = 0; place < used.size(); ++place) {
    if (used[place].relation != index) continue;
    const std::string& name = used[place].column.name;
    (*mapping)[place] =
        used[place].system && name == kEventTimeColumn ? relation.plan->event_time : relation.plan->output.Find(name);
  }
  const bool own_time =
      time_ != nullptr && time_->kind == BoundKind::kColumn && (*mapping)[time_->column] == relation.plan->event_time;
  if (time_ == nullptr || own_time) return relation.plan;
  auto project = std::make_shared<ProjectNode>();
  project->inputs = {relation.plan};
  project->bounded = relation.plan->bounded;
  project->span = relation.span;
  for (size_t i = 0; i < relation.plan->output.columns.size(); ++i) {
    const Column& column = relation.plan->output.columns[i];
    if (column.name == kEventTimeColumn) continue;
    for (int& position : *mapping) {
      if (position == static_cast<int>(i)) position = static_cast<int>(project->expressions.size());
    }
    project->expressions.push_back(MakeColumn(static_cast<int>(i), column.type, column.name));
    project->output.columns.push_back(column);
  }
  std::vector<int> source(used.size(), -1);
  for (size_t place = 0; place < used.size(); ++place)
    source[place] = relation.plan->output.Find(used[place].column.name);
  project->event_time = static_cast<int>(project->expressions.size());
  project->expressions.push_back(RemapColumns(time_, source));
  project->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
  return project;
}

InputPlan FromBinder::Build() {
  InputPlan input;
  Scope& scope = *env_->scope;
  input.mapping.assign(scope.columns().size(), -1);
  if (scope.relations().empty()) {
    auto values = std::make_shared<ValuesNode>();
    values->bounded = true;
    values->rows.emplace_back();
    input.plan = values;
    return input;
  }
  if (scope.relations().size() == 1) {
    input.plan = scope.relations()[0].plan != nullptr ? BuildDerived(0, &input.mapping) : BuildScan(0, &input.mapping);
    return input;
  }
  auto join = std::make_shared<JoinNode>();
  join->bounded = bounded();
  join->description = context_->joins.empty() ? "cross join" : context_->joins.back();
  for (size_t i = 0; i < scope.relations().size(); ++i) {
    std::vector<int> mapping(scope.columns().size(), -1);
    BoundExpressionPtr time;
    std::swap(time, time_);
    join->inputs.push_back(scope.relations()[i].plan != nullptr ? BuildDerived(static_cast<int>(i), &mapping)
                                                                : BuildScan(static_cast<int>(i), &mapping));
    std::swap(time, time_);
  }
  for (size_t place = 0; place < scope.columns().size(); ++place) {
    input.mapping[place] = static_cast<int>(join->output.columns.size());
    join->output.columns.push_back(scope.columns()[place].column);
  }
  if (time_ != nullptr) {
    join->event_time = static_cast<int>(join->output.columns.size());
    join->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
  }
  input.plan = join;
  return input;
}

}  // namespace velo::plan
