#include <fmt/format.h>

#include <algorithm>

#include "engine/sql/printer_internal.h"

namespace velo::sql {
namespace {

std::string_view WordOf(RelationWord word) {
  return word == RelationWord::kStream ? "STREAM" : word == RelationWord::kTable ? "TABLE" : "VIEW";
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void Printer::PrintStatement(const Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kQuery:
      return PrintQuery(*static_cast<const QueryStatement&>(statement).query);
    case StatementKind::kCreate:
      return Create(static_cast<const CreateStatement&>(statement));
    case StatementKind::kInsert:
      return Insert(static_cast<const InsertStatement&>(statement));
    case StatementKind::kUpdate:
      return Update(static_cast<const UpdateStatement&>(statement));
    case StatementKind::kDelete: {
      const auto& item = static_cast<const DeleteStatement&>(statement);
      Keyword("DELETE FROM ");
      Text(QuoteRelation(item.name));
      if (item.where != nullptr) Condition("WHERE ", *item.where);
      return;
    }
    case StatementKind::kDrop: {
      const auto& drop = static_cast<const DropStatement&>(statement);
      Keyword(fmt::format("DROP {} {}", WordOf(drop.what), drop.if_exists ? "IF EXISTS " : ""));
      Text(QuoteRelation(drop.name));
      if (drop.cascade) Keyword(" CASCADE");
      return;
    }
    case StatementKind::kAlter:
      return Alter(static_cast<const AlterStatement&>(statement));
    case StatementKind::kJob:
      return Job(static_cast<const JobStatement&>(statement));
    case StatementKind::kShow:
      return Show(static_cast<const ShowStatement&>(statement));
    case StatementKind::kDescribe: {
      const auto& describe = static_cast<const DescribeStatement&>(statement);
      Keyword(describe.extended ? "DESCRIBE EXTENDED " : "DESCRIBE ");
      return Text(QuoteRelation(describe.name));
    }
    case StatementKind::kExplain:
      return Explain(static_cast<const ExplainStatement&>(statement));
  }
}

void Printer::ColumnText(const ColumnDefinition& column) {
  Text(QuoteIdentifier(column.name.text));
  if (column.type) {
    Text(" ");
    TypeText(*column.type);
  }
  if (column.primary_key) Keyword(" PRIMARY KEY");
  if (column.not_null) Keyword(" NOT NULL");
  if (column.default_value != nullptr) {
    Keyword(" DEFAULT ");
    PrintExpression(*column.default_value);
  }
  if (column.check != nullptr) {
    Keyword(" CHECK (");
    PrintExpression(*column.check);
    Text(")");
  }
  if (column.comment.empty()) return;
  Keyword(" COMMENT ");
  Text(QuoteString(column.comment));
}

void Printer::Create(const CreateStatement& create) {
  Keyword(fmt::format("CREATE {}{}{} {}", create.or_replace ? "OR REPLACE " : "", create.temporary ? "TEMPORARY " : "",
                      WordOf(create.what), create.if_not_exists ? "IF NOT EXISTS " : ""));
  Text(QuoteRelation(create.name));
  std::vector<std::string> entries;
  for (const ColumnDefinition& column : create.columns) {
    entries.push_back(Flat([&](Printer& printer) { printer.ColumnText(column); }));
  }
  if (!create.primary_key.empty()) {
    entries.push_back(Flat([&](Printer& printer) {
      printer.Keyword("PRIMARY KEY ");
      printer.Names(create.primary_key);
    }));
  }
  if (create.watermark_delay) {
    entries.push_back(Flat([&](Printer& printer) {
      const std::string column = QuoteIdentifier(create.watermark_column.text);
      printer.Keyword("WATERMARK FOR ");
      printer.Text(column);
      printer.Keyword(" AS ");
      printer.Text(column);
      if (create.watermark_delay->TotalMilliseconds() != 0)
        printer.Keyword(" - " + PrintDuration(*create.watermark_delay));
    }));
  }
  if (!entries.empty()) {
    const std::string flat = fmt::format(" ({})", fmt::join(entries, ", "));
    if (!options_.clause_per_line || static_cast<int>(flat.size()) <= Room()) {
      Text(flat);
    } else {
      Text(fmt::format(" (\n{0:{1}}  {2}\n{0:{1}})", "", indent_,
                       fmt::join(entries, fmt::format(",\n{:{}}  ", "", indent_))));
    }
  }
  if (!create.into.empty()) {
    Clause("INTO ");
    Sinks(create.into);
  }
  Emit(create.emit);
  if (!create.properties.empty()) {
    if (!create.into.empty() && create.into.back().properties.empty() && create.emit == EmitMode::kDefault)
      Clause("WITH ()");
    Clause("WITH ");
    PropertyList(create.properties);
  }
  if (create.query == nullptr) return;
  if (create.into.empty() && create.emit == EmitMode::kDefault && create.properties.empty()) {
    Keyword(" AS");
  } else {
    Clause("AS");
  }
  Clause("");
  PrintQuery(*create.query);
}

void Printer::Insert(const InsertStatement& insert) {
  Keyword("INSERT INTO ");
  Text(QuoteRelation(insert.target.name));
  if (!insert.target.properties.empty()) {
    Keyword(" WITH ");
    PropertyList(insert.target.properties);
  }
  if (!insert.columns.empty()) {
    Text(" ");
    Names(insert.columns);
  }
  if (insert.query != nullptr) {
    Clause("");
    PrintQuery(*insert.query);
  } else {
    Clause("VALUES ");
    const int before = std::exchange(indent_, Column());
    for (const std::vector<ExpressionPtr>& row : insert.rows) {
      if (&row != &insert.rows.front()) {
        Text(",");
        Clause("");
      }
      Text("(");
      Expressions(row);
      Text(")");
    }
    indent_ = before;
  }
  if (insert.properties.empty()) return;
  Clause("WITH ");
  PropertyList(insert.properties);
}

void Printer::Update(const UpdateStatement& update) {
  Keyword("UPDATE ");
  Text(QuoteRelation(update.name));
  Clause("SET ");
  List(update.assignments, [this](const std::pair<Identifier, ExpressionPtr>& assignment) {
    Text(QuoteIdentifier(assignment.first.text) + " = ");
    PrintExpression(*assignment.second);
  });
  if (update.where != nullptr) Condition("WHERE ", *update.where);
}

void Printer::Alter(const AlterStatement& alter) {
  Keyword(fmt::format("ALTER {} ", WordOf(alter.what)));
  Text(QuoteRelation(alter.name));
  switch (alter.action) {
    case AlterStatement::Action::kPause:
      return Keyword(" PAUSE");
    case AlterStatement::Action::kResume:
      return Keyword(" RESUME");
    case AlterStatement::Action::kResetOffset: {
      Keyword(" RESET OFFSET TO ");
      const bool as_is = IsNumber(alter.offset) || alter.offset.starts_with("TIMESTAMP '");
      return Text(as_is ? alter.offset : QuoteString(alter.offset));
    }
    case AlterStatement::Action::kSet:
      Keyword(" SET ");
      return PropertyList(alter.properties);
  }
}

void Printer::Job(const JobStatement& job) {
  using Verb = JobStatement::Verb;
  static constexpr std::string_view kVerbs[] = {"START", "STOP", "PAUSE", "RESUME", "DEPLOY", "ROLLBACK"};
  Keyword(fmt::format("{} JOB ", kVerbs[static_cast<size_t>(job.verb)]));
  Text(QuoteRelation(job.name));
  if (job.force) Keyword(" FORCE");
  if (!job.version.empty()) {
    Keyword(job.verb == Verb::kRollback ? " TO VERSION " : " VERSION ");
    Text(QuoteString(job.version));
  }
  if (job.body == nullptr) return;
  Keyword(" AS");
  Clause("");
  PrintStatement(*job.body);
  if (job.verb == Verb::kDeploy) {
    using Strategy = JobStatement::Strategy;
    if (job.strategy == Strategy::kCanary) {
      Clause(fmt::format("STRATEGY CANARY({})", job.canary_percent));
    } else if (job.strategy != Strategy::kBlueGreen || !job.properties.empty()) {
      Clause(job.strategy == Strategy::kBlueGreen ? "STRATEGY BLUE_GREEN"
             : job.strategy == Strategy::kRolling ? "STRATEGY ROLLING"
                                                  : "STRATEGY REPLACE");
    }
  }
  if (job.properties.empty()) return;
  Clause("WITH ");
  PropertyList(job.properties);
}

void Printer::Show(const ShowStatement& show) {
  Keyword("SHOW " + show.what);
  const bool needs_for = show.what == "STATUS" || show.what == "METRICS" || show.what == "VERSIONS";
  if (!show.name.empty()) {
    Keyword(needs_for ? " FOR " : " ");
    Text(QuoteRelation(show.name));
  }
  if (show.pattern.empty()) return;
  Keyword(" LIKE ");
  Text(QuoteString(show.pattern));
}

void Printer::Explain(const ExplainStatement& explain) {
  using Mode = ExplainStatement::Mode;
  Keyword(explain.mode == Mode::kAnalyze   ? "EXPLAIN ANALYZE"
          : explain.mode == Mode::kVerbose ? "EXPLAIN VERBOSE"
          : explain.mode == Mode::kPlan    ? "EXPLAIN PLAN"
                                           : "EXPLAIN");
  Clause("");
  PrintStatement(*explain.body);
}

}  // namespace velo::sql
