#pragma once

#include <string>
#include <string_view>

#include "assistant/language/linker.h"
#include "engine/sql/ast/query.h"

namespace velo::language {

// Queries whose form is fixed are written as text and read back, so that they are printed like all others.

/// The query of a text; null when it is none.
sql::QueryPtr ParseQuery(std::string_view text);
/// The name of a source as it stands in FROM.
std::string FromText(const SourceModel& source);
/// A column, quoted where it must be, after `alias` and a dot unless that is empty.
std::string ColumnText(std::string_view alias, std::string_view column);
/// The time that orders the rows of a source: an expression over its best time column, else the time of the message.
std::string TimeText(const SourceModel& source);

}  // namespace velo::language
