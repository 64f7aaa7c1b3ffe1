#include <algorithm>
#include <map>
#include <set>

#include "engine/plan/annotations/annotation_reader.h"
#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/from_binder.h"
#include "engine/plan/prepare.h"
#include "engine/plan/summary.h"
#include "engine/sql/lexer.h"
#include "engine/sql/printer.h"

namespace velo {
namespace plan {
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

/// Target of a CREATE that could not be parsed, so that readers of it are not blamed; empty when there is none.
std::string BrokenTarget(std::string_view text) {
  Diagnostics ignored;
  const sql::LexedText lexed = sql::Lex(text, &ignored);
  static constexpr std::string_view kFiller[] = {"CREATE", "OR",  "REPLACE", "STREAM", "TABLE", "VIEW",
                                                 "IF",     "NOT", "EXISTS",  "START",  "JOB",   "AS"};
  bool create = false;
  for (size_t i = 0; i < lexed.tokens.size(); ++i) {
    const std::string word = UpperCase(lexed.tokens[i].text);
    create = create || word == "CREATE";
    if (std::find(std::begin(kFiller), std::end(kFiller), word) != std::end(kFiller)) continue;
    if (!create) return "";
    std::string name = lexed.tokens[i].text;
    // price-movements is several tokens without space between them.
    for (size_t next = i + 1; next < lexed.tokens.size(); ++next) {
      if (lexed.tokens[next].span.offset != lexed.tokens[next - 1].span.end() || lexed.tokens[next].Is("(")) break;
      name += lexed.tokens[next].text;
    }
    return name;
  }
  return "";
}

class ScriptAnalyser {
 public:
  ScriptAnalyser(std::string_view text, Catalog* catalog, const FunctionRegistry& functions, Diagnostics* diagnostics)
      : text_(text), functions_(functions), diagnostics_(diagnostics), catalog_(catalog) {}

  ScriptReport Analyse() {
    const size_t errors_before = diagnostics_->error_count();
    script_ = sql::ParseScript(text_, diagnostics_);
    ScriptReport report;
    report.annotations = script_.annotations;
    size_t parsed = 0;
    for (size_t i = 0; i < script_.spans.size(); ++i) {
      const int32_t number = static_cast<int32_t>(i) + 1;
      StatementReport statement;
      statement.span = script_.spans[i];
      if (parsed < script_.statements.size() && script_.statement_numbers[parsed] == number) {
        diagnostics_->set_statement(number);
        AnalyseStatement(*script_.statements[parsed], &statement);
        ++parsed;
      } else {
        statement.valid = false;
        const std::string_view source = text_.substr(statement.span.offset, statement.span.length);
        statement.name = BrokenTarget(source);
        statement.kind = LowerCase(source.substr(0, source.find_first_of(" \t\r\n(")));
        if (!statement.name.empty()) broken_names_.insert(statement.name);
      }
      report.statements.push_back(std::move(statement));
    }
    diagnostics_->set_statement(0);
    report.application = ReadScriptAnnotations(script_.annotations, report.statements, functions_, diagnostics_);
    for (const Diagnostic& found : diagnostics_->items()) {
      if (found.severity != Severity::kError || found.statement < 1) continue;
      if (found.statement <= static_cast<int32_t>(report.statements.size()))
        report.statements[found.statement - 1].valid = false;
    }
    for (StatementReport& statement : report.statements) {
      if (!statement.valid) statement.prepared = nullptr;
    }
    diagnostics_->SortBySpan();
    report.valid = diagnostics_->error_count() == errors_before;
    return report;
  }

 private:
  BindingContext MakeContext() {
    BindingContext context;
    context.catalog = &catalog_;
    context.functions = &functions_;
    context.diagnostics = diagnostics_;
    context.views = &views_;
    context.broken_names = &broken_names_;
    for (const sql::Annotation& annotation : script_.annotations) {
      const bool application = annotation.statement == 0;
      if (application && annotation.name == "version") context.application_version = annotation.value;
      const bool mine = annotation.statement == diagnostics_->statement();
      if (!application && mine && annotation.name == "name") context.job_name = annotation.value;
    }
    return context;
  }

