#pragma once

#include <string>
#include <vector>

#include "engine/base/status.h"

namespace velo::testing {

/// One directive of a .test file with the lines that belong to it.
struct TestStep {
  int line = 0;                       ///< 1-based line of the directive.
  std::string command;                ///< "query", "source", "feed" ...
  std::string argument;               ///< The rest of the line.
  std::vector<std::string> body;      ///< SQL, rows or file text.
  std::vector<std::string> expected;  ///< After "----", or the rows of "expect".
  int expected_begin = 0;             ///< 1-based line of the first expected row.
  bool has_expected = false;
};

/// A .test file: head, then steps.
struct TestCase {
  std::string path;
  std::string name, about, area;
  std::vector<TestStep> steps;
  std::vector<std::string> lines;  ///< The file as read, for rewriting.
};

/// Reads a file. The head is three lines "# name:", "# about:", "# area:"; other lines with "#" are comments. A step
/// ends at a blank line; "file NAME <<END" ends at the line END.
Result<TestCase> ReadTestCase(const std::string& path);

/// Replaces the expected rows of a step in `lines`; later steps move.
void ReplaceExpected(TestCase* test, size_t step, const std::vector<std::string>& rows);
Status WriteTestCase(const TestCase& test);

/// Cells of a row: separated by tabs, or by two or more spaces where the line has no tab.
std::vector<std::string> SplitCells(const std::string& line);

}  // namespace velo::testing
