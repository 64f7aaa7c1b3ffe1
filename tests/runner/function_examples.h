#pragma once

namespace velo::testing {

/// Runs "SELECT example" of every documented function and compares with the documented result; prints what differs and
/// counts one test per function that has an example.
void RunFunctionExamples(int* passed, int* failed);

}  // namespace velo::testing
