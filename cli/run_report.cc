#include "cli/run_report.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace velo::cli {

namespace {

constexpr size_t kExamples = 3;  // Of records that were set aside.

std::string Counted(int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// One line per step: where its rows went.
void PrintSteps(const JobMetrics& metrics) {
  for (const OperatorMetrics& step : metrics.operators) {
    std::string text = fmt::format("{}: {} in, {} out", step.name, step.rows_in, step.rows_out);
    for (const auto& [count, what] : {std::pair{step.rows_filtered, "left out"},
                                      {step.rows_late, "too late"},
                                      {step.rows_bad, "bad"},
                                      {step.rows_held, "held"}}) {
      if (count > 0) text += fmt::format(", {} {}", count, what);
    }
    std::fprintf(stderr, "  %s\n", text.c_str());
  }
}

// What the author of the query should know beside its rows.
void PrintWarnings(const Job& job, const JobMetrics& metrics) {
  for (const RuntimeWarning& warning : job.Warnings()) {
    std::fprintf(stderr, "warning[%s]: %s%s\n", warning.code.c_str(), warning.text.c_str(),
                 warning.times > 1 ? fmt::format(" ({} times)", warning.times).c_str() : "");
  }
  if (metrics.rows_late == 0) return;
  std::fprintf(stderr, "%s came too late for %s:\n", Counted(metrics.rows_late, "row").c_str(),
               metrics.rows_late == 1 ? "its window" : "their windows");
  const std::vector<BadRecord> late = job.RecentLateRecords();
  for (size_t i = late.size() > kExamples ? late.size() - kExamples : 0; i < late.size(); ++i) {
    std::fprintf(stderr, "  %s\n", late[i].raw.c_str());
  }
}

}  // namespace

void ReportJob(const Job& job, bool expects_rows, bool steps) {
  const JobMetrics metrics = job.metrics();
  if (metrics.rows_out == 0 && expects_rows) {
    const Diagnosis why = job.WhyNoRows();
    if (!why.text.empty()) std::fprintf(stderr, "no rows: %s\n", why.text.c_str());
  }
  if (steps) PrintSteps(metrics);
  PrintWarnings(job, metrics);
  if (metrics.rows_bad == 0) return;
  std::fprintf(stderr, "%s could not be used and %s set aside:\n", Counted(metrics.rows_bad, "record").c_str(),
               metrics.rows_bad == 1 ? "was" : "were");
  const std::vector<BadRecord> bad = job.RecentBadRecords();
  for (size_t i = 0; i < bad.size() && i < kExamples; ++i) {
    // A record that failed behind the source is known by its columns only.
    const std::string place = bad[i].where.empty()
                                  ? bad[i].raw
                                  : fmt::format("{} line {} (byte {})", bad[i].where, bad[i].line, bad[i].byte_offset);
    std::fprintf(stderr, "  %s: %s\n", place.c_str(), bad[i].reason.c_str());
  }
}

void WaitReporter::Look(const std::vector<std::weak_ptr<Job>>& jobs) {
  const auto now = Clock::now();
  if (!wanted_ || now < next_) return;
  next_ = now + kNext;
  said_.resize(jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    const std::shared_ptr<Job> job = jobs[i].lock();
    const Diagnosis why = job == nullptr ? Diagnosis{} : job->WhyNoRows();
    if (why.text.empty() || (why.text == said_[i].text && now < said_[i].at + kAgain)) continue;
    std::fprintf(stderr, "no rows yet: %s\n", why.text.c_str());
    said_[i] = {why.text, now};
  }
}

}  // namespace velo::cli
