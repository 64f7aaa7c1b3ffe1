#pragma once

#include <string>

#include "engine/catalog/catalog.h"
#include "services/json.h"

namespace velo::services {

/// Reads {"columns":[{"name":…,"type":…}]} or {"fields":[["symbol","String"],…]} (API 2.3.1) as a relation.
Result<Relation> DeclaredRelation(const std::string& name, const Json& schema);

}  // namespace velo::services
