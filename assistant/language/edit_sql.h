#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assistant/language/frames.h"
#include "assistant/language/linker.h"
#include "assistant/language/reader.h"
#include "engine/sql/ast/statement.h"

namespace velo::language {

/// A query under edit: the parsed statement, the query inside it and the comments that stand before it.
struct EditedQuery {
  std::string comments;  ///< Leading comment and annotation lines, kept as they are.
  sql::StatementPtr statement;
  sql::Query* query = nullptr;      ///< Inside `statement`.
  sql::SelectCore* core = nullptr;  ///< Inside `query`.
  QueryNames names;

  std::string Print() const;
};

/// Parses the query a person is working on. Empty when it does not parse, or is no plain SELECT.
std::optional<EditedQuery> ParseForEdit(const std::string& text);

/// Names of the output columns and which of them are figures.
QueryNames NamesOf(const sql::SelectCore& core);

/// Applies what a sentence says to the query. Returns the changes, empty when nothing differs; `frame` gets
/// assumptions.
std::vector<Change> ApplyFrame(const SourceModel& source, Frame* frame, bool replaces, EditedQuery* edited);

/// Removals and replacements by words: "drop the sum", "remove the window", "replace avg with median", "rename a to b".
/// Returns false when the sentence is none of these; else `end` is the first token that was not read.
bool ApplyVerb(const Sentence& sentence, const SourceModel& source, EditedQuery* edited, Frame* frame,
               std::vector<Change>* changes, std::string* problem, size_t* end);

/// "Average price and volume per symbol": a title from the query alone.
std::string TitleOf(const EditedQuery& edited);

/// "SUM(qty) AS volume" as one line.
std::string PrintItem(const sql::SelectItem& item);
std::string PrintWindow(const sql::WindowClause& window);

}  // namespace velo::language
