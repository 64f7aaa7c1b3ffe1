#include "engine/sql/words.h"

#include <algorithm>
#include <array>

namespace velo::sql {
namespace {

constexpr char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Sorted, for binary search.
constexpr std::array kReserved = std::to_array<std::string_view>(
    {"ALL",   "AND",    "ANY",    "AS",        "BETWEEN", "BY",     "CASE",  "CREATE", "CROSS", "DELETE", "DISTINCT",
     "DROP",  "ELSE",   "EMIT",   "END",       "EXCEPT",  "EXISTS", "FALSE", "FROM",   "FULL",  "GROUP",  "HAVING",
     "IN",    "INNER",  "INSERT", "INTERSECT", "INTO",    "IS",     "JOIN",  "LEFT",   "LIKE",  "LIMIT",  "NOT",
     "NULL",  "ON",     "OR",     "ORDER",     "OUTER",   "OVER",   "RIGHT", "SELECT", "SOME",  "THEN",   "TRUE",
     "UNION", "UPDATE", "VALUES", "WHEN",      "WHERE",   "WINDOW", "WITH",  "WITHIN"});

constexpr std::array kNameable = std::to_array<std::string_view>(
    {"ALL", "ANY", "BY", "CREATE", "DELETE", "DROP", "EMIT", "INSERT", "SOME", "UPDATE", "VALUES", "WINDOW"});

constexpr std::array kTimeUnits = std::to_array<std::string_view>(
    {"DAY",      "DAYOFWEEK", "DAYOFYEAR", "DAYS",        "DOW",          "DOY",         "EPOCH",
     "HOUR",     "HOURS",     "ISODOW",    "MICROSECOND", "MICROSECONDS", "MILLISECOND", "MILLISECONDS",
     "MINUTE",   "MINUTES",   "MONTH",     "MONTHS",      "NANOSECOND",   "NANOSECONDS", "QUARTER",
     "QUARTERS", "SECOND",    "SECONDS",   "WEEK",        "WEEKS",        "YEAR",        "YEARS"});

template <size_t kSize>
bool Contains(const std::array<std::string_view, kSize>& sorted, std::string_view word) {
  std::array<char, 16> upper;
  if (word.size() > upper.size()) return false;
  std::transform(word.begin(), word.end(), upper.begin(), Upper);
  return std::binary_search(sorted.begin(), sorted.end(), std::string_view(upper.data(), word.size()));
}

}  // namespace

bool SameWord(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (Upper(a[i]) != Upper(b[i])) return false;
  }
  return true;
}

std::string UpperCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Upper);
  return out;
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool IsReserved(std::string_view word) { return Contains(kReserved, word); }
bool IsReservedButNameable(std::string_view word) { return Contains(kNameable, word); }
bool IsTimeUnit(std::string_view word) { return Contains(kTimeUnits, word); }

const std::vector<std::string>& StatementWords() {
  static const std::vector<std::string> words = {"SELECT", "WITH",     "CREATE", "INSERT", "UPDATE",   "DELETE",
                                                 "DROP",   "ALTER",    "START",  "STOP",   "PAUSE",    "RESUME",
                                                 "DEPLOY", "ROLLBACK", "SHOW",   "LIST",   "DESCRIBE", "EXPLAIN"};
  return words;
}

const std::vector<std::string>& ClauseWords() {
  static const std::vector<std::string> words = {"FROM",  "WHERE", "GROUP", "WINDOW", "HAVING", "ORDER", "LIMIT",
                                                 "EMIT",  "INTO",  "WITH",  "UNION",  "JOIN",   "INNER", "LEFT",
                                                 "RIGHT", "FULL",  "CROSS", "WITHIN", "ON"};
  return words;
}

}  // namespace velo::sql
