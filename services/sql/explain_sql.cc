#include <fmt/format.h>

#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sql/sql_views.h"
#include "services/store/artifact_store.h"
#include "services/store/thread_store.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

enum class Level : uint8_t { kSimple, kExpert };
BOOST_DESCRIBE_ENUM(Level, kSimple, kExpert)

struct ExplainParams {
  std::string sql, artifact_id;
  Level level = Level::kSimple;
  bool with_plan = true;
  static std::vector<FieldRule> Rules() {
    return {{"sql", "the query; the thread's current one when left out"}, {"artifact_id", "an editor instead of sql"}};
  }
};
BOOST_DESCRIBE_STRUCT(ExplainParams, (), (sql, artifact_id, level, with_plan))

struct StepView {
  std::string operator_, detail;
  SpanView span;
};
BOOST_DESCRIBE_STRUCT(StepView, (), (operator_, detail, span))

struct ExplainAnswer {
  std::string sql, summary;
  std::vector<StepView> steps;
  std::string plan_text;
  bool bounded = false;
  std::vector<std::string> watch_out;
};
BOOST_DESCRIBE_STRUCT(ExplainAnswer, (), (sql, summary, steps, plan_text, bounded, watch_out))

Result<std::string> SqlToExplain(const ExplainParams& params, CallContext& context) {
  if (!params.sql.empty()) return params.sql;
  if (!params.artifact_id.empty()) {
    VELO_ASSIGN_OR_RETURN(ArtifactRow row, context.workspace->artifacts().Get(params.artifact_id));
    Json data = Json::parse(row.data_json, nullptr, false);
    if (data.is_object() && data.contains("sql") && data["sql"].is_string()) return data["sql"].get<std::string>();
  }
  VELO_ASSIGN_OR_RETURN(ThreadContext thread, context.workspace->threads().Context(context.thread_id));
  if (!thread.focus.sql.empty()) return thread.focus.sql;
  return Status::User("VALIDATION_ERROR", "There is no query to explain.", "Send 'sql'.");
}

Result<Outcome<ExplainAnswer>> ExplainSql(const ExplainParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(std::string sql, SqlToExplain(params, context));
  std::unique_ptr<Catalog> catalog = context.workspace->CatalogFor(context.thread_id);
  StatementReport report;
  std::vector<Diagnostic> warnings;
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<const PreparedQuery> query,
                        OneQuery(sql, catalog.get(), context.workspace->functions(), &report, &warnings));
  LineIndex lines(sql);
  Outcome<ExplainAnswer> outcome;
  outcome.answer.sql = sql;
  outcome.answer.summary = report.summary;
  outcome.answer.bounded = query->bounded;
  for (const ExplainStep& step : ExplainSteps(*query)) {
    SpanView span;
    if (step.span.valid()) {
      LineColumn start = lines.Locate(step.span.offset), end = lines.Locate(step.span.end());
      span = {step.span.offset, step.span.length, start.line, start.column, end.line, end.column};
    }
    outcome.answer.steps.push_back({step.op, step.detail, span});
  }
  if (params.with_plan) outcome.answer.plan_text = ExplainPlan(*query);
  for (const Diagnostic& warning : warnings) outcome.answer.watch_out.push_back(warning.message);
  outcome.summary = report.summary;
  return outcome;
}

}  // namespace

void RegisterExplainSql(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "explain_sql",
                .title = "Explain a query",
                .description = "Says in plain words what a query does and how it is carried out. Never runs it.",
                .method = "POST",
                .path = "/api/explain",
                .timeout_ms = 5'000,
                .is_tool = true},
               ExplainSql);
}

}  // namespace velo::services
