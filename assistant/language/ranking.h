#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "assistant/language/reader.h"

namespace velo::language {

// Parts shared by the rules of order: "top 10 by volume" and "sorted by volume".

/// Takes a whole number of at least one.
bool AcceptCount(Reader* reader, int64_t* count);
/// Orders by a figure or column. A figure that the query does not show yet is added to it.
void SetOrder(Reader* reader, Operand operand, bool descending, std::string words);
/// Column that a superlative is about without naming it: slowest -> latency, cheapest -> price; -1 for none.
int ImpliedField(const Reader& reader, std::string_view word);
/// True for superlatives that mean the small end: "cheapest", "fastest".
bool MeansLowest(std::string_view superlative);

}  // namespace velo::language
