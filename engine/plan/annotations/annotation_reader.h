#pragma once

#include <vector>

#include "engine/plan/annotations/script_annotations.h"
#include "engine/plan/prepared_query.h"

namespace velo::plan {

/// Turns the annotations of a script into typed data, checking names, values and columns (dialect section 6). `reports`
/// are the statements in order, with their outputs; columns are checked only where an output is known.
ScriptAnnotations ReadScriptAnnotations(const std::vector<sql::Annotation>& annotations,
                                        const std::vector<StatementReport>& reports, const FunctionRegistry& functions,
                                        Diagnostics* diagnostics);

/// What "-- @emit_mode" says for a statement; default where it says nothing. Wrong values are reported by
/// ReadScriptAnnotations.
sql::EmitMode AnnotatedEmitMode(const std::vector<sql::Annotation>& annotations, int32_t statement);

}  // namespace velo::plan
