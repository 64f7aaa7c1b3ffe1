#include <fmt/format.h>

#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {

bool Parser::ParseFromList(std::vector<TableReference>* from) {
  do {
    TableReference table;
    if (!ParseTableWithJoins(&table)) return false;
    from->push_back(std::move(table));
  } while (AcceptSymbol(","));
  return true;
}

bool Parser::ParseTableWithJoins(TableReference* table) { return ParseTable(table) && ParseJoins(table); }

bool Parser::ParseTable(TableReference* table) {
  const size_t start = pos_;
  if (AtWord("LATERAL") && (AtSymbol("(", 1) || AtSymbol("(", 2))) AcceptWord("LATERAL");
  if (AtSymbol("(")) {
    if (!AtQuery(1)) {
      Advance();
      Expected("a query after '('").hint = "FROM (SELECT ...) AS name";
      return false;
    }
    table->kind = TableReference::Kind::kSubquery;
    table->subquery = ParseParenthesisedQuery();
    if (table->subquery == nullptr) return false;
  } else if (Peek().kind == TokenKind::kWord && !Peek().reserved && AtSymbol("(", 1)) {
    if (!ParseTableFunction(table)) return false;
  } else if (!ParseName(&table->name, &table->name_span, "the name of a stream, table, topic or file after FROM",
                        true)) {
    return false;
  }
  const bool relation = table->kind == TableReference::Kind::kRelation;
  const auto with = [&] { return !AtWord("WITH") || (AcceptWord("WITH") && ParseProperties(&table->properties)); };
  if (relation && !with()) return false;
  const bool had_properties = Previous().Is(")");
  if (!ParseAlias(&table->alias, true)) return false;
  const bool column_list = !table->alias.empty() && !relation && AtSymbol("(") && AtIdentifier(1);
  if (column_list && !ParseIdentifierList(&table->column_aliases)) return false;
  if (relation && (!had_properties || !table->alias.empty()) && !with()) return false;
  if (AtAnyWord({"MATCH_RECOGNIZE", "UNPIVOT", "PIVOT", "TABLESAMPLE"}) && AtSymbol("(", 1)) {
    return Unsupported(UpperCase(Peek().text), "", 1);
  }
  table->span = SpanSince(start);
  return true;
}

bool Parser::ParseTableFunction(TableReference* table) {
  const std::string name = UpperCase(Peek().text);
  if (name == "JSON_TABLE" || name == "GENERATE_SERIES" || name == "TABLE") return Unsupported(name + "(...)", "", 1);
  if ((name == "TUMBLE" || name == "HOP" || name == "SESSION" || name == "CUMULATE") && AtWord("TABLE", 2)) {
    return Unsupported(name + "(TABLE ...)", "use a WINDOW clause after WHERE: WINDOW TUMBLING(INTERVAL '5' MINUTE)",
                       1);
  }
  const size_t start = pos_;
  if (name == "KAFKA_TOPIC" && AtText(2) && AtSymbol(")", 3)) {
    table->name = "kafka://" + Peek(2).text;
    tokens_[pos_].role = TokenRole::kFunction;
    for (int i = 0; i < 4; ++i) Advance();
    table->name_span = SpanSince(start);
    return true;
  }
  table->kind = TableReference::Kind::kFunction;
  table->function = ParseCall();
  table->name_span = SpanSince(start);
  return table->function != nullptr;
}

bool Parser::ParseJoins(TableReference* table) {
  while (AtJoin()) {
    Join join;
    if (!ParseJoin(&join)) return false;
    table->joins.push_back(std::move(join));
  }
  return true;
}

bool Parser::ParseJoinType(Join* join) {
  if (AtWord("NATURAL")) {
    Report("E2013", Peek().span, "NATURAL JOIN is not supported").hint = "name the columns: JOIN b USING (id)";
    AcceptWord("NATURAL");
  }
  if (AcceptWord("CROSS")) {
    join->kind = JoinKind::kCross;
  } else if (AcceptWord("LEFT")) {
    join->kind = AcceptWord("SEMI") ? JoinKind::kLeftSemi : JoinKind::kLeft;
    if (join->kind == JoinKind::kLeft) AcceptWord("OUTER");
  } else if (AcceptWord("RIGHT")) {
    join->kind = JoinKind::kRight;
    AcceptWord("OUTER");
  } else if (AcceptWord("FULL")) {
    join->kind = JoinKind::kFull;
    AcceptWord("OUTER");
  } else {
    AcceptWord("INNER");
  }
  return ExpectWord("JOIN", "");
}

bool Parser::ParseJoin(Join* join) {
  const size_t start = pos_;
  if (!ParseJoinType(join)) return false;
  join->right = std::make_unique<TableReference>();
  if (!ParseTable(join->right.get())) return false;
  const auto within = [&] {
    if (!AtWord("WITHIN")) return true;
    join->within.emplace();
    return ParseWithin(&*join->within);
  };
  if (!within()) return false;
  if (AtWord("ON") && join->kind != JoinKind::kCross) {
    AcceptWord("ON");
    join->on = ParseExpression();
    if (join->on == nullptr) return false;
  } else if (AtWord("ON")) {
    Expected("a clause such as WHERE after CROSS JOIN").hint = "a join with a condition is written JOIN ... ON";
    return false;
  } else if (AtWord("USING") && AtSymbol("(", 1)) {
    AcceptWord("USING");
    if (!ParseIdentifierList(&join->using_columns)) return false;
  }
  if (!join->within && !within()) return false;
  join->span = SpanSince(start);
  return true;
}

bool Parser::ParseWithin(Within* within) {
  static constexpr std::string_view kWhat = "a length of time such as INTERVAL '5' MINUTE or 5m after WITHIN";
  const size_t start = pos_;
  AcceptWord("WITHIN");
  if (AcceptSymbol("(")) {
    if (!ParseDurationValue(&within->before, kWhat)) return false;
    within->after = within->before;
    if (AcceptSymbol(",") && !ParseDurationValue(&within->after, kWhat)) return false;
    if (!ExpectSymbol(")", "after the bounds of WITHIN")) return false;
  } else {
    if (!ParseDurationValue(&within->before, kWhat)) return false;
    within->after = within->before;
  }
  if (AcceptWords("GRACE", "PERIOD")) {
    within->grace.emplace();
    if (!ParseDurationValue(&*within->grace, "a length of time after GRACE PERIOD")) return false;
  }
  within->span = SpanSince(start);
  return true;
}

}  // namespace velo::sql
