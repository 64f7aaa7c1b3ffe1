#pragma once

#include <string>
#include <vector>

#include "assistant/language/frames.h"
#include "assistant/language/linker.h"
#include "engine/sql/ast/query.h"

namespace velo::language {

/// What a new query says about itself.
struct BuiltQuery {
  sql::QueryPtr query;
  std::string intent;  ///< "sql.window_aggregate"
  std::string title;   ///< "Average price per symbol"
  std::string explanation;
  std::string suggested_viz;
  std::string annotations;  ///< "-- @metric: …" lines to stand before the query; may be empty.
};

/// Turns a frame into a query by the conventions of API 6.2. Adds what it had to assume to the frame's assumptions.
BuiltQuery BuildQuery(const SourceModel& source, Frame* frame);

/// The WINDOW clause of a frame, with the time column of files named (message time needs none).
sql::WindowClause BuildWindow(const SourceModel& source, WindowFrame window, Frame* frame);

/// Columns that may hold the event time, best first: those the samples suggest, then those named or typed like one.
std::vector<std::string> TimeColumns(const SourceModel& source);

/// A column of the source as a time; system columns as they are.
sql::ExpressionPtr TimeNode(const SourceModel& source, const std::string& column);

/// Figures "in the last 5 minutes" of a live source: a condition on the time would never let a row go again, so the
/// span becomes a window that slides. Does nothing for files and where there is a window.
void SlideOverLast(const SourceModel& source, Frame* frame);

/// The condition "younger than n", or "since midnight", on the event time of a source.
sql::ExpressionPtr BuildTimeRange(const SourceModel& source, int64_t milliseconds, bool today = false);

/// CASE WHEN … END for labels; asks the schema report for thresholds that were not said.
sql::ExpressionPtr BuildBuckets(const SourceModel& source, BucketFrame* buckets, Frame* frame);

/// First letter in upper case.
std::string Capitalised(std::string text);

}  // namespace velo::language
