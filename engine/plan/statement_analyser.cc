#include <algorithm>

#include "engine/plan/annotations/annotation_reader.h"
#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/from_binder.h"
#include "engine/plan/prepare.h"
#include "engine/plan/properties/property_checks.h"
#include "engine/plan/statement_analyser.h"
#include "engine/plan/statement_sinks.h"
#include "engine/plan/summary.h"
#include "engine/sql/printer.h"

namespace velo::plan {
namespace {

std::string_view WindowTypeName(WindowType type) {
  switch (type) {
    case WindowType::kTumbling:
      return "tumbling";
    case WindowType::kSliding:
      return "sliding";
    case WindowType::kSession:
      return "session";
  }
  return "";
}

std::string_view WordOf(sql::RelationWord word) {
  switch (word) {
    case sql::RelationWord::kStream:
      return "stream";
    case sql::RelationWord::kTable:
      return "table";
    case sql::RelationWord::kView:
      return "view";
  }
  return "";
}

}  // namespace

BindingContext StatementAnalyser::MakeContext() {
  BindingContext context;
  context.catalog = catalog_;
  context.functions = &functions_;
  context.diagnostics = diagnostics_;
  context.views = &views_;
  context.broken_names = &broken_names_;
  if (!attached_.empty()) context.properties.push_back(&attached_);
  if (annotations_ == nullptr) return context;
  for (const sql::Annotation& annotation : *annotations_) {
    const bool application = annotation.statement == 0;
    if (application && annotation.name == "version") context.application_version = annotation.value;
    const bool mine = annotation.statement == diagnostics_->statement();
    if (!application && mine && annotation.name == "name") context.job_name = annotation.value;
  }
  return context;
}

const sql::Query* StatementAnalyser::FindView(const std::string& name) const {
  const auto at = views_.find(name);
  return at == views_.end() ? nullptr : at->second;
}

/// The query with the emit mode that its statement or its annotations give it; the query itself where they say nothing.
const sql::Query& StatementAnalyser::WithEmit(const sql::Query& query, sql::EmitMode of_statement) {
  if (query.emit != sql::EmitMode::kDefault) return query;
  const sql::EmitMode mode = of_statement != sql::EmitMode::kDefault ? of_statement : default_emit_;
  if (mode == sql::EmitMode::kDefault) return query;
  rewritten_.push_back(sql::Clone(query));
  rewritten_.back()->emit = mode;
  return *rewritten_.back();
}

/// Whether every row of the query is made of one record, whose message key then is its own (dialect 4.13).
bool StatementAnalyser::MayCarryKey(const sql::Query& query) {
  if (query.body.select == nullptr || !query.common_tables.empty()) return false;
  const sql::SelectCore& core = *query.body.select;
  const bool plain = !core.distinct && core.group_by.empty() && !core.window.has_value() && core.having == nullptr &&
                     core.from.size() == 1 && core.from[0].joins.empty() &&
                     core.from[0].kind == sql::TableReference::Kind::kRelation && !views_.contains(core.from[0].name);
  if (!plain) return false;
  for (const sql::SelectItem& item : core.items) {
    if (item.primary_key || ContainsAggregate(*item.expression, functions_)) return false;
    bool names_key = item.alias.text == kKeyColumn;
    VisitExpressions(*item.expression, [&](const sql::Expression& node) {
      names_key |= node.kind == sql::ExpressionKind::kColumn &&
                   LowerCase(static_cast<const sql::ColumnReference&>(node).parts.back().text) == kKeyColumn;
      return true;
    });
    if (names_key) return false;
  }
  const Result<RelationPtr> relation = catalog_->Find(core.from[0].name, {});
  // Files have no keys.
  return relation.ok() && *relation != nullptr && !(*relation)->uri.starts_with("file:");
}

/// Binds a query with the key of its records as a hidden column; null when that cannot be bound.
std::shared_ptr<PreparedQuery> StatementAnalyser::PrepareWithKey(const sql::Query& query, BindingContext* context,
                                                                 BoundQuery* bound) {
  sql::QueryPtr keyed = sql::Clone(query);
  sql::SelectItem item;
  auto reference = std::make_unique<sql::ColumnReference>(query.span);
  reference->parts.push_back({std::string(kKeyColumn), query.span});
  item.expression = std::move(reference);
  item.alias = {std::string(kKeyColumn), query.span};
  item.span = query.span;
  keyed->body.select->items.push_back(std::move(item));
  std::shared_ptr<PreparedQuery> prepared = Prepare(context, *keyed, bound, {.event_time = true, .headers = true});
  if (prepared == nullptr || prepared->output.columns.back().name != kKeyColumn) return nullptr;
  prepared->raw_key = static_cast<int>(prepared->output.columns.size()) - 1;
  prepared->output.columns.pop_back();
  prepared->sql = sql::Print(query);
  bound->visible.columns.pop_back();
  if (!bound->fields.empty()) bound->fields.pop_back();
  return prepared;
}

/// Binds a query whose result others read by name: its rows carry their event time where the input has one.
std::shared_ptr<PreparedQuery> StatementAnalyser::PrepareForReaders(const sql::Query& query, BindingContext* context,
                                                                    BoundQuery* bound) {
  Diagnostics trial;
  trial.set_statement(diagnostics_->statement());
  BindingContext with_time = *context;
  with_time.diagnostics = &trial;
  std::shared_ptr<PreparedQuery> prepared;
  if (MayCarryKey(query)) prepared = PrepareWithKey(query, &with_time, bound);
  if (prepared == nullptr) {
    trial = Diagnostics();
    trial.set_statement(diagnostics_->statement());
    with_time = *context;
    with_time.diagnostics = &trial;
    prepared = Prepare(&with_time, query, bound, {.event_time = true, .headers = true});
  }
  if (prepared == nullptr) return Prepare(context, query, bound);
  diagnostics_->AddAll(trial.items());
  with_time.diagnostics = diagnostics_;
  *context = std::move(with_time);
  return prepared;
}

/// Binds the query of a statement and fills the report. `bound` takes the shape of the result.
bool StatementAnalyser::AnalyseQuery(const sql::Query& query, BindingContext* context, StatementReport* report,
                                     BoundQuery* bound, bool for_readers) {
  const size_t errors = diagnostics_->error_count();
  std::shared_ptr<PreparedQuery> prepared =
      for_readers && carries_event_time_ ? PrepareForReaders(query, context, bound) : Prepare(context, query, bound);
  report->sources = context->sources;
  report->joins = context->joins;
  report->inferred = context->inferred;
  for (const sql::Sink& sink : query.into) report->sinks.push_back(sink.name);
  report->output = bound->visible;
  report->fields = bound->fields;
  report->group_by = bound->group_by;
  report->key_columns = bound->key_columns;
  report->bounded = bound->bounded;
  report->emit_mode = bound->emit_changes ? "Changes" : "Final";
  if (bound->window.has_value()) {
    report->window_type = WindowTypeName(bound->window->type);
    report->window_size_ms = bound->window->size_ms;
    report->window_advance_ms = bound->window->advance_ms;
  }
  report->valid = diagnostics_->error_count() == errors;
  if (!report->valid) return false;
  report->summary = Summarise(query, *bound, report->sources);
  report->short_summary = SummariseShortly(*bound);
  if (prepared != nullptr && prepared->not_runnable_code == "E3090") {
    diagnostics_->Info("E3090", query.span, prepared->not_runnable_reason);
  }
  report->prepared = std::move(prepared);
  return true;
}

void StatementAnalyser::Analyse(const sql::Statement& statement, Diagnostics* diagnostics, StatementReport* report) {
  diagnostics_ = diagnostics;
  attached_ = AttachedProperties(statement);
  default_emit_ =
      annotations_ == nullptr ? sql::EmitMode::kDefault : AnnotatedEmitMode(*annotations_, diagnostics->statement());
  AnalyseStatement(statement, report);
  CheckProperties(statement, *report, diagnostics);
}

void StatementAnalyser::AnalyseStatement(const sql::Statement& statement, StatementReport* report) {
  const size_t errors = diagnostics_->error_count();
  switch (statement.kind) {
    case sql::StatementKind::kQuery: {
      report->kind = "select";
      BindingContext context = MakeContext();
      BoundQuery bound;
      const sql::Query& query = *static_cast<const sql::QueryStatement&>(statement).query;
      AnalyseQuery(WithEmit(query, sql::EmitMode::kDefault), &context, report, &bound, !query.into.empty());
      break;
    }
    case sql::StatementKind::kCreate:
      AnalyseCreate(static_cast<const sql::CreateStatement&>(statement), report);
      break;
    case sql::StatementKind::kInsert:
      AnalyseInsert(static_cast<const sql::InsertStatement&>(statement), report);
      break;
    case sql::StatementKind::kUpdate:
      AnalyseUpdate(static_cast<const sql::UpdateStatement&>(statement), report);
      break;
    case sql::StatementKind::kDelete:
      AnalyseDelete(static_cast<const sql::DeleteStatement&>(statement), report);
      break;
    case sql::StatementKind::kDrop: {
      const auto& drop = static_cast<const sql::DropStatement&>(statement);
      report->kind = fmt::format("drop_{}", WordOf(drop.what));
      report->name = drop.name;
      break;
    }
    case sql::StatementKind::kAlter: {
      const auto& alter = static_cast<const sql::AlterStatement&>(statement);
      report->kind = fmt::format("alter_{}", WordOf(alter.what));
      report->name = alter.name;
      break;
    }
    case sql::StatementKind::kJob:
      AnalyseJob(static_cast<const sql::JobStatement&>(statement), report);
      break;
    case sql::StatementKind::kShow: {
      const auto& show = static_cast<const sql::ShowStatement&>(statement);
      report->kind = "show";
      report->name = show.name;
      break;
    }
    case sql::StatementKind::kDescribe:
      AnalyseDescribe(static_cast<const sql::DescribeStatement&>(statement), report);
      break;
    case sql::StatementKind::kExplain: {
      // Looking at a statement makes nothing.
      MemoryCatalog scratch(catalog_);
      MemoryCatalog* const catalog = std::exchange(catalog_, &scratch);
      const auto views = views_;
      const bool carries_event_time = std::exchange(carries_event_time_, false);
      AnalyseStatement(*static_cast<const sql::ExplainStatement&>(statement).body, report);
      catalog_ = catalog;
      views_ = views;
      carries_event_time_ = carries_event_time;
      report->kind = "explain";
      break;
    }
  }
  report->valid = diagnostics_->error_count() == errors;
}

void StatementAnalyser::AnalyseCreate(const sql::CreateStatement& create, StatementReport* report) {
  report->kind = fmt::format("create_{}", WordOf(create.what));
  report->name = create.name;
  Relation relation;
  relation.name = create.name;
  relation.kind = create.what == sql::RelationWord::kTable ? RelationKind::kTable : RelationKind::kStream;
  for (const sql::Property& property : create.properties)
    relation.properties.emplace_back(property.key, property.value);
  for (const sql::Identifier& key : create.primary_key) relation.key_columns.push_back(key.text);
  relation.event_time_column = create.watermark_column.text;
  for (const sql::ColumnDefinition& column : create.columns) {
    if (column.primary_key) relation.key_columns.push_back(column.name.text);
  }
  if (create.query == nullptr) {
    DeclareColumns(create, &relation, report);
    catalog_->Put(std::move(relation));
    return;
  }
  const bool view = create.what == sql::RelationWord::kView;
  const sql::Query& query = view ? *create.query : WithEmit(*create.query, create.emit);
  BindingContext context = MakeContext();
  if (context.job_name.empty()) context.job_name = create.name;
  context.properties.push_back(&create.properties);
  BoundQuery bound;
  const bool valid = AnalyseQuery(query, &context, report, &bound, !view);
  // A view is known only now, so that it cannot name itself.
  if (view) views_[create.name] = create.query.get();
  for (const sql::Sink& sink : create.into) report->sinks.push_back(sink.name);
  if (!view && report->sinks.empty()) report->sinks.push_back(create.name);
  if (!valid) {
    views_.erase(create.name);
    broken_names_.insert(create.name);
    return;
  }
  ApplyColumnList(create, &bound.visible, report);
  report->output = bound.visible;
  if (view) return;
  relation.schema = bound.visible;
  relation.schema_known = bound.schema_known;
  relation.bounded = bound.bounded;
  if (relation.key_columns.empty()) relation.key_columns = report->key_columns;
  report->key_columns = relation.key_columns;
  catalog_->Put(std::move(relation));
}

void StatementAnalyser::DeclareColumns(const sql::CreateStatement& create, Relation* relation,
                                       StatementReport* report) {
  for (const sql::ColumnDefinition& column : create.columns) {
    const SqlType type = column.type.has_value() ? ResolveType(*column.type, diagnostics_) : SqlType(TypeKind::kAny);
    if (relation->schema.Find(column.name.text) >= 0) {
      diagnostics_->Error("E2103", column.name.span, fmt::format("column '{}' is declared twice", column.name.text));
      continue;
    }
    relation->schema.columns.push_back({column.name.text, type, !column.not_null && !column.primary_key});
  }
  relation->schema_known = !create.columns.empty();
  report->output = relation->schema;
  report->key_columns = relation->key_columns;
  declarations_[create.name] = &create;
  for (const std::string& key : relation->key_columns) {
    if (relation->schema_known && relation->schema.Find(key) < 0) {
      diagnostics_->Error("E2102", create.name_span, fmt::format("the key column '{}' is not declared", key));
    }
  }
  if (!create.watermark_column.empty() && relation->schema_known &&
      relation->schema.Find(create.watermark_column.text) < 0) {
    diagnostics_->Error("E2102", create.watermark_column.span,
                        fmt::format("unknown column '{}' in WATERMARK FOR", create.watermark_column.text));
  }
}

/// A column list with AS renames and casts by position (dialect 2.8).
void StatementAnalyser::ApplyColumnList(const sql::CreateStatement& create, Schema* schema, StatementReport* report) {
  if (create.columns.empty()) return;
  if (create.columns.size() != schema->columns.size()) {
    diagnostics_->Error(
        "E2021", create.columns.front().name.span,
        fmt::format("{} columns are listed, but the query returns {}", create.columns.size(), schema->columns.size()));
    return;
  }
  for (size_t i = 0; i < create.columns.size(); ++i) {
    schema->columns[i].name = create.columns[i].name.text;
    if (create.columns[i].type.has_value())
      schema->columns[i].type = ResolveType(*create.columns[i].type, diagnostics_);
  }
  for (std::string& key : report->key_columns) {
    const int position = report->output.Find(key);
    if (position >= 0) key = schema->columns[position].name;
  }
  if (report->prepared == nullptr) return;
  std::vector<ColumnSource> sources;
  for (size_t i = 0; i < schema->columns.size(); ++i) sources.push_back({static_cast<int>(i), nullptr});
  report->prepared = ConformTo(*report->prepared, *schema, sources, create.columns.front().name.span);
}

void StatementAnalyser::AnalyseJob(const sql::JobStatement& job, StatementReport* report) {
  static constexpr std::string_view kVerbs[] = {"start_job",  "stop_job",   "pause_job",
                                                "resume_job", "deploy_job", "rollback_job"};
  if (job.body != nullptr) AnalyseStatement(*job.body, report);
  report->kind = kVerbs[static_cast<size_t>(job.verb)];
  report->name = job.name;
}

void StatementAnalyser::AnalyseDescribe(const sql::DescribeStatement& describe, StatementReport* report) {
  report->kind = "describe";
  report->name = describe.name;
  Result<RelationPtr> found = catalog_->Find(describe.name, {});
  if (found.ok() && *found != nullptr) {
    report->output = (*found)->schema;
  } else if (found.ok()) {
    diagnostics_->Warning("W3001", describe.name_span, fmt::format("'{}' is not connected yet", describe.name));
  } else {
    diagnostics_->Warning("E3022", describe.name_span, found.status().error().message).hint =
        found.status().error().hint;
  }
}

}  // namespace velo::plan
