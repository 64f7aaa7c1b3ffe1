#include "engine/plan/annotations/annotation_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/near_names.h"
#include "engine/plan/annotations/annotation_rules_internal.h"
#include "engine/sql/parser.h"
#include "engine/sql/words.h"

namespace velo::plan {

const AnnotationLine* AnnotationGroup::Find(std::string_view canonical) const {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (line->known->canonical == canonical) return &*line;
  }
  return nullptr;
}

std::string AnnotationGroup::Value(std::string_view canonical) const {
  const AnnotationLine* line = Find(canonical);
  return line == nullptr ? "" : line->value;
}

std::vector<std::string> SplitList(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    while (!word.empty() && (word.front() == ' ' || word.front() == '"')) word.remove_prefix(1);
    while (!word.empty() && (word.back() == ' ' || word.back() == '"')) word.remove_suffix(1);
    if (!word.empty()) words.emplace_back(word);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return words;
}

bool SameChoice(std::string_view a, std::string_view b) {
  auto plain = [](std::string_view text) {
    std::string out;
    for (char c : sql::LowerCase(text)) {
      if (c != '_' && c != '-') out += c;
    }
    return out;
  };
  return plain(a) == plain(b);
}

namespace {

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = text.find(' ', start);
    if (end == std::string_view::npos) end = text.size();
    if (end > start) words.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

class AnnotationChecker {
 public:
  AnnotationChecker(const std::vector<sql::Annotation>& annotations, const std::vector<StatementReport>& reports,
                    const FunctionRegistry& functions, Diagnostics* diagnostics)
      : annotations_(annotations), reports_(reports), functions_(functions), diagnostics_(diagnostics) {}

  ScriptAnnotations Read() {
    for (const sql::Annotation& annotation : annotations_) {
      diagnostics_->set_statement(annotation.statement);
      ReadOne(annotation);
    }
    BuildGroups();
    diagnostics_->set_statement(0);
    CheckObservability();
    CheckMetricConflicts(result_.metrics, diagnostics_);
    return std::move(result_);
  }

 private:
  void ReadOne(const sql::Annotation& annotation) {
    const KnownAnnotation* known = FindAnnotation(annotation.name);
    if (known == nullptr) {
      if (annotation.name.starts_with("data.")) {
        result_.data.push_back({annotation.statement, annotation.name_span, annotation.name, annotation.value});
      }
      ReportUnknown(annotation);
      return;
    }
    const bool after_last =
        annotation.statement == 0 && !reports_.empty() && annotation.name_span.offset > reports_.back().span.end() - 1;
    if (after_last) {
      diagnostics_
          ->Warning(
              "W6002", annotation.name_span,
              fmt::format("@{} stands after the last statement, so it belongs to the application", annotation.name))
          .hint = "move it in front of the statement it is meant for";
    }
    const bool anywhere = known->canonical == "version" || known->canonical == "phase";
    const bool after_first = !reports_.empty() && annotation.name_span.offset > reports_.front().span.end() - 1;
    if (known->level == AnnotationLevel::kApplication && after_first && !after_last && !anywhere) {
      diagnostics_
          ->Warning("W6002", annotation.name_span,
                    fmt::format("@{} is about the application, but stands behind a statement", annotation.name))
          .hint = "move it to the top of the file";
    }
    AnnotationLine line{&annotation, known, annotation.value};
    if (!CheckValue(&line)) return;
    switch (known->level) {
      case AnnotationLevel::kApplication:
        SetApplication(line);
        break;
      case AnnotationLevel::kShared:
      case AnnotationLevel::kJob:
        SetJob(line);
        break;
      case AnnotationLevel::kMetric:
        AddToGroup(line, "metric", &metrics_);
        break;
      case AnnotationLevel::kAlert:
        AddToGroup(line, "alert", &alerts_);
        break;
      case AnnotationLevel::kViz:
        AddToGroup(line, "viz", &charts_);
        break;
      case AnnotationLevel::kTest: {
        auto& hints = annotation.name == "test" ? result_.tests : result_.data;
        hints.push_back({annotation.statement, annotation.name_span, annotation.name, line.value});
        break;
      }
    }
  }

  void ReportUnknown(const sql::Annotation& annotation) {
    const std::string& name = annotation.name;
    const size_t dots = static_cast<size_t>(std::count(name.begin(), name.end(), '.'));
    if (name.starts_with("ai.") || name.starts_with("data.") || dots >= 2) return;
    Diagnostic& found =
        diagnostics_->Warning("W6004", annotation.name_span, fmt::format("unknown annotation @{}", name));
    for (const std::string& near : NearNames(name, AnnotationNames())) {
      found.hint += (found.hint.empty() ? "did you mean @" : " or @") + near;
      found.fixes.push_back({fmt::format("did you mean '{}'?", near), {{annotation.name_span, near}}});
    }
    if (found.hint.empty()) found.hint = "it is ignored";
  }

