#include <fmt/format.h>

#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {

StatementPtr Parser::ParseCreate() {
  AcceptWord("CREATE");
  auto create = std::make_unique<CreateStatement>();
  if (AcceptWord("OR")) {
    if (!ExpectWord("REPLACE", "CREATE OR")) return nullptr;
    create->or_replace = true;
  }
  if (AtWord("TEMPORARY") || AtWord("TEMP")) {
    create->temporary = AcceptWord("TEMPORARY") || AcceptWord("TEMP");
  }
  if (!ParseRelationWord(&create->what, "CREATE", true)) return nullptr;
  if (AtWords("IF", "NOT") || AtWords("IF", "EXISTS")) {
    AcceptWord("IF");
    if (!ExpectWord("NOT", "IF") || !ExpectWord("EXISTS", "IF NOT")) return nullptr;
    create->if_not_exists = true;
  }
  if (!ParseName(&create->name, &create->name_span, "a name after CREATE", false)) return nullptr;
  if (create->what != RelationWord::kView && AtSymbol("(") && !ParseColumnDefinitions(create.get())) return nullptr;
  if (!ParseCreateTail(create.get())) return nullptr;
  return create;
}

bool Parser::ParseCreateTail(CreateStatement* create) {
  const bool view = create->what == RelationWord::kView;
  while (!view) {
    if (AcceptWord("WITH")) {
      if (!ParseProperties(&create->properties)) return false;
    } else if (AcceptWord("INTO")) {
      if (!ParseSinkList(&create->into)) return false;
    } else if (AcceptWord("EMIT")) {
      if (!ParseEmit(&create->emit)) return false;
    } else {
      break;
    }
  }
  if (AcceptWord("AS")) {
    if (!AtQuery(0) && !RepairWord("SELECT after AS", {"SELECT"})) {
      Expected("a query after AS").hint = "CREATE STREAM name AS SELECT ...";
      return false;
    }
    create->query = ParseQuery();
    return create->query != nullptr;
  }
  if (AtWord("SELECT")) {
    Diagnostic& error = Expected("AS before SELECT");
    error.hint = fmt::format("CREATE ... {} AS SELECT ...", create->name);
    error.fixes.push_back({"insert AS", {{{Peek().span.offset, 0}, "AS "}}});
    ParseQuery();
    return false;
  }
  if (AtEnd() && !view) return true;
  Expected(view ? "AS and a query" : "'(' with columns, WITH, INTO, EMIT or AS");
  return false;
}

bool Parser::ParseColumnDefinitions(CreateStatement* create) {
  AcceptSymbol("(");
  do {
    if (!ParseColumnDefinition(create)) return false;
  } while (AcceptSymbol(","));
  if (AcceptSymbol(")")) return true;
  Expected("a comma or ')' in the list of columns");
  return false;
}

bool Parser::ParseColumnDefinition(CreateStatement* create) {
  if (AtWords("PRIMARY", "KEY") && AtSymbol("(", 2)) {
    AcceptWords("PRIMARY", "KEY");
    if (!ParseIdentifierList(&create->primary_key)) return false;
    if (AtWords("NOT", "ENFORCED")) AcceptWords("NOT", "ENFORCED");
    return true;
  }
  if (AtWords("WATERMARK", "FOR")) return ParseWatermark(create);
  ColumnDefinition column;
  if (!ParseIdentifier(&column.name, "a column name")) return false;
  const bool attribute = AtAnyWord({"PRIMARY", "KEY", "DEFAULT", "WATERMARK", "COMMENT", "CHECK"});
  if (Peek().kind == TokenKind::kWord && !Peek().reserved && !attribute) {
    TypeName type;
    if (!ParseType(&type)) return false;
    column.type = std::move(type);
  }
  while (!AtSymbol(",") && !AtSymbol(")")) {
    if (!ParseColumnAttribute(create, &column)) return false;
  }
  create->columns.push_back(std::move(column));
  return true;
}

bool Parser::ParseColumnAttribute(CreateStatement* create, ColumnDefinition* column) {
  if (AcceptWords("PRIMARY", "KEY") || AcceptWord("KEY")) {
    column->primary_key = true;
    return true;
  }
  if (AcceptWords("NOT", "NULL")) {
    column->not_null = true;
    return true;
  }
  if (AcceptWord("NULL")) return true;
  if (AcceptWord("DEFAULT")) {
    column->default_value = ParseExpression();
    return column->default_value != nullptr;
  }
  if (AtWords("WATERMARK", "FOR")) return ParseWatermark(create);
  if (AcceptWord("COMMENT")) return ParseText(&column->comment, "a comment in quotes");
  if (AcceptWord("CHECK")) {
    if (!ExpectSymbol("(", "after CHECK")) return false;
    column->check = ParseExpression();
    return column->check != nullptr && ExpectSymbol(")", "after the condition of CHECK");
  }
  Diagnostic& error = Expected("a comma, a type or PRIMARY KEY, NOT NULL, DEFAULT");
  if (Peek().kind == TokenKind::kWord && !Peek().reserved)
    error.hint = fmt::format("missing comma before {}?", Peek().text);
  return false;
}

bool Parser::ParseWatermark(CreateStatement* create) {
  static constexpr std::string_view kForm = "WATERMARK FOR ts AS ts - INTERVAL '5' SECOND";
  AcceptWords("WATERMARK", "FOR");
  if (!ParseIdentifier(&create->watermark_column, "a time column after WATERMARK FOR")) return false;
  if (!ExpectWord("AS", create->watermark_column.text)) return false;
  Identifier again;
  if (!ParseIdentifier(&again, "the time column again")) return false;
  if (!(again == create->watermark_column)) {
    Report("E1005", again.span, fmt::format("expected {} again, found '{}'", create->watermark_column.text, again.text))
        .hint = std::string(kForm);
    return false;
  }
  create->watermark_delay.emplace();
  if (!AcceptSymbol("-")) return true;
  return ParseDurationValue(&*create->watermark_delay, "a delay such as INTERVAL '5' SECOND");
}

}  // namespace velo::sql
