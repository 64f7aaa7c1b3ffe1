#include "services/executions/execution_json.h"

#include <nlohmann/json.hpp>

#include "services/operation.h"

namespace velo::services {

Json AccountingJson(const JobMetrics& metrics) {
  return {{"in", metrics.rows_in},     {"used", metrics.rows_used}, {"filtered", metrics.rows_filtered},
          {"late", metrics.rows_late}, {"bad", metrics.rows_bad},   {"in_flight", metrics.rows_in_flight}};
}

Json InstantOrNull(Timestamp at) {
  if (at == 0 || at == kBeginOfTime || at == kEndOfTime) return nullptr;
  return FormatInstant(at);
}

Json LagOf(const JobMetrics& metrics, Timestamp now) {
  if (metrics.watermark == kBeginOfTime || metrics.watermark == kEndOfTime) return nullptr;
  return std::max<int64_t>(0, (now - metrics.watermark) / kMicrosPerMilli);
}

Json WarningsJson(const std::vector<RuntimeWarning>& warnings) {
  Json list = Json::array();
  for (const RuntimeWarning& warning : warnings) {
    list.push_back({{"code", warning.code}, {"message", warning.text}, {"times", warning.times}});
  }
  return list;
}

namespace {

/// The newest records first, cut to what a person looks at.
Json RecordsJson(const std::vector<BadRecord>& records) {
  constexpr size_t kShown = 20, kShownBytes = 1000;
  Json list = Json::array();
  for (auto record = records.rbegin(); record != records.rend() && list.size() < kShown; ++record) {
    list.push_back({{"where", record->where},
                    {"partition", record->partition},
                    {"line", record->line},
                    {"byte_offset", record->byte_offset},
                    {"raw", record->raw.substr(0, kShownBytes)},
                    {"reason", record->reason}});
  }
  return list;
}

}  // namespace

Json EvidenceJson(const JobMetrics& metrics, const ExecutionEvidence& evidence) {
  Json operators = Json::array();
  for (const OperatorMetrics& step : metrics.operators) {
    operators.push_back({{"name", step.name},
                         {"rows_in", step.rows_in},
                         {"rows_out", step.rows_out},
                         {"rows_filtered", step.rows_filtered},
                         {"rows_late", step.rows_late},
                         {"rows_bad", step.rows_bad},
                         {"rows_held", step.rows_held}});
  }
  return {{"operators", std::move(operators)},
          {"bad_records", RecordsJson(evidence.bad)},
          {"late_records", RecordsJson(evidence.late)},
          {"warnings", WarningsJson(evidence.warnings)}};
}

Json MetricsMessage(const ExecutionFacts& facts, Timestamp now) {
  const JobMetrics& metrics = facts.metrics;
  Json progress = nullptr;
  if (metrics.bytes_total > 0) {
    int64_t eta = -1;
    if (metrics.bytes_read > 0 && metrics.elapsed_micros > 0) {
      double per_byte = static_cast<double>(metrics.elapsed_micros) / static_cast<double>(metrics.bytes_read);
      eta = static_cast<int64_t>(static_cast<double>(metrics.bytes_total - metrics.bytes_read) * per_byte / 1000);
    }
    progress = {{"done", metrics.bytes_read},
                {"total", metrics.bytes_total},
                {"unit", "bytes"},
                {"eta_ms", eta < 0 ? Json(nullptr) : Json(eta)}};
  }
  Json diagnosis = nullptr;
  if (!facts.diagnosis.kind.empty()) diagnosis = {{"kind", facts.diagnosis.kind}, {"text", facts.diagnosis.text}};
  return {{"type", "metrics"},
          {"records_per_second", static_cast<int64_t>(facts.records_per_second)},
          {"total_records", metrics.rows_in},
          {"latency_ms", LagOf(metrics, now)},
          {"rows_out", metrics.rows_out},
          {"rows_late", metrics.rows_late},
          {"rows_bad", metrics.rows_bad},
          {"watermark", InstantOrNull(metrics.watermark)},
          {"lag", LagOf(metrics, now)},
          {"state_bytes", metrics.state_bytes},
          {"progress", progress},
          {"diagnosis", diagnosis}};
}

Json ErrorMessage(const Status& status, const std::string& sql) {
  Json error = ErrorJson(status, "", sql)["error"];
  return {{"type", "error"},       {"code", error["code"]}, {"message", error["message"]},
          {"cure", error["cure"]}, {"recoverable", false},  {"diagnostics", error["diagnostics"]}};
}

}  // namespace velo::services
