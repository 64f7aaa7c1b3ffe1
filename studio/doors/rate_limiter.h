#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "engine/base/clock.h"

namespace velo::doors {

/// Token buckets per endpoint: `per_minute` in the long run, a third of it at once (API 1.10). Thread safe.
class RateLimiter {
 public:
  explicit RateLimiter(Clock* clock) : clock_(clock) {}

  struct Verdict {
    bool allowed = true;
    int64_t limit = 0, remaining = 0, reset_seconds = 0;
  };
  Verdict Take(const std::string& key, int64_t per_minute);

 private:
  struct Bucket {
    double tokens = 0;
    Timestamp at = 0;
  };
  Clock* clock_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace velo::doors
