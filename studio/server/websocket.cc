#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "studio/server/connection_internal.h"

namespace velo::server {
namespace {

namespace websocket = beast::websocket;
using ErrorCode = boost::system::error_code;
using Socket = websocket::stream<beast::tcp_stream>;
constexpr size_t kFrameLimit = 64 << 10;

class Session : public WebSocketSession {
 public:
  Session(asio::io_context& io, beast::tcp_stream stream)
      : socket(std::move(stream)), outbox(std::make_shared<Outbox>(io)) {}

  void Send(std::string text) override { outbox->Push(std::move(text)); }
  void Close(int code, const std::string& reason) override {
    {
      std::lock_guard lock(mutex_);
      if (reason_.code == websocket::close_code::none) {
        reason_ = websocket::close_reason(static_cast<websocket::close_code>(code), reason);
      }
    }
    outbox->Finish();
  }
  size_t queued_bytes() const override { return outbox->queued_bytes() + in_flight; }
  websocket::close_reason reason() {
    std::lock_guard lock(mutex_);
    return reason_;
  }

  Socket socket;
  std::shared_ptr<Outbox> outbox;
  std::atomic<size_t> in_flight = 0;

 private:
  std::mutex mutex_;
  websocket::close_reason reason_;
};

asio::awaitable<void> Write(std::shared_ptr<Session> session) {
  std::deque<std::string> texts;
  ErrorCode error;
  while (!error) {
    co_await session->outbox->WaitFor(60);
    if (!session->outbox->Take(&texts)) break;
    for (std::string& text : texts) session->in_flight += text.size();
    for (std::string& text : texts) {
      if (!error) {
        co_await session->socket.async_write(asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
      }
      session->in_flight -= text.size();
    }
    texts.clear();
  }
  session->outbox->Drop();
  if (!error) {
    co_await session->socket.async_close(session->reason(), asio::redirect_error(asio::use_awaitable, error));
  }
}

}  // namespace

asio::awaitable<void> RunWebSocket(ServerState* state, beast::tcp_stream stream,
                                   http::request<http::string_body> upgrade, std::unique_ptr<WebSocketHandler> handler,
                                   Fields response_headers) {
  auto session = std::make_shared<Session>(state->io, std::move(stream));
  beast::get_lowest_layer(session->socket).expires_never();
  websocket::permessage_deflate deflate;
  deflate.server_enable = true;
  deflate.compLevel = 1;
  session->socket.set_option(deflate);
  session->socket.set_option(websocket::stream_base::timeout{std::chrono::seconds(10), std::chrono::seconds(40), true});
  session->socket.set_option(websocket::stream_base::decorator([&](websocket::response_type& response) {
    for (const auto& [name, value] : response_headers) response.insert(name, value);
  }));
  session->socket.read_message_max(kFrameLimit);
  session->socket.text(true);
  ErrorCode error;
  co_await session->socket.async_accept(upgrade, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  {
    std::lock_guard lock(state->sessions_mutex);
    std::erase_if(state->sessions, [](const auto& weak) { return weak.expired(); });
    state->sessions.push_back(session);
  }
  std::shared_ptr<WebSocketHandler> shared_handler = std::move(handler);
  auto strand = asio::make_strand(state->workers->get_executor());
  asio::post(strand, [shared_handler, session] { shared_handler->OnOpen(session); });
  asio::co_spawn(state->io, Write(session), asio::detached);
  beast::flat_buffer buffer;
  while (true) {
    co_await session->socket.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    std::string text = beast::buffers_to_string(buffer.data());
    buffer.consume(buffer.size());
    asio::post(strand, [shared_handler, text = std::move(text)] { shared_handler->OnText(text); });
  }
  session->outbox->Drop();
  session->outbox->Finish();
  asio::post(strand, [shared_handler] { shared_handler->OnClose(); });
}

}  // namespace velo::server
