#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "assistant/language/frames.h"
#include "assistant/language/linker.h"

namespace velo::language {

/// Names a query under edit already has: its output columns and whether they are aggregates.
struct QueryNames {
  struct Item {
    std::string alias;
    std::string joined;  ///< Letters and digits of the alias.
    bool measure = false;
  };
  std::vector<Item> items;
  bool aggregated = false;
};

/// A figure or column that a phrase means inside a comparison or an order.
struct Operand {
  sql::ExpressionPtr expression;
  std::string alias;  ///< Of a measure.
  std::string words;
  int field = -1;
  bool measure = false;
  bool share = false;  ///< Values lie in 0..1.
  Aggregate function = Aggregate::kNone;
  /// Set for words like "volume": a row's quantity or the sum over rows.
  sql::ExpressionPtr as_measure;
  std::string measure_alias;
};

/// A cursor over the tokens of one sentence, read under one source. Grammar rules take tokens from it and fill `frame`;
/// a rule that does not fit leaves the cursor where it was. Lives on the stack of one reading.
class Reader {
 public:
  Reader(const Sentence& sentence, const SourceModel& source, const QueryNames* names);
  /// For the words alone: there are no columns, values or sources.
  explicit Reader(const Sentence& sentence);

  const Sentence& sentence;
  const SourceModel& source;
  const QueryNames* names;  ///< May be null.
  Frame frame;
  size_t at = 0;
  bool named_source = false;           ///< The sentence names the source.
  std::vector<std::string> leftovers;  ///< Content words nothing was made of.
  double link_score = 0;               ///< Sum over the columns taken, of how well the words fit.
  int links = 0;

  size_t size() const { return sentence.tokens.size(); }
  bool done() const { return at >= size(); }
  const Token& token(size_t offset = 0) const;
  /// Lower-case word at the cursor plus `offset`, or "" when it is not a word.
  std::string_view word(size_t offset = 0) const;
  bool IsWord(std::string_view text, size_t offset = 0) const { return word(offset) == text; }
  bool IsSymbol(std::string_view text, size_t offset = 0) const;

  /// Takes the first of the alternatives that stands at the cursor: "for each|for every|per". Longer ones first.
  bool Accept(std::string_view alternatives);
  /// Same without taking; returns the number of tokens, 0 for none.
  size_t Match(std::string_view alternatives, size_t offset = 0) const;
  /// Skips "the", "a", "all" ... before a name.
  void SkipArticles();

  const FieldLink& field(size_t offset = 0) const;
  const ValueLink& value(size_t offset = 0) const;
  size_t source_name(size_t offset = 0) const;
  const FieldModel& model(int index) const { return source.fields[static_cast<size_t>(index)]; }
  std::string_view name(int index) const { return source.fields[static_cast<size_t>(index)].name; }
  /// Takes a column, noting a question when two fit about as well.
  bool AcceptField(int* index);
  /// Words between two cursor positions as typed.
  std::string Said(size_t from, size_t to) const;
  void Understand(std::string words, std::string as);
  void Assume(std::string id, std::string text, std::vector<AssumptionChoice> alternatives = {});

 private:
  std::vector<FieldLink> fields_;
  std::vector<ValueLink> values_;
  std::vector<size_t> names_;
};

/// Words without meaning of their own; "US" in capitals is a place.
bool IsFillerToken(const Token& token);

// Rules of the grammar. Each takes a phrase at the cursor or returns false.
bool ReadWindow(Reader* reader);
bool ReadTimeRange(Reader* reader);
bool ReadEmit(Reader* reader);
bool ReadTop(Reader* reader);
bool ReadOrder(Reader* reader);
bool ReadNamedMeasure(Reader* reader);
bool ReadMeasure(Reader* reader);
bool ReadGroup(Reader* reader);
bool ReadFilter(Reader* reader);
bool ReadValueFilter(Reader* reader);
bool ReadDistinct(Reader* reader);
bool ReadBuckets(Reader* reader);
bool ReadComputed(Reader* reader);

/// Reads "average price", "volume", "count", "price" as something that can be compared or sorted by.
bool ReadOperand(Reader* reader, Operand* operand);
/// True when a word that names an aggregate stands at the cursor ("average", "p95", "number of").
bool StartsMeasure(const Reader& reader, size_t offset = 0);
/// The measure of an aggregate over a column, with its name by convention.
Measure MakeMeasure(const Reader& reader, Aggregate function, int field, double percentile = 0);
Measure MakeCount(const Reader& reader);
/// What people mean by a bare column in an aggregated query: a sum of quantities and money, else an average.
Measure MeasureOfMention(const Reader& reader, int field);
/// The time in a column as an expression: the column itself, or parsed by its format where it is text like "Mar 1
/// 2010".
sql::ExpressionPtr TimeExpression(const FieldModel& field);
/// The condition that says "this row is an error": a value of a column, a status code, a flag. Null when there is none.
sql::ExpressionPtr FailureCondition(const Reader& reader, std::string_view word, std::vector<int>* fields);

/// Outcome of reading a sentence under one source.
struct Reading {
  const SourceModel* source = nullptr;
  Frame frame;
  double score = 0;  ///< Share of the content words that made sense, 0..1, with penalties.
  double fit = 0;  ///< How well the words fit the columns they were linked to, 0..1; a middling value without columns.
  bool named_source = false;
  std::string row_noun;  ///< A plural noun taken for the rows, as "films" for those of movies.
  std::vector<std::string> leftovers;
  std::vector<size_t> words_used;  ///< Beginnings of all other words in the message.
};
/// True when "not", "without" or "except" led to nothing: the rest of the reading would say the opposite.
bool LeavesNegation(const Reading& reading);
Reading ReadQuery(const Sentence& sentence, const SourceModel& source, const QueryNames* names);

}  // namespace velo::language
