#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/near_names.h"
#include "engine/plan/annotations/annotation_rules_internal.h"
#include "engine/sql/parser.h"
#include "engine/sql/printer.h"
#include "engine/sql/words.h"

namespace velo::plan {
namespace {

SourceSpan ValueSpan(const AnnotationLine& line) {
  return line.source->value_span.length > 0 ? line.source->value_span : line.source->name_span;
}

bool IsMetricName(std::string_view name) {
  auto fine = [](char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || (!first && c >= '0' && c <= '9');
  };
  if (name.empty()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (!fine(name[i], i == 0)) return false;
  }
  return true;
}

MetricType TypeOf(std::string_view word) {
  if (SameChoice(word, "gauge")) return MetricType::kGauge;
  if (SameChoice(word, "histogram")) return MetricType::kHistogram;
  if (SameChoice(word, "summary")) return MetricType::kSummary;
  return MetricType::kCounter;
}

/// Finds a column by name or by the first part of a path.
int FindOutput(const Schema& schema, std::string_view name) {
  const int whole = schema.Find(name);
  return whole >= 0 ? whole : schema.Find(name.substr(0, name.find('.')));
}

void ReportColumn(std::string_view code, SourceSpan span, std::string_view name, const StatementReport& report,
                  Diagnostics* diagnostics) {
  Diagnostic& found = diagnostics->Error(std::string(code), span, fmt::format("the result has no column '{}'", name));
  std::string columns;
  for (const Column& column : report.output.columns) columns += (columns.empty() ? "" : ", ") + column.name;
  found.hint = fmt::format("columns of the result: {}; select '{}' to use it", columns, name);
  for (const std::string& near : NearNames(name, report.output.Names())) {
    found.fixes.push_back({fmt::format("did you mean '{}'?", near), {{span, near}}});
  }
}

/// Columns that are likely to hold a new value in every row.
bool LooksLikeIdentifier(std::string_view name) {
  const std::string lower = sql::LowerCase(name);
  return lower == "id" || lower == "uuid" || lower.ends_with("_id") || lower.ends_with("_uuid") ||
         lower.ends_with("_key") || name.ends_with("Id");
}

bool MayBeNumeric(const SqlType& type) { return type.is_numeric() || type.kind() == TypeKind::kAny; }

/// The column a gauge or histogram measures when none is named (dialect 6.4).
void InferField(const StatementReport& report, SourceSpan span, MetricAnnotation* metric, Diagnostics* diagnostics) {
  const Schema& output = report.output;
  const int same = output.Find(metric->name);
  if (same >= 0) {
    metric->field = metric->name;
  } else {
    for (const Column& column : output.columns) {
      if (!MayBeNumeric(column.type)) continue;
      const bool related =
          metric->name.find(column.name) != std::string::npos || column.name.find(metric->name) != std::string::npos;
      if (related && column.name.size() > metric->field.size()) metric->field = column.name;
    }
  }
  if (!metric->field.empty()) {
    metric->field_inferred = true;
    return;
  }
  for (const Column& column : output.columns) {
    const bool label = std::find(metric->labels.begin(), metric->labels.end(), column.name) != metric->labels.end();
    const bool key =
        std::find(report.key_columns.begin(), report.key_columns.end(), column.name) != report.key_columns.end();
    if (!column.type.is_numeric() || label || key) continue;
    metric->field = column.name;
    metric->field_inferred = true;
    diagnostics
        ->Warning("W6037", span,
                  fmt::format("metric {} measures '{}', the first number of the result", metric->name, column.name))
        .hint = fmt::format("say which: -- @metric_field: {}", column.name);
    return;
  }
  diagnostics->Error("E6036", span, fmt::format("metric {} has no number to measure", metric->name)).hint =
      "select a numeric column and name it with @metric_field";
}

void ReadBuckets(const AnnotationLine& line, MetricAnnotation* metric, Diagnostics* diagnostics) {
  for (const std::string& word : SplitList(line.value)) {
    double bound = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), bound);
    const bool fine = read.ec == std::errc() && read.ptr == word.data() + word.size() && bound > 0 &&
                      (metric->buckets.empty() || bound > metric->buckets.back());
    if (!fine) {
      diagnostics->Error("E6035", ValueSpan(line), "buckets must be numbers above 0 in rising order").hint =
          "write -- @metric_buckets: 0.1, 0.5, 1";
      metric->buckets.clear();
      return;
    }
    metric->buckets.push_back(bound);
  }
}

