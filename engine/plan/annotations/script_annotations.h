#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/source_span.h"

namespace velo {

enum class MetricType : uint8_t { kCounter, kGauge, kHistogram, kSummary };

/// One @metric with its @metric_* lines (dialect 6.4), checked against the output of its statement.
struct MetricAnnotation {
  int32_t statement = 0;
  SourceSpan span;
  std::string name;
  MetricType type = MetricType::kCounter;
  std::string help;
  std::vector<std::string> labels;
  std::string field;  ///< Empty: counts rows.
  bool field_inferred = false;
  std::string condition;  ///< SQL text; empty: always.
  double sample_rate = 1.0;
  std::vector<double> buckets;  ///< Empty: the default ones.
  std::string aggregation, window, unit;
};

enum class AlertSeverity : uint8_t { kInfo, kWarning, kCritical };

/// One @alert with its @alert_* lines (dialect 6.5).
struct AlertAnnotation {
  int32_t statement = 0;
  SourceSpan span;
  std::string name;
  std::string condition;  ///< SQL text over output columns; empty: every row fires.
  AlertSeverity severity = AlertSeverity::kWarning;
  int64_t for_ms = 0;
  int64_t cooldown_ms = 60'000;
  std::string message;
  std::vector<std::string> labels;
  std::vector<std::string> channels;
};

/// One @viz with its @viz_* lines (dialect 6.6).
struct VizAnnotation {
  int32_t statement = 0;
  SourceSpan span;
  std::string type;  ///< "line" ...; empty: to be inferred.
  std::string title, x, series, unit, size, thresholds;
  std::vector<std::string> y;
  bool stacked = false;
};

/// Job-level annotations of one statement (dialect 6.3). Options hold canonical names and checked values.
struct JobAnnotations {
  int32_t statement = 0;
  std::string name;
  std::string description;
  std::vector<std::pair<std::string, std::string>> options;
};

/// One @test or @data line (dialect 6.7), kept as it stands for test runners and generators.
struct HintAnnotation {
  int32_t statement = 0;
  SourceSpan span;
  std::string name;  ///< "test", "data.source", "data.price.derived" ...
  std::string value;
};

/// Everything the annotations of a script say.
struct ScriptAnnotations {
  std::string app, version = "1.0.0", description, phase = "development", author;
  std::vector<std::string> tags, depends_on;
  std::vector<std::pair<std::string, std::string>> options;  ///< observability.*, deployment.*, sla.* and the like.
  std::vector<JobAnnotations> jobs;
  std::vector<MetricAnnotation> metrics;
  std::vector<AlertAnnotation> alerts;
  std::vector<VizAnnotation> charts;
  std::vector<HintAnnotation> tests, data;
};

}  // namespace velo
