#pragma once

#include <optional>
#include <string>
#include <vector>

#include "studio/server/http_message.h"

namespace velo::server {

/// Who may call a server on a loopback address (API 1.9). Any web page can reach a loopback port, so whatever comes
/// from a browser needs the session cookie, and every request needs a Host that is ours.
struct AccessRules {
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "[::1]"};
  std::vector<std::string> origins;  ///< Further origins taken as our own.
  std::string token;                 ///< Of the printed URL.
  std::string session;               ///< Value of the cookie.
  bool require_token = false;        ///< Local programs need the token too.
};

struct AccessDecision {
  std::optional<Response> refusal;  ///< Set: send this and nothing else.
  bool give_cookie = false;         ///< Add the session cookie to the response.
  bool may_upgrade = false;         ///< A WebSocket may be opened.
};

inline constexpr const char* kSessionCookie = "velo_session";

AccessDecision CheckAccess(const AccessRules& rules, const Request& request);
/// Value of the Set-Cookie header that gives (or with an empty session takes away) the session.
std::string SessionCookieHeader(const std::string& session);
/// Equal texts, in time that does not depend on where they differ.
bool SameSecret(std::string_view a, std::string_view b);

/// An error in the shape of API 1.6, for refusals that happen before any operation is known.
Response Refusal(int status, std::string_view code, std::string_view message, std::string_view cure,
                 std::string_view request_id);

}  // namespace velo::server