/// Reads "name", "name(label1, label2)" and "name counter".
void ReadMetricHead(const AnnotationLine& head, MetricAnnotation* metric, Diagnostics* diagnostics) {
  std::string name = head.value;
  if (const size_t open = name.find('('); open != std::string::npos && name.ends_with(")")) {
    metric->labels = SplitList(std::string_view(name).substr(open + 1, name.size() - open - 2));
    name.resize(open);
  }
  if (const size_t blank = name.find(' '); blank != std::string::npos) {
    const std::string rest = name.substr(blank + 1);
    static constexpr std::array kTypes = {"counter", "gauge", "histogram", "summary"};
    if (std::find(kTypes.begin(), kTypes.end(), sql::LowerCase(rest)) != kTypes.end()) {
      metric->type = TypeOf(rest);
      name.resize(blank);
    }
  }
  metric->name = name;
  if (IsMetricName(name)) return;
  diagnostics->Error("E6030", ValueSpan(head), fmt::format("'{}' cannot name a metric", name)).hint =
      "use letters, digits and _, not starting with a digit";
}

}  // namespace

MetricAnnotation ReadMetric(const AnnotationGroup& group, const StatementReport* report,
                            const FunctionRegistry& functions, Diagnostics* diagnostics) {
  MetricAnnotation metric;
  metric.statement = group.head.source->statement;
  metric.span = ValueSpan(group.head);
  ReadMetricHead(group.head, &metric, diagnostics);
  if (const AnnotationLine* type = group.Find("metric_type")) metric.type = TypeOf(type->value);
  metric.help = group.Value("metric_help");
  if (metric.help.empty()) {
    metric.help = metric.name;
    std::replace(metric.help.begin(), metric.help.end(), '_', ' ');
  }
  if (const AnnotationLine* labels = group.Find("metric_labels")) metric.labels = SplitList(labels->value);
  metric.field = group.Value("metric_field");
  metric.aggregation = group.Value("metric_aggregation");
  metric.window = group.Value("metric_window");
  metric.unit = group.Value("metric_unit");
  if (const AnnotationLine* rate = group.Find("metric_sample_rate")) {
    const std::string& text = rate->value;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), metric.sample_rate);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || metric.sample_rate < 0 ||
        metric.sample_rate > 1) {
      diagnostics->Error("E6034", ValueSpan(*rate),
                         fmt::format("the sample rate must be between 0 and 1, not '{}'", text));
      metric.sample_rate = 1;
    }
  }
  if (const AnnotationLine* buckets = group.Find("metric_buckets")) ReadBuckets(*buckets, &metric, diagnostics);
  if (const AnnotationLine* condition = group.Find("metric_condition")) {
    const int32_t offset = condition->source->value_span.offset;
    if (CheckCondition(*condition, condition->value, offset, report, functions, {"E6033", "E6038", "E6033"},
                       diagnostics)) {
      metric.condition = condition->value;
    }
  }
  if (report == nullptr) return metric;
  const AnnotationLine* labels = group.Find("metric_labels");
  for (const std::string& label : metric.labels) {
    const SourceSpan span = ValueSpan(labels == nullptr ? group.head : *labels);
    if (FindOutput(report->output, label) < 0) {
      ReportColumn("E6038", span, label, *report, diagnostics);
    } else if (LooksLikeIdentifier(label)) {
      diagnostics
          ->Warning("W6040", span,
                    fmt::format("'{}' looks like an identifier: every value is a series of its own", label))
          .hint = "label by something that has few values";
    }
  }
  const bool measures = metric.type != MetricType::kCounter;
  if (metric.field.empty()) {
    if (measures) InferField(*report, metric.span, &metric, diagnostics);
  } else if (FindOutput(report->output, metric.field) < 0) {
    ReportColumn("E6038", ValueSpan(*group.Find("metric_field")), metric.field, *report, diagnostics);
  }
  return metric;
}

void CheckMetricConflicts(const std::vector<MetricAnnotation>& metrics, Diagnostics* diagnostics) {
  for (size_t i = 0; i < metrics.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (metrics[i].name != metrics[k].name || metrics[i].name.empty()) continue;
      if (metrics[i].type == metrics[k].type && metrics[i].labels == metrics[k].labels) continue;
      diagnostics->set_statement(metrics[i].statement);
      Diagnostic& found =
          diagnostics->Error("E6031", metrics[i].span,
                             fmt::format("metric {} is defined twice with different types or labels", metrics[i].name));
      found.notes.push_back({"the other definition", metrics[k].span});
      found.hint = "give one of them another name";
      break;
    }
  }
  diagnostics->set_statement(0);
}

