#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"

namespace velo::cli {

/// Says on standard error what the author of a query that is over wants to know beside its rows: why there are none,
/// warnings, late and bad records. `steps`: also what every step did with its rows.
void ReportJob(const Job& job, bool expects_rows, bool steps);

/// Says on standard error why queries that run are silent: soon after they start, then when the reason has changed, and
/// the same reason again only now and then. Not thread safe.
class WaitReporter {
 public:
  explicit WaitReporter(bool wanted) : wanted_(wanted), next_(Clock::now() + kFirst) {}
  /// To be called every few milliseconds.
  void Look(const std::vector<std::weak_ptr<Job>>& jobs);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kFirst{1000}, kNext{2000}, kAgain{10'000};
  struct Said {
    std::string text;
    Clock::time_point at;
  };

  const bool wanted_;
  Clock::time_point next_;
  std::vector<Said> said_;  ///< Per job.
};

}  // namespace velo::cli
