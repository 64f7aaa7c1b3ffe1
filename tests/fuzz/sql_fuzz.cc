// Any text: lexer, parser, printer, formatter and highlighter come back, with places inside the text, and what
// was understood is printed as the same statement.

#include "engine/sql/parser.h"
#include "engine/sql/printer.h"
#include "engine/sql/tokens.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/check_diagnostics.h"

namespace velo::fuzz {
namespace {

void CheckSyntax(std::string_view text) {
  Diagnostics diagnostics;
  const sql::Script script = sql::ParseScript(text, &diagnostics);
  CheckDiagnostics(diagnostics, text);
  for (const sql::StatementPtr& statement : script.statements) {
    const std::string printed = sql::Print(*statement);
    Diagnostics again;
    const sql::Script read = sql::ParseScript(printed, &again);
    Check(!again.has_errors() && read.statements.size() == 1, "what is printed can be read", printed);
    Check(sql::SameStatement(*statement, *read.statements[0]), "what is printed means the same", printed);
  }
  Diagnostics ignored;
  const std::string formatted = sql::FormatScript(text, {}, &ignored);
  Diagnostics ignored_again;
  if (!ignored.has_errors()) {
    Check(sql::FormatScript(formatted, {}, &ignored_again) == formatted, "formatting twice changes nothing", formatted);
  }
  int32_t end = 0;
  for (const sql::HighlightToken& token : sql::Highlight(text)) {
    Check(token.span.offset >= end && token.span.end() <= static_cast<int32_t>(text.size()),
          "tokens follow each other");
    end = token.span.end();
  }
}

}  // namespace
}  // namespace velo::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kLongest = 4096;
  const std::string_view text(reinterpret_cast<const char*>(data), std::min(size, kLongest));
  velo::fuzz::CheckSyntax(text);
  return 0;
}