  /// Binds the query of a statement and fills the report. `bound` takes the shape of the result.
  bool AnalyseQuery(const sql::Query& query, BindingContext* context, StatementReport* report, BoundQuery* bound) {
    const size_t errors = diagnostics_->error_count();
    std::shared_ptr<PreparedQuery> prepared = Prepare(context, query, bound);
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

  void AnalyseStatement(const sql::Statement& statement, StatementReport* report) {
    const size_t errors = diagnostics_->error_count();
    switch (statement.kind) {
      case sql::StatementKind::kQuery: {
        report->kind = "select";
        BindingContext context = MakeContext();
        BoundQuery bound;
        AnalyseQuery(*static_cast<const sql::QueryStatement&>(statement).query, &context, report, &bound);
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
        AnalyseStatement(*static_cast<const sql::ExplainStatement&>(statement).body, report);
        report->kind = "explain";
        break;
      }
    }
    report->valid = diagnostics_->error_count() == errors;
  }

  void AnalyseCreate(const sql::CreateStatement& create, StatementReport* report) {
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
      catalog_.Put(std::move(relation));
      return;
    }
    if (create.what == sql::RelationWord::kView) views_[create.name] = create.query.get();
    BindingContext context = MakeContext();
    if (context.job_name.empty()) context.job_name = create.name;
    context.properties.push_back(&create.properties);
    BoundQuery bound;
    const bool valid = AnalyseQuery(*create.query, &context, report, &bound);
    for (const sql::Sink& sink : create.into) report->sinks.push_back(sink.name);
    if (create.what != sql::RelationWord::kView && report->sinks.empty()) report->sinks.push_back(create.name);
    if (!valid) {
      views_.erase(create.name);
      broken_names_.insert(create.name);
      return;
    }
    ApplyColumnList(create, &bound.visible);
    report->output = bound.visible;
    if (create.what == sql::RelationWord::kView) return;
    relation.schema = bound.visible;
    relation.schema_known = bound.schema_known;
    relation.bounded = bound.bounded;
    if (relation.key_columns.empty()) relation.key_columns = bound.key_columns;
    catalog_.Put(std::move(relation));
  }

