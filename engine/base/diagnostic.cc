#include "engine/base/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>

namespace velo {

std::string_view DiagnosticCategory(std::string_view code) {
  if (code.size() < 3) return "runtime";
  const std::string_view digits = code.substr(1);
  if (digits < "1005") return "lex";
  if (digits < "2000") return "parse";
  if (digits.starts_with("21")) return "name";
  if (digits.starts_with("22")) return "window";
  if (digits == "2303" || digits == "2304" || digits == "2305" || digits == "2302") {
    return digits == "2302" && code[0] == 'E' ? "type" : "join";
  }
  if (digits.starts_with("2")) return "type";
  if (digits.starts_with("3")) return "config";
  if (digits.starts_with("4")) return "runtime";
  if (digits.starts_with("5")) return "lifecycle";
  if (digits.starts_with("6")) return "annotation";
  return "runtime";
}

Diagnostic& Diagnostics::Push(Severity severity, std::string code, SourceSpan span, std::string message) {
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.code = std::move(code);
  diagnostic.span = span;
  diagnostic.message = std::move(message);
  diagnostic.statement = statement_;
  if (severity == Severity::kError && ++error_count_ > kMaxErrors) {
    overflow_ = std::move(diagnostic);
    return overflow_;
  }
  items_.push_back(std::move(diagnostic));
  return items_.back();
}

Diagnostic& Diagnostics::Error(std::string code, SourceSpan span, std::string message) {
  return Push(Severity::kError, std::move(code), span, std::move(message));
}

Diagnostic& Diagnostics::Warning(std::string code, SourceSpan span, std::string message) {
  return Push(Severity::kWarning, std::move(code), span, std::move(message));
}

Diagnostic& Diagnostics::Info(std::string code, SourceSpan span, std::string message) {
  return Push(Severity::kInfo, std::move(code), span, std::move(message));
}

void Diagnostics::Add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::kError && ++error_count_ > kMaxErrors) return;
  items_.push_back(std::move(diagnostic));
}

void Diagnostics::AddAll(const std::vector<Diagnostic>& items) {
  for (const Diagnostic& item : items) Add(item);
}

void Diagnostics::SortBySpan() {
  std::stable_sort(items_.begin(), items_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    if (a.span.offset != b.span.offset) return a.span.offset < b.span.offset;
    return a.severity < b.severity;
  });
}

std::string RenderDiagnostic(const Diagnostic& diagnostic, std::string_view text, std::string_view file_name) {
  const std::string_view severity = diagnostic.severity == Severity::kError     ? "error"
                                    : diagnostic.severity == Severity::kWarning ? "warning"
                                                                                : "info";
  if (!diagnostic.span.valid()) {
    std::string out = fmt::format("{}: {}[{}]: {}\n", file_name, severity, diagnostic.code, diagnostic.message);
    if (!diagnostic.hint.empty()) out += fmt::format("  hint: {}\n", diagnostic.hint);
    return out;
  }
  const LineIndex index(text);
  const LineColumn start = index.Locate(diagnostic.span.offset);
  const LineColumn end = index.Locate(diagnostic.span.end());
  const std::string_view line = index.Line(start.line);
  const int32_t marks = start.line == end.line ? std::max(1, end.column - start.column) : 1;
  std::string out = fmt::format("{}:{}:{}: {}[{}]: {}\n", file_name, start.line, start.column, severity,
                                diagnostic.code, diagnostic.message);
  std::string shown(line);
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  const std::string number = std::to_string(start.line);
  out += fmt::format("  {} | {}\n", number, shown);
  out += fmt::format("  {:{}} | {:{}}^{:~>{}}", "", number.size(), "", start.column - 1, "", marks - 1);
  if (!diagnostic.fixes.empty()) out += " " + diagnostic.fixes.front().title;
  out += "\n";
  if (!diagnostic.hint.empty()) out += fmt::format("  hint: {}\n", diagnostic.hint);
  return out;
}

}  // namespace velo
