#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace velo::language {

/// What a column is for, in the words of the trade. The order is that of the table of synonyms (API 7.2).
struct RoleWords {
  std::string_view role;
  std::vector<std::string_view> close;  ///< As good as the role's own name.
  std::vector<std::string_view> loose;  ///< Usually means it.
};
std::span<const RoleWords> Roles();

/// "trades" -> "trade", "cities" -> "city", "statuses" -> "status". Words that are no plurals stay.
std::string Singular(std::string_view word);
/// "trade" -> "trades", "city" -> "cities".
std::string Plural(std::string_view word);
/// True for "failed"/"failure", "error"/"errors", "declined"/"decline": same word in another form.
bool SameRoot(std::string_view a, std::string_view b);
/// Writes abbreviations out: "qty" -> "quantity", "amt" -> "amount". Returns the word itself when it is none.
std::string_view SpellOut(std::string_view word);
/// Parts of column names that add little: "id", "ms", "usd".
bool IsWeakPart(std::string_view part);
/// Words without meaning of their own here: "please", "me", "the".
bool IsFiller(std::string_view word);
/// Words that the grammar uses; a column is meant by one of them only when it has exactly that name.
bool IsGrammarWord(std::string_view word);
/// True for words that mean a role of columns: "size" is a quantity, whatever the columns are called.
bool IsRoleWord(std::string_view word);
bool InLexicon(std::string_view word);
/// Words that misspellings are repaired to, besides the names at hand.
std::span<const std::string_view> RepairableWords();

/// Nouns for the records of any source: "row", "event", "message".
bool IsRecordNoun(std::string_view stem);

}  // namespace velo::language
