#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>

#include "studio/doors/door.h"
#include "studio/doors/rate_limiter.h"

namespace velo::doors {

/// Serves the operations of the registry over HTTP: finds the operation by method and path, makes one object of the
/// path's values, the query and the body, and answers with status, ETag and the error shape of API 1.6.
class HttpDoor {
 public:
  explicit HttpDoor(DoorContext context);
  server::Response Handle(const server::Request& request);

 private:
  /// An answer that a repeated request with the same Idempotency-Key gets again.
  struct Remembered {
    std::string body;
    server::Response response;
  };

  server::Response Run(const server::Request& request, const services::OperationRegistry::PathMatch& match);

  static constexpr size_t kRemembered = 1000;
  DoorContext context_;
  RateLimiter limiter_;
  std::mutex mutex_;
  std::map<std::string, Remembered> remembered_;
  std::list<std::string> remembered_order_;
};

}  // namespace velo::doors
