#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/sql/printer.h"

namespace velo::sql {

/// Writes one tree as canonical SQL.
class Printer {
 public:
  explicit Printer(const PrintOptions& options) : options_(options) {}

  void PrintStatement(const Statement& statement);
  void PrintQuery(const Query& query);
  void PrintExpression(const Expression& expression) { Operand(expression, 0); }
  std::string Take() { return std::move(out_); }

 private:
  // printer.cc
  void Text(std::string_view text) { out_ += text; }
  void Keyword(std::string_view words);
  void Clause(std::string_view words);  ///< Starts a clause: a line break or a space, and its words.
  void NewLine();
  int Column() const;
  int Room() const { return options_.width - Column(); }
  /// Prints to one line with another printer.
  template <class Print>
  std::string Flat(Print print) const;
  template <class Items, class Print>
  void List(const Items& items, Print print);

  void Select(const SelectCore& core, const Query& query);
  void SelectList(const SelectCore& core);
  void SelectItemText(const SelectItem& item);
  void CommonTables(const Query& query);
  void Arms(const Query& query);
  void Tail(const Query& query, bool after_relation);
  void Block(const Query& query);  ///< A query in parentheses, on one line when short.
  void Table(const TableReference& table);
  void JoinText(const Join& join);
  void WithinText(const Within& within);
  void GroupBy(const SelectCore& core);
  void Window(const WindowClause& window);
  void Condition(std::string_view clause, const Expression& condition);
  void Sinks(const std::vector<Sink>& sinks);
  void PropertyList(const Properties& properties);
  void Names(const std::vector<Identifier>& names);
  void Emit(EmitMode mode);

  // printer_statement.cc
  void Create(const CreateStatement& create);
  void ColumnText(const ColumnDefinition& column);
  void Insert(const InsertStatement& insert);
  void Update(const UpdateStatement& update);
  void Alter(const AlterStatement& alter);
  void Job(const JobStatement& job);
  void Show(const ShowStatement& show);
  void Explain(const ExplainStatement& explain);

  // printer_expression.cc
  void Operand(const Expression& expression, int least_level);
  void Body(const Expression& expression);
  void ColumnText(const ColumnReference& column);
  void StarText(const Star& star);
  void UnaryText(const Unary& unary);
  void BinaryText(const Binary& binary);
  void BetweenText(const Between& between);
  void InListText(const InList& in);
  void LikeText(const Like& like);
  void MapText(const MapLiteral& map);
  void QuantifiedText(const Quantified& quantified);
  void LiteralText(const Literal& literal);
  void IsTestText(const IsTest& test);
  void CaseText(const Case& node);
  void CallText(const Call& call);
  void CallArguments(const Call& call);
  void OverText(const Over& over);
  void OverBody(const Over& over);
  void FrameText(const Frame& frame);
  void AccessText(const Access& access);
  void TypeText(const TypeName& type);
  void OrderItems(const std::vector<OrderItem>& items);
  void Expressions(const std::vector<ExpressionPtr>& items);

  PrintOptions options_;
  std::string out_;
  int indent_ = 0;
};

/// 'text' with quotes doubled.
std::string QuoteString(std::string_view text);

template <class Print>
std::string Printer::Flat(Print print) const {
  PrintOptions options = options_;
  options.clause_per_line = false;
  Printer flat(options);
  print(flat);
  return flat.Take();
}

template <class Items, class Print>
void Printer::List(const Items& items, Print print) {
  bool first = true;
  for (const auto& item : items) {
    if (!first) Text(", ");
    first = false;
    print(item);
  }
}

}  // namespace velo::sql
