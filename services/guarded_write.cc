#include "services/guarded_write.h"

#include <fmt/format.h>

namespace velo::services {

Status CheckVersion(const CallContext& context, std::optional<int64_t> expected_version, int64_t current) {
  std::string wanted = expected_version ? fmt::format("v{}", *expected_version) : context.if_match;
  if (wanted == "*") return Status::OK();
  if (wanted.empty()) {
    if (context.via != Via::kHttp) return Status::OK();
    return Status::User("PRECONDITION_REQUIRED", "This write must say which version it changes.",
                        "Send If-Match with the ETag, or expected_version.");
  }
  if (wanted == fmt::format("v{}", current)) return Status::OK();
  return Status::User("VERSION_CONFLICT", "It was changed in the meantime.", "Load it again and repeat the change.")
      .WithDetail("current_etag", fmt::format("\"v{}\"", current))
      .WithDetail("current_version", std::to_string(current));
}

}  // namespace velo::services
