#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/source_span.h"

namespace velo {

enum class Severity : uint8_t { kError, kWarning, kInfo };

/// Replaces the bytes of `span` by `text`. A zero-length span inserts.
struct TextEdit {
  SourceSpan span;
  std::string text;
};

/// A machine-applicable cure.
struct Fix {
  std::string title;
  std::vector<TextEdit> edits;
};

struct DiagnosticNote {
  std::string message;
  SourceSpan span;
};

/// One finding about a source text. Codes are those of docs/dialect.md ("E2102", "W2501"); the message says what is
/// wrong in the user's words and never shows an internal name; the hint says what would be right.
struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;
  std::string message;
  SourceSpan span;
  std::string hint;
  std::vector<DiagnosticNote> notes;
  std::vector<Fix> fixes;
  int32_t statement = 0;  ///< 1-based statement of the script; 0 when the finding is about the whole text.
};

/// Returns "lex", "parse", "name", "type", "window", "join", "config", "annotation", "runtime" or "lifecycle".
std::string_view DiagnosticCategory(std::string_view code);

/// Collects diagnostics in the order they are found. Not thread safe.
class Diagnostics {
 public:
  /// At most this many errors are kept; later ones are dropped so that hopeless input stays cheap.
  static constexpr size_t kMaxErrors = 50;

  /// Adds a finding and returns it for further detail (hint, notes, fixes).
  Diagnostic& Error(std::string code, SourceSpan span, std::string message);
  Diagnostic& Warning(std::string code, SourceSpan span, std::string message);
  Diagnostic& Info(std::string code, SourceSpan span, std::string message);
  void Add(Diagnostic diagnostic);
  void AddAll(const std::vector<Diagnostic>& items);

  bool has_errors() const { return error_count_ > 0; }
  size_t error_count() const { return error_count_; }
  const std::vector<Diagnostic>& items() const { return items_; }
  std::vector<Diagnostic> Take() { return std::move(items_); }
  /// Statement number that Error/Warning/Info stamp on what they add.
  void set_statement(int32_t statement) { statement_ = statement; }
  int32_t statement() const { return statement_; }
  /// Orders by place in the text, errors before warnings at one place.
  void SortBySpan();

 private:
  Diagnostic& Push(Severity severity, std::string code, SourceSpan span, std::string message);

  std::vector<Diagnostic> items_;
  Diagnostic overflow_;
  size_t error_count_ = 0;
  int32_t statement_ = 0;
};

/// Prints one diagnostic as compilers do: "file:line:col: error[E2102]: message", the line, a caret mark, the hint.
std::string RenderDiagnostic(const Diagnostic& diagnostic, std::string_view text, std::string_view file_name);

}  // namespace velo