  void DeclareColumns(const sql::CreateStatement& create, Relation* relation, StatementReport* report) {
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
  void ApplyColumnList(const sql::CreateStatement& create, Schema* schema) {
    if (create.columns.empty()) return;
    if (create.columns.size() != schema->columns.size()) {
      diagnostics_->Error("E2021", create.columns.front().name.span,
                          fmt::format("{} columns are listed, but the query returns {}", create.columns.size(),
                                      schema->columns.size()));
      return;
    }
    for (size_t i = 0; i < create.columns.size(); ++i) {
      schema->columns[i].name = create.columns[i].name.text;
      if (create.columns[i].type.has_value())
        schema->columns[i].type = ResolveType(*create.columns[i].type, diagnostics_);
    }
  }

  void AnalyseInsert(const sql::InsertStatement& insert, StatementReport* report) {
    report->kind = "insert";
    report->name = insert.target.name;
    size_t given = 0;
    SourceSpan given_span = insert.target.span;
    bool known = true;
    if (insert.query != nullptr) {
      BindingContext context = MakeContext();
      context.properties.push_back(&insert.properties);
      BoundQuery bound;
      if (!AnalyseQuery(*insert.query, &context, report, &bound)) return;
      given = bound.visible.columns.size();
      given_span = insert.query->span;
      known = bound.schema_known;
    } else {
      BindingContext context = MakeContext();
      Scope scope;
      Environment environment;
      environment.scope = &scope;
      ExpressionBinder binder(&context, &environment);
      for (const auto& row : insert.rows) {
        for (const sql::ExpressionPtr& value : row) binder.Bind(*value, Clause::kSelect);
        const bool differs = &row != &insert.rows.front() && row.size() != insert.rows.front().size();
        if (differs) {
          diagnostics_->Error(
              "E2021", row.front()->span,
              fmt::format("this row has {} values, the first has {}", row.size(), insert.rows.front().size()));
          return;
        }
      }
      if (!insert.rows.empty()) {
        given = insert.rows.front().size();
        if (given > 0) given_span = insert.rows.front().front()->span;
      }
    }
    report->sinks.push_back(insert.target.name);
    if (known) CheckTarget(insert, given, given_span);
  }

  void CheckTarget(const sql::InsertStatement& insert, size_t given, SourceSpan given_span) {
    Result<RelationPtr> target =
        insert.target.is_uri() ? Result<RelationPtr>(RelationPtr()) : catalog_.Find(insert.target.name, {});
    const bool known = target.ok() && *target != nullptr && (*target)->schema_known;
    if (known) {
      for (const sql::Identifier& column : insert.columns) {
        if ((*target)->schema.Find(column.text) >= 0) continue;
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
    if (wanted == given) return;
    diagnostics_->Error("E2021", given_span,
                        fmt::format("{} value{} for {} column{} of '{}'", given, given == 1 ? "" : "s", wanted,
                                    wanted == 1 ? "" : "s", insert.target.name));
  }

  /// Scope with one named relation, for UPDATE and DELETE.
  void CheckRowCondition(const std::string& name, SourceSpan span, const std::vector<const sql::Expression*>& values,
                         const sql::Expression* where) {
    BindingContext context = MakeContext();
    Scope scope;
    Environment environment;
    environment.scope = &scope;
    sql::TableReference table;
    table.name = name;
    table.name_span = table.span = span;
    std::vector<sql::TableReference> from;
    from.push_back(std::move(table));
    FromBinder(&context, &environment).Bind(from, {});
    ExpressionBinder binder(&context, &environment);
    for (const sql::Expression* value : values) binder.Bind(*value, Clause::kWhere);
    if (where != nullptr) binder.BindBoolean(*where, Clause::kWhere, "WHERE");
  }

  void AnalyseUpdate(const sql::UpdateStatement& update, StatementReport* report) {
    report->kind = "update";
    report->name = update.name;
    std::vector<const sql::Expression*> values;
    for (const auto& [column, value] : update.assignments) values.push_back(value.get());
    CheckRowCondition(update.name, update.name_span, values, update.where.get());
    Result<RelationPtr> target = catalog_.Find(update.name, {});
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

  void AnalyseDelete(const sql::DeleteStatement& remove, StatementReport* report) {
    report->kind = "delete";
    report->name = remove.name;
    CheckRowCondition(remove.name, remove.name_span, {}, remove.where.get());
    if (remove.where == nullptr) {
      diagnostics_->Warning("W2601", remove.span,
                            fmt::format("DELETE without WHERE removes every row of '{}'", remove.name));
    }
  }

  void AnalyseJob(const sql::JobStatement& job, StatementReport* report) {
    static constexpr std::string_view kVerbs[] = {"start_job",  "stop_job",   "pause_job",
                                                  "resume_job", "deploy_job", "rollback_job"};
    if (job.body != nullptr) AnalyseStatement(*job.body, report);
    report->kind = kVerbs[static_cast<size_t>(job.verb)];
    report->name = job.name;
  }

  void AnalyseDescribe(const sql::DescribeStatement& describe, StatementReport* report) {
    report->kind = "describe";
    report->name = describe.name;
    Result<RelationPtr> found = catalog_.Find(describe.name, {});
    if (found.ok() && *found != nullptr) {
      report->output = (*found)->schema;
    } else if (found.ok()) {
      diagnostics_->Warning("W3001", describe.name_span, fmt::format("'{}' is not connected yet", describe.name));
    } else {
      diagnostics_->Warning("E3022", describe.name_span, found.status().error().message).hint =
          found.status().error().hint;
    }
  }

  std::string_view text_;
  const FunctionRegistry& functions_;
  Diagnostics* diagnostics_;
  MemoryCatalog catalog_;
  sql::Script script_;
  std::map<std::string, const sql::Query*> views_;
  std::set<std::string> broken_names_;
};

}  // namespace
}  // namespace plan

ScriptReport AnalyseScript(std::string_view text, Catalog* catalog, const FunctionRegistry& functions,
                           Diagnostics* diagnostics) {
  return plan::ScriptAnalyser(text, catalog, functions, diagnostics).Analyse();
}

}  // namespace velo
