#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/types/sql_type.h"

namespace velo {

/// Splits a field name into lower-case words joined by '_': "TradePrice", "trade-price" and "TRADE_PRICE" become
/// "trade_price".
std::string NormalizeFieldName(std::string_view name);

/// Guesses what a field stands for from its name and type: "symbol", "price", "quantity", "amount", "user", "region",
/// "latitude", "longitude", "latency", "status", "id".
std::vector<std::string> GuessRoles(std::string_view name, const SqlType& type);

/// Whether the name is one that people give to times ("ts", "created_at", "trade_time").
bool HasTimeLikeName(std::string_view name);

}  // namespace velo
