// "top 10 symbols by volume", "the slowest endpoints", "which 3 regions sell most".
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"
#include "assistant/language/ranking.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

namespace {

constexpr int64_t kDefaultTop = 10;

constexpr std::string_view kHigh =
    "top|best|biggest|largest|highest|greatest|most active|busiest|most popular|most frequent|most common|most "
    "expensive|hottest|"
    "heaviest|strongest|leading|longest|richest|hardest working|best selling|top selling|priciest|fastest growing";
constexpr std::string_view kLow =
    "bottom|worst|lowest|smallest|least active|least "
    "popular|cheapest|fewest|least|coldest|weakest|shortest|rarest|least common";
constexpr std::string_view kEarning =
    "earned|earn|earns|made|make|makes|sold|sell|sells|spent|spend|spends|paid|pay|pays|bought|buy|buys|generated|"
    "generate|"
    "brought|bring|brings|received|receive|receives|took|take|takes|gave|give|gives";
constexpr std::string_view kHaving =
    "have|has|had|got|gets|get|see|saw|show|shows|with|trade|trades|traded|order|ordered|use|used|uses|do|did|were|was|"
    "are|"
    "is|in|on|by|of|place|placed|perform|performed|respond|responded|run";
constexpr std::string_view kSlow = "slowest";
constexpr std::string_view kFast = "fastest|quickest";

/// After the ranked thing: "by volume", "by average price", "in terms of revenue", "with the most orders".
bool AcceptRankedBy(Reader* reader, Operand* operand) {
  size_t start = reader->at;
  if (reader->Accept(
          "by|in terms of|ranked by|according to|on|measured by|based on|for|when it comes to|with the highest|with "
          "the most|"
          "with most|with highest|with the largest|with the lowest|with the fewest|with lowest|having the most|in")) {
    reader->SkipArticles();
    if (reader->Accept("count|number|frequency|occurrences|number of rows|row count")) {
      reader->Accept("of");
      if (reader->source_name() > 0) reader->at += reader->source_name();
      Measure count = MakeCount(*reader);
      operand->alias = count.alias;
      operand->expression = std::move(count.expression);
      operand->measure = true;
      operand->function = Aggregate::kCount;
      return true;
    }
    if (reader->source_name() > 0 && !reader->field(reader->source_name())) {
      reader->at += reader->source_name();
      Measure count = MakeCount(*reader);
      operand->alias = count.alias;
      operand->expression = std::move(count.expression);
      operand->measure = true;
      operand->function = Aggregate::kCount;
      return true;
    }
    if (ReadOperand(reader, operand)) return true;
  }
  reader->at = start;
  return false;
}

/// One ranking while it is read.
class Ranking {
 public:
  explicit Ranking(Reader* reader) : reader_(reader), start_(reader->at) {}

  bool Read() {
    bool done = ReadHead() && (finished_ || (ReadSubject() && (finished_ || ReadBasis())));
    if (!done) reader_->at = start_;
    return done;
  }

 private:
  std::string Said() const { return reader_->Said(start_, reader_->at); }

  /// "the 5 most active", "worst 10", "5 movies with the highest gross", "which 3".
  bool ReadHead() {
    reader_->Accept("the|which are the|what are the|who are the|which");
    reader_->Accept("the");
    counted_ = AcceptCount(reader_, &top_.count);
    superlative_ = std::string(reader_->IsWord("most") ? reader_->word(1) : reader_->word());
    bool high = reader_->Accept(kHigh) || reader_->Accept(kSlow);
    low_ = !high && (reader_->Accept(kLow) || reader_->Accept(kFast));
    // Any other superlative that fits a column: "windiest", "tallest".
    if (!high && !low_ && reader_->word().ends_with("est") && FieldOfQuality(reader_->source, reader_->word()) >= 0) {
      high = true;
      ++reader_->at;
    }
    if (!high && !low_) return ReadTrailingSuperlative() || ReadWhich();
    if (!counted_) counted_ = AcceptCount(reader_, &top_.count);
    return true;
  }

  /// "5 movies with the highest gross": the ranking follows the noun.
  bool ReadTrailingSuperlative() {
    size_t noun = reader_->source_name();
    if (!counted_ || noun == 0 || reader_->Match("with the|with|having the", noun) == 0) return false;
    reader_->at += noun;
    reader_->Accept("with the|with|having the");
    low_ = reader_->Accept("lowest|smallest|least|fewest|cheapest");
    bool high = !low_ && reader_->Accept("highest|largest|biggest|most|greatest|best|longest");
    Operand by;
    if (!(low_ || high) || !ReadOperand(reader_, &by) || by.measure) return false;
    reader_->named_source = true;
    return Finish(std::move(by));
  }

  bool ReadWhich() {
    reader_->at = start_;
    which_ = reader_->Accept("which|what|who");
    counted_ = which_ && AcceptCount(reader_, &top_.count);
    return which_ && reader_->field();
  }

  /// What is ranked: rows, the values of a column, or a column's own figures.
  bool ReadSubject() {
    reader_->SkipArticles();
    reader_->Accept("performing|selling|paying|spending|active|trading|traded");
    size_t noun = reader_->source_name();
    if (noun > 0 && reader_->field(noun) && !reader_->model(reader_->field(noun).field).is_numeric()) {
      reader_->at += noun;
      noun = 0;
    }
    if (noun > 0 && (!reader_->field() || reader_->field().score < 0.98)) {
      reader_->at += noun;
      reader_->named_source = true;
    } else if (IsRecordNoun(reader_->token().stem) && reader_->token().is_word()) {
      ++reader_->at;
    } else if (reader_->field()) {
      if (!ReadRankedColumn()) return false;
    } else if (superlative_ == "best" && reader_->Accept("sellers|seller")) {
      top_.entity = reader_->source.FindRoles({"product_id", "symbol"});
      if (top_.entity < 0) return false;
    } else if (!counted_) {
      return false;
    }
    return finished_ || !which_ || ReadWhichBasis();
  }

