#pragma once

#include <string>

#include "engine/plan/prepared_query.h"

namespace velo {

/// Checks what AnalyseScript leaves for the moment of deployment (dialect 9.1, level 3): E3006 for config files that
/// are missing (`folder` is where relative paths start), and, when `strict`, E3002 for streams that go nowhere. Strict
/// turns findings about readiness into errors: W3001 becomes E3001, warnings E3xxx become errors. `report` becomes
/// invalid with the errors.
void CheckReadiness(std::string_view text, const std::string& folder, bool strict, Diagnostics* diagnostics,
                    ScriptReport* report);

}  // namespace velo
