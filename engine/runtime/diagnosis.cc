#include "engine/runtime/diagnosis.h"

#include <algorithm>
#include <optional>

namespace velo {

namespace {

std::string WithThousands(int64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

std::string TimeOf(exec::EventMillis millis) { return FormatInstant(millis * kMicrosPerMilli); }

std::string Rows(int64_t count) { return WithThousands(count) + (count == 1 ? " row" : " rows"); }

std::string JoinNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text.empty() ? std::string("the source") : text;
}

// The filters over the rows read, or those over what was made of them. Every lane has its copy; they are added up.
std::vector<exec::OperatorInsight> FiltersOf(const std::vector<exec::LaneStatus>& statuses, bool after_groups) {
  std::vector<exec::OperatorInsight> filters;
  for (const exec::LaneStatus& status : statuses) {
    for (const exec::OperatorInsight& insight : status.insights) {
      if (insight.kind != exec::OperatorInsight::Kind::kFilter || insight.after_groups != after_groups) continue;
      const auto known = std::find_if(filters.begin(), filters.end(),
                                      [&](const exec::OperatorInsight& filter) { return filter.text == insight.text; });
      if (known == filters.end()) {
        filters.push_back(insight);
      } else {
        known->rows_removed += insight.rows_removed;
      }
    }
  }
  return filters;
}

// The filter that removed most.
std::optional<exec::OperatorInsight> StrictestFilter(const std::vector<exec::LaneStatus>& statuses, bool after_groups) {
  std::optional<exec::OperatorInsight> strictest;
  for (exec::OperatorInsight& filter : FiltersOf(statuses, after_groups)) {
    const int64_t most = strictest.has_value() ? strictest->rows_removed : 0;
    if (filter.rows_removed > most) strictest = std::move(filter);
  }
  return strictest;
}

// Nothing came out of the sources. A columnar file is not even read where its statistics rule a filter out.
std::string NothingRead(bool has_ended, const std::vector<exec::LaneStatus>& statuses,
                        const std::vector<std::string>& sources) {
  const std::string_view verb = sources.size() > 1 ? "have" : "has";
  if (!has_ended) {
    return fmt::format("{} {} given no rows so far; new ones are shown as they arrive.", JoinNames(sources), verb);
  }
  const std::vector<exec::OperatorInsight> filters = FiltersOf(statuses, /*after_groups=*/false);
  if (filters.empty()) return fmt::format("{} {} no rows.", JoinNames(sources), verb);
  return fmt::format("{} {} no rows, or none that could pass the filter: {}.", JoinNames(sources), verb,
                     filters.front().text);
}

// A step that waits for something other than time: a table that loads, a buffer that fills.
const exec::OperatorInsight* WaitingStep(const std::vector<exec::LaneStatus>& statuses) {
  for (const exec::LaneStatus& status : statuses) {
    for (const exec::OperatorInsight& insight : status.insights) {
      if (insight.kind == exec::OperatorInsight::Kind::kWaiting) return &insight;
    }
  }
  return nullptr;
}

std::string Silence(const exec::ScanStatus& scan) {
  if (!scan.holder_has_rows) return "no rows so far";
  const int64_t seconds = scan.idle_micros / 1'000'000;
  return seconds < 120 ? fmt::format("silent for {} s", seconds) : fmt::format("silent for {} min", seconds / 60);
}

Diagnosis ExplainWindow(const std::vector<exec::LaneStatus>& statuses) {
  exec::EventMillis first_end = kEndOfTime, watermark = kEndOfTime;
  int64_t open = 0;
  const exec::ScanStatus* holder = nullptr;
  for (const exec::LaneStatus& status : statuses) {
    for (const exec::OperatorInsight& insight : status.insights) {
      if (insight.kind != exec::OperatorInsight::Kind::kWindow) continue;
      open += insight.open_windows;
      first_end = std::min(first_end, insight.first_end);
    }
    for (const exec::ScanStatus& scan : status.scans) {
      watermark = std::min(watermark, scan.watermark);
      if (!scan.holding_partition.empty()) holder = &scan;
    }
  }
  if (open == 0) return {};
  std::string text = fmt::format("The first window closes at {}; ", TimeOf(first_end));
  text += watermark == kBeginOfTime || watermark == kEndOfTime
              ? "event time has not advanced yet"
              : fmt::format("event time (the watermark) is at {}", TimeOf(watermark));
  if (holder != nullptr) text += fmt::format(", held back by {} ({})", holder->holding_partition, Silence(*holder));
  return {"window_open", text + ". Rows appear when it passes the end of the window, or at once with EMIT CHANGES."};
}

// The first step that took rows in and gave none.
Diagnosis ExplainBySteps(const JobMetrics& metrics) {
  for (const OperatorMetrics& step : metrics.operators) {
    if (step.rows_in == 0 || step.rows_out > 0) continue;
    const bool one = step.rows_in == 1;
    return {"all_filtered", fmt::format("{} read; {} {} that reached {} gave no result.", Rows(metrics.rows_in),
                                        one ? "the" : "all", Rows(step.rows_in), step.name)};
  }
  return {};
}

// A join whose rows wait for partners: which side is empty, or which keys do not meet.
Diagnosis ExplainJoin(const std::vector<exec::LaneStatus>& statuses) {
  static constexpr std::string_view kSides[] = {"left", "right"};
  for (const exec::LaneStatus& status : statuses) {
    for (const exec::OperatorInsight& insight : status.insights) {
      if (insight.kind != exec::OperatorInsight::Kind::kJoin || insight.matches > 0) continue;
      for (size_t side = 0; side < 2; ++side) {
        if (insight.rows_seen[side] > 0 || insight.rows_seen[1 - side] == 0) continue;
        std::string text = fmt::format("No row has reached the {} side of the {}; the other side has given {}",
                                       kSides[side], insight.text, Rows(insight.rows_seen[1 - side]));
        if (insight.rows_waiting[1 - side] > 0) {
          text += fmt::format(", {} waiting for a partner", WithThousands(insight.rows_waiting[1 - side]));
        }
        return {"join_no_match", text + "."};
      }
      if (insight.rows_seen[0] == 0 || insight.rows_seen[1] == 0) continue;
      std::string text = fmt::format("None of the {} on the left and the {} on the right of the {} belong together",
                                     Rows(insight.rows_seen[0]), Rows(insight.rows_seen[1]), insight.text);
      if (!insight.sample_key[0].empty() && !insight.sample_key[1].empty()) {
        text += fmt::format("; a key of the left is {}, of the right {}", insight.sample_key[0], insight.sample_key[1]);
      }
      return {"join_no_match", text + "."};
    }
  }
  return {};
}

}  // namespace

Diagnosis ExplainSilence(const JobMetrics& metrics, bool has_ended, const std::vector<exec::LaneStatus>& statuses,
                         const std::vector<BadRecord>& bad_records, const std::vector<std::string>& sources) {
  if (metrics.rows_out > 0) return {};
  const exec::OperatorInsight* waiting = WaitingStep(statuses);
  if (waiting != nullptr && (!has_ended || waiting->reason == "limit_zero"))
    return {waiting->reason, waiting->text + "."};
  if (metrics.rows_in == 0) return {"no_input", NothingRead(has_ended, statuses, sources)};
  if (metrics.rows_bad == metrics.rows_in) {
    std::string text = fmt::format("None of the {} could be used", Rows(metrics.rows_in));
    if (!bad_records.empty()) text += fmt::format("; the last one because {}", bad_records.back().reason);
    return {"all_bad", text + "."};
  }
  if (metrics.rows_late > 0 && metrics.rows_used == 0) {
    return {"all_late", fmt::format("{} of {} came after their window had closed and its grace period was over.",
                                    WithThousands(metrics.rows_late), Rows(metrics.rows_in))};
  }
  std::optional<exec::OperatorInsight> filter = StrictestFilter(statuses, false);
  if (metrics.rows_used == 0 && filter.has_value()) {
    const std::string read = metrics.rows_in == 1
                                 ? "The only row was read, and it did not pass"
                                 : fmt::format("All {} were read, and none passed", Rows(metrics.rows_in));
    return {"all_filtered",
            fmt::format("{} the filter: {} removed {}.", read, filter->text, Rows(filter->rows_removed))};
  }
  const Diagnosis join = ExplainJoin(statuses);
  if (!join.kind.empty()) return join;
  if (!has_ended) {
    const Diagnosis window = ExplainWindow(statuses);
    if (!window.kind.empty()) return window;
  }
  std::optional<exec::OperatorInsight> after_groups = StrictestFilter(statuses, true);
  if (after_groups.has_value()) filter = std::move(after_groups);
  if (filter.has_value()) {
    return {"all_filtered", fmt::format("{} read, but no result row passed: {} removed {}.", Rows(metrics.rows_in),
                                        filter->text, Rows(filter->rows_removed))};
  }
  if (!has_ended && metrics.rows_used > 0) {
    const exec::ScanStatus* idle = nullptr;
    for (const exec::LaneStatus& status : statuses) {
      for (const exec::ScanStatus& scan : status.scans) {
        if (!scan.holding_partition.empty()) idle = &scan;
      }
    }
    if (idle != nullptr) {
      return {"source_idle",
              fmt::format("{} read so far; {} is {}.", Rows(metrics.rows_in), idle->holding_partition, Silence(*idle))};
    }
  }
  return has_ended ? ExplainBySteps(metrics) : Diagnosis{};
}

}  // namespace velo
