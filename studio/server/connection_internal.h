#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "studio/server/http_server.h"

namespace velo::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

/// Texts on their way from any thread to one connection's coroutine. The coroutine sleeps on `timer`; Push and Close
/// wake it through the network thread.
class Outbox : public std::enable_shared_from_this<Outbox> {
 public:
  explicit Outbox(asio::io_context& io) : io_(io), timer_(io) {}

  bool Push(std::string text);
  /// No more texts; what is queued still goes out.
  void Finish();
  /// The connection has gone: later texts are refused.
  void Drop();
  bool open() const { return open_; }
  size_t queued_bytes() const { return queued_bytes_; }

  // Network thread only.
  bool Take(std::deque<std::string>* texts);   ///< False when finished and empty.
  asio::awaitable<void> WaitFor(int seconds);  ///< Returns when woken or the time is over.

 private:
  void Wake();

  asio::io_context& io_;
  asio::steady_timer timer_;
  std::mutex mutex_;
  std::deque<std::string> texts_;
  bool finished_ = false;
  std::atomic<bool> open_ = true;
  std::atomic<size_t> queued_bytes_ = 0;
};

/// What connections share.
struct ServerState {
  ServerOptions options;
  RequestHandler* handler = nullptr;
  asio::io_context io{1};
  std::unique_ptr<asio::thread_pool> workers;
  std::atomic<size_t> connections = 0;
  std::atomic<bool> stopping = false;
  std::mutex sessions_mutex;
  std::vector<std::weak_ptr<WebSocketSession>> sessions;
};

/// Carries an accepted WebSocket upgrade to its end (websocket.cc).
asio::awaitable<void> RunWebSocket(ServerState* state, beast::tcp_stream stream,
                                   http::request<http::string_body> upgrade, std::unique_ptr<WebSocketHandler> handler,
                                   Fields response_headers);

}  // namespace velo::server
