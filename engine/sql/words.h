#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace velo::sql {

/// Compares ASCII text without regard to case.
bool SameWord(std::string_view a, std::string_view b);
std::string UpperCase(std::string_view text);
std::string LowerCase(std::string_view text);

/// Words that are never a bare alias or column name (dialect, appendix B).
bool IsReserved(std::string_view word);
/// Reserved words that may still follow a dot or AS.
bool IsReservedButNameable(std::string_view word);
/// Words naming a length or part of time: MINUTE, HOURS, DOW, EPOCH.
bool IsTimeUnit(std::string_view word);

/// Words that may start a statement.
const std::vector<std::string>& StatementWords();
/// Words that may start or join the clauses of a query.
const std::vector<std::string>& ClauseWords();

}  // namespace velo::sql
