#include <fmt/format.h>

#include <array>

#include "engine/base/near_names.h"
#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {

StatementPtr Parser::ParseStatement() {
  NestingGuard guard(this);
  if (guard.TooDeep()) return nullptr;
  if (AtWord("SELECT") || AtWord("WITH") || (AtSymbol("(") && AtQuery(0))) {
    auto statement = std::make_unique<QueryStatement>();
    statement->query = ParseQuery();
    if (statement->query == nullptr) return nullptr;
    return statement;
  }
  if (AtWord("CREATE")) return ParseCreate();
  if (AtWord("INSERT")) return ParseInsert();
  if (AtWord("UPDATE")) return ParseUpdate();
  if (AtWord("DELETE")) return ParseDelete();
  if (AtWord("DROP")) return ParseDrop();
  if (AtWord("ALTER")) return ParseAlter();
  if (AtAnyWord({"START", "STOP", "PAUSE", "RESUME", "DEPLOY", "ROLLBACK"})) return ParseJob();
  if (AtAnyWord({"SHOW", "LIST"})) return ParseShow();
  if (AtAnyWord({"DESCRIBE", "DESC"})) return ParseDescribe();
  if (AtWord("EXPLAIN")) return ParseExplain();
  if (AtAnyWord({"MERGE", "TRUNCATE", "GRANT", "REVOKE", "USE", "SET", "BEGIN", "COMMIT", "CALL", "COPY", "PREPARE",
                 "EXECUTE", "VALUES"})) {
    Unsupported(UpperCase(Peek().text),
                "statements start with SELECT, CREATE, INSERT, SHOW, DESCRIBE, START JOB and the like", 1);
    return nullptr;
  }
  static constexpr std::string_view kWhat = "a statement such as SELECT, CREATE STREAM, INSERT, SHOW or DESCRIBE";
  if (RepairWord(kWhat, StatementWords())) return ParseStatement();
  Diagnostic& error = Expected(kWhat);
  if (AtWord("FROM")) error.hint = "SELECT comes before FROM";
  return nullptr;
}

StatementPtr Parser::ParseInsert() {
  AcceptWord("INSERT");
  if (!ExpectWord("INTO", "INSERT")) return nullptr;
  auto insert = std::make_unique<InsertStatement>();
  if (!ParseSink(&insert->target)) return nullptr;
  if (AtSymbol("(") && !AtQuery(1) && !ParseIdentifierList(&insert->columns)) return nullptr;
  if (AtWord("VALUES")) {
    if (!ParseRows(insert.get())) return nullptr;
  } else if (AtQuery(0)) {
    insert->query = ParseQuery();
    if (insert->query == nullptr) return nullptr;
  } else {
    if (RepairWord("SELECT or VALUES", {"SELECT", "VALUES"})) {
      if (AtWord("VALUES") ? ParseRows(insert.get()) : (insert->query = ParseQuery()) != nullptr) return insert;
      return nullptr;
    }
    Expected("SELECT or VALUES").hint = "INSERT INTO target SELECT ... or INSERT INTO target VALUES (1, 'a')";
    return nullptr;
  }
  while (AcceptWord("WITH")) {
    if (!ParseProperties(&insert->properties)) return nullptr;
  }
  return insert;
}

bool Parser::ParseRows(InsertStatement* insert) {
  AcceptWord("VALUES");
  double_is_string_ = true;
  do {
    std::vector<ExpressionPtr> row;
    if (!ExpectSymbol("(", "with the values of a row") || !ParseExpressionList(&row, ")")) return false;
    insert->rows.push_back(std::move(row));
  } while (AcceptSymbol(","));
  double_is_string_ = false;
  return true;
}

StatementPtr Parser::ParseUpdate() {
  AcceptWord("UPDATE");
  auto update = std::make_unique<UpdateStatement>();
  if (!ParseName(&update->name, &update->name_span, "the name of a table after UPDATE", false)) return nullptr;
  if (!ExpectWord("SET", "the table")) return nullptr;
  do {
    Identifier column;
    if (!ParseIdentifier(&column, "a column name")) return nullptr;
    if (!ExpectSymbol("=", "and the new value")) return nullptr;
    ExpressionPtr value = ParseExpression();
    if (value == nullptr) return nullptr;
    update->assignments.emplace_back(std::move(column), std::move(value));
  } while (AcceptSymbol(","));
  if (AcceptWord("WHERE")) {
    update->where = ParseExpression();
    if (update->where == nullptr) return nullptr;
  }
  return update;
}

