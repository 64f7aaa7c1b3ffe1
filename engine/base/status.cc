#include "engine/base/status.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace velo {
namespace {

Status Make(ErrorKind kind, std::string code, std::string message, std::string hint, bool retryable) {
  ErrorInfo info;
  info.kind = kind;
  info.code = std::move(code);
  info.message = std::move(message);
  info.hint = std::move(hint);
  info.retryable = retryable;
  return Status(std::move(info));
}

}  // namespace

Status Status::User(std::string code, std::string message, std::string hint) {
  return Make(ErrorKind::kUser, std::move(code), std::move(message), std::move(hint), false);
}

Status Status::World(std::string code, std::string message, std::string hint, bool retryable) {
  return Make(ErrorKind::kWorld, std::move(code), std::move(message), std::move(hint), retryable);
}

Status Status::Bug(std::string message) {
  return Make(ErrorKind::kBug, "INTERNAL", std::move(message), "Please report this with the incident id.", false);
}

Status Status::FromDiagnostics(std::vector<Diagnostic> diagnostics) {
  ErrorInfo info;
  info.kind = ErrorKind::kUser;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::kError) continue;
    info.code = diagnostic.code;
    info.message = diagnostic.message;
    info.hint = diagnostic.hint;
    info.span = diagnostic.span;
    break;
  }
  info.diagnostics = std::move(diagnostics);
  return Status(std::move(info));
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  std::string out = fmt::format("{}: {}", info_->code, info_->message);
  if (!info_->hint.empty()) out += fmt::format(" ({})", info_->hint);
  return out;
}

Status Status::WithDetail(std::string key, std::string value) const {
  ErrorInfo info = *info_;
  info.details.emplace_back(std::move(key), std::move(value));
  return Status(std::move(info));
}

Status Status::WithSpan(SourceSpan span) const {
  ErrorInfo info = *info_;
  info.span = span;
  return Status(std::move(info));
}

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "velo: internal invariant broken at %s:%d: %s\n", file, line, condition);
  std::abort();
}

}  // namespace velo
