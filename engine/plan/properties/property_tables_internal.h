#pragma once

#include "engine/plan/properties/known_properties.h"

namespace velo::plan {

std::span<const KnownProperty> ConnectorProperties();
std::span<const KnownProperty> JobProperties();

}  // namespace velo::plan
