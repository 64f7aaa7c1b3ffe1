#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assistant/language/intents/intent.h"

namespace velo::language {

/// A sentence that asks for a query of a fixed form: a moving average, a join, the first row of each group. The form
/// takes its own words, the grammar of queries reads all others, and what neither knows is told. So every form
/// understands filters, groups and sources alike, and none drops a word.
class FixedForm {
 public:
  explicit FixedForm(const Utterance& utterance);

  /// Takes every place where one of the phrases stands. True when there was one.
  bool Take(std::string_view phrases);
  /// Takes "(the) last 20", "20 rows", "(20)": a number of rows of at least two; 0 when there is none.
  int64_t TakeRows(const SourceModel* source = nullptr);
  /// Takes the first length of time right behind one of the phrases; 0 when there is none.
  int64_t TakeDurationAfter(std::string_view leads);
  void TakeTokens(size_t from, size_t to);
  bool taken(size_t token) const { return taken_[token]; }

  /// What was not taken, with ";" where something was.
  Sentence Rest() const;
  /// Beginnings of the words taken, and of those that the grammar used of the rest.
  std::vector<size_t> WordsUsed(const Reading* rest) const;

  const Utterance& utterance;

 private:
  std::vector<bool> taken_;
};

/// The source that the rest of a form is about, or what to say instead; neither when no source fits.
struct FormSource {
  std::optional<Reading> reading;
  std::optional<Reply> reply;
};
FormSource ReadRest(const FixedForm& form, const std::function<bool(const Reading&)>& fits);

/// What a reading of the rest may hold beside sources, columns and conditions.
struct FormParts {
  bool window = false, measures = false, limit = false, range = false;
};
/// A refusal when the rest holds what the form cannot express, or words that carry a wish and were not understood;
/// `works` says what does.
std::optional<Reply> RefuseRest(const FixedForm& form, const Reading& reading, std::string_view intent,
                                std::string_view works, FormParts allowed = {});

/// The number a sentence is about: a column named, or the main figure of the source. Takes it out of keys and measures.
struct FormValue {
  int field = -1;
  bool said = false;
};
FormValue TakeValue(Reading* reading);
/// The columns of GROUP BY as partition; where none is said those that tell one series of the source from the other.
std::vector<int> PartitionOf(const Reading& reading);
/// "symbol" of trades, "device_id" of sensors: the column whose values are series of their own; -1 for none.
int SeriesColumn(const SourceModel& source);

/// " WHERE a AND b" from the conditions and the time range of a reading; empty for none.
std::string WhereText(const Reading& reading);
/// The same for a sentence: ", where a AND b"; empty for none.
std::string WhereWords(const Reading& reading);
/// "a, b" quoted.
std::string ColumnList(const SourceModel& source, const std::vector<int>& fields);
/// " per symbol and side"; empty for none.
std::string PerWords(const SourceModel& source, const std::vector<int>& fields);
/// Binds a text and makes the reply of it. Null when it does not bind.
std::optional<Reply> FormReply(const FixedForm& form, Reading* reading, std::string_view intent, const std::string& sql,
                               std::string title);

}  // namespace velo::language
