#include "studio/server/http_server.h"

#include <thread>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "studio/server/access.h"
#include "studio/server/connection_internal.h"

namespace velo::server {

bool Outbox::Push(std::string text) {
  if (!open_) return false;
  {
    std::lock_guard lock(mutex_);
    if (finished_) return false;
    queued_bytes_ += text.size();
    texts_.push_back(std::move(text));
  }
  Wake();
  return true;
}

void Outbox::Finish() {
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
  }
  Wake();
}

void Outbox::Drop() { open_ = false; }

void Outbox::Wake() {
  asio::post(io_, [self = shared_from_this()] { self->timer_.cancel(); });
}

bool Outbox::Take(std::deque<std::string>* texts) {
  std::lock_guard lock(mutex_);
  texts->swap(texts_);
  texts_.clear();
  queued_bytes_ = 0;
  return !texts->empty() || !finished_;
}

asio::awaitable<void> Outbox::WaitFor(int seconds) {
  {
    std::lock_guard lock(mutex_);
    if (!texts_.empty() || finished_) co_return;
  }
  timer_.expires_after(std::chrono::seconds(seconds));
  boost::system::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

namespace {

using tcp = asio::ip::tcp;
using Parser = http::request_parser<http::string_body>;
using ErrorCode = boost::system::error_code;
constexpr int kHeartbeatSeconds = 15;

class SseOutlet : public SseStream {
 public:
  explicit SseOutlet(std::shared_ptr<Outbox> outbox) : outbox_(std::move(outbox)) {}
  bool Send(std::string bytes) override { return outbox_->Push(std::move(bytes)); }
  void Finish() override { outbox_->Finish(); }
  bool open() const override { return outbox_->open(); }

 private:
  std::shared_ptr<Outbox> outbox_;
};

bool IsPlainId(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

Request ReadHead(const http::request<http::string_body>& message) {
  static std::atomic<uint64_t> counter{0};
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  std::string_view given = request.Header("x-request-id");
  request.request_id = IsPlainId(given) ? std::string(given) : fmt::format("r-{:06x}", ++counter);
  return request;
}

http::response<http::empty_body> Head(const Response& response, bool keep_alive, unsigned version) {
  http::response<http::empty_body> head;
  head.version(version);
  head.result(static_cast<unsigned>(response.status));
  for (const auto& [name, value] : response.headers) head.insert(name, value);
  head.keep_alive(keep_alive);
  return head;
}

/// Runs a handler on the workers and comes back to the network thread with its result.
template <typename Result, typename Work>
asio::awaitable<Result> OnWorker(ServerState* state, Work work) {
  auto run = [](Work task) -> asio::awaitable<Result> { co_return task(); };
  co_return co_await asio::co_spawn(state->workers->get_executor(), run(std::move(work)), asio::use_awaitable);
}

class Connection {
 public:
  Connection(ServerState* state, tcp::socket socket) : state_(state), stream_(std::move(socket)) {
    ++state_->connections;
    ErrorCode ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
  }
  ~Connection() { --state_->connections; }

  asio::awaitable<void> Run() {
    bool first = true;
    while (!state_->stopping) {
      bool keep_alive = co_await Serve(first);
      if (!keep_alive) break;
      first = false;
    }
    if (stream_.socket().is_open()) co_await Leave();
  }

 private:
  /// Closing with unread bytes would reset the connection and take the last answer away from the client.
  asio::awaitable<void> Leave() {
    constexpr size_t kMost = 16 << 20;
    ErrorCode error;
    stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    stream_.expires_after(std::chrono::seconds(2));
    std::vector<char> unwanted(64 << 10);
    for (size_t total = 0; !error && total < kMost;) {
      total +=
          co_await stream_.async_read_some(asio::buffer(unwanted), asio::redirect_error(asio::use_awaitable, error));
    }
  }

  /// One request and its response. Returns whether the connection goes on.
  asio::awaitable<bool> Serve(bool first) {
    Parser parser;
    parser.header_limit(static_cast<uint32_t>(state_->options.header_limit));
    parser.body_limit(boost::none);
    ErrorCode error;
    stream_.expires_after(std::chrono::seconds(first ? state_->options.header_seconds : state_->options.idle_seconds));
    co_await http::async_read_header(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return co_await RefuseUnreadable(error);
    Request request = ReadHead(parser.get());
    bool keep_alive = parser.get().keep_alive();
    std::optional<Response> refusal = CheckHead(&request, parser);
    if (!refusal) refusal = state_->handler->Admit(request);
    if (refusal) {
      bool has_body = parser.content_length().value_or(0) > 0 || parser.chunked();
      co_return co_await Answer(request, *refusal, keep_alive && !has_body);
    }
    if (beast::iequals(parser.get()[http::field::upgrade], "websocket")) {
      co_await Upgrade(request, parser.release());
      co_return false;
    }
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      http::response<http::empty_body> go_on(http::status::continue_, 11);
      co_await http::async_write(stream_, go_on, asio::redirect_error(asio::use_awaitable, error));
    }
    parser.body_limit(state_->options.body_limit);
    stream_.expires_after(std::chrono::seconds(state_->options.body_seconds));
    co_await http::async_read(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error == http::error::body_limit) co_return co_await Answer(request, BodyTooLarge(request), false);
    if (error == beast::error::timeout) {
      co_return co_await Answer(
          request, Refusal(408, "TIMEOUT", "The request took too long to arrive.", "Try again.", request.request_id),
          false);
    }
    if (error) co_return false;
    request.body = std::move(parser.get().body());
    stream_.expires_never();
    Reply reply = co_await OnWorker<Reply>(state_, [this, &request] { return state_->handler->Handle(request); });
    if (reply.stream) {
      co_await Stream(request, std::move(reply));
      co_return false;
    }
    co_return co_await Answer(request, reply.response, keep_alive);
  }

  Response BodyTooLarge(const Request& request) {
    return Refusal(413, "PAYLOAD_TOO_LARGE",
                   fmt::format("The request is larger than {} KiB.", state_->options.body_limit / 1024),
                   "Send less at once.", request.request_id);
  }

  std::optional<Response> CheckHead(Request* request, const Parser& parser) {
    if (!ParseTarget(request->target, &request->path, &request->query) || !request->path.starts_with('/')) {
      return Refusal(400, "VALIDATION_ERROR", "The address is not well formed.", "", request->request_id);
    }
    if (parser.content_length() && *parser.content_length() > state_->options.body_limit) {
      return BodyTooLarge(*request);
    }
    return std::nullopt;
  }

  asio::awaitable<bool> RefuseUnreadable(ErrorCode error) {
    Request nothing;
    nothing.request_id = "r-0";
    if (error == http::error::header_limit) {
      co_return co_await Answer(
          nothing,
          Refusal(431, "HEADER_TOO_LARGE", "The headers are larger than 16 KiB.", "Send fewer or shorter ones.", "r-0"),
          false);
    }
    bool malformed = error.category() == http::make_error_code(http::error::bad_method).category() &&
                     error != http::error::end_of_stream && error != http::error::partial_message;
    if (malformed) {
      co_return co_await Answer(nothing, Refusal(400, "VALIDATION_ERROR", "This is not an HTTP request.", "", "r-0"),
                                false);
    }
    co_return false;
  }

  asio::awaitable<bool> Answer(const Request& request, Response& response, bool keep_alive) {
    co_return co_await Answer(request, std::move(response), keep_alive);
  }

  asio::awaitable<bool> Answer(const Request& request, Response&& given, bool keep_alive) {
    Response response = std::move(given);
    state_->handler->Finish(request, &response);
    const std::string& body = response.shared_body ? *response.shared_body : response.body;
    http::response<http::empty_body> head = Head(response, keep_alive, 11);
    bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) head.content_length(body.size());
    http::response_serializer<http::empty_body> serializer(head);
    ErrorCode error;
    stream_.expires_after(std::chrono::seconds(state_->options.idle_seconds));
    co_await http::async_write_header(stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
    if (!error && !bodiless && !body.empty() && request.method != "HEAD") {
      co_await asio::async_write(stream_, asio::buffer(body), asio::redirect_error(asio::use_awaitable, error));
    }
    co_return !error && keep_alive;
  }

  asio::awaitable<void> Stream(const Request& request, Reply reply) {
    state_->handler->Finish(request, &reply.response);
    http::response<http::empty_body> head = Head(reply.response, false, 11);
    head.chunked(true);
    http::response_serializer<http::empty_body> serializer(head);
    ErrorCode error;
    stream_.expires_after(std::chrono::seconds(state_->options.idle_seconds));
    co_await http::async_write_header(stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
    auto outbox = std::make_shared<Outbox>(state_->io);
    if (error) outbox->Drop();
    asio::post(*state_->workers,
               [feed = std::move(reply.stream), stream = std::make_shared<SseOutlet>(outbox)] { feed(stream); });
    std::deque<std::string> texts;
    while (!error && !state_->stopping) {
      co_await outbox->WaitFor(kHeartbeatSeconds);
      if (!outbox->Take(&texts)) break;
      std::string bytes;
      for (std::string& text : texts) bytes += text;
      if (bytes.empty()) bytes = ": hb\n\n";
      texts.clear();
      stream_.expires_after(std::chrono::seconds(state_->options.idle_seconds));
      co_await asio::async_write(stream_, http::make_chunk(asio::buffer(bytes)),
                                 asio::redirect_error(asio::use_awaitable, error));
    }
    outbox->Drop();
    if (!error) {
      co_await asio::async_write(stream_, http::make_chunk_last(), asio::redirect_error(asio::use_awaitable, error));
    }
  }

  asio::awaitable<void> Upgrade(const Request& request, http::request<http::string_body> upgrade) {
    WebSocketReply reply =
        co_await OnWorker<WebSocketReply>(state_, [this, &request] { return state_->handler->OpenWebSocket(request); });
    if (reply.handler == nullptr) {
      co_await Answer(request, std::move(reply.refusal), false);
      co_return;
    }
    Response carried;
    state_->handler->Finish(request, &carried);
    co_await RunWebSocket(state_, std::move(stream_), std::move(upgrade), std::move(reply.handler),
                          std::move(carried.headers));
  }

  ServerState* state_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
};

asio::awaitable<void> RunConnection(ServerState* state, tcp::socket socket) {
  Connection connection(state, std::move(socket));
  co_await connection.Run();
}

asio::awaitable<void> Accept(ServerState* state, std::shared_ptr<tcp::acceptor> acceptor) {
  while (!state->stopping) {
    ErrorCode error;
    tcp::socket socket = co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of file descriptors: wait for connections to end instead of spinning.
      asio::steady_timer pause(state->io, std::chrono::milliseconds(50));
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    if (state->connections >= state->options.max_connections) continue;
    asio::co_spawn(state->io, RunConnection(state, std::move(socket)), asio::detached);
  }
}

class BeastServer : public HttpServer {
 public:
  explicit BeastServer(const ServerOptions& options, RequestHandler* handler) {
    state_.options = options;
    state_.handler = handler;
    state_.workers = std::make_unique<asio::thread_pool>(options.workers);
  }
  ~BeastServer() override { Stop(); }

  Status Listen() {
    ErrorCode error;
    asio::ip::address address =
        asio::ip::make_address(state_.options.host == "localhost" ? "127.0.0.1" : state_.options.host, error);
    if (error) return Status::User("VALIDATION_ERROR", fmt::format("'{}' is not an address.", state_.options.host), "");
    VELO_RETURN_IF_ERROR(Bind(tcp::endpoint(address, static_cast<uint16_t>(state_.options.port))));
    port_ = acceptors_.front()->local_endpoint().port();
    // The other loopback address is a convenience: without IPv6 the Studio is still there.
    if (address == asio::ip::address_v4::loopback()) {
      Status ipv6 = Bind(tcp::endpoint(asio::ip::address_v6::loopback(), static_cast<uint16_t>(port_)));
      if (!ipv6.ok() && acceptors_.size() > 1) acceptors_.pop_back();
    }
    for (auto& acceptor : acceptors_) asio::co_spawn(state_.io, Accept(&state_, acceptor), asio::detached);
    network_ = std::thread([this] { state_.io.run(); });
    return Status::OK();
  }

  int port() const override { return port_; }

  void Stop() override {
    if (state_.stopping.exchange(true)) return;
    {
      std::lock_guard lock(state_.sessions_mutex);
      for (auto& weak : state_.sessions) {
        if (auto session = weak.lock()) session->Close(1001, "server stopping");
      }
    }
    asio::post(state_.io, [this] {
      for (auto& acceptor : acceptors_) acceptor->close();
      auto grace = std::make_shared<asio::steady_timer>(state_.io, std::chrono::milliseconds(200));
      grace->async_wait([this, grace](ErrorCode) { state_.io.stop(); });
    });
    if (network_.joinable()) network_.join();
    state_.workers->join();
  }

 private:
  Status Bind(const tcp::endpoint& endpoint) {
    auto acceptor = std::make_shared<tcp::acceptor>(state_.io);
    ErrorCode error;
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Status::World("PORT_IN_USE",
                           fmt::format("Port {} of {} cannot be used: {}.", endpoint.port(),
                                       endpoint.address().to_string(), error.message()),
                           "Choose another one with --port, or stop what uses it.")
          .WithDetail("port", std::to_string(endpoint.port()));
    }
    acceptors_.push_back(acceptor);
    return Status::OK();
  }

  ServerState state_;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors_;
  std::thread network_;
  int port_ = 0;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const ServerOptions& options, RequestHandler* handler) {
  auto server = std::make_unique<BeastServer>(options, handler);
  VELO_RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace velo::server
