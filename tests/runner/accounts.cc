#include "tests/runner/accounts.h"

namespace velo::testing {

Status CheckAccounts(const JobMetrics& m) {
  for (const OperatorMetrics& step : m.operators) {
    if (step.rows_in == step.rows_used + step.rows_filtered + step.rows_late + step.rows_bad + step.rows_held) continue;
    return Status::User(
        "TEST", fmt::format("the accounts of '{}' do not add up: in {} = used {} + filtered {} + late {} + "
                            "bad {} + held {}",
                            step.name, step.rows_in, step.rows_used, step.rows_filtered, step.rows_late, step.rows_bad,
                            step.rows_held));
  }
  if (m.rows_in == m.rows_used + m.rows_filtered + m.rows_late + m.rows_bad + m.rows_in_flight) return Status::OK();
  return Status::User("TEST",
                      fmt::format("the accounts do not add up: in {} = used {} + filtered {} + late {} + bad "
                                  "{} + in flight {}",
                                  m.rows_in, m.rows_used, m.rows_filtered, m.rows_late, m.rows_bad, m.rows_in_flight));
}

}  // namespace velo::testing
