#include "studio/doors/studio.h"

#include <condition_variable>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <nlohmann/json.hpp>

#include "assistant/conversation/turn.h"
#include "connectors/register_all.h"
#include "demo/demo_stream.h"
#include "engine/runtime/engine.h"
#include "services/ids.h"
#include "services/json_text.h"
#include "studio/doors/http_door.h"
#include "studio/doors/static_door.h"
#include "studio/doors/stream_door.h"
#include "studio/doors/upload_door.h"
#include "studio/server/access.h"

namespace velo::doors {
namespace {

constexpr const char* kContentPolicy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A secret kept in the data folder, so that open tabs survive a restart of the program.
std::string KeptSecret(const std::string& data_dir, const char* name) {
  std::string path = data_dir.empty() ? "" : data_dir + "/" + name;
  std::string secret;
  if (!path.empty()) {
    std::ifstream file(path);
    file >> secret;
  }
  constexpr size_t kDigits = 64;
  if (secret.size() == kDigits) return secret;
  secret = services::RandomToken(static_cast<int>(kDigits / 2));
  if (!path.empty()) {
    mode_t before = ::umask(0077);
    std::ofstream file(path, std::ios::trunc);
    file << secret << "\n";
    ::umask(before);
  }
  return secret;
}

/// Sends every request to its door and adds what every response carries.
class Router : public server::RequestHandler {
 public:
  Router(DoorContext context, server::AccessRules rules, TurnRunner runner, std::string web_dir, std::string build)
      : rules_(std::move(rules)),
        http_(context),
        chat_(context, std::move(runner)),
        stream_(context),
        upload_(context),
        static_(std::move(web_dir)),
        build_(std::move(build)) {}

  std::optional<server::Response> Admit(const server::Request& head) override {
    return server::CheckAccess(rules_, head).refusal;
  }

  server::Reply Handle(const server::Request& given) override {
    server::Request request = given;
    if (request.path.starts_with("/api/v1/")) request.path = "/api/" + request.path.substr(8);
    if (request.path == "/api/auth/session") return Session(request);
    if (request.path == "/api/chat" || request.path.starts_with("/api/chat/")) return chat_.Handle(request);
    if (request.path == "/api/uploads") return upload_.Handle(request);
    bool operation = request.path.starts_with("/api/") || request.path == "/api" || request.path == "/healthz" ||
                     request.path == "/readyz";
    server::Reply reply = operation ? server::Reply(http_.Handle(request)) : server::Reply(static_.Handle(request));
    if (reply.response.status >= 500) {
      spdlog::error("{} {} {}: {}", request.request_id, request.method, request.path,
                    reply.response.body.substr(0, 300));
    }
    return reply;
  }

  server::WebSocketReply OpenWebSocket(const server::Request& given) override {
    server::Request request = given;
    if (request.path.starts_with("/api/v1/")) request.path = "/api/" + request.path.substr(8);
    server::AccessDecision decision = server::CheckAccess(rules_, request);
    if (!decision.may_upgrade) {
      server::WebSocketReply refused;
      refused.refusal = server::Refusal(401, "UNAUTHORIZED", "This browser has no session with the Studio.",
                                        "Open the address that velo printed.", request.request_id);
      return refused;
    }
    return stream_.Open(request);
  }

  void Finish(const server::Request& request, server::Response* response) override {
    response->Set("Velo-Api-Version", "1");
    response->Set("Velo-Build", build_);
    response->Set("X-Request-Id", request.request_id);
    response->Set("X-Content-Type-Options", "nosniff");
    response->Set("Referrer-Policy", "no-referrer");
    response->Set("Cross-Origin-Opener-Policy", "same-origin");
    response->Set("Cross-Origin-Resource-Policy", "same-origin");
    response->Set("Content-Security-Policy", kContentPolicy);
    if (!request.method.empty() && server::CheckAccess(rules_, request).give_cookie) {
      response->Set("Set-Cookie", server::SessionCookieHeader(rules_.session));
    }
  }

 private:
  server::Reply Session(const server::Request& request) {
    server::Response response;
    response.status = 204;
    if (request.method == "DELETE") {
      response.Set("Set-Cookie", server::SessionCookieHeader(""));
      return response;
    }
    if (request.method != "POST") {
      return ErrorResponse(Status::User("METHOD_NOT_ALLOWED", "Use POST or DELETE.", ""), request);
    }
    Result<services::Json> body = services::ParseOutsideJson(request.body);
    std::string token = body.ok() && body->is_object() ? body->value("token", "") : "";
    if (!server::SameSecret(token, rules_.token)) {
      return ErrorResponse(Status::User("UNAUTHORIZED", "This is not the token.", "It is in the address velo printed."),
                           request);
    }
    response.Set("Set-Cookie", server::SessionCookieHeader(rules_.session));
    return response;
  }

