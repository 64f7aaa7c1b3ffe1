#pragma once

#include <string>

#include "engine/plan/config_files.h"
#include "engine/plan/prepared_query.h"

namespace velo {

/// Checks what AnalyseScript leaves for the moment of deployment (dialect 9.1, level 3): when `strict`, E3002 for
/// streams that go nowhere. Strict turns findings about readiness into errors: W3001 becomes E3001, warnings E3xxx
/// become errors. `report` becomes invalid with the errors.
void CheckReadiness(std::string_view text, const ConfigFiles& files, bool strict, Diagnostics* diagnostics,
                    ScriptReport* report);

}  // namespace velo