  bool CheckValue(AnnotationLine* line) {
    const sql::Annotation& annotation = *line->source;
    const KnownAnnotation& known = *line->known;
    const SourceSpan span = annotation.value_span.length > 0 ? annotation.value_span : annotation.name_span;
    const bool bare = annotation.value_span.length == 0 && annotation.value == "true";
    if (annotation.value.empty() ||
        (bare && known.value != AnnotationValue::kBoolean && known.level != AnnotationLevel::kTest)) {
      diagnostics_->Error("E6001", annotation.name_span, fmt::format("@{} needs a value", annotation.name)).hint =
          std::string(known.meaning);
      return false;
    }
    const bool one_word = known.value == AnnotationValue::kInteger || known.value == AnnotationValue::kPositive ||
                          known.value == AnnotationValue::kNumber || known.value == AnnotationValue::kBoolean ||
                          known.value == AnnotationValue::kChoice;
    if (one_word) {
      const std::vector<std::string> words = Words(line->value);
      if (words.size() > 1) {
        const int32_t first = static_cast<int32_t>(words[0].size());
        diagnostics_->Warning("W6006", {span.offset + first + 1, span.length - first - 1},
                              fmt::format("only '{}' counts here; the rest is ignored", words[0]));
      }
      if (!words.empty()) line->value = words[0];
    }
    return CheckTyped(*line, span);
  }

