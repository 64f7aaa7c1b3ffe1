#include "engine/sql/printer.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/sql/lexer.h"
#include "engine/sql/printer_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

/// Queries up to this length stay on the line where they begin.
constexpr size_t kShortQuery = 60;

std::string InBackticks(std::string_view name) {
  std::string out = "`";
  for (const char c : name) out.append(c == '`' ? 2 : 1, c);
  return out + "`";
}

bool IsPlainColumn(const SelectItem& item) {
  const ExpressionKind kind = item.expression->kind;
  return (kind == ExpressionKind::kColumn || kind == ExpressionKind::kStar) && item.alias.empty();
}

}  // namespace

std::string QuoteString(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string QuoteIdentifier(std::string_view name) {
  static constexpr std::string_view kRead[] = {"ARRAY", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"};
  const bool misread =
      std::any_of(std::begin(kRead), std::end(kRead), [&](std::string_view word) { return SameWord(word, name); });
  return IsBareName(name) && !IsReserved(name) && !misread ? std::string(name) : InBackticks(name);
}

std::string QuoteRelation(std::string_view name) {
  if (name.find("://") != std::string_view::npos) {
    Diagnostics ignored;
    const LexedText lexed = Lex(name, &ignored);
    const bool bare =
        lexed.tokens.size() == 2 && lexed.tokens[0].kind == TokenKind::kUri && lexed.tokens[0].text == name;
    return bare && !name.ends_with(',') ? std::string(name) : QuoteString(name);
  }
  size_t parts = 0;
  std::string_view first;
  for (size_t start = 0; start <= name.size(); ++parts) {
    const size_t end = std::min(name.find_first_of("-.", start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (parts == 0) first = part;
    if (part.empty() || !IsBareName("_" + std::string(part))) return InBackticks(name);
    start = end + 1;
  }
  const bool reserved = IsReserved(first) && (parts == 1 || name[first.size()] != '-');
  return IsBareName(first) && !reserved ? std::string(name) : InBackticks(name);
}

void Printer::Keyword(std::string_view words) {
  out_ += options_.upper_case_keywords ? std::string(words) : LowerCase(words);
}

void Printer::NewLine() {
  out_ += '\n';
  out_.append(indent_, ' ');
}

void Printer::Clause(std::string_view words) {
  if (options_.clause_per_line) {
    NewLine();
  } else {
    out_ += ' ';
  }
  Keyword(words);
}

int Printer::Column() const {
  const size_t line = out_.rfind('\n');
  return static_cast<int>(line == std::string::npos ? out_.size() : out_.size() - line - 1);
}

void Printer::Names(const std::vector<Identifier>& names) {
  Text("(");
  List(names, [this](const Identifier& name) { Text(QuoteIdentifier(name.text)); });
  Text(")");
}

void Printer::PropertyList(const Properties& properties) {
  const auto property = [](Printer& printer, const Property& item) {
    printer.Text(QuoteString(item.key) + " = " + (item.value_is_string ? QuoteString(item.value) : item.value));
  };
  const std::string flat =
      Flat([&](Printer& printer) { printer.List(properties, [&](const Property& item) { property(printer, item); }); });
  Text("(");
  if (!options_.clause_per_line || static_cast<int>(flat.size()) < Room()) {
    Text(flat);
  } else {
    const int before = std::exchange(indent_, Column());
    for (const Property& item : properties) {
      if (&item != &properties.front()) {
        Text(",");
        NewLine();
      }
      property(*this, item);
    }
    indent_ = before;
  }
  Text(")");
}

void Printer::PrintQuery(const Query& query) {
  if (!query.common_tables.empty()) CommonTables(query);
  if (query.body.select != nullptr) {
    Select(*query.body.select, query);
  } else {
    Arms(query);
    Tail(query, false);
  }
}

void Printer::CommonTables(const Query& query) {
  Keyword("WITH ");
  List(query.common_tables, [this](const CommonTable& table) {
    Text(QuoteIdentifier(table.name.text));
    if (!table.columns.empty()) {
      Text(" ");
      Names(table.columns);
    }
    Keyword(" AS ");
    Block(*table.query);
  });
  if (options_.clause_per_line) {
    NewLine();
  } else {
    Text(" ");
  }
}

void Printer::Block(const Query& query) {
  const std::string flat = Flat([&](Printer& printer) { printer.PrintQuery(query); });
  if (!options_.clause_per_line || (flat.size() <= kShortQuery && static_cast<int>(flat.size()) < Room())) {
    Text("(" + flat + ")");
    return;
  }
  Text("(");
  indent_ += 2;
  NewLine();
  PrintQuery(query);
  indent_ -= 2;
  NewLine();
  Text(")");
}

void Printer::Arms(const Query& query) {
  for (size_t i = 0; i < query.body.arms.size(); ++i) {
    const Query& arm = *query.body.arms[i];
    if (i > 0) {
      const SetOperator op = query.body.operators[i - 1];
      Clause(op == SetOperator::kUnion       ? "UNION"
             : op == SetOperator::kUnionAll  ? "UNION ALL"
             : op == SetOperator::kIntersect ? "INTERSECT"
                                             : "EXCEPT");
      if (options_.clause_per_line) {
        NewLine();
      } else {
        Text(" ");
      }
    }
    const bool has_tail = !arm.order_by.empty() || arm.limit || arm.offset || arm.emit != EmitMode::kDefault ||
                          !arm.into.empty() || !arm.properties.empty();
    if (arm.body.select == nullptr || !arm.common_tables.empty() || has_tail || query.body.arms.size() == 1) {
      Block(arm);
    } else {
      PrintQuery(arm);
    }
  }
}

void Printer::Select(const SelectCore& core, const Query& query) {
  Keyword("SELECT ");
  if (core.distinct) Keyword("DISTINCT ");
  SelectList(core);
  bool after_relation = false;
  if (!core.from.empty()) {
    Clause("FROM ");
    List(core.from, [this](const TableReference& table) { Table(table); });
    const TableReference& last = core.from.back();
    const bool bare_join =
        !last.joins.empty() && last.joins.back().on == nullptr && last.joins.back().using_columns.empty();
    const TableReference& nearest = bare_join ? *last.joins.back().right : last;
    after_relation = (last.joins.empty() || bare_join) && nearest.kind == TableReference::Kind::kRelation &&
                     nearest.properties.empty();
  }
  if (core.where != nullptr) Condition("WHERE ", *core.where);
  GroupBy(core);
  if (core.window && !core.window->from_group_by) Window(*core.window);
  if (core.having != nullptr) Condition("HAVING ", *core.having);
  if (!core.named_windows.empty()) {
    Clause("WINDOW ");
    List(core.named_windows, [this](const NamedWindow& window) {
      Text(QuoteIdentifier(window.name.text));
      Keyword(" AS ");
      OverText(*window.body);
    });
  }
  const bool more = core.where != nullptr || !core.group_by.empty() || core.window || core.having != nullptr ||
                    !core.named_windows.empty();
  Tail(query, after_relation && !more);
}

void Printer::SelectItemText(const SelectItem& item) {
  PrintExpression(*item.expression);
  if (!item.alias.empty()) {
    Keyword(" AS ");
    Text(QuoteIdentifier(item.alias.text));
  }
  if (item.primary_key) Keyword(" PRIMARY KEY");
}

void Printer::SelectList(const SelectCore& core) {
  const std::string flat = Flat([&](Printer& printer) {
    printer.List(core.items, [&](const SelectItem& item) { printer.SelectItemText(item); });
  });
  const bool plain = std::all_of(core.items.begin(), core.items.end(), IsPlainColumn);
  const bool one_line = core.items.size() == 1 || (plain && static_cast<int>(flat.size()) <= Room());
  if (!options_.clause_per_line || (one_line && core.items.size() > 1)) {
    Text(flat);
    return;
  }
  constexpr int kSelectWidth = 7;
  indent_ += kSelectWidth;
  for (const SelectItem& item : core.items) {
    if (&item != &core.items.front()) {
      Text(",");
      NewLine();
    }
    SelectItemText(item);
  }
  indent_ -= kSelectWidth;
}

/// `after_relation` says that WITH would be read as belonging to the relation before it; an empty list keeps them
/// apart.
void Printer::Tail(const Query& query, bool after_relation) {
  if (!query.order_by.empty()) {
    Clause("ORDER BY ");
    OrderItems(query.order_by);
  }
  if (query.limit) Clause(fmt::format("LIMIT {}", *query.limit));
  if (query.offset) {
    if (query.limit) {
      Keyword(fmt::format(" OFFSET {}", *query.offset));
    } else {
      Clause(fmt::format("OFFSET {}", *query.offset));
    }
  }
  if (!query.into.empty()) {
    Clause("INTO ");
    Sinks(query.into);
  }
  Emit(query.emit);
  if (query.properties.empty()) return;
  const bool after_sink = !query.into.empty() && query.into.back().properties.empty();
  const bool ends_with_name =
      query.into.empty() ? after_relation && query.order_by.empty() && !query.limit && !query.offset : after_sink;
  if (ends_with_name && query.emit == EmitMode::kDefault) Clause("WITH ()");
  Clause("WITH ");
  PropertyList(query.properties);
}

void Printer::Emit(EmitMode mode) {
  if (mode != EmitMode::kDefault) Clause(mode == EmitMode::kChanges ? "EMIT CHANGES" : "EMIT FINAL");
}

void Printer::Sinks(const std::vector<Sink>& sinks) {
  List(sinks, [this](const Sink& sink) {
    Text(QuoteRelation(sink.name));
    if (sink.properties.empty()) return;
    Keyword(" WITH ");
    PropertyList(sink.properties);
  });
}

void Printer::Table(const TableReference& table) {
  switch (table.kind) {
    case TableReference::Kind::kRelation:
      Text(QuoteRelation(table.name));
      break;
    case TableReference::Kind::kSubquery:
      Block(*table.subquery);
      break;
    case TableReference::Kind::kFunction:
      PrintExpression(*table.function);
      break;
  }
  if (!table.alias.empty()) {
    Keyword(" AS ");
    Text(QuoteIdentifier(table.alias.text));
  }
  if (!table.column_aliases.empty()) {
    Text(" ");
    Names(table.column_aliases);
  }
  if (!table.properties.empty()) {
    Keyword(" WITH ");
    PropertyList(table.properties);
  }
  for (const Join& join : table.joins) JoinText(join);
}

void Printer::JoinText(const Join& join) {
  switch (join.kind) {
    case JoinKind::kInner:
      Clause("JOIN ");
      break;
    case JoinKind::kLeft:
      Clause("LEFT JOIN ");
      break;
    case JoinKind::kRight:
      Clause("RIGHT JOIN ");
      break;
    case JoinKind::kFull:
      Clause("FULL JOIN ");
      break;
    case JoinKind::kCross:
      Clause("CROSS JOIN ");
      break;
    case JoinKind::kLeftSemi:
      Clause("LEFT SEMI JOIN ");
      break;
  }
  Table(*join.right);
  if (join.within) WithinText(*join.within);
  if (join.on != nullptr) {
    const std::string flat = Flat([&](Printer& printer) { printer.PrintExpression(*join.on); });
    indent_ += 2;
    if (static_cast<int>(flat.size()) + 4 > Room()) {
      Condition("ON ", *join.on);
    } else {
      Keyword(" ON ");
      PrintExpression(*join.on);
    }
    indent_ -= 2;
  }
  if (!join.using_columns.empty()) {
    Keyword(" USING ");
    Names(join.using_columns);
  }
}

void Printer::WithinText(const Within& within) {
  Keyword(" WITHIN ");
  const bool symmetric = within.before.TotalMilliseconds() == within.after.TotalMilliseconds();
  if (!symmetric) Text("(");
  Keyword(PrintDuration(within.before));
  if (!symmetric) {
    Text(", ");
    Keyword(PrintDuration(within.after));
    Text(")");
  }
  if (within.grace) Keyword(" GRACE PERIOD " + PrintDuration(*within.grace));
}

void Printer::GroupBy(const SelectCore& core) {
  const bool window = core.window && core.window->from_group_by;
  if (core.group_by.empty() && !window) return;
  Clause("GROUP BY ");
  List(core.group_by, [this](const GroupItem& item) { PrintExpression(*item.expression); });
  if (!window) return;
  if (!core.group_by.empty()) Text(", ");
  Window(*core.window);
}

/// The same arguments read back in a WINDOW clause and in GROUP BY, where the time comes first.
void Printer::Window(const WindowClause& window) {
  const std::string_view name = window.kind == WindowKind::kTumbling  ? (window.from_group_by ? "TUMBLE(" : "TUMBLING(")
                                : window.kind == WindowKind::kSliding ? (window.from_group_by ? "HOP(" : "SLIDING(")
                                                                      : "SESSION(";
  if (window.from_group_by) {
    Keyword(name);
  } else {
    Clause(fmt::format("WINDOW {}", name));
  }
  if (window.time != nullptr) {
    PrintExpression(*window.time);
    Text(", ");
  }
  Keyword(PrintDuration(window.size));
  if (window.advance) {
    Text(", ");
    Keyword((window.kind == WindowKind::kSliding ? "" : "ADVANCE BY ") + PrintDuration(*window.advance));
  }
  for (const ExpressionPtr& key : window.session_keys) {
    Text(", ");
    PrintExpression(*key);
  }
  if (window.grace) Keyword(", GRACE PERIOD " + PrintDuration(*window.grace));
  Text(")");
}

/// A condition too long for one line is broken before each of its outermost ANDs.
void Printer::Condition(std::string_view clause, const Expression& condition) {
  Clause(clause);
  const std::string flat = Flat([&](Printer& printer) { printer.PrintExpression(condition); });
  const auto* binary = condition.kind == ExpressionKind::kBinary ? static_cast<const Binary*>(&condition) : nullptr;
  if (!options_.clause_per_line || static_cast<int>(flat.size()) <= Room() || binary == nullptr ||
      binary->op != BinaryOperator::kAnd) {
    PrintExpression(condition);
    return;
  }
  std::vector<const Expression*> terms;
  const Expression* rest = &condition;
  while (rest->kind == ExpressionKind::kBinary && static_cast<const Binary*>(rest)->op == BinaryOperator::kAnd) {
    terms.push_back(static_cast<const Binary*>(rest)->right.get());
    rest = static_cast<const Binary*>(rest)->left.get();
  }
  constexpr int kAndLevel = 2;
  Operand(*rest, kAndLevel);
  indent_ += 2;
  for (auto term = terms.rbegin(); term != terms.rend(); ++term) {
    NewLine();
    Keyword("AND ");
    Operand(**term, kAndLevel + 1);
  }
  indent_ -= 2;
}

std::string Print(const Statement& statement, const PrintOptions& options) {
  Printer printer(options);
  printer.PrintStatement(statement);
  return printer.Take();
}

std::string Print(const Query& query, const PrintOptions& options) {
  Printer printer(options);
  printer.PrintQuery(query);
  return printer.Take();
}

std::string Print(const Expression& expression) {
  PrintOptions options;
  options.clause_per_line = false;
  Printer printer(options);
  printer.PrintExpression(expression);
  return printer.Take();
}

std::string PrintDuration(const Duration& duration) {
  struct Unit {
    int64_t size;
    std::string_view name;
  };
  static constexpr Unit kUnits[] = {
      {86'400'000, "DAY"}, {3'600'000, "HOUR"}, {60'000, "MINUTE"}, {1000, "SECOND"}, {1, "MILLISECOND"}};
  const auto amount = [](int64_t count, std::string_view unit) { return fmt::format("{} {}", count, unit); };
  std::string months;
  if (duration.months != 0) {
    if (duration.milliseconds == 0) {
      const bool years = duration.months % 12 == 0;
      return fmt::format("INTERVAL '{}' {}", years ? duration.months / 12 : duration.months, years ? "YEAR" : "MONTH");
    }
    months = amount(duration.months, "MONTH") + " ";
  }
  if (duration.milliseconds == 0) return "INTERVAL '0' SECOND";
  for (const Unit& unit : kUnits) {
    if (duration.milliseconds % unit.size != 0) continue;
    const int64_t count = duration.milliseconds / unit.size;
    if (months.empty()) return fmt::format("INTERVAL '{}' {}", count, unit.name);
    return fmt::format("INTERVAL '{}{}'", months, amount(count, unit.name));
  }
  return "";
}

}  // namespace velo::sql
