#include "studio/doors/http_door.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "services/json_text.h"

namespace velo::doors {
namespace {

using services::Json;

// Loopback callers without credentials get ten times the figures: they guard against runaway clients (API 1.10).
constexpr int64_t kLoopbackFactor = 10;

bool HasBody(const std::string& method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

Result<Json> ArgumentsOf(const server::Request& request, const services::OperationRegistry::PathMatch& match) {
  Json arguments = Json::object();
  if (HasBody(request.method) && !request.body.empty()) {
    VELO_ASSIGN_OR_RETURN(arguments, services::ParseOutsideJson(request.body));
    if (!arguments.is_object()) {
      return Status::User("VALIDATION_ERROR", "The body must be a JSON object.", "Send {…}.");
    }
  }
  if (!HasBody(request.method)) {
    for (const auto& [name, value] : request.query) arguments[name] = value;
  }
  for (const auto& [name, value] : match.values) arguments[name] = value;
  return arguments;
}

server::Response Translate(services::HttpAnswer answer, const server::Request& request) {
  server::Response response;
  response.status = answer.status;
  response.Set("Content-Type", answer.content_type);
  response.Set("Cache-Control", "no-store");
  if (!answer.etag.empty()) {
    response.Set("ETag", answer.etag);
    if (request.method == "GET" && request.Header("if-none-match") == answer.etag) {
      response.status = 304;
      return response;
    }
  }
  if (!answer.file_name.empty()) {
    response.Set("Content-Disposition", fmt::format("attachment; filename=\"{}\"", answer.file_name));
  }
  if (answer.status == 429 || answer.status == 503) response.Set("Retry-After", "1");
  response.body = std::move(answer.body);
  return response;
}

}  // namespace

HttpDoor::HttpDoor(DoorContext context) : context_(context), limiter_(&context.workspace->clock()) {}

server::Response HttpDoor::Handle(const server::Request& request) {
  auto match = context_.workspace->operations().Match(request.method, request.path);
  if (match.operation == nullptr && !match.allowed.empty()) {
    server::Response response =
        ErrorResponse(Status::User("METHOD_NOT_ALLOWED", fmt::format("{} is not possible here.", request.method),
                                   fmt::format("Use {}.", fmt::join(match.allowed, " or "))),
                      request);
    response.Set("Allow", fmt::format("{}", fmt::join(match.allowed, ", ")));
    return response;
  }
  if (match.operation == nullptr) {
    return ErrorResponse(Status::User("NOT_FOUND", "There is nothing at this address.", "See /api/openapi.json."),
                         request);
  }
  const services::OperationInfo& info = match.operation->info();
  RateLimiter::Verdict verdict = limiter_.Take(info.name, info.rate_per_minute * kLoopbackFactor);
  server::Response response = verdict.allowed
                                  ? Run(request, match)
                                  : ErrorResponse(Status::World("RATE_LIMITED", "Too many requests of this kind.",
                                                                fmt::format("Wait {} s.", 1), true),
                                                  request);
  response.Set("RateLimit-Limit", std::to_string(verdict.limit));
  response.Set("RateLimit-Remaining", std::to_string(verdict.remaining));
  response.Set("RateLimit-Reset", std::to_string(verdict.reset_seconds));
  return response;
}

server::Response HttpDoor::Run(const server::Request& request, const services::OperationRegistry::PathMatch& match) {
  bool textual = !HasBody(request.method);
  if (HasBody(request.method)) {
    Status type = CheckContentType(request);
    if (!type.ok()) return ErrorResponse(type, request);
  }
  std::string key;
  if (request.method == "POST" && request.HasHeader("idempotency-key")) {
    key = request.path + "\n" + std::string(request.Header("idempotency-key").substr(0, 64));
    std::lock_guard lock(mutex_);
    auto known = remembered_.find(key);
    if (known != remembered_.end()) {
      if (known->second.body != request.body) {
        Status reused = Status::User("IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used with another body.",
                                     "Use a new key for every new request.");
        return ErrorResponse(reused, request);
      }
      server::Response again = known->second.response;
      again.Set("Idempotency-Replayed", "true");
      return again;
    }
  }
  Result<Json> arguments = ArgumentsOf(request, match);
  if (!arguments.ok()) return ErrorResponse(arguments.status(), request);
  services::CallContext context = ContextOf(context_, request);
  services::HttpAnswer answer =
      context_.workspace->operations().InvokeHttp(*match.operation, *arguments, textual, context);
  server::Response response = Translate(std::move(answer), request);
  if (!key.empty() && response.status < 500) {
    std::lock_guard lock(mutex_);
    remembered_[key] = {request.body, response};
    remembered_order_.push_back(key);
    if (remembered_order_.size() > kRemembered) {
      remembered_.erase(remembered_order_.front());
      remembered_order_.pop_front();
    }
  }
  return response;
}

}  // namespace velo::doors