StatementPtr Parser::ParseDelete() {
  AcceptWord("DELETE");
  if (!ExpectWord("FROM", "DELETE")) return nullptr;
  auto statement = std::make_unique<DeleteStatement>();
  if (!ParseName(&statement->name, &statement->name_span, "the name of a table after DELETE FROM", false))
    return nullptr;
  if (AcceptWord("WHERE")) {
    statement->where = ParseExpression();
    if (statement->where == nullptr) return nullptr;
  }
  return statement;
}

/// STREAM, TABLE or, with `views`, VIEW.
bool Parser::ParseRelationWord(RelationWord* word, std::string_view verb, bool views) {
  static constexpr std::array kForeign = std::to_array<std::string_view>(
      {"INDEX",        "SINK",    "SOURCE",    "FUNCTION",   "DATABASE", "SCHEMA",   "TYPE",
       "CONNECTOR",    "TOPIC",   "SEQUENCE",  "TRIGGER",    "USER",     "ROLE",     "EXTERNAL",
       "MATERIALIZED", "CATALOG", "AGGREGATE", "CONNECTION", "SECRET",   "PROCEDURE"});
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (AcceptWord("STREAM")) {
      *word = RelationWord::kStream;
      return true;
    }
    if (AcceptWord("TABLE")) {
      *word = RelationWord::kTable;
      return true;
    }
    if (views && AcceptWord("VIEW")) {
      *word = RelationWord::kView;
      return true;
    }
    for (const std::string_view foreign : kForeign) {
      if (!AtWord(foreign)) continue;
      const std::string_view hint =
          foreign == "MATERIALIZED" ? "CREATE TABLE name AS SELECT ... keeps its result"
          : foreign == "SINK"       ? "a sink is written INTO name, or as CREATE STREAM name AS SELECT ..."
          : foreign == "SOURCE"     ? "a source is declared with CREATE STREAM name (columns) WITH (...)"
                                    : "";
      return Unsupported(fmt::format("{} {}", verb, foreign), hint, 1);
    }
    const std::string what = fmt::format("STREAM{} after {}", views ? ", TABLE or VIEW" : " or TABLE", verb);
    std::vector<std::string> words = {"STREAM", "TABLE"};
    if (views) words.push_back("VIEW");
    if (attempt == 0 && RepairWord(what, words)) continue;
    Expected(what);
    return false;
  }
  return false;
}

StatementPtr Parser::ParseDrop() {
  AcceptWord("DROP");
  auto drop = std::make_unique<DropStatement>();
  if (!ParseRelationWord(&drop->what, "DROP", true)) return nullptr;
  if (AtWords("IF", "EXISTS")) drop->if_exists = AcceptWords("IF", "EXISTS");
  if (!ParseName(&drop->name, &drop->name_span, "a name after DROP", false)) return nullptr;
  drop->cascade = AcceptWord("CASCADE");
  return drop;
}

StatementPtr Parser::ParseAlter() {
  AcceptWord("ALTER");
  auto alter = std::make_unique<AlterStatement>();
  if (!ParseRelationWord(&alter->what, "ALTER", false)) return nullptr;
  if (!ParseName(&alter->name, &alter->name_span, "a name after ALTER", false)) return nullptr;
  if (AcceptWord("PAUSE")) {
    alter->action = AlterStatement::Action::kPause;
  } else if (AcceptWord("RESUME")) {
    alter->action = AlterStatement::Action::kResume;
  } else if (AcceptWord("RESET")) {
    alter->action = AlterStatement::Action::kResetOffset;
    if (!ExpectWord("OFFSET", "RESET") || !ExpectWord("TO", "RESET OFFSET")) return nullptr;
    const bool timestamp = AcceptWord("TIMESTAMP");
    if (!AtText() && (timestamp || Peek().kind != TokenKind::kInteger)) {
      Expected("a place such as 'earliest', 'latest', 1200 or TIMESTAMP '2025-04-01 09:30:00'");
      return nullptr;
    }
    alter->offset = timestamp ? fmt::format("TIMESTAMP '{}'", Peek().text) : Peek().text;
    Advance();
  } else if (AcceptWord("SET")) {
    alter->action = AlterStatement::Action::kSet;
    if (AtSymbol("(")) return ParseProperties(&alter->properties) ? std::move(alter) : nullptr;
    do {
      if (!ParseProperty(&alter->properties)) return nullptr;
    } while (AcceptSymbol(","));
  } else if (AtAnyWord({"ADD", "DROP", "ALTER", "RENAME", "MODIFY"})) {
    Unsupported(fmt::format("ALTER ... {} COLUMN", UpperCase(Peek().text)),
                "create the stream again with the columns it should have", 1);
    return nullptr;
  } else {
    Suggest(&Expected("PAUSE, RESUME, RESET OFFSET TO or SET"), {"PAUSE", "RESUME", "RESET", "SET"});
    return nullptr;
  }
  return alter;
}

