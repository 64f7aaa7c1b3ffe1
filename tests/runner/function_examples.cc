#include "tests/runner/function_examples.h"

#include <fstream>
#include <sstream>

#include "engine/functions/registry.h"
#include "engine/plan/prepared_query.h"
#include "engine/runtime/engine.h"
#include "engine/types/value_text.h"

namespace velo::testing {

namespace {

Result<std::string> Evaluate(Engine* engine, const std::string& example) {
  Diagnostics diagnostics;
  const ScriptReport report = AnalyseScript("SELECT " + example, &engine->catalog(), BuiltinFunctions(), &diagnostics);
  if (diagnostics.has_errors()) return Status::FromDiagnostics(diagnostics.Take());
  if (report.statements.empty() || report.statements[0].prepared == nullptr) {
    return Status::User("TEST", "the example is no expression");
  }
  VELO_ASSIGN_OR_RETURN(const Batch rows, RunToEnd(engine, report.statements[0].prepared, {}, false, 5000));
  std::string text;
  if (rows.num_rows() == 1) AppendText(*rows.columns->column(0), 0, &text);
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
    // What depends on rows or on the time of day has its own tests.
    if (entry.is_aggregate || entry.is_window || entry.doc->example.empty() || entry.doc->example_result.empty())
      continue;
    const ScalarFunction* function = BuiltinFunctions().FindScalar(entry.name);
    if (function != nullptr && !function->deterministic) continue;
    const Result<std::string> found = Evaluate(engine->get(), entry.doc->example);
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
