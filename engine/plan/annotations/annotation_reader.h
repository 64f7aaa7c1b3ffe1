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

/// Reads plain header comments ("-- SQL Application: n", "-- Version: v", "-- Name: n" before a statement ...; dialect
/// 6.2) where no annotation says the same.
void ReadHeaderComments(const std::vector<sql::Comment>& comments, const std::vector<sql::Annotation>& annotations,
                        const std::vector<StatementReport>& reports, ScriptAnnotations* application);

/// Checks the job-level annotations of a statement against what the statement does: W6022 and W6023 where a
/// partitioning strategy cannot be kept, E6020 for a sticky partition that is not there.
void CheckJobAnnotations(const JobAnnotations& job, const StatementReport& report,
                         const std::vector<sql::Annotation>& annotations, Diagnostics* diagnostics);

/// What "-- @emit_mode" says for a statement; default where it says nothing. Wrong values are reported by
/// ReadScriptAnnotations.
sql::EmitMode AnnotatedEmitMode(const std::vector<sql::Annotation>& annotations, int32_t statement);

}  // namespace velo::plan
