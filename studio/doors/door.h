#pragma once

#include <string>

#include "services/call_context.h"
#include "services/operation.h"
#include "services/workspace.h"
#include "studio/server/http_server.h"

namespace velo::doors {

/// What every door works with. Not owned; outlives the doors.
struct DoorContext {
  services::Workspace* workspace = nullptr;
};

/// A status as an HTTP response in the shape of API 1.6.
server::Response ErrorResponse(const Status& status, const server::Request& request);
services::CallContext ContextOf(const DoorContext& door, const server::Request& request);
/// Checks the content type of a request that may change something (API 1.3).
Status CheckContentType(const server::Request& request);

}  // namespace velo::doors