AlertAnnotation ReadAlert(const AnnotationGroup& group, const StatementReport* report, size_t ordinal,
                          const FunctionRegistry& functions, Diagnostics* diagnostics) {
  AlertAnnotation alert;
  alert.statement = group.head.source->statement;
  alert.span = ValueSpan(group.head);
  std::string text = group.head.value;
  int32_t offset = group.head.source->value_span.offset;
  auto is_word = [](std::string_view word) { return IsMetricName(word) && word.find(':') == std::string_view::npos; };
  if (const size_t colon = text.find(':');
      colon != std::string::npos && is_word(std::string_view(text).substr(0, colon))) {
    alert.name = text.substr(0, colon);
    size_t start = text.find_first_not_of(' ', colon + 1);
    if (start == std::string::npos) start = text.size();
    text = text.substr(start);
    offset += static_cast<int32_t>(start);
  } else if (is_word(text) && (report == nullptr || report->output.Find(text) < 0)) {
    alert.name = text;
    text.clear();
  }
  if (const AnnotationLine* name = group.Find("alert_name")) alert.name = name->value;
  if (alert.name.empty()) alert.name = fmt::format("alert_{}", ordinal);
  if (!text.empty() &&
      CheckCondition(group.head, text, offset, report, functions, {"E6040", "E6041", "E6040"}, diagnostics)) {
    alert.condition = text;
  }
  const std::string severity = group.Value("alert_severity");
  for (std::string_view word : {"critical", "high", "error", "page"}) {
    if (SameChoice(severity, word)) alert.severity = AlertSeverity::kCritical;
  }
  for (std::string_view word : {"info", "low"}) {
    if (SameChoice(severity, word)) alert.severity = AlertSeverity::kInfo;
  }
  sql::Duration duration;
  if (sql::ParseDuration(group.Value("alert_for"), &duration)) alert.for_ms = duration.TotalMilliseconds();
  if (sql::ParseDuration(group.Value("alert_cooldown"), &duration)) alert.cooldown_ms = duration.TotalMilliseconds();
  alert.message = group.Value("alert_message");
  alert.channels = SplitList(group.Value("alert_channel"));
  if (alert.channels.empty()) alert.channels = {"log"};
  const AnnotationLine* labels = group.Find("alert_labels");
  if (labels != nullptr) alert.labels = SplitList(labels->value);
  if (labels == nullptr && report != nullptr) alert.labels = report->key_columns;
  for (const std::string& label : alert.labels) {
    if (report == nullptr || labels == nullptr || FindOutput(report->output, label) >= 0) continue;
    ReportColumn("E6041", ValueSpan(*labels), label, *report, diagnostics);
  }
  return alert;
}

VizAnnotation ReadViz(const AnnotationGroup& group, Diagnostics* diagnostics) {
  VizAnnotation viz;
  viz.statement = group.head.source->statement;
  viz.span = ValueSpan(group.head);
  static constexpr std::array kTypes = {"line",  "bar",       "area",    "gauge",   "stat",       "pie",
                                        "table", "histogram", "heatmap", "scatter", "candlestick"};
  const std::string type = sql::LowerCase(group.head.value);
  if (std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end()) {
    viz.type = type;
  } else {
    Diagnostic& found = diagnostics->Warning("W6050", viz.span,
                                             fmt::format("there is no chart '{}', so one is chosen", group.head.value));
    for (const char* known : kTypes) found.hint += (found.hint.empty() ? "one of " : ", ") + std::string(known);
    for (const std::string& near : NearNames(type, std::vector<std::string>(kTypes.begin(), kTypes.end()))) {
      found.fixes.push_back({fmt::format("did you mean '{}'?", near), {{viz.span, near}}});
    }
  }
  viz.title = group.Value("viz_title");
  viz.x = group.Value("viz_x");
  viz.y = SplitList(group.Value("viz_y"));
  viz.series = group.Value("viz_series");
  viz.unit = group.Value("viz_unit");
  viz.size = group.Value("viz_size");
  viz.thresholds = group.Value("viz_thresholds");
  viz.stacked = sql::LowerCase(group.Value("viz_stacked")) == "true";
  return viz;
}

