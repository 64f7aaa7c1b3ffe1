#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/status.h"
#include "studio/server/http_message.h"

namespace velo::server {

/// An open text/event-stream. All calls are thread safe and never block.
class SseStream {
 public:
  virtual ~SseStream() = default;
  /// Queues bytes to send as they are. Returns false when the client has gone.
  virtual bool Send(std::string bytes) = 0;
  /// Ends the stream once all is sent.
  virtual void Finish() = 0;
  virtual bool open() const = 0;
};

/// An open WebSocket. All calls are thread safe and never block.
class WebSocketSession {
 public:
  virtual ~WebSocketSession() = default;
  virtual void Send(std::string text) = 0;
  /// Closes once all is sent.
  virtual void Close(int code, const std::string& reason) = 0;
  virtual size_t queued_bytes() const = 0;
};

/// What a door does with an open WebSocket. Called by one worker at a time.
class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;
  virtual void OnOpen(std::shared_ptr<WebSocketSession> session) = 0;
  virtual void OnText(const std::string& text) = 0;
  virtual void OnClose() = 0;
};

/// A response, or the head of a stream with what feeds it.
struct Reply {
  Response response;
  std::function<void(std::shared_ptr<SseStream>)> stream;  ///< Set: the body is an event stream.
  Reply() = default;
  Reply(Response plain) : response(std::move(plain)) {}  // NOLINT(google-explicit-constructor)
  Reply(Response head, std::function<void(std::shared_ptr<SseStream>)> feed)
      : response(std::move(head)), stream(std::move(feed)) {}
};

struct WebSocketReply {
  std::unique_ptr<WebSocketHandler> handler;  ///< Null: refused with `refusal`.
  Response refusal;
};

/// What the server asks. Admit runs on the network thread and must be quick; the rest runs on workers.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  /// Looks at a request before its body is read. A response refuses it.
  virtual std::optional<Response> Admit(const Request& head) = 0;
  virtual Reply Handle(const Request& request) = 0;
  virtual WebSocketReply OpenWebSocket(const Request& request) = 0;
  /// Adds what every response carries.
  virtual void Finish(const Request& request, Response* response) = 0;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;  ///< 0: any free one.
  int workers = 8;
  size_t header_limit = 16 << 10, body_limit = 1 << 20;
  int header_seconds = 10, body_seconds = 30, idle_seconds = 60;
  size_t max_connections = 512;
};

/// HTTP/1.1 and WebSocket server. One network thread, a pool of workers for the handlers.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  /// Binds and starts. PORT_IN_USE names the port. `handler` is not owned and must outlive the server.
  static Result<std::unique_ptr<HttpServer>> Start(const ServerOptions& options, RequestHandler* handler);
  virtual int port() const = 0;
  /// Stops taking connections, tells open ones (WebSocket close 1001), and returns when all handlers have ended.
  virtual void Stop() = 0;
};

}  // namespace velo::server