StatementPtr Parser::ParseShow() {
  auto show = std::make_unique<ShowStatement>();
  tokens_[pos_].role = TokenRole::kKeyword;
  Advance();
  if (!ParseShowObject(show.get())) return nullptr;
  return show;
}

bool Parser::ParseShowObject(ShowStatement* show) {
  static const std::vector<std::string> kLists = {"STREAMS", "TABLES", "TOPICS", "FUNCTIONS", "JOBS",
                                                  "QUERIES", "VIEWS",  "SINKS",  "SOURCES"};
  const auto name = [&](std::string_view what, bool uri) {
    return ParseName(&show->name, &show->name_span, what, uri);
  };
  for (const std::string& list : kLists) {
    if (!AcceptWord(list)) continue;
    show->what = list;
    const bool like = AcceptWord("LIKE");
    return (!like && !AtText()) || ParseText(&show->pattern, "a pattern in quotes such as 'trade%'");
  }
  if (AtAnyWord({"JOB", "QUERY"}) && AtWord("VERSIONS", 1)) AcceptWord(AtWord("JOB") ? "JOB" : "QUERY");
  for (const std::string_view word : {"STATUS", "METRICS", "VERSIONS"}) {
    if (!AcceptWord(word)) continue;
    show->what = word;
    const bool required = AcceptWord("FOR") || word == "VERSIONS";
    return (!required && AtEnd()) || name("the name of a job", false);
  }
  for (const std::string_view word : {"SCHEMA", "PARTITIONS"}) {
    if (!AcceptWord(word)) continue;
    show->what = word;
    AcceptWord("FOR");
    return name("the name of a stream, table or topic", true);
  }
  if (AcceptWord("PROPERTIES")) {
    if (!AtAnyWord({"STREAM", "TABLE", "JOB", "QUERY"})) {
      Suggest(&Expected("STREAM, TABLE, JOB or QUERY and a name"), {"STREAM", "TABLE", "JOB", "QUERY"});
      return false;
    }
    show->what = "PROPERTIES " + UpperCase(Peek().text);
    AcceptWord(Peek().text);
    return name("a name", false);
  }
  if (AcceptWord("CREATE")) {
    RelationWord what = RelationWord::kStream;
    if (!ParseRelationWord(&what, "SHOW CREATE", true)) return false;
    show->what = what == RelationWord::kStream  ? "CREATE STREAM"
                 : what == RelationWord::kTable ? "CREATE TABLE"
                                                : "CREATE VIEW";
    return name("a name", false);
  }
  std::vector<std::string> words = kLists;
  words.insert(words.end(), {"STATUS", "VERSIONS", "METRICS", "SCHEMA", "PROPERTIES", "PARTITIONS", "CREATE"});
  if (RepairWord("what to show, such as STREAMS, TABLES, TOPICS, JOBS or FUNCTIONS", words))
    return ParseShowObject(show);
  Suggest(&Expected("what to show, such as STREAMS, TABLES, TOPICS, JOBS or FUNCTIONS"), words);
  return false;
}

StatementPtr Parser::ParseDescribe() {
  auto describe = std::make_unique<DescribeStatement>();
  tokens_[pos_].role = TokenRole::kKeyword;
  Advance();
  const bool last = Peek(1).kind == TokenKind::kEnd || AtSymbol(";", 1);
  const bool part_of_name = Adjacent(1) && (AtSymbol("-", 1) || AtSymbol(".", 1));
  if (AtAnyWord({"STREAM", "TABLE", "VIEW", "EXTENDED"}) && !last && !part_of_name) {
    describe->extended = AtWord("EXTENDED");
    AcceptWord(Peek().text);
  }
  if (!ParseName(&describe->name, &describe->name_span, "the name of a stream, table or topic", true)) return nullptr;
  return describe;
}

StatementPtr Parser::ParseExplain() {
  AcceptWord("EXPLAIN");
  auto explain = std::make_unique<ExplainStatement>();
  if (AcceptWord("ANALYZE")) {
    explain->mode = ExplainStatement::Mode::kAnalyze;
  } else if (AcceptWord("VERBOSE")) {
    explain->mode = ExplainStatement::Mode::kVerbose;
  } else if (AcceptWord("PLAN")) {
    explain->mode = ExplainStatement::Mode::kPlan;
    AcceptWord("FOR");
  }
  if (AtEnd()) {
    Expected("a statement after EXPLAIN").hint = "EXPLAIN SELECT ...";
    return nullptr;
  }
  const size_t start = pos_;
  explain->body = ParseStatement();
  if (explain->body == nullptr) return nullptr;
  explain->body->span = SpanSince(start);
  return explain;
}

}  // namespace velo::sql