  bool ReadRankedColumn() {
    const FieldLink link = reader_->field();
    bool numeric = reader_->model(link.field).is_numeric() && !reader_->model(link.field).is_id();
    if (numeric && !counted_ && !which_) return false;  // "the highest price" is a figure.
    // "the heaviest parcel per courier": one of them is a maximum, not a ranking.
    const Token& last = reader_->token(link.length - 1);
    bool one = !counted_ && last.text == last.stem;
    int quality = ImpliedField(*reader_, superlative_);
    if (one && quality >= 0 && reader_->Match("per|by|for each|in each|of each", link.length) > 0) {
      reader_->at += link.length;
      reader_->Understand(Said(), fmt::format("{}({})", low_ ? "MIN" : "MAX", reader_->name(quality)));
      reader_->frame.measures.push_back(MakeMeasure(*reader_, low_ ? Aggregate::kMin : Aggregate::kMax, quality));
      finished_ = true;
      return true;
    }
    if (!numeric) return reader_->AcceptField(&top_.entity);
    // "top 3 prices": rows ordered by the column.
    Operand operand;
    return ReadOperand(reader_, &operand) && Finish(std::move(operand));
  }

  /// "(which regions) sell most", "have the highest latency".
  bool ReadWhichBasis() {
    for (size_t skipped = 0; skipped < 4 && !reader_->done(); ++skipped, ++reader_->at) {
      if (reader_->Match("most|best|highest|largest|biggest|least|lowest|fewest|worst") == 0) {
        const bool earns = reader_->Match(kEarning) > 0;
        summed_ = summed_ || earns;
        // "which drivers cancelled the most rides": the verb is a condition, not a word to skip.
        const bool plain = earns || reader_->Match(kHaving) > 0 || IsFillerToken(reader_->token());
        if (!plain && reader_->token().is_word()) return false;
        continue;
      }
      low_ = reader_->Match("least|lowest|fewest") > 0;
      ++reader_->at;
      Operand operand;
      // "the most orders", "the most failed payments": rows are counted.
      for (size_t ahead = 0; ahead < 2; ++ahead) {
        const size_t noun = reader_->source_name(ahead);
        const bool rows = noun > 0 && !reader_->field(ahead + noun);
        if (!rows || (ahead > 0 && !reader_->value() && reader_->Match("failed|successful") == 0)) continue;
        if (ahead == 0) reader_->at += noun;
        reader_->named_source = true;
        TakeMeasure(MakeCount(*reader_), &operand);
        return Finish(std::move(operand));
      }
      if (ReadOperand(reader_, &operand)) {
        MakeFigure(&operand);
        return Finish(std::move(operand));
      }
      reader_->at += reader_->source_name();
      return true;
    }
    return false;
  }

  /// By what: said ("by volume"), implied by the superlative ("slowest"), or left for the query to choose.
  bool ReadBasis() {
    Operand operand;
    if (AcceptRankedBy(reader_, &operand)) {
      bool latency = operand.field >= 0 && reader_->model(operand.field).HasRole("latency_ms");
      if (superlative_ == "worst" && latency) low_ = false;
      if (top_.entity >= 0) MakeFigure(&operand);
      return Finish(std::move(operand));
    }
    int field = ImpliedField(*reader_, superlative_);
    if (field >= 0) {
      Operand by;
      by.field = field;
      by.expression = ColumnNode(reader_->name(field));
      if (top_.entity >= 0) TakeMeasure(MakeMeasure(*reader_, Aggregate::kAverage, field), &by);
      low_ = MeansLowest(superlative_);
      return Finish(std::move(by));
    }
    Push();
    return true;
  }

  static void TakeMeasure(Measure measure, Operand* operand) {
    operand->measure = true;
    operand->alias = measure.alias;
    operand->expression = std::move(measure.expression);
    operand->function = measure.function;
  }

  /// Groups are ranked by a figure, not by a bare column.
  void MakeFigure(Operand* operand) {
    if (operand->measure || operand->as_measure != nullptr || operand->field < 0) return;
    Measure measure =
        summed_ ? MakeMeasure(*reader_, Aggregate::kSum, operand->field) : MeasureOfMention(*reader_, operand->field);
    if (measure.function == Aggregate::kAverage) {
      std::string_view name = reader_->name(operand->field);
      reader_->Assume("rank", fmt::format("ranked by the average {}", name),
                      {{"by the highest", fmt::format("replace {} with max {}", measure.alias, name)}});
    }
    TakeMeasure(std::move(measure), operand);
  }

  bool Finish(Operand by) {
    SetOrder(reader_, std::move(by), !low_, Said());
    top_.ranked_by_said = true;
    finished_ = true;
    Push();
    return true;
  }

  void Push() {
    if (!counted_) {
      top_.count = kDefaultTop;
      top_.count_assumed = true;
    }
    top_.descending = !low_;
    top_.words = Said();
    reader_->Understand(top_.words, fmt::format("the {} {}", low_ ? "lowest" : "highest", top_.count));
    reader_->frame.top = std::move(top_);
  }

  Reader* reader_;
  size_t start_;
  TopFrame top_;
  std::string superlative_;
  bool counted_ = false, low_ = false, which_ = false, finished_ = false;
  bool summed_ = false;  ///< "earned the most fare" adds up.
};

}  // namespace

bool ReadTop(Reader* reader) { return Ranking(reader).Read(); }

}  // namespace velo::language