namespace {

/// The text with 5% , 10K, 1M and 2B written as numbers, and for every byte of it the byte of the original.
std::string ExpandSuffixes(std::string_view text, std::vector<int32_t>* origin) {
  std::string out;
  auto push = [&](std::string_view piece, size_t from) {
    for (char c : piece) {
      out += c;
      origin->push_back(static_cast<int32_t>(from));
    }
  };
  bool quoted = false;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\'') quoted = !quoted;
    const bool starts_number =
        !quoted && c >= '0' && c <= '9' &&
        (i == 0 || !(isalnum(static_cast<unsigned char>(text[i - 1])) || text[i - 1] == '_' || text[i - 1] == '.'));
    if (!starts_number) {
      push(text.substr(i, 1), i);
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
    const char suffix = end < text.size() ? text[end] : '\0';
    const bool word_goes_on =
        end + 1 < text.size() && (isalnum(static_cast<unsigned char>(text[end + 1])) || text[end + 1] == '_');
    const std::string_view factor = suffix == '%'   ? " / 100.0"
                                    : suffix == 'K' ? " * 1000"
                                    : suffix == 'M' ? " * 1000000"
                                    : suffix == 'B' ? " * 1000000000"
                                                    : "";
    if (factor.empty() || word_goes_on) {
      for (; i < end; ++i) push(text.substr(i, 1), i);
      continue;
    }
    push("(", i);
    for (size_t k = i; k < end; ++k) push(text.substr(k, 1), k);
    push(factor, end);
    push(")", end);
    i = end + 1;
  }
  origin->push_back(static_cast<int32_t>(text.size()));
  return out;
}

/// An aggregate call that also stands in the SELECT list means that output column.
void UseOutputColumns(sql::ExpressionPtr* node, const StatementReport& report) {
  if (*node == nullptr) return;
  if ((*node)->kind == sql::ExpressionKind::kBinary) {
    auto& binary = static_cast<sql::Binary&>(**node);
    UseOutputColumns(&binary.left, report);
    UseOutputColumns(&binary.right, report);
  } else if ((*node)->kind == sql::ExpressionKind::kUnary) {
    UseOutputColumns(&static_cast<sql::Unary&>(**node).operand, report);
  } else if ((*node)->kind == sql::ExpressionKind::kCall && report.fields.size() == report.output.columns.size()) {
    const std::string text = sql::Print(**node);
    for (size_t i = 0; i < report.fields.size(); ++i) {
      if (report.fields[i] != text) continue;
      auto column = std::make_unique<sql::ColumnReference>((*node)->span);
      column->parts.push_back({report.output.columns[i].name, (*node)->span, sql::Identifier::Quote::kBacktick});
      *node = std::move(column);
      return;
    }
  }
}

}  // namespace

bool CheckCondition(const AnnotationLine& line, std::string_view text, int32_t offset, const StatementReport* report,
                    const FunctionRegistry& functions, const ConditionCodes& codes, Diagnostics* diagnostics) {
  std::vector<int32_t> origin;
  const std::string expanded = ExpandSuffixes(text, &origin);
  Diagnostics found;
  sql::ExpressionPtr expression = sql::ParseExpression(expanded, &found);
  const bool syntax = found.has_errors() || expression == nullptr;
  if (!syntax && report != nullptr) {
    UseOutputColumns(&expression, *report);
    BindCondition(*expression, report->output, functions, &found);
  }
  auto original = [&](int32_t at) {
    if (at < 0) return offset;
    return offset + origin[std::min(static_cast<size_t>(at), origin.size() - 1)];
  };
  for (Diagnostic diagnostic : found.items()) {
    if (diagnostic.severity != Severity::kError) continue;
    const SourceSpan span = diagnostic.span;
    const int32_t start = original(span.offset);
    diagnostic.span = {start, std::max(0, original(span.end()) - start)};
    for (Fix& fix : diagnostic.fixes) {
      for (TextEdit& edit : fix.edits) {
        const int32_t from = original(edit.span.offset);
        edit.span = {from, original(edit.span.end()) - from};
      }
    }
    if (syntax)
      diagnostic.code = codes.syntax;
    else if (diagnostic.code == "E2102" || diagnostic.code == "E2104")
      diagnostic.code = codes.column;
    else if (diagnostic.message.starts_with("this place needs"))
      diagnostic.code = codes.not_boolean;
    diagnostic.message = fmt::format("@{}: {}", line.source->name, diagnostic.message);
    diagnostic.statement = line.source->statement;
    diagnostics->Add(std::move(diagnostic));
  }
  return !found.has_errors();
}

}  // namespace velo::plan
