#include "engine/functions/pattern_cache.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <string>
#include <unordered_map>

namespace velo {
namespace {

constexpr size_t kMostPatterns = 256;

}  // namespace

Result<std::shared_ptr<const re2::RE2>> CompilePattern(std::string_view pattern, std::string_view flags) {
  thread_local std::unordered_map<std::string, std::shared_ptr<const re2::RE2>> cache;
  std::string prefix;
  for (const char flag : flags) {
    if ((flag == 'i' || flag == 's' || flag == 'm') && prefix.find(flag) == std::string::npos) prefix.push_back(flag);
  }
  std::string key = prefix.empty() ? std::string(pattern) : fmt::format("(?{}){}", prefix, pattern);
  if (const auto found = cache.find(key); found != cache.end()) return found->second;
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<const re2::RE2>(key, options);
  if (!compiled->ok()) {
    return Status::User("E2310", fmt::format("invalid regular expression '{}': {}", pattern, compiled->error()),
                        "Patterns follow RE2: no look-around and no back-references.");
  }
  // Patterns that come from columns may be many; starting over is rare and cheap enough.
  if (cache.size() >= kMostPatterns) cache.clear();
  cache.emplace(std::move(key), compiled);
  return compiled;
}

}  // namespace velo
