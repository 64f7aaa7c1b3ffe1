#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/diagnostic.h"

namespace velo {

/// Whose fault it is. user: wrong SQL, wrong option. world: file gone, disk full, broker down. bug: ours.
enum class ErrorKind : uint8_t { kUser, kWorld, kBug };

/// Everything known about a failure. `code` is either a diagnostic code ("E4002") or an interface code
/// ("SOURCE_NOT_FOUND", "CONNECTION_ERROR"); `message` is one sentence of what happened, `hint` one of how to cure it.
struct ErrorInfo {
  ErrorKind kind = ErrorKind::kUser;
  std::string code;
  std::string message;
  std::string hint;
  SourceSpan span;
  bool retryable = false;
  std::vector<std::pair<std::string, std::string>> details;
  std::vector<Diagnostic> diagnostics;
};

/// Success (one null pointer) or a failure. Cheap to copy.
class [[nodiscard]] Status {
 public:
  Status() = default;
  explicit Status(ErrorInfo info) : info_(std::make_shared<ErrorInfo>(std::move(info))) {}

  static Status OK() { return {}; }
  static Status User(std::string code, std::string message, std::string hint = "");
  static Status World(std::string code, std::string message, std::string hint = "", bool retryable = false);
  static Status Bug(std::string message);
  /// Makes a user error out of collected diagnostics; the first error gives code and message.
  static Status FromDiagnostics(std::vector<Diagnostic> diagnostics);

  bool ok() const { return info_ == nullptr; }
  explicit operator bool() const = delete;
  /// REQUIRES: !ok().
  const ErrorInfo& error() const { return *info_; }
  std::string ToString() const;
  /// Returns a copy with one more detail. REQUIRES: !ok().
  Status WithDetail(std::string key, std::string value) const;
  Status WithSpan(SourceSpan span) const;

 private:
  std::shared_ptr<const ErrorInfo> info_;
};

/// A value or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  T&& TakeValue() { return *std::move(value_); }

 private:
  std::optional<T> value_;
  Status status_;
};

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace velo

#define VELO_CONCAT_INNER(a, b) a##b
#define VELO_CONCAT(a, b) VELO_CONCAT_INNER(a, b)
#define VELO_RETURN_IF_ERROR(expression)         \
  do {                                           \
    ::velo::Status velo_status_ = (expression);  \
    if (!velo_status_.ok()) return velo_status_; \
  } while (false)
#define VELO_ASSIGN_OR_RETURN_INNER(result, target, expression) \
  auto result = (expression);                                   \
  if (!result.ok()) return result.status();                     \
  target = result.TakeValue()
#define VELO_ASSIGN_OR_RETURN(target, expression) \
  VELO_ASSIGN_OR_RETURN_INNER(VELO_CONCAT(velo_result_, __LINE__), target, expression)
/// Ends the process with a message when an internal invariant is broken. Never reachable by user input.
#define VELO_CHECK(condition) ((condition) ? static_cast<void>(0) : ::velo::CheckFailed(__FILE__, __LINE__, #condition))
