#include "studio/server/access.h"

#include <algorithm>

#include <fmt/format.h>

namespace velo::server {
namespace {

/// "localhost:8080" -> "localhost"; "[::1]:8080" -> "[::1]".
std::string HostName(std::string_view host) {
  size_t bracket = host.rfind(']');
  size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string name(host.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

bool Contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool IsNavigation(const Request& request) {
  return request.method == "GET" && request.Header("sec-fetch-mode") == "navigate" &&
         (request.Header("sec-fetch-dest") == "document" || request.Header("sec-fetch-dest").empty());
}

Response TokenPage(const Request& request) {
  Response page = Response::Text(
      401,
      "<!doctype html><meta charset=utf-8><title>Velo Studio</title><style>body{font:16px system-ui;max-width:32rem;"
      "margin:15vh auto;padding:0 1rem}input{font:inherit;padding:.4rem;width:100%;box-sizing:border-box}</style>"
      "<h1>One more step</h1><p>This page was opened from somewhere else. Enter the token that velo printed in the "
      "terminal, or open the address it printed.</p><form action=\"/\"><input name=token aria-label=Token "
      "autocomplete=off autofocus></form>",
      "text/html; charset=utf-8");
  page.Set("X-Request-Id", request.request_id);
  return page;
}

/// The address without its token, for the redirect.
std::string CleanTarget(const Request& request) {
  std::string target = request.path.starts_with("//") ? "/" : request.path;
  char separator = '?';
  for (const auto& [key, value] : request.query) {
    if (key == "token") continue;
    target += separator;
    separator = '&';
    for (char c : key + "=" + value) {
      bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '=';
      target += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return target;
}

bool BearsToken(const AccessRules& rules, const Request& request) {
  std::string_view bearer = request.Header("authorization");
  if (bearer.starts_with("Bearer ")) bearer.remove_prefix(7);
  return SameSecret(bearer, rules.token) || SameSecret(request.Header("x-api-key"), rules.token);
}

}  // namespace

bool SameSecret(std::string_view a, std::string_view b) {
  if (a.size() != b.size() || b.empty()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

Response Refusal(int status, std::string_view code, std::string_view message, std::string_view cure,
                 std::string_view request_id) {
  return Response::Json(
      status, fmt::format("{{\"error\":{{\"code\":\"{0}\",\"severity\":\"error\",\"message\":\"{1}\",\"cure\":\"{2}\","
                          "\"where\":null,\"details\":{{}},\"diagnostics\":[],\"fixes\":[],\"retryable\":false,"
                          "\"retry_after_ms\":null,\"request_id\":\"{3}\",\"docs\":\"/help/errors#{0}\"}}}}",
                          code, message, cure, request_id));
}

std::string SessionCookieHeader(const std::string& session) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}", kSessionCookie, session,
                     session.empty() ? "; Max-Age=0" : "");
}

AccessDecision CheckAccess(const AccessRules& rules, const Request& request) {
  AccessDecision decision;
  auto refuse = [&](int status, std::string_view code, std::string_view message, std::string_view cure) {
    decision.refusal = Refusal(status, code, message, cure, request.request_id);
    return decision;
  };
  std::string_view host = request.Header("host");
  if (!Contains(rules.hosts, HostName(host))) {
    return refuse(421, "HOST_NOT_ALLOWED", "This address is not served under that name.",
                  "Open the address that velo printed.");
  }
  if (request.HasHeader("origin")) {
    std::string_view origin = request.Header("origin");
    bool own = origin == "http://" + std::string(host) || Contains(rules.origins, origin);
    if (!own) {
      return refuse(403, "ORIGIN_NOT_ALLOWED", "Pages of other sites may not call the Studio.",
                    "Open the address that velo printed.");
    }
  }
  bool navigation = IsNavigation(request);
  if (request.method == "GET" && request.HasQuery("token") && !request.path.starts_with("/api/")) {
    if (!SameSecret(request.Query("token"), rules.token)) {
      decision.refusal = TokenPage(request);
      return decision;
    }
    Response redirect = Response::Text(302, "");
    redirect.Set("Location", CleanTarget(request));
    redirect.Set("Set-Cookie", SessionCookieHeader(rules.session));
    decision.refusal = std::move(redirect);
    return decision;
  }
  bool probe = request.path == "/healthz" || request.path == "/readyz";
  bool token_exchange = request.path == "/api/auth/session" && request.method == "POST";
  bool browser = request.HasHeader("origin") || request.HasHeader("sec-fetch-site") || request.HasHeader("cookie");
  if (probe || token_exchange || SameSecret(request.Cookie(kSessionCookie), rules.session) ||
      BearsToken(rules, request)) {
    decision.may_upgrade = true;
    return decision;
  }
  if (!browser) {
    if (rules.require_token) {
      return refuse(401, "UNAUTHORIZED", "This server wants its token.", "Send it as 'Authorization: Bearer <token>'.");
    }
    decision.may_upgrade = true;
    return decision;
  }
  if (navigation) {
    if (request.Header("sec-fetch-site") == "none" && !rules.require_token) {
      decision.give_cookie = true;
    } else {
      decision.refusal = TokenPage(request);
    }
    return decision;
  }
  return refuse(401, "UNAUTHORIZED", "This browser has no session with the Studio.",
                "Open the address that velo printed.");
}

}  // namespace velo::server
