#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace velo::language {

/// One piece of a message. Words are lower case, with the spelling repaired; `raw` is what was typed.
struct Token {
  enum class Kind : uint8_t { kWord, kNumber, kDuration, kQuoted, kUri, kPath, kSymbol };
  Kind kind = Kind::kWord;
  std::string text;  ///< Lower case word, quoted content as typed, or the symbol.
  std::string stem;  ///< Singular of a word; same as text otherwise.
  std::string raw;
  std::string digits;  ///< Numbers: plain decimal digits, "1500000", "0.05".
  double number = 0;
  bool has_number = false;  ///< "1m" is a duration that may also be meant as a million.
  bool percent = false;
  int64_t milliseconds = 0;   ///< Durations.
  bool glued = false;         ///< Joined to the token before by "-", "_" or ".".
  bool repaired = false;      ///< Spelling was corrected.
  size_t begin = 0, end = 0;  ///< Bytes in the message.

  bool is_word() const { return kind == Kind::kWord; }
  bool is_number() const { return kind == Kind::kNumber; }
  bool is_duration() const { return kind == Kind::kDuration; }
};

/// A message cut into tokens. Numbers ("1M", "five", "$2,000"), durations ("5-minute", "half an hour"), quoted values,
/// URIs and file paths are one token each.
struct Sentence {
  std::string words;  ///< The message with typographic quotes, dashes and spaces made plain.
  std::vector<Token> tokens;

  /// Returns the message between two tokens as typed (`last` included).
  std::string_view Slice(size_t first, size_t last) const;
};

Sentence Normalise(std::string_view message);

/// Turns misspelt words into the nearest word of `vocabulary`: one edit from four letters on, two from eight on, and
/// only when the first letter agrees. Words that are in the vocabulary or in the lexicon stay as they are.
void RepairSpelling(const std::vector<std::string>& vocabulary, Sentence* sentence);

/// Returns the length of "minute", "mins", "hr", "hourly" ... in milliseconds; 0 when it is no unit of time.
int64_t UnitMilliseconds(std::string_view word);
/// Returns the value of "five", "twenty", "hundred" ...; -1 when it is no number word.
double NumberWord(std::string_view word);

/// True when the message is SQL rather than words. `sql` gets the statement without fences and lead-in
/// ("check this: SELECT ...").
bool FindSql(std::string_view message, std::string* sql, std::string* lead_in);

std::string ToLower(std::string_view text);

}  // namespace velo::language
