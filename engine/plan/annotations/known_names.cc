#include "engine/plan/annotations/known_names.h"

#include <array>

namespace velo::plan {
namespace {

using Level = AnnotationLevel;
using Value = AnnotationValue;

// Choices are compared without "_" and "-".
constexpr std::string_view kStrategies =
    "sticky_partition sticky always_hash hash smart_repartition smart round_robin fan_in";
constexpr std::string_view kFailures =
    "LogAndContinue skip continue SendToDLQ dead_letter_queue dlq FailBatch fail stop RetryWithBackoff retry";

constexpr std::array kKnown = std::to_array<KnownAnnotation>({
    {"app", "app", Level::kApplication, Value::kText, "", "name of the application"},
    {"application", "app", Level::kApplication, Value::kText, "", "name of the application"},
    {"version", "version", Level::kApplication, Value::kText, "", "version that deploy and rollback use"},
    {"phase", "phase", Level::kApplication, Value::kChoice, "development staging production dev prod test",
     "strictness of deploy checks"},
    {"depends_on", "depends_on", Level::kApplication, Value::kList, "",
     "applications and topics that must be there first"},
    {"description", "description", Level::kShared, Value::kText, "", "text shown for the application or the query"},
    {"author", "author", Level::kShared, Value::kText, "", "who wrote it"},
    {"tags", "tags", Level::kShared, Value::kList, "", "words to find it by"},
    {"name", "name", Level::kJob, Value::kText, "", "name of the job"},
    {"job_name", "name", Level::kJob, Value::kText, "", "name of the job"},
    {"data_retention", "data_retention", Level::kApplication, Value::kText, "",
     "how long tables and sink topics keep rows"},
    {"compliance", "compliance", Level::kApplication, Value::kList, "", "rules the application follows"},
    {"dashboard", "dashboard", Level::kApplication, Value::kText, "", "title of the dashboard"},
    {"metrics_port", "metrics_port", Level::kApplication, Value::kInteger, "", "port of the metrics endpoint"},
    {"export", "export", Level::kApplication, Value::kList, "", "metric exporters"},
    {"deployment.node_id", "deployment.node_id", Level::kApplication, Value::kText, "", "label node_id of all metrics"},
    {"deployment.node_name", "deployment.node_name", Level::kApplication, Value::kText, "", "label of all metrics"},
    {"deployment.region", "deployment.region", Level::kApplication, Value::kText, "", "label of all metrics"},
    {"observability.metrics.enabled", "observability.metrics.enabled", Level::kApplication, Value::kBoolean, "",
     "engine metrics per job"},
    {"observability.tracing.enabled", "observability.tracing.enabled", Level::kApplication, Value::kBoolean, "",
     "a span per batch"},
    {"observability.profiling.enabled", "observability.profiling.enabled", Level::kApplication, Value::kChoice,
     "off dev prod true false", "sampling profiler"},
    {"observability.error_reporting.enabled", "observability.error_reporting.enabled", Level::kApplication,
     Value::kBoolean, "", "error metrics and error log topic"},
    {"sla.latency.p50", "sla.latency.p50", Level::kApplication, Value::kDuration, "", "latency promise"},
    {"sla.latency.p95", "sla.latency.p95", Level::kApplication, Value::kDuration, "", "latency promise"},
    {"sla.latency.p99", "sla.latency.p99", Level::kApplication, Value::kDuration, "", "latency promise"},
    {"sla.latency.p999", "sla.latency.p999", Level::kApplication, Value::kDuration, "", "latency promise"},
    {"sla.latency.max", "sla.latency.max", Level::kApplication, Value::kDuration, "", "latency promise"},
    {"sla.availability", "sla.availability", Level::kApplication, Value::kText, "", "availability promise"},
    {"job_mode", "job_mode", Level::kJob, Value::kChoice, "simple transactional adaptive", "how batches are processed"},
    {"processor_mode", "job_mode", Level::kJob, Value::kChoice, "simple transactional adaptive",
     "how batches are processed"},
    {"mode", "job_mode", Level::kJob, Value::kChoice, "simple transactional adaptive", "how batches are processed"},
    {"batch_size", "batch_size", Level::kJob, Value::kPositive, "", "rows per batch"},
    {"batch_timeout_ms", "batch_timeout_ms", Level::kJob, Value::kInteger, "", "longest wait for a batch"},
    {"num_partitions", "num_partitions", Level::kJob, Value::kPositive, "", "workers of the job"},
    {"partition_count", "num_partitions", Level::kJob, Value::kPositive, "", "workers of the job"},
    {"partitions", "num_partitions", Level::kJob, Value::kPositive, "", "workers of the job"},
    {"partitioning_strategy", "partitioning_strategy", Level::kJob, Value::kChoice, kStrategies,
     "how rows are spread over workers"},
    {"sticky_partition_id", "sticky_partition_id", Level::kJob, Value::kInteger, "", "pins all work to one partition"},
    {"failure_strategy", "failure_strategy", Level::kJob, Value::kChoice, kFailures, "what happens to rows that fail"},
    {"max_retries", "max_retries", Level::kJob, Value::kInteger, "", "retries of a batch"},
    {"retry_backoff_ms", "retry_backoff", Level::kJob, Value::kDuration, "", "wait between retries"},
    {"retry_backoff", "retry_backoff", Level::kJob, Value::kDuration, "", "wait between retries"},
    {"enable_dlq", "enable_dlq", Level::kJob, Value::kBoolean, "", "keeps failed rows"},
    {"dlq_max_size", "dlq_max_size", Level::kJob, Value::kInteger, "", "failed rows kept in memory"},
    {"dlq_sink", "dlq_sink", Level::kJob, Value::kText, "", "where failed rows go"},
    {"empty_batch_count", "empty_batch_count", Level::kJob, Value::kInteger, "",
     "empty polls before a source counts as finished"},
    {"wait_on_empty_batch_ms", "wait_on_empty_batch_ms", Level::kJob, Value::kInteger, "", "wait between empty polls"},
    {"log_progress", "log_progress", Level::kJob, Value::kBoolean, "", "progress in the log"},
    {"progress_interval", "progress_interval", Level::kJob, Value::kInteger, "", "batches between progress lines"},
    {"enable_core_affinity", "enable_core_affinity", Level::kJob, Value::kBoolean, "", "pins worker threads"},
    {"emit_mode", "emit_mode", Level::kJob, Value::kChoice, "changes final", "EMIT of a statement that has none"},
    {"propagate_headers", "propagate_headers", Level::kJob, Value::kChoice, "last first merge none",
     "headers of result rows"},
    {"trace_headers", "trace_headers", Level::kJob, Value::kList, "", "headers that carry the trace"},
    {"trace", "trace", Level::kJob, Value::kBoolean, "", "traces this job"},
    {"trace_sample_rate", "trace_sample_rate", Level::kJob, Value::kNumber, "", "share of batches traced"},
    {"metric", "metric", Level::kMetric, Value::kText, "", "opens a metric fed by every result row"},
    {"metric_type", "metric_type", Level::kMetric, Value::kChoice, "counter gauge histogram summary",
     "kind of the metric"},
    {"metric_help", "metric_help", Level::kMetric, Value::kText, "", "text shown for the metric"},
    {"metric_labels", "metric_labels", Level::kMetric, Value::kList, "", "result columns that label the metric"},
    {"metric_field", "metric_field", Level::kMetric, Value::kText, "", "result column that is measured"},
    {"metric_condition", "metric_condition", Level::kMetric, Value::kText, "", "only rows for which this is true"},
    {"metric_sample_rate", "metric_sample_rate", Level::kMetric, Value::kNumber, "", "share of rows measured, 0 to 1"},
    {"metric_buckets", "metric_buckets", Level::kMetric, Value::kText, "", "bounds of a histogram"},
    {"metric_aggregation", "metric_aggregation", Level::kMetric, Value::kText, "", "hint for dashboards"},
    {"metric_window", "metric_window", Level::kMetric, Value::kDuration, "", "hint for dashboards"},
    {"metric_quantiles", "metric_quantiles", Level::kMetric, Value::kList, "", "hint for dashboards"},
    {"metric_unit", "metric_unit", Level::kMetric, Value::kText, "", "unit on dashboards"},
    {"alert", "alert", Level::kAlert, Value::kText, "", "fires for result rows for which this is true"},
    {"alert_name", "alert_name", Level::kAlert, Value::kText, "", "name of the alert"},
    {"alert_severity", "alert_severity", Level::kAlert, Value::kChoice,
     "info warning critical low medium warn high error page", "how bad it is"},
    {"alert_for", "alert_for", Level::kAlert, Value::kDuration, "", "how long it must stay true"},
    {"alert_message", "alert_message", Level::kAlert, Value::kText, "", "text with {{column}}"},
    {"alert_description", "alert_message", Level::kAlert, Value::kText, "", "text with {{column}}"},
    {"alert_labels", "alert_labels", Level::kAlert, Value::kList, "", "columns that tell instances apart"},
    {"alert_cooldown", "alert_cooldown", Level::kAlert, Value::kDuration, "", "least time between repeats"},
    {"alert_channel", "alert_channel", Level::kAlert, Value::kList, "", "where it is sent"},
    {"alert_notify", "alert_channel", Level::kAlert, Value::kList, "", "where it is sent"},
    {"viz", "viz", Level::kViz, Value::kText, "",
     "line, bar, area, gauge, stat, pie, table, histogram, heatmap, scatter or candlestick"},
    {"viz_title", "viz_title", Level::kViz, Value::kText, "", "title of the panel"},
    {"viz_x", "viz_x", Level::kViz, Value::kText, "", "column of the x axis"},
    {"viz_y", "viz_y", Level::kViz, Value::kList, "", "columns of the y axis"},
    {"viz_series", "viz_series", Level::kViz, Value::kText, "", "column that splits the series"},
    {"viz_unit", "viz_unit", Level::kViz, Value::kText, "", "unit of the y axis"},
    {"viz_stacked", "viz_stacked", Level::kViz, Value::kBoolean, "", "stacks the series"},
    {"viz_size", "viz_size", Level::kViz, Value::kText, "", "width x height in grid cells"},
    {"viz_thresholds", "viz_thresholds", Level::kViz, Value::kText, "", "80:yellow,95:red"},
    {"test", "test", Level::kTest, Value::kText, "", "what a test of this query checks"},
});

bool SameName(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const char x = a[i] == '-' ? '_' : a[i];
    if (x != b[i]) return false;
  }
  return true;
}

}  // namespace

std::span<const KnownAnnotation> KnownAnnotations() { return kKnown; }

const KnownAnnotation* FindAnnotation(std::string_view name) {
  for (const KnownAnnotation& known : kKnown) {
    if (SameName(name, known.name)) return &known;
  }
  return nullptr;
}

std::vector<std::string> AnnotationNames() {
  std::vector<std::string> names;
  for (const KnownAnnotation& known : kKnown) names.emplace_back(known.name);
  return names;
}

}  // namespace velo::plan
