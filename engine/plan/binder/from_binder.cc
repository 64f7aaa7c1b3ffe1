#include "engine/plan/binder/from_binder.h"

#include <arrow/scalar.h>

#include <algorithm>

#include "engine/base/near_names.h"
#include "engine/plan/binder/predicates.h"
#include "engine/plan/binder/subquery_placement.h"
#include "engine/plan/parameters.h"
#include "engine/sql/parser.h"
#include "engine/sql/printer.h"

namespace velo::plan {

void FromBinder::Bind(const std::vector<sql::TableReference>& from, QueryNeeds needs) {
  joins_relations_ = from.size() > 1 || (!from.empty() && !from[0].joins.empty());
  for (const sql::TableReference& table : from) {
    BindTable(table, needs);
    if (env_->scope->relations().size() > 1) BindComma();
    for (const sql::Join& join : table.joins) BindJoin(join, needs);
  }
}

void FromBinder::BindTable(const sql::TableReference& table, QueryNeeds needs) {
  switch (table.kind) {
    case sql::TableReference::Kind::kRelation:
      if (!BindInlined(table, needs)) BindNamed(table);
      break;
    case sql::TableReference::Kind::kSubquery:
      BindDerived(*table.subquery, table.column_aliases, "", env_->scope->outer(), table, needs);
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
    BindDerived(*common.query, common.columns, common.name.text, nullptr, table, needs);
    visible.swap(context_->common_tables);
    return true;
  }
  if (context_->views == nullptr) return false;
  const auto view = context_->views->find(table.name);
  if (view == context_->views->end()) return false;
  std::vector<const sql::CommonTable*> none;
  none.swap(context_->common_tables);
  BindDerived(*view->second, {}, table.name, nullptr, table, needs);
  none.swap(context_->common_tables);
  return true;
}

bool FromBinder::ReadsStream(const sql::Query& query, int depth) const {
  if (depth > kMaxQueryDepth) return false;
  for (const auto& arm : query.body.arms) {
    if (ReadsStream(*arm, depth + 1)) return true;
  }
  if (query.body.select == nullptr) return false;
  const auto& from = query.body.select->from;
  return std::any_of(from.begin(), from.end(), [&](const auto& table) { return ReadsStream(table, depth + 1); });
}

bool FromBinder::ReadsStream(const sql::TableReference& table, int depth) const {
  for (const sql::Join& join : table.joins) {
    if (ReadsStream(*join.right, depth)) return true;
  }
  if (table.kind == sql::TableReference::Kind::kFunction) return false;
  if (table.kind == sql::TableReference::Kind::kSubquery) return ReadsStream(*table.subquery, depth);
  for (const sql::CommonTable* common : context_->common_tables) {
    if (common->name.text == table.name) return ReadsStream(*common->query, depth + 1);
  }
  if (context_->views != nullptr) {
    const auto view = context_->views->find(table.name);
    if (view != context_->views->end()) return ReadsStream(*view->second, depth + 1);
  }
  if (context_->catalog == nullptr) return true;
  const PropertyMap properties = RelationProperties(*context_, table.name, table.alias.text, table.properties);
  const Result<RelationPtr> found = context_->catalog->Find(table.name, properties);
  return !found.ok() || *found == nullptr || !(*found)->bounded;
}

void FromBinder::BindDerived(const sql::Query& query, const std::vector<sql::Identifier>& column_names,
                             std::string name, const Scope* outer, const sql::TableReference& table, QueryNeeds needs) {
  needs.feeds_query = true;
  // Two streams meet by their times.
  needs.event_time = needs.event_time || (joins_relations_ && ReadsStream(query, 0));
  BoundQuery bound = BindQueryTree(context_, query, outer, needs);
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

void FromBinder::BindNamed(const sql::TableReference& table) {
  ScopeRelation relation;
  relation.name = table.name;
  relation.alias = table.alias.text;
  relation.span = table.name_span.valid() ? table.name_span : table.span;
  relation.properties = RelationProperties(*context_, table.name, table.alias.text, table.properties);
  if (std::find(context_->sources.begin(), context_->sources.end(), table.name) == context_->sources.end()) {
    context_->sources.push_back(table.name);
  }
  std::string address = AddressOf(table.name, relation.properties);
  Result<RelationPtr> found = RelationPtr();
  if (context_->catalog != nullptr) {
    // What the statement says of the place it writes to must not hide relations that are there under their own name.
    const bool described = !PropertyValue(relation.properties, "type").empty();
    if (address != table.name && !described) found = context_->catalog->Find(table.name, relation.properties);
    if (found.ok() && *found != nullptr) {
      address = table.name;
    } else {
      found = context_->catalog->Find(address, ReaderProperties(address, relation.properties));
    }
  }
  constexpr std::string_view kKafka = "kafka://";
  if (context_->catalog != nullptr && table.name.starts_with(kKafka) && (!found.ok() || *found == nullptr)) {
    // KAFKA_TOPIC('x') is the embedded topic x where no Kafka is connected.
    Result<RelationPtr> embedded = context_->catalog->Find(table.name.substr(kKafka.size()), relation.properties);
    if (embedded.ok() && *embedded != nullptr) found = std::move(embedded);
  }
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
    if (address != table.name) {
      auto named = std::make_shared<Relation>(**found);
      named->name = table.name;
      relation.relation = std::move(named);
    }
    relation.properties = ReaderProperties(address, relation.properties);
    for (const auto& [key, value] : relation.relation->properties) {
      if (PropertyValue(relation.properties, key).empty()) relation.properties.emplace_back(key, value);
    }
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
  const ScopeRelation& bound = env_->scope->relations().back();
  if (!IsReadAsTable(*context_, bound)) return;
  const int index = static_cast<int>(env_->scope->relations().size()) - 1;
  for (const std::string& key : bound.relation->key_columns) {
    env_->scope->Use(index, bound.schema.columns[bound.schema.Find(key)]);
  }
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
  if (name == "UNNEST") return BindUnnest(table, call);
  Diagnostic& found =
      name == "KAFKA_TOPIC"
          ? context_->diagnostics->Error("E1005", call.name.span, "KAFKA_TOPIC takes the name of a topic as text")
          : context_->diagnostics->Error("E2309", call.name.span,
                                         fmt::format("unknown table function {}", call.name.text));
  found.hint = "table functions: UNNEST(array), KAFKA_TOPIC('name')";
  auto shape = std::make_shared<Relation>();
  shape->schema_known = false;
  relation.name = name;
  relation.schema = shape->schema;
  relation.schema_known = shape->schema_known;
  relation.relation = std::move(shape);
  env_->scope->relations().push_back(std::move(relation));
}

void FromBinder::BindUnnest(const sql::TableReference& table, const sql::Call& call) {
  ScopeRelation relation;
  relation.name = "UNNEST";
  relation.alias = table.alias.text;
  relation.span = table.span;
  SqlType item(TypeKind::kAny);
  BoundExpressionPtr array = MakeLiteral(arrow::MakeNullScalar(arrow::null()), TypeKind::kNull);
  if (call.arguments.size() != 1) {
    context_->diagnostics
        ->Error("E2311", call.name.span, fmt::format("UNNEST takes 1 argument, not {}", call.arguments.size()))
        .hint = "UNNEST(array)";
  } else {
    array = ExpressionBinder(context_, env_).Bind(*call.arguments[0], Clause::kOn);
    const TypeKind kind = array->type.kind();
    if (kind == TypeKind::kArray) {
      item = array->type.children()[0].type;
    } else if (kind != TypeKind::kAny && kind != TypeKind::kNull) {
      context_->diagnostics
          ->Error("E2301", call.arguments[0]->span,
                  fmt::format("UNNEST needs an array, got {}", array->type.ToString()))
          .hint = "an array column, or ['a', 'b']";
    } else {
      context_->RefuseToRun("E3090", "UNNEST of a value whose type is not known cannot be run in this version.");
    }
  }
  auto shape = std::make_shared<Relation>();
  shape->name = "UNNEST";
  shape->schema.columns = {{"value", item, true}, {"ordinality", TypeKind::kInteger, false}};
  shape->bounded = true;
  if (table.column_aliases.size() > 2) {
    context_->diagnostics->Error("E2021", table.span,
                                 fmt::format("{} names are given for 2 columns", table.column_aliases.size()));
  }
  for (size_t i = 0; i < table.column_aliases.size() && i < 2; ++i) {
    shape->schema.columns[i].name = table.column_aliases[i].text;
  }
  relation.schema = shape->schema;
  relation.relation = std::move(shape);
  relation.unnested = std::move(array);
  env_->scope->relations().push_back(std::move(relation));
}

void FromBinder::BindComma() {
  JoinStep step;
  step.relation = static_cast<int>(env_->scope->relations().size()) - 1;
  step.kind = sql::JoinKind::kCross;
  step.span = env_->scope->relations().back().span;
  joins_.AddStep(std::move(step));
}

void FromBinder::BindJoin(const sql::Join& join, QueryNeeds needs) {
  BindTable(*join.right, needs);
  JoinStep step;
  step.relation = static_cast<int>(env_->scope->relations().size()) - 1;
  step.kind = join.kind;
  step.within = join.within;
  step.written = &join;
  step.span = join.span;
  context_->joins.push_back(fmt::format("{} {}", JoinWords(join.kind), env_->scope->relations().back().display_name()));
  const size_t errors = context_->diagnostics->error_count();
  if (join.on != nullptr) {
    SplitConjuncts(ExpressionBinder(context_, env_).BindBoolean(*join.on, Clause::kOn, "ON"), &step.conditions);
    std::erase_if(step.conditions, [](const BoundExpressionPtr& condition) { return IsTrueLiteral(*condition); });
    DeferSubqueries(&step);
  }
  if (!join.using_columns.empty()) BindUsing(join, &step);
  step.has_errors = context_->diagnostics->error_count() > errors;
  MarkNullable(step);
  if (join.kind == sql::JoinKind::kLeftSemi) env_->scope->relations().back().visible = false;
  joins_.AddStep(std::move(step));
}

/// Conditions that need a subquery or the outer row are tested on joined rows, which for inner joins is the same. Other
/// joins must not lose the rows they show without a match: their sides evaluate the subqueries, if they can.
void FromBinder::DeferSubqueries(JoinStep* step) {
  const bool inner = IsInner(step->kind);
  const auto deferred =
      std::stable_partition(step->conditions.begin(), step->conditions.end(), [&](const BoundExpressionPtr& condition) {
        return !NeedsSubquery(*condition, *env_) || (!inner && IsEvaluatedBelow(*condition, step->relation));
      });
  if (deferred == step->conditions.end()) return;
  if (!inner) {
    context_->RefuseToRun("E3090", fmt::format("A subquery in ON of a {} that reads both sides, or a row of the query "
                                               "around, cannot be run in this version; filter one side in a query in "
                                               "FROM.",
                                               JoinWords(step->kind)));
  }
  deferred_.insert(deferred_.end(), deferred, step->conditions.end());
  step->conditions.erase(deferred, step->conditions.end());
}

/// Whether every subquery of the condition of a join reads the rows of one side only.
bool FromBinder::IsEvaluatedBelow(const BoundExpression& condition, int right) const {
  if (HasParameters(condition) || env_->scope->relations()[right].unnested != nullptr) return false;
  std::vector<int> read;
  CollectColumns(condition, &read);
  for (const PlacedSubquery& subquery : *env_->subqueries) {
    if (subquery.above_grouping || std::find(read.begin(), read.end(), subquery.place) == read.end()) continue;
    std::vector<int> places;
    CollectOuterPlaces(subquery, *env_->subqueries, &places);
    const auto of_right = [&](int place) { return env_->scope->columns()[place].relation == right; };
    const auto count = std::count_if(places.begin(), places.end(), of_right);
    if (ReadsFurtherOut(subquery) || (count != 0 && count != static_cast<int64_t>(places.size()))) return false;
  }
  return true;
}

void FromBinder::BindUsing(const sql::Join& join, JoinStep* step) {
  Scope& scope = *env_->scope;
  const ScalarFunction* equals = context_->functions->FindScalar("=");
  for (const sql::Identifier& column : join.using_columns) {
    int left = -1;
    for (int i = 0; i < step->relation && left < 0; ++i) {
      if (scope.relations()[i].visible && scope.relations()[i].schema.Find(column.text) >= 0) left = i;
    }
    for (int i = 0; i < step->relation && left < 0; ++i) {
      if (!scope.relations()[i].schema_known) left = i;
    }
    BoundExpressionPtr sides[2];
    const int relations[2] = {left < 0 ? 0 : left, step->relation};
    for (int side : {0, 1}) {
      ScopeRelation& relation = scope.relations()[relations[side]];
      if (!relation.schema_known) scope.Assume(relations[side], column.text);
      const int at = relation.schema.Find(column.text);
      if (at < 0) {
        context_->diagnostics
            ->Error("E2102", column.span,
                    fmt::format("unknown column '{}' in '{}'", column.text, relation.display_name()))
            .hint = ColumnsHint(relation);
        continue;
      }
      const Column found = relation.schema.columns[at];
      sides[side] = MakeColumn(scope.Use(relations[side], found), found.type, found.name, column.span);
    }
    if (sides[0] == nullptr || sides[1] == nullptr) continue;
    Result<BoundExpressionPtr> equal =
        MakeCall(*equals, {sides[0], sides[1]}, fmt::format("{0} = {0}", column.text), column.span);
    if (!equal.ok()) {
      context_->diagnostics->Error("E2301", column.span, equal.status().error().message);
      continue;
    }
    step->conditions.push_back(*equal);
    if (step->kind == sql::JoinKind::kLeftSemi) continue;
    const MergedColumn* earlier = scope.FindMerged(relations[0], column.text);
    if (earlier != nullptr) {
      auto& merged = const_cast<MergedColumn&>(*earlier);
      merged.relations.push_back(step->relation);
      if (step->kind == sql::JoinKind::kRight) merged.source = step->relation;
      if (step->kind == sql::JoinKind::kFull) merged.source = -1;
      continue;
    }
    const int source = step->kind == sql::JoinKind::kRight  ? step->relation
                       : step->kind == sql::JoinKind::kFull ? -1
                                                            : relations[0];
    scope.merged().push_back({column.text, {relations[0], step->relation}, source});
  }
}

/// Columns of the side that an outer join may leave without a row can be NULL from here on.
void FromBinder::MarkNullable(const JoinStep& step) {
  const bool left_may_lack = step.kind == sql::JoinKind::kRight || step.kind == sql::JoinKind::kFull;
  const bool right_may_lack = step.kind == sql::JoinKind::kLeft || step.kind == sql::JoinKind::kFull;
  for (int relation = 0; relation < step.relation && left_may_lack; ++relation) env_->scope->MakeNullable(relation);
  if (right_may_lack) env_->scope->MakeNullable(step.relation);
}

bool FromBinder::bounded() const {
  for (size_t i = 0; i < env_->scope->relations().size(); ++i) {
    if (!layout_.IsBounded(static_cast<int>(i))) return false;
  }
  return true;
}

BoundExpressionPtr FromBinder::DefaultTime(SourceSpan span, std::string* name) {
  if (env_->scope->relations().empty()) return nullptr;
  if (!joins_.empty()) {
    *name = "event time";
    return joins_.JoinedTime();
  }
  RelationTime time = layout_.DefaultTime(0, span);
  *name = std::move(time.name);
  return std::move(time.expression);
}

bool FromBinder::HasTime() const {
  if (env_->scope->relations().empty() || !joins_.empty()) return false;
  const ScopeRelation& relation = env_->scope->relations()[0];
  if (relation.relation == nullptr && relation.plan == nullptr) return false;
  if (relation.plan != nullptr) return relation.plan->event_time >= 0;
  // Messages carry their time; rows of a file only when a column holds it.
  return !relation.relation->bounded || !relation.relation->event_time_column.empty() ||
         !PropertyValue(relation.properties, "event.time.field").empty();
}

InputPlan FromBinder::Build(BoundExpressionPtr* where) {
  const Scope& scope = *env_->scope;
  if (scope.relations().empty()) {
    InputPlan input;
    input.mapping.assign(scope.columns().size(), -1);
    auto values = std::make_shared<ValuesNode>();
    values->bounded = true;
    values->rows.emplace_back();
    input.plan = values;
    return input;
  }
  if (joins_.empty() && scope.relations()[0].unnested == nullptr) return layout_.Build(0, time_);
  std::vector<BoundExpressionPtr> conditions;
  if (*where != nullptr) SplitConjuncts(*where, &conditions);
  const size_t written = conditions.size();
  InputPlan input = joins_.Build(&conditions, time_);
  if (conditions.size() < written) *where = JoinConjuncts(conditions, *context_->functions);
  return input;
}

}  // namespace velo::plan
