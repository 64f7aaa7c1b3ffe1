#include <algorithm>
#include <charconv>

#include "engine/plan/annotations/annotation_reader.h"
#include "engine/plan/annotations/annotation_rules_internal.h"
#include "engine/sql/words.h"

namespace velo::plan {
namespace {

/// The text after "Key:" when the comment begins so, without regard to case; empty otherwise.
std::string_view After(std::string_view comment, std::string_view key) {
  if (comment.size() <= key.size() || !sql::SameWord(comment.substr(0, key.size()), key) ||
      comment[key.size()] != ':') {
    return {};
  }
  comment.remove_prefix(key.size() + 1);
  while (comment.starts_with(' ')) comment.remove_prefix(1);
  while (comment.ends_with(' ')) comment.remove_suffix(1);
  return comment;
}

bool Annotated(const std::vector<sql::Annotation>& annotations, std::string_view name, int32_t statement) {
  return std::any_of(annotations.begin(), annotations.end(), [&](const sql::Annotation& annotation) {
    return annotation.name == name && annotation.statement == statement;
  });
}

JobAnnotations* JobOf(int32_t statement, ScriptAnnotations* application) {
  for (JobAnnotations& job : application->jobs) {
    if (job.statement == statement) return &job;
  }
  application->jobs.push_back({statement, "", "", {}});
  return &application->jobs.back();
}

void ReadApplicationComment(std::string_view text, const std::vector<sql::Annotation>& annotations,
                            ScriptAnnotations* application) {
  auto take = [&](std::string_view key, std::string_view annotation, std::string* target) {
    const std::string_view value = After(text, key);
    if (!value.empty() && !Annotated(annotations, annotation, 0)) *target = value;
  };
  take("SQL Application", "app", &application->app);
  take("Version", "version", &application->version);
  take("Description", "description", &application->description);
  take("Author", "author", &application->author);
  if (const auto value = After(text, "Dependencies"); !value.empty() && !Annotated(annotations, "depends_on", 0)) {
    application->depends_on = SplitList(value);
  }
  if (const auto value = After(text, "Tag"); !value.empty()) application->tags.emplace_back(value);
  if (const auto value = After(text, "Property"); value.find('=') != std::string_view::npos) {
    const size_t equals = value.find('=');
    application->options.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  }
}

std::string OptionOf(const JobAnnotations& job, std::string_view name) {
  for (const auto& [key, value] : job.options) {
    if (key == name) return value;
  }
  return "";
}

SourceSpan SpanOf(const std::vector<sql::Annotation>& annotations, int32_t statement,
                  std::initializer_list<std::string_view> names) {
  for (const sql::Annotation& annotation : annotations) {
    if (annotation.statement != statement) continue;
    if (std::find(names.begin(), names.end(), annotation.name) == names.end()) continue;
    return annotation.value_span.length > 0 ? annotation.value_span : annotation.name_span;
  }
  return {};
}

/// Whether rows of one key must meet: grouping, joins, DISTINCT, row windows.
bool KeepsState(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kAggregate:
    case PlanKind::kJoin:
    case PlanKind::kDistinct:
    case PlanKind::kOver:
    case PlanKind::kSort:
      return true;
    default:
      return std::any_of(node.inputs.begin(), node.inputs.end(),
                         [](const PlanNodePtr& input) { return KeepsState(*input); });
  }
}

}  // namespace

void ReadHeaderComments(const std::vector<sql::Comment>& comments, const std::vector<sql::Annotation>& annotations,
                        const std::vector<StatementReport>& reports, ScriptAnnotations* application) {
  for (const sql::Comment& comment : comments) {
    if (!comment.line) continue;
    size_t next = 0;
    while (next < reports.size() && reports[next].span.offset < comment.span.offset) ++next;
    if (next == 0) ReadApplicationComment(comment.text, annotations, application);
    if (next == reports.size()) continue;
    const std::string_view name = After(comment.text, "Name");
    const auto statement = static_cast<int32_t>(next) + 1;
    if (!name.empty() && !Annotated(annotations, "name", statement)) JobOf(statement, application)->name = name;
  }
}

void CheckJobAnnotations(const JobAnnotations& job, const StatementReport& report,
                         const std::vector<sql::Annotation>& annotations, Diagnostics* diagnostics) {
  const std::string strategy = OptionOf(job, "partitioning_strategy");
  const std::string sticky = OptionOf(job, "sticky_partition_id");
  const std::string partitions = OptionOf(job, "num_partitions");
  if (!sticky.empty() && !partitions.empty()) {
    int64_t id = 0, count = 0;
    std::from_chars(sticky.data(), sticky.data() + sticky.size(), id);
    std::from_chars(partitions.data(), partitions.data() + partitions.size(), count);
    if (id >= count) {
      diagnostics
          ->Error("E6020", SpanOf(annotations, job.statement, {"sticky_partition_id"}),
                  fmt::format("there is no partition {} among {}", id, count))
          .hint = fmt::format("give a number from 0 to {}", count - 1);
    }
  }
  if (strategy.empty() || report.prepared == nullptr || !KeepsState(*report.prepared->plan)) return;
  const SourceSpan span = SpanOf(annotations, job.statement, {"partitioning_strategy"});
  if (SameChoice(strategy, "round_robin")) {
    diagnostics->Warning("W6022", span, "rows of one key must meet, so they are dealt out by key instead of in turn")
        .hint = "use always_hash, or leave the strategy out";
  } else if (report.group_by.empty() && !SameChoice(strategy, "fan_in") && report.joins.empty()) {
    diagnostics->Warning("W6023", span, "all rows must meet here, so one worker takes them all").hint = "use fan_in";
  }
}

}  // namespace velo::plan