  const server::AccessRules rules_;
  HttpDoor http_;
  ChatDoor chat_;
  StreamDoor stream_;
  UploadDoor upload_;
  StaticDoor static_;
  const std::string build_;
};

class LocalStudio : public Studio {
 public:
  ~LocalStudio() override { Shutdown(); }

  Status Open(const StudioOptions& options) {
    RegisterAllConnectors(&connectors_);
    EngineOptions engine_options;
    engine_options.data_dir = options.data_dir;
    engine_options.connectors = &connectors_;
    VELO_ASSIGN_OR_RETURN(engine_, Engine::Open(engine_options));
    services::WorkspaceOptions workspace_options;
    workspace_options.engine = engine_.get();
    workspace_options.data_dir = options.data_dir;
    workspace_options.demo = options.demo != DemoChoice::kOff;
    workspace_options.version = options.version;
    workspace_options.commit = options.commit;
    VELO_ASSIGN_OR_RETURN(workspace_, services::Workspace::Open(workspace_options));
    if (options.demo != DemoChoice::kOff && engine_->topics() != nullptr) {
      DemoOptions demo;
      demo.mode = options.demo == DemoChoice::kFrozen ? DemoMode::kFrozen : DemoMode::kOn;
      VELO_ASSIGN_OR_RETURN(demo_, DemoStream::Start(engine_->topics(), demo));
    }
    server::AccessRules rules;
    rules.hosts.insert(rules.hosts.end(), options.allowed_hosts.begin(), options.allowed_hosts.end());
    rules.origins = options.allowed_origins;
    rules.token = token_ = KeptSecret(options.data_dir, "studio.token");
    rules.session = KeptSecret(options.data_dir, "studio.session");
    rules.require_token = options.require_token;
    web_dir_ = StaticDoor::FindFolder(options.web_dir);
    TurnRunner runner = options.runner ? options.runner : TurnRunner(conversation::RunTurn);
    router_ = std::make_unique<Router>(DoorContext{workspace_.get()}, std::move(rules), std::move(runner), web_dir_,
                                       options.version + "+" + options.commit);
    server::ServerOptions server_options;
    server_options.host = options.host;
    server_options.port = options.port;
    host_ = options.host == "::1" ? "[::1]" : options.host;
    VELO_ASSIGN_OR_RETURN(server_, server::HttpServer::Start(server_options, router_.get()));
    return Status::OK();
  }

  std::string url() const override { return fmt::format("http://{}:{}/?token={}", host_, port(), token_); }
  int port() const override { return server_->port(); }
  std::string web_dir() const override { return web_dir_; }

  void Wait() override {
    std::unique_lock lock(mutex_);
    stopped_changed_.wait(lock, [this] { return stopped_; });
  }

  void Stop() override {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    stopped_changed_.notify_all();
  }

 private:
  void Shutdown() {
    Stop();
    if (server_ != nullptr) server_->Stop();
    if (demo_ != nullptr) demo_->Stop();
    router_.reset();     // Waits for running turns.
    workspace_.reset();  // Ends the executions; their viewers' sessions still have a server to talk to.
    server_.reset();
    demo_.reset();
    engine_.reset();
  }

  ConnectorRegistry connectors_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<services::Workspace> workspace_;
  std::unique_ptr<DemoStream> demo_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<server::HttpServer> server_;
  std::string host_, token_, web_dir_;
  std::mutex mutex_;
  std::condition_variable stopped_changed_;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Studio>> Studio::Start(const StudioOptions& options) {
  bool own = options.host == "127.0.0.1" || options.host == "localhost" || options.host == "::1";
  if (!own) {
    return Status::User("FORBIDDEN",
                        fmt::format("The Studio cannot be served on {}: it has no accounts.", options.host),
                        "Serve it on 127.0.0.1 and use an ssh tunnel from elsewhere.")
        .WithDetail("reason", "address");
  }
  auto studio = std::make_unique<LocalStudio>();
  VELO_RETURN_IF_ERROR(studio->Open(options));
  return std::unique_ptr<Studio>(std::move(studio));
}

}  // namespace velo::doors
