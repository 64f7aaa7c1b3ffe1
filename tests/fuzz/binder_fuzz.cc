// Any text against the catalog of the plan tests: it is bound, or the findings stand in it; what is bound has an
// EXPLAIN.

#include "engine/plan/plan_fixture.h"
#include "tests/fuzz/check_diagnostics.h"

namespace velo::fuzz {
namespace {

void CheckMeaning(std::string_view text) {
  static MemoryCatalog* const catalog = [] {
    auto* made = new MemoryCatalog;
    FillTestCatalog(made);
    return made;
  }();
  Diagnostics diagnostics;
  const ScriptReport report = AnalyseScript(text, catalog, BuiltinFunctions(), &diagnostics);
  CheckDiagnostics(diagnostics, text);
  for (const StatementReport& statement : report.statements) {
    if (statement.prepared != nullptr) ExplainPlan(*statement.prepared);
  }
}

}  // namespace
}  // namespace velo::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kLongest = 4096;
  velo::fuzz::CheckMeaning({reinterpret_cast<const char*>(data), std::min(size, kLongest)});
  return 0;
}
