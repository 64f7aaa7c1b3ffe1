#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace velo::server {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// One request, read completely. Header names are lower case; the query is percent-decoded, the path is not: its
/// segments are decoded by whoever splits it.
struct Request {
  std::string method, target, path;
  Fields query;
  Fields headers;
  std::string body;
  std::string request_id;  ///< The caller's, when it was well formed, else made here.

  /// Empty when absent. `name` in lower case.
  std::string_view Header(std::string_view name) const;
  bool HasHeader(std::string_view name) const;
  std::string_view Query(std::string_view name) const;
  bool HasQuery(std::string_view name) const;
  /// Value of one cookie; empty when absent.
  std::string Cookie(std::string_view name) const;
};

struct Response {
  int status = 200;
  Fields headers;
  std::string body;
  std::shared_ptr<const std::string> shared_body;  ///< Sent instead of `body` when set: files kept in memory.

  void Set(std::string name, std::string value);
  static Response Json(int status, std::string body);
  static Response Text(int status, std::string body, std::string content_type = "text/plain; charset=utf-8");
};

/// Splits "/a%20b?x=1&y" into the path as written and a decoded query. False for malformed escapes and NUL bytes.
bool ParseTarget(std::string_view target, std::string* path, Fields* query);

}  // namespace velo::server
