#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/sql/ast/statement.h"

namespace velo::sql {

/// A comment kept for annotations and formatting.
struct Comment {
  SourceSpan span;   ///< With its marks.
  std::string text;  ///< Without its marks, trimmed.
  bool line = true;  ///< "--" comment.
};

/// One "-- @name: value" as written; which statement it belongs to is worked out by the annotation reader.
struct Annotation {
  std::string name;  ///< Lower case, "-" turned into "_".
  std::string value;
  SourceSpan name_span, value_span;
  int32_t statement = 0;  ///< 1-based; 0 means the application.
};

/// The outcome of parsing a script. Statements that could not be parsed are left out; their places are in the
/// diagnostics, each stamped with its 1-based statement number.
struct Script {
  std::vector<StatementPtr> statements;
  std::vector<int32_t> statement_numbers;  ///< Parallel: 1-based number in the text.
  std::vector<SourceSpan> spans;           ///< Of every statement in the text, parsed or not.
  std::vector<Comment> comments;
  std::vector<Annotation> annotations;
};

/// Parses a whole script. Never fails as such: problems go to `diagnostics` and parsing goes on after the next ";".
Script ParseScript(std::string_view text, Diagnostics* diagnostics);

/// Parses exactly one expression, as in an alert condition or a preview filter.
ExpressionPtr ParseExpression(std::string_view text, Diagnostics* diagnostics);

/// Reads "5m", "5 MINUTES", "INTERVAL '5' MINUTE", "1.5h" and bare seconds. Returns false when it is none of them.
bool ParseDuration(std::string_view text, Duration* out);

}  // namespace velo::sql