  bool CheckTyped(const AnnotationLine& line, SourceSpan span) {
    const KnownAnnotation& known = *line.known;
    const std::string& value = line.value;
    int64_t integer = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), integer);
    const bool is_integer = read.ec == std::errc() && read.ptr == value.data() + value.size();
    switch (known.value) {
      case AnnotationValue::kInteger:
      case AnnotationValue::kPositive: {
        const int64_t least = known.value == AnnotationValue::kPositive ? 1 : 0;
        if (is_integer && integer >= least) return true;
        diagnostics_->Error(
            known.canonical == "num_partitions" ? "E6020" : "E3010", span,
            fmt::format("@{} must be a whole number of at least {}, not '{}'", known.name, least, value));
        return false;
      }
      case AnnotationValue::kBoolean: {
        static constexpr std::array kWords = {"true", "false", "yes", "no", "on", "off", "1", "0"};
        if (std::find(kWords.begin(), kWords.end(), sql::LowerCase(value)) != kWords.end()) return true;
        diagnostics_->Error("E3010", span, fmt::format("@{} must be true or false, not '{}'", known.name, value));
        return false;
      }
      case AnnotationValue::kDuration: {
        sql::Duration duration;
        if (is_integer || sql::ParseDuration(value, &duration)) return true;
        diagnostics_->Error("E3010", span,
                            fmt::format("@{} must be a duration such as 5s or 100ms, not '{}'", known.name, value));
        return false;
      }
      case AnnotationValue::kChoice:
        return CheckChoice(line, span);
      case AnnotationValue::kText:
      case AnnotationValue::kList:
      case AnnotationValue::kNumber:
        return true;
    }
    return true;
  }

  bool CheckChoice(const AnnotationLine& line, SourceSpan span) {
    const std::vector<std::string> choices = Words(line.known->choices);
    for (const std::string& choice : choices) {
      if (SameChoice(choice, line.value)) return true;
    }
    const std::string_view canonical = line.known->canonical;
    const std::string code = canonical == "partitioning_strategy" ? "E6021"
                             : canonical == "job_mode"            ? "E6043"
                             : canonical == "metric_type"         ? "E6032"
                             : canonical == "alert_severity"      ? "E6042"
                                                                  : "E3010";
    std::string list;
    for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
    Diagnostic& found =
        diagnostics_->Error(code, span, fmt::format("@{} cannot be '{}'", line.known->name, line.value));
    found.hint = "one of " + list;
    for (const std::string& near : NearNames(line.value, choices)) {
      found.fixes.push_back({fmt::format("did you mean '{}'?", near), {{span, near}}});
    }
    return false;
  }

  void SetApplication(const AnnotationLine& line) {
    const std::string_view name = line.known->canonical;
    WarnRepeated(line, 0);
    if (name == "app")
      result_.app = line.value;
    else if (name == "version")
      result_.version = line.value;
    else if (name == "phase")
      result_.phase = line.value == "dev" ? "development" : line.value == "prod" ? "production" : line.value;
    else if (name == "depends_on")
      result_.depends_on = SplitList(line.value);
    else
      result_.options.emplace_back(std::string(name), line.value);
  }

  void SetJob(const AnnotationLine& line) {
    const std::string_view name = line.known->canonical;
    const int32_t statement = line.source->statement;
    WarnRepeated(line, statement);
    if (statement == 0) {
      if (name == "description")
        result_.description = line.value;
      else if (name == "author")
        result_.author = line.value;
      else if (name == "tags")
        result_.tags = SplitList(line.value);
      else if (name == "name" && result_.app.empty())
        result_.app = line.value;
      else
        result_.options.emplace_back(std::string(name), line.value);
      return;
    }
    auto job = std::find_if(result_.jobs.begin(), result_.jobs.end(),
                            [&](const JobAnnotations& j) { return j.statement == statement; });
    if (job == result_.jobs.end()) {
      result_.jobs.push_back({statement, "", "", {}});
      job = result_.jobs.end() - 1;
    }
    if (name == "name")
      job->name = line.value;
    else if (name == "description")
      job->description = line.value;
    else
      job->options.emplace_back(std::string(name), line.value);
  }

  void WarnRepeated(const AnnotationLine& line, int32_t statement) {
    const std::pair<int32_t, std::string_view> key{statement, line.known->canonical};
    if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) {
      diagnostics_->Warning("W6005", line.source->name_span,
                            fmt::format("@{} is given twice; this one counts", line.source->name));
    }
    seen_.push_back(key);
  }

  void AddToGroup(const AnnotationLine& line, std::string_view head, std::vector<AnnotationGroup>* groups) {
    if (line.known->name == head) {
      groups->push_back({line, {}});
      return;
    }
    if (groups->empty() || groups->back().head.source->statement != line.source->statement) {
      diagnostics_
          ->Error("E6003", line.source->name_span, fmt::format("@{} has no @{} above it", line.source->name, head))
          .hint = fmt::format("write -- @{}: ... first", head);
      return;
    }
    groups->back().lines.push_back(line);
  }

  const StatementReport* ReportOf(const AnnotationGroup& group) const {
    const int32_t statement = group.head.source->statement;
    if (statement < 1 || statement > static_cast<int32_t>(reports_.size())) return nullptr;
    const StatementReport& report = reports_[statement - 1];
    const bool known = report.valid && !report.output.columns.empty() && report.prepared != nullptr;
    return known ? &report : nullptr;
  }

  void BuildGroups() {
    for (const AnnotationGroup& group : metrics_) {
      diagnostics_->set_statement(group.head.source->statement);
      result_.metrics.push_back(ReadMetric(group, ReportOf(group), functions_, diagnostics_));
    }
    for (const AnnotationGroup& group : alerts_) {
      diagnostics_->set_statement(group.head.source->statement);
      result_.alerts.push_back(ReadAlert(group, ReportOf(group), result_.alerts.size() + 1, functions_, diagnostics_));
    }
    for (const AnnotationGroup& group : charts_) {
      diagnostics_->set_statement(group.head.source->statement);
      result_.charts.push_back(ReadViz(group, diagnostics_));
    }
  }

  void CheckObservability() {
    auto value = [this](std::string_view key) {
      for (const auto& [name, text] : result_.options) {
        if (name == key) return sql::LowerCase(text);
      }
      return std::string();
    };
    const bool reporting = value("observability.error_reporting.enabled") == "true";
    if (!reporting || value("observability.metrics.enabled") == "true" || !metrics_.empty()) return;
    for (const sql::Annotation& annotation : annotations_) {
      if (annotation.name != "observability.error_reporting.enabled") continue;
      diagnostics_->Warning("W6010", annotation.name_span, "error reporting needs metrics, so metrics are turned on");
      result_.options.emplace_back("observability.metrics.enabled", "true");
      return;
    }
  }

  const std::vector<sql::Annotation>& annotations_;
  const std::vector<StatementReport>& reports_;
  const FunctionRegistry& functions_;
  Diagnostics* diagnostics_;
  ScriptAnnotations result_;
  std::vector<AnnotationGroup> metrics_, alerts_, charts_;
  std::vector<std::pair<int32_t, std::string_view>> seen_;
};

}  // namespace

ScriptAnnotations ReadScriptAnnotations(const std::vector<sql::Annotation>& annotations,
                                        const std::vector<StatementReport>& reports, const FunctionRegistry& functions,
                                        Diagnostics* diagnostics) {
  return AnnotationChecker(annotations, reports, functions, diagnostics).Read();
}

sql::EmitMode AnnotatedEmitMode(const std::vector<sql::Annotation>& annotations, int32_t statement) {
  sql::EmitMode mode = sql::EmitMode::kDefault;
  for (const sql::Annotation& annotation : annotations) {
    if (annotation.statement != statement || annotation.name != "emit_mode") continue;
    const std::string word = sql::LowerCase(annotation.value.substr(0, annotation.value.find(' ')));
    if (word == "changes") mode = sql::EmitMode::kChanges;
    if (word == "final") mode = sql::EmitMode::kFinal;
  }
  return mode;
}

}  // namespace velo::plan
