#include "studio/server/access.h"

#include <gtest/gtest.h>

namespace velo::server {
namespace {

AccessRules Rules() {
  AccessRules rules;
  rules.token = "the-token";
  rules.session = "the-session";
  return rules;
}

Request Make(Fields headers, std::string target = "/api/threads", std::string method = "GET") {
  Request request;
  request.method = std::move(method);
  request.target = target;
  request.request_id = "r-1";
  EXPECT_TRUE(ParseTarget(target, &request.path, &request.query));
  request.headers = std::move(headers);
  return request;
}

int StatusOf(const Request& request, AccessRules rules = Rules()) {
  AccessDecision decision = CheckAccess(rules, request);
  return decision.refusal ? decision.refusal->status : 200;
}

TEST(Access, LetsLocalProgramsIn) { EXPECT_EQ(StatusOf(Make({{"host", "localhost:8080"}})), 200); }

TEST(Access, RefusesForeignAndMissingHosts) {
  EXPECT_EQ(StatusOf(Make({{"host", "evil.example:8080"}})), 421);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost.evil.example"}})), 421);
  EXPECT_EQ(StatusOf(Make({{"host", "127.0.0.1.nip.io:8080"}})), 421);
  EXPECT_EQ(StatusOf(Make({})), 421);
  EXPECT_EQ(StatusOf(Make({{"host", "[::1]:8080"}})), 200);
  EXPECT_EQ(StatusOf(Make({{"host", "LOCALHOST"}})), 200);
}

TEST(Access, RefusesForeignOrigins) {
  std::string cookie = "velo_session=the-session";
  EXPECT_EQ(StatusOf(Make({{"host", "localhost:8080"}, {"origin", "http://evil.example"}, {"cookie", cookie}})), 403);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost:8080"}, {"origin", "null"}, {"cookie", cookie}})), 403);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost:8080"}, {"origin", "http://localhost:9999"}, {"cookie", cookie}})), 403);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost:8080"}, {"origin", "http://localhost:8080"}, {"cookie", cookie}})), 200);
}

TEST(Access, AsksBrowsersForTheirSession) {
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}, {"origin", "http://localhost"}})), 401);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}, {"sec-fetch-site", "same-origin"}})), 401);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}, {"cookie", "other=1"}})), 401);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}, {"cookie", "velo_session=wrong"}})), 401);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}, {"cookie", "a=b; velo_session=the-session"}})), 200);
}

TEST(Access, TokenInTheAddressBecomesACookie) {
  AccessDecision decision = CheckAccess(Rules(), Make({{"host", "localhost"}}, "/t/thr_1?a=art_3%402&token=the-token"));
  ASSERT_TRUE(decision.refusal.has_value());
  EXPECT_EQ(decision.refusal->status, 302);
  std::string location, cookie;
  for (const auto& [name, value] : decision.refusal->headers) {
    if (name == "Location") location = value;
    if (name == "Set-Cookie") cookie = value;
  }
  EXPECT_EQ(location, "/t/thr_1?a=art_3%402");
  EXPECT_EQ(cookie, "velo_session=the-session; Path=/; HttpOnly; SameSite=Strict");
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}}, "/?token=wrong")), 401);
}

TEST(Access, TokenRedirectNeverLeavesTheSite) {
  AccessDecision decision = CheckAccess(Rules(), Make({{"host", "localhost"}}, "//evil.example/?token=the-token"));
  ASSERT_TRUE(decision.refusal.has_value());
  for (const auto& [name, value] : decision.refusal->headers) {
    if (name == "Location") {
      EXPECT_EQ(value, "/");
    }
  }
}

TEST(Access, HandTypedAddressGetsTheCookieButALinkDoesNot) {
  Fields typed = {{"host", "localhost"},
                  {"sec-fetch-site", "none"},
                  {"sec-fetch-mode", "navigate"},
                  {"sec-fetch-dest", "document"}};
  AccessDecision decision = CheckAccess(Rules(), Make(typed, "/"));
  EXPECT_FALSE(decision.refusal.has_value());
  EXPECT_TRUE(decision.give_cookie);
  EXPECT_FALSE(decision.may_upgrade);
  Fields linked = typed;
  linked[1].second = "cross-site";
  EXPECT_EQ(StatusOf(Make(linked, "/")), 401);
}

TEST(Access, RequiredTokenIsAskedOfProgramsToo) {
  AccessRules rules = Rules();
  rules.require_token = true;
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}}), rules), 401);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}, {"authorization", "Bearer the-token"}}), rules), 200);
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}}, "/healthz"), rules), 200);
}

TEST(Access, EmptySecretsNeverMatch) {
  EXPECT_FALSE(SameSecret("", ""));
  AccessRules rules = Rules();
  rules.session.clear();
  EXPECT_EQ(StatusOf(Make({{"host", "localhost"}, {"cookie", "velo_session="}}), rules), 401);
}

TEST(ParseTarget, DecodesTheQueryAndKeepsThePath) {
  std::string path;
  Fields query;
  ASSERT_TRUE(ParseTarget("/api/topics/a%2Fb?filter=x+y%20z&flag&e=", &path, &query));
  EXPECT_EQ(path, "/api/topics/a%2Fb");
  EXPECT_EQ(query, (Fields{{"filter", "x y z"}, {"flag", ""}, {"e", ""}}));
  EXPECT_FALSE(ParseTarget("/a%zz", &path, &query));
  EXPECT_FALSE(ParseTarget("/a%0", &path, &query));
  EXPECT_FALSE(ParseTarget("/a%00b", &path, &query));
}

}  // namespace
}  // namespace velo::server
