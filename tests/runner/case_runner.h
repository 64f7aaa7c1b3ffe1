#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/runner/test_case.h"

namespace velo::testing {

/// What a case did not do as written.
struct TestFailure {
  int line = 0;
  std::string message;  ///< Several lines.
};

/// Runs the steps of one case in an engine of its own. With `update`, expected rows are replaced by what came out (in
/// `test`) instead of being compared. Every query is run with one and two lanes and with small and large batches unless
/// the case says "lanes N" or "batch N".
struct TestOutcome {
  int checks = 0;  ///< Steps that compare something.
  std::vector<TestFailure> failures;
};
TestOutcome RunTestCase(TestCase* test, bool update);

}  // namespace velo::testing
