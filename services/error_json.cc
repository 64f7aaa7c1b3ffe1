#include <array>
#include <cctype>

#include <fmt/format.h>

#include "services/describe.h"
#include "services/diagnostic_view.h"
#include "services/operation.h"

namespace velo::services {
namespace {

struct CodeStatus {
  std::string_view code;
  int status;
};

constexpr std::array kStatuses = {
    CodeStatus{"UNAUTHORIZED", 401},       CodeStatus{"FORBIDDEN", 403},
    CodeStatus{"ORIGIN_NOT_ALLOWED", 403}, CodeStatus{"NOT_FOUND", 404},
    CodeStatus{"SOURCE_NOT_FOUND", 404},   CodeStatus{"TOPIC_NOT_FOUND", 404},
    CodeStatus{"THREAD_NOT_FOUND", 404},   CodeStatus{"METHOD_NOT_ALLOWED", 405},
    CodeStatus{"CONFLICT", 409},           CodeStatus{"IDEMPOTENCY_CONFLICT", 409},
    CodeStatus{"AMBIGUOUS", 409},          CodeStatus{"VERSION_CONFLICT", 412},
    CodeStatus{"PAYLOAD_TOO_LARGE", 413},  CodeStatus{"UNSUPPORTED_MEDIA_TYPE", 415},
    CodeStatus{"HOST_NOT_ALLOWED", 421},   CodeStatus{"NEEDS_INPUT", 422},
    CodeStatus{"NOT_UNDERSTOOD", 422},     CodeStatus{"PRECONDITION_REQUIRED", 428},
    CodeStatus{"RATE_LIMITED", 429},       CodeStatus{"HEADER_TOO_LARGE", 431},
    CodeStatus{"EXECUTION_ERROR", 500},    CodeStatus{"INTERNAL", 500},
    CodeStatus{"CONNECTION_ERROR", 502},   CodeStatus{"OVERLOADED", 503},
    CodeStatus{"READ_ONLY", 503},          CodeStatus{"TIMEOUT", 504},
};

bool IsDiagnosticCode(const std::string& code) {
  return code.size() == 5 && (code[0] == 'E' || code[0] == 'W') && std::isdigit(static_cast<unsigned char>(code[1]));
}

/// SQL findings travel under one of the interface codes, with the finding itself in `diagnostics`.
std::string InterfaceCode(const ErrorInfo& error) {
  if (error.kind == ErrorKind::kBug) return "INTERNAL";
  if (!IsDiagnosticCode(error.code)) return error.code;
  if (error.code.starts_with("E4")) return "EXECUTION_ERROR";
  return "VALIDATION_ERROR";
}

}  // namespace

int HttpStatusOf(const Status& status) {
  std::string code = InterfaceCode(status.error());
  for (const CodeStatus& known : kStatuses) {
    if (known.code == code) return known.status;
  }
  return status.error().kind == ErrorKind::kUser ? 400 : 500;
}

Json ErrorJson(const Status& status, std::string_view request_id, std::string_view sql) {
  const ErrorInfo& error = status.error();
  std::string code = InterfaceCode(error);
  std::vector<Diagnostic> findings = error.diagnostics;
  if (findings.empty() && IsDiagnosticCode(error.code)) {
    Diagnostic finding;
    finding.code = error.code;
    finding.message = error.message;
    finding.hint = error.hint;
    finding.span = error.span;
    findings.push_back(std::move(finding));
  }
  std::vector<DiagnosticView> views = ViewDiagnostics(findings, sql);
  Json details = Json::object();
  for (const auto& [key, value] : error.details) {
    Json parsed = value.starts_with('[') || value.starts_with('{') ? Json::parse(value, nullptr, false) : Json(value);
    details[key] = parsed.is_discarded() ? Json(value) : parsed;
  }
  Json where = nullptr, fixes = Json::array();
  if (!views.empty()) {
    details["line"] = views.front().line;
    details["column"] = views.front().column;
    details["context"] = views.front().context;
    for (const DiagnosticView& view : views) {
      for (const FixView& fix : view.fixes) fixes.push_back(ToJson(fix));
    }
  }
  std::string message = error.kind == ErrorKind::kBug ? "Something went wrong on our side." : error.message;
  std::string cure =
      error.kind == ErrorKind::kBug ? "Try again; the log has the details under this request id." : error.hint;
  std::string anchor = views.empty() ? code : views.front().code;
  return {{"error",
           {{"code", code},
            {"severity", "error"},
            {"message", message},
            {"cure", cure},
            {"where", where},
            {"details", details},
            {"diagnostics", ToJson(views)},
            {"fixes", fixes},
            {"retryable", error.retryable},
            {"retry_after_ms", nullptr},
            {"request_id", std::string(request_id)},
            {"docs", "/help/errors#" + anchor}}}};
}

}  // namespace velo::services
