#pragma once

#include <string>
#include <string_view>

#include "engine/base/diagnostic.h"
#include "engine/sql/ast/statement.h"

namespace velo::sql {

struct PrintOptions {
  int width = 100;
  bool clause_per_line = true;
  bool upper_case_keywords = true;
};

/// Prints canonical SQL: clause order of dialect 2.2, one clause per line, select list aligned under its first item
/// unless it is one item or plain columns that fit on the SELECT line. parse(print(tree)) equals the tree.
std::string Print(const Statement& statement, const PrintOptions& options = {});
std::string Print(const Query& query, const PrintOptions& options = {});
std::string Print(const Expression& expression);
/// Prints a duration as INTERVAL '5' MINUTE in the largest unit that is exact.
std::string PrintDuration(const Duration& duration);
/// Quotes a name with backticks when it would not be read back as one bare name.
std::string QuoteIdentifier(std::string_view name);
/// Same for relation names, where hyphens and dots are fine.
std::string QuoteRelation(std::string_view name);

/// Formats a script, keeping comments and annotations in place. Idempotent. Text that does not parse comes back
/// unchanged and the reasons go to `diagnostics`.
std::string FormatScript(std::string_view text, const PrintOptions& options, Diagnostics* diagnostics);

}  // namespace velo::sql
