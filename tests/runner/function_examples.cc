#include "tests/runner/function_examples.h"

#include <fstream>
#include <sstream>

#include "engine/functions/registry.h"
#include "engine/plan/prepared_query.h"
#include "engine/runtime/engine.h"
#include "engine/types/value_text.h"

namespace velo::testing {

namespace {

/// The rows that the examples of window functions look at.
constexpr const char* kWindowRows =
    " FROM (SELECT 'A' AS symbol, 1 AS ts, 10 AS price UNION ALL SELECT 'A', 2, 20 UNION ALL SELECT 'A', 3, 20"
    " UNION ALL SELECT 'A', 4, 15)";

Result<std::string> Evaluate(Engine* engine, const std::string& example) {
  Diagnostics diagnostics;
  const ScriptReport report = AnalyseScript("SELECT " + example, &engine->catalog(), BuiltinFunctions(), &diagnostics);
  if (diagnostics.has_errors()) return Status::FromDiagnostics(diagnostics.Take());
  if (report.statements.empty() || report.statements[0].prepared == nullptr) {
    return Status::User("TEST", "the example is no expression");
  }
  VELO_ASSIGN_OR_RETURN(const Batch rows, RunToEnd(engine, report.statements[0].prepared, {}, false, 5000));
  std::string text;
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    if (row > 0) text += ", ";
    AppendText(*rows.columns->column(0), row, &text);
  }
  return text;
}

// Every word of the file that is no comment must be the name of a function.
void CheckCatalogue(const std::string& path, int* passed, int* failed) {
  std::ifstream file(path);
  std::string line;
  bool any = false;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    for (std::string name; words >> name;) {
      any = true;
      const bool known = BuiltinFunctions().Knows(name);
      ++*(known ? passed : failed);
      if (!known) fmt::print("FAILED catalogue: there is no function {}\n", name);
    }
  }
  if (any) return;
  ++*failed;
  fmt::print("FAILED catalogue: cannot read {}\n", path);
}

}  // namespace

void RunFunctionExamples(int* passed, int* failed) {
  CheckCatalogue("tests/sql/functions/catalogue.txt", passed, failed);
  ManualClock clock(1743768000000000);
  EngineOptions options;
  options.workers = 1;
  options.clock = &clock;
  const Result<std::unique_ptr<Engine>> engine = Engine::Open(options);
  if (!engine.ok()) {
    fmt::print("FAILED function examples: {}\n", engine.status().ToString());
    ++*failed;
    return;
  }
  for (const FunctionRegistry::Entry& entry : BuiltinFunctions().List()) {
    // Aggregates and what depends on the time of day have their own tests.
    const bool window = entry.is_window && entry.doc->category == "Window";
    if ((entry.is_aggregate && !window) || entry.doc->example.empty() || entry.doc->example_result.empty()) continue;
    const ScalarFunction* function = BuiltinFunctions().FindScalar(entry.name);
    if (function != nullptr && !function->deterministic) continue;
    Result<std::string> found = Evaluate(engine->get(), entry.doc->example + (window ? kWindowRows : ""));
    if (window && found.ok()) found = *found + " for prices 10, 20, 20, 15";
    if (found.ok() && *found == entry.doc->example_result) {
      ++*passed;
      continue;
    }
    ++*failed;
    fmt::print("FAILED example of {}: SELECT {}\n    - {}\n    + {}\n", entry.name, entry.doc->example,
               entry.doc->example_result, found.ok() ? *found : found.status().ToString());
  }
}

}  // namespace velo::testing
