#include "engine/plan/binder/window_binder.h"

#include <algorithm>
#include <array>

#include "engine/plan/binder/from_binder.h"
#include "engine/plan/binder/state_limits.h"
#include "engine/sql/parser.h"
#include "engine/sql/printer.h"

namespace velo::plan {
namespace {

struct Unit {
  int64_t milliseconds;
  std::string_view name;
};
constexpr std::array<Unit, 6> kUnits = {{{7 * 86'400'000LL, "week"},
                                         {86'400'000, "day"},
                                         {3'600'000, "hour"},
                                         {60'000, "minute"},
                                         {1'000, "second"},
                                         {1, "millisecond"}}};

const Unit& LargestUnit(int64_t milliseconds) {
  for (const Unit& unit : kUnits) {
    if (milliseconds != 0 && milliseconds % unit.milliseconds == 0) return unit;
  }
  return kUnits.back();
}

/// "5-minute".
std::string LengthAdjective(int64_t milliseconds) {
  const Unit& unit = LargestUnit(milliseconds);
  return fmt::format("{}-{}", milliseconds / unit.milliseconds, unit.name);
}

std::optional<int64_t> DurationOf(const BindingContext& context, std::string_view key) {
  const sql::Property* property = context.FindProperty(key);
  sql::Duration duration;
  if (property == nullptr || !sql::ParseDuration(property->value, &duration)) return std::nullopt;
  return duration.TotalMilliseconds();
}

int64_t Grace(const BindingContext& context, const sql::WindowClause& window, const WindowSpec& spec,
              bool exact_at_end) {
  if (window.grace.has_value()) return window.grace->TotalMilliseconds();
  for (std::string_view key : {"window.allowed.lateness", "allowed.lateness", "late.data.allowed_lateness"}) {
    if (const auto length = DurationOf(context, key)) return *length;
  }
  if (exact_at_end) return 0;
  return spec.type == WindowType::kSession ? spec.size_ms : spec.size_ms / 2;
}

}  // namespace

std::string DescribeDuration(int64_t milliseconds) {
  // 150 seconds read better as 2.5 minutes.
  for (const Unit& unit : kUnits) {
    const bool short_fraction = milliseconds > unit.milliseconds && milliseconds * 2 % unit.milliseconds == 0;
    if (!short_fraction || milliseconds % unit.milliseconds == 0) continue;
    if (unit.milliseconds >= 60'000)
      return fmt::format("{:.1f} {}s", static_cast<double>(milliseconds) / static_cast<double>(unit.milliseconds),
                         unit.name);
  }
  const Unit& unit = LargestUnit(milliseconds);
  const int64_t count = milliseconds / unit.milliseconds;
  return fmt::format("{} {}{}", count, unit.name, count == 1 ? "" : "s");
}

std::string DescribeWindow(const WindowSpec& window) {
  switch (window.type) {
    case WindowType::kTumbling:
      return LengthAdjective(window.size_ms) + " tumbling windows";
    case WindowType::kSliding:
      return fmt::format("{} windows every {}", LengthAdjective(window.size_ms), DescribeDuration(window.advance_ms));
    case WindowType::kSession:
      return fmt::format("sessions with a gap of {}", DescribeDuration(window.size_ms));
  }
  return "";
}

WindowSpec BindWindow(const BindingContext& context, const sql::WindowClause& window, bool exact_at_end) {
  Diagnostics& diagnostics = *context.diagnostics;
  WindowSpec spec;
  spec.span = window.span;
  spec.size_ms = window.size.TotalMilliseconds();
  spec.advance_ms = spec.size_ms;
  const SourceSpan size_span = window.size.span.valid() ? window.size.span : window.span;
  switch (window.kind) {
    case sql::WindowKind::kTumbling:
      spec.type = WindowType::kTumbling;
      break;
    case sql::WindowKind::kSession:
      spec.type = WindowType::kSession;
      break;
    case sql::WindowKind::kSliding:
      spec.type = WindowType::kSliding;
      if (window.advance.has_value()) spec.advance_ms = window.advance->TotalMilliseconds();
      break;
  }
  if (spec.size_ms <= 0) {
    diagnostics.Error("E2208", size_span, "window size must be positive").hint =
        "write a size such as INTERVAL '5' MINUTE";
    spec.size_ms = spec.advance_ms = 60'000;
  } else if (spec.advance_ms <= 0) {
    diagnostics.Error("E2208", window.advance->span, "the step of a sliding window must be positive");
    spec.advance_ms = spec.size_ms;
  }
  if (spec.type == WindowType::kSliding && !window.advance.has_value()) {
    Diagnostic& found = diagnostics.Warning("W2201", window.span, "SLIDING with one size is the same as TUMBLING");
    found.hint =
        fmt::format("add the step: SLIDING({}, ADVANCE BY ...), or use TUMBLING", sql::PrintDuration(window.size));
    spec.type = WindowType::kTumbling;
  } else if (spec.type == WindowType::kSliding && spec.advance_ms > spec.size_ms) {
    diagnostics
        .Warning("W2202", window.advance->span.valid() ? window.advance->span : window.span,
                 fmt::format("the step of {} is longer than the window of {}, so rows between windows are left out",
                             DescribeDuration(spec.advance_ms), DescribeDuration(spec.size_ms)))
        .hint = "make the step at most as long as the window";
  }
  spec.grace_ms = Grace(context, window, spec, exact_at_end);
  if (const auto offset = DurationOf(context, "window.offset")) spec.offset_ms = *offset;
  if (const sql::Property* late = context.FindProperty("late.data.strategy")) {
    constexpr std::string_view kStrategies[] = {"drop",
                                                "dead_letter",
                                                "dlq",
                                                "include_in_next_window",
                                                "include_in_next",
                                                "update_previous",
                                                "update_previous_window"};
    if (std::find(std::begin(kStrategies), std::end(kStrategies), late->value) == std::end(kStrategies)) {
      diagnostics
          .Error("E3010", late->value_span, fmt::format("'{}' is no value for 'late.data.strategy'", late->value))
          .hint = "drop, dead_letter, include_in_next_window or update_previous";
    }
    spec.late_strategy = late->value;
  }
  BindWindowLimits(context, &spec);
  return spec;
}

}  // namespace velo::plan
