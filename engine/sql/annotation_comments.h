#pragma once

#include <string_view>
#include <vector>

#include "engine/sql/parser.h"

namespace velo::sql {

/// Reads the annotations among the comments of a text and works out which statement each belongs to (dialect 6.1).
/// `statements` are the spans of the statements in the text, in order.
std::vector<Annotation> ReadAnnotations(std::string_view text, const std::vector<Comment>& comments,
                                        const std::vector<SourceSpan>& statements);

}  // namespace velo::sql
