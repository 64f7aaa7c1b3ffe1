#pragma once

#include "engine/plan/prepared_query.h"
#include "engine/sql/ast/statement.h"

namespace velo::plan {

/// Checks every WITH list of a statement (dialect 7.1): W3011 for keys nobody knows, E3010 for values that do not fit,
/// E3020 to E3023 for settings that do not go together, W3006 and E3005 for variables that are not set. All of these
/// concern readiness, so they are warnings; a strict check makes them errors. `report` names the relations.
void CheckProperties(const sql::Statement& statement, const StatementReport& report, Diagnostics* diagnostics);

/// Whether values of the key are secrets, which are never shown (dialect 7.5).
bool IsSecretProperty(std::string_view key);

/// Fills in "${VAR}", "${VAR:default}", "${VAR:-default}", "${A|B:default}" (dialect 1.11). What is not set stays as it
/// is and is added to `unset` (may be null). Error E3005 for "${VAR:?message}".
Result<std::string> SubstituteVariables(std::string_view text, std::vector<std::string>* unset);

}  // namespace velo::plan
