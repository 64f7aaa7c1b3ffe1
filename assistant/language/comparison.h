#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assistant/language/reader.h"

namespace velo::language {

// Parts of conditions, shared by the rules of filters. Each takes a phrase at the cursor or returns false and leaves
// the cursor where it was. `from` is where the whole condition began, for the words it is remembered by.

/// What follows the thing compared: "> 1000", "between 10 and 50", "is missing", "contains foo", "AAPL or MSFT".
bool ReadComparison(Reader* reader, Operand operand, size_t from, bool negated);
/// "more than 5 orders", "over 500 shares", "above 1000", "between 10 and 50 dollars": the number comes first.
bool ReadBareComparison(Reader* reader, size_t from, bool negated);
/// A short word in capitals that is no column: a ticker the sample did not hold.
bool AtTicker(const Reader& reader);
/// Values of one column in a row: "AAPL and MSFT", "EU or US".
bool ReadValueList(Reader* reader, bool negated, size_t from);
/// Capital words that no sample holds but that look like a symbol: "only TSLA".
bool ReadUnseenSymbols(Reader* reader, bool negated, size_t from);

/// A text value for a given column: a known value, a quoted one, or the bare word as typed.
bool AcceptText(Reader* reader, int field, std::string* text);
/// Takes ",", "and", "or", "/".
bool AcceptListSign(Reader* reader);
/// column = 'a', or column IN ('a', 'b').
sql::ExpressionPtr MakeIn(std::string_view column, const std::vector<std::string>& values, bool negated);
void PushCondition(Reader* reader, Condition condition, size_t from);

}  // namespace velo::language
