#include "services/diagnostic_view.h"

namespace velo::services {
namespace {

const char* SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kInfo:
      return "info";
  }
  return "error";
}

DiagnosticView View(const Diagnostic& diagnostic, const LineIndex& lines) {
  DiagnosticView view;
  view.code = diagnostic.code;
  view.severity = SeverityName(diagnostic.severity);
  view.category = std::string(DiagnosticCategory(diagnostic.code));
  view.message = diagnostic.message;
  view.hint = diagnostic.hint;
  view.statement = diagnostic.statement;
  if (diagnostic.span.valid()) {
    LineColumn start = lines.Locate(diagnostic.span.offset);
    LineColumn end = lines.Locate(diagnostic.span.end());
    view.line = start.line;
    view.column = start.column;
    view.end_line = end.line;
    view.end_column = end.column;
    view.offset = diagnostic.span.offset;
    view.length = diagnostic.span.length;
    view.context = std::string(lines.Line(start.line));
  }
  for (const DiagnosticNote& note : diagnostic.notes) {
    NoteView shown{note.message};
    if (note.span.valid()) {
      LineColumn start = lines.Locate(note.span.offset);
      shown = {note.message, start.line, start.column, note.span.offset, note.span.length};
    }
    view.notes.push_back(std::move(shown));
  }
  for (const Fix& fix : diagnostic.fixes) {
    FixView shown{fix.title, {}};
    for (const TextEdit& edit : fix.edits) shown.edits.push_back({edit.span.offset, edit.span.length, edit.text});
    view.fixes.push_back(std::move(shown));
  }
  return view;
}

}  // namespace

std::vector<DiagnosticView> ViewDiagnostics(const std::vector<Diagnostic>& diagnostics, std::string_view sql) {
  LineIndex lines(sql);
  std::vector<DiagnosticView> views;
  for (const Diagnostic& diagnostic : diagnostics) views.push_back(View(diagnostic, lines));
  return views;
}

}  // namespace velo::services
