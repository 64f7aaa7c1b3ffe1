#pragma once

#include "services/operation.h"

namespace velo::services {

/// The OpenAPI 3.1 description of all operations.
Json OpenApiDocument(const OperationRegistry& registry);

}  // namespace velo::services
