#include "engine/plan/binder/watermark_binder.h"

#include <algorithm>

#include "engine/plan/binder/from_binder.h"
#include "engine/sql/parser.h"

namespace velo::plan {

namespace {

constexpr int64_t kDefaultDelayMs = 5'000;

/// The value of `key` in milliseconds, or `fallback` when it is not set or no duration.
int64_t DurationProperty(const PropertyMap& properties, std::string_view key, int64_t fallback) {
  const std::string text = PropertyValue(properties, key);
  sql::Duration duration;
  if (text.empty() || !sql::ParseDuration(text, &duration)) return fallback;
  return duration.TotalMilliseconds();
}

void Refuse(const BindingContext& context, SourceSpan span, std::string_view key, std::string_view value,
            std::string_view wanted) {
  context.diagnostics->Error("E3010", span, fmt::format("'{}' is no value for '{}'", value, key)).hint =
      fmt::format("expected: {}", wanted);
}

/// Column of the scan that holds the punctuation field, read for this purpose if need be; -1: there is none.
int PunctuationColumn(const BindingContext& context, const std::string& field, ScanNode* scan) {
  const auto known = std::find(scan->columns.begin(), scan->columns.end(), field);
  const int position = static_cast<int>(known - scan->columns.begin());
  const int source = scan->relation->schema.Find(field);
  if (source < 0 || scan->relation->schema.columns[source].type.kind() != TypeKind::kBoolean) {
    context.diagnostics
        ->Error(
            "E3010", scan->span,
            fmt::format("watermark.punctuation.field: '{}' is no BOOLEAN column of {}", field, scan->relation->name))
        .hint = "name the column that is true in rows after which nothing older comes";
    return -1;
  }
  if (known == scan->columns.end()) {
    scan->columns.push_back(field);
    scan->output.columns.push_back(scan->relation->schema.columns[source]);
  }
  return position;
}

void BindStrategy(const BindingContext& context, ScanNode* scan) {
  const PropertyMap& properties = scan->properties;
  std::string strategy = PropertyValue(properties, "watermark.strategy");
  if (strategy.empty() && !scan->bounded) {
    strategy = "ascending";
    const bool has_field =
        !PropertyValue(properties, "event.time.field").empty() || !scan->relation->event_time_column.empty();
    scan->watermark_assumed = has_field;
  }
  if (strategy == "ascending_timestamps") strategy = "ascending";
  if (strategy == "custom") strategy = "punctuated";
  if (strategy == "bounded_out_of_orderness") {
    scan->watermark_delay_ms = DurationProperty(properties, "watermark.max_out_of_orderness", kDefaultDelayMs);
  } else if (strategy == "punctuated") {
    const std::string field = PropertyValue(properties, "watermark.punctuation.field");
    if (field.empty()) {
      strategy = "ascending";
    } else {
      scan->punctuation_column = PunctuationColumn(context, field, scan);
    }
  } else if (!strategy.empty() && strategy != "ascending") {
    Refuse(context, scan->span, "watermark.strategy", strategy, "ascending, bounded_out_of_orderness or punctuated");
  }
  scan->watermark_strategy = strategy;
}

void BindFallback(const BindingContext& context, bool time_in_window, ScanNode* scan) {
  const std::string fallback = PropertyValue(scan->properties, "event.time.fallback");
  const bool asked_for = !PropertyValue(scan->properties, "event.time.field").empty() && !time_in_window;
  if (fallback == "null" || (fallback.empty() && !asked_for)) return;
  if (fallback.empty() || fallback == "processing_time") {
    scan->time_fallback = ScanNode::TimeFallback::kArrival;
  } else if (fallback == "warn") {
    scan->time_fallback = ScanNode::TimeFallback::kArrivalWithWarning;
  } else {
    Refuse(context, scan->span, "event.time.fallback", fallback, "processing_time, warn or null");
  }
}

}  // namespace

bool IsArrivalTime(const BoundExpression& time) {
  return time.kind == BoundKind::kColumn && (time.text == kTimestampColumn || time.text.ends_with("._timestamp"));
}

void BindWatermark(const BindingContext& context, bool time_in_window, ScanNode* scan) {
  BindStrategy(context, scan);
  BindFallback(context, time_in_window, scan);
  const PropertyMap& properties = scan->properties;
  scan->idle_timeout_ms = DurationProperty(properties, "watermark.idle.timeout", scan->idle_timeout_ms);
  scan->watermark_interval_ms =
      std::max<int64_t>(1, DurationProperty(properties, "watermark.interval", scan->watermark_interval_ms));
  scan->idle_advance = PropertyValue(properties, "watermark.idle.advance") == "true";
}

}  // namespace velo::plan
