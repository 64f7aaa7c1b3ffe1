#include "studio/doors/door.h"

#include <nlohmann/json.hpp>

#include "services/json_text.h"

namespace velo::doors {

server::Response ErrorResponse(const Status& status, const server::Request& request) {
  server::Response response = server::Response::Json(
      services::HttpStatusOf(status), services::DumpJson(services::ErrorJson(status, request.request_id)));
  if (response.status == 503 || response.status == 429) response.Set("Retry-After", "1");
  return response;
}

services::CallContext ContextOf(const DoorContext& door, const server::Request& request) {
  services::CallContext context;
  context.workspace = door.workspace;
  context.request_id = request.request_id;
  std::string_view match = request.Header("if-match");
  if (match.size() >= 2 && match.front() == '"' && match.back() == '"') match = match.substr(1, match.size() - 2);
  context.if_match = std::string(match);
  return context;
}

Status CheckContentType(const server::Request& request) {
  if (request.body.empty()) {
    bool marked = request.HasHeader("x-velo-client") || request.Header("content-type").starts_with("application/json");
    if (marked) return Status::OK();
    return Status::User("UNSUPPORTED_MEDIA_TYPE", "A request without a body must say who sends it.",
                        "Send the header X-Velo-Client, or Content-Type: application/json.");
  }
  std::string_view type = request.Header("content-type");
  std::string_view plain = type.substr(0, type.find(';'));
  while (plain.ends_with(' ')) plain.remove_suffix(1);
  if (plain == "application/json") return Status::OK();
  return Status::User("UNSUPPORTED_MEDIA_TYPE", "The body must be JSON.", "Send Content-Type: application/json.");
}

}  // namespace velo::doors
