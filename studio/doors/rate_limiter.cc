#include "studio/doors/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace velo::doors {

RateLimiter::Verdict RateLimiter::Take(const std::string& key, int64_t per_minute) {
  double burst = std::max(1.0, static_cast<double>(per_minute) / 3);
  double per_micro = static_cast<double>(per_minute) / 60e6;
  std::lock_guard lock(mutex_);
  Timestamp now = clock_->Now();
  auto [entry, fresh] = buckets_.try_emplace(key, Bucket{burst, now});
  Bucket& bucket = entry->second;
  bucket.tokens = std::min(burst, bucket.tokens + static_cast<double>(now - bucket.at) * per_micro);
  bucket.at = now;
  Verdict verdict;
  verdict.allowed = bucket.tokens >= 1;
  if (verdict.allowed) bucket.tokens -= 1;
  verdict.limit = per_minute;
  verdict.remaining = static_cast<int64_t>(bucket.tokens);
  verdict.reset_seconds = static_cast<int64_t>(std::ceil((burst - bucket.tokens) / per_micro / 1e6));
  return verdict;
}

}  // namespace velo::doors
