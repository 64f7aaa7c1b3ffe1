// velo_sql_tests [--update] PATH...: runs .test files and folders of them.
// velo_sql_tests --batch FILE: runs a file of generated queries and prints their answers (query_batch.h).

#include <cstdio>
#include <filesystem>

#include "tests/runner/case_runner.h"
#include "tests/runner/function_examples.h"
#include "tests/runner/query_batch.h"

namespace velo::testing {
namespace {

std::vector<std::string> FindFiles(const std::string& path) {
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(path)) return {path};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void RunFile(const std::string& path, bool update, int* passed, int* failed) {
  Result<TestCase> test = ReadTestCase(path);
  if (!test.ok()) {
    fmt::print("FAILED {}\n", test.status().error().message);
    ++*failed;
    return;
  }
  const TestOutcome outcome = RunTestCase(&*test, update);
  for (const TestFailure& failure : outcome.failures) {
    fmt::print("FAILED {}:{}: {}\n", path, failure.line, failure.message);
  }
  const int failures = static_cast<int>(outcome.failures.size());
  *failed += failures;
  *passed += outcome.checks - failures;
  if (!update || failures > 0) return;
  const Status written = WriteTestCase(*test);
  if (!written.ok()) fmt::print("FAILED {}\n", written.error().message);
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "--batch") return RunQueryBatch(arguments[1]);
  bool update = false;
  int passed = 0, failed = 0;
  std::vector<std::string> files;
  for (const std::string& argument : arguments) {
    if (argument == "--update") {
      update = true;
      continue;
    }
    for (std::string& file : FindFiles(argument)) files.push_back(std::move(file));
  }
  if (files.empty()) {
    fmt::print(stderr, "usage: velo_sql_tests [--update] PATH...\n");
    return 2;
  }
  for (const std::string& file : files) RunFile(file, update, &passed, &failed);
  RunFunctionExamples(&passed, &failed);
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace velo::testing

int main(int argc, char** argv) { return velo::testing::Main({argv + 1, argv + argc}); }
