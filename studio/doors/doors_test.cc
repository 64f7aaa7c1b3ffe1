#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "studio/doors/rate_limiter.h"
#include "studio/doors/static_door.h"

namespace velo::doors {
namespace {

TEST(RateLimiter, AllowsABurstThenItsRate) {
  ManualClock clock(0);
  RateLimiter limiter(&clock);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limiter.Take("a", 60).allowed);
  EXPECT_FALSE(limiter.Take("a", 60).allowed);
  EXPECT_TRUE(limiter.Take("b", 60).allowed);
  clock.Advance(1'000'000);
  EXPECT_TRUE(limiter.Take("a", 60).allowed);
  EXPECT_FALSE(limiter.Take("a", 60).allowed);
}

class StaticDoorTest : public testing::Test {
 protected:
  StaticDoorTest() : folder_(std::filesystem::temp_directory_path() / ("velo_web_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_ / "assets");
    std::ofstream(folder_ / "index.html") << "<!doctype html>shell";
    std::ofstream(folder_ / "assets" / "app.js") << std::string(5000, 'x');
    std::ofstream(folder_.string() + "_secret") << "secret";
    std::error_code error;
    std::filesystem::create_symlink(folder_.string() + "_secret", folder_ / "assets" / "link.js", error);
  }
  ~StaticDoorTest() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::remove(folder_.string() + "_secret");
  }
  server::Response Get(const std::string& path, server::Fields headers = {}) {
    server::Request request;
    request.method = "GET";
    request.path = path;
    request.headers = std::move(headers);
    return StaticDoor(std::filesystem::canonical(folder_).string()).Handle(request);
  }
  static std::string Body(const server::Response& response) {
    return response.shared_body ? *response.shared_body : response.body;
  }
  static std::string Header(const server::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  std::filesystem::path folder_;
};

TEST_F(StaticDoorTest, AnswersDeepLinksWithTheShell) {
  EXPECT_EQ(Body(Get("/")), "<!doctype html>shell");
  EXPECT_EQ(Body(Get("/t/thr_1")), "<!doctype html>shell");
  EXPECT_EQ(Get("/assets/none.js").status, 404);
}

TEST_F(StaticDoorTest, ZipsAndTags) {
  server::Response plain = Get("/assets/app.js");
  EXPECT_EQ(Body(plain).size(), 5000u);
  EXPECT_NE(Header(plain, "Cache-Control").find("immutable"), std::string::npos);
  server::Response zipped = Get("/assets/app.js", {{"accept-encoding", "br, gzip"}});
  EXPECT_EQ(Header(zipped, "Content-Encoding"), "gzip");
  EXPECT_LT(Body(zipped).size(), 200u);
  EXPECT_EQ(Get("/assets/app.js", {{"if-none-match", Header(plain, "ETag")}}).status, 304);
}

TEST_F(StaticDoorTest, NeverLeavesItsFolder) {
  for (const char* path : {"/../velo_secret", "/assets/..%2f..%2fetc%2fpasswd", "/%2e%2e/x", "/assets/\\..\\x",
                           "/assets/link.js", "/.git/config"}) {
    EXPECT_EQ(Body(Get(path)).find("secret"), std::string::npos) << path;
    EXPECT_EQ(Body(Get(path)).find("root:"), std::string::npos) << path;
  }
  EXPECT_EQ(Get("/assets/link.js").status, 404);
}

}  // namespace
}  // namespace velo::doors
