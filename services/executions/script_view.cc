#include "services/executions/script_view.h"

#include "services/operation.h"

namespace velo::services {
namespace {

std::string_view StateName(StatementState state) {
  static constexpr std::string_view kNames[] = {"waiting", "running", "done", "failed", "skipped"};
  return kNames[static_cast<size_t>(state)];
}

/// A live statement is what its execution is; so is one that the script did not wait for.
void ReadExecution(Execution& execution, StatementResult* view) {
  const ExecutionFacts facts = execution.Facts();
  view->execution_id = facts.id;
  view->columns = execution.shape().columns;
  view->row_count = facts.row_count;
  view->is_streaming = facts.live;
  const bool ended = facts.finished_at != 0;
  if (facts.state == "cancelled") view->state = "cancelled";
  if (view->state == "running" && ended) view->state = facts.error.ok() ? "done" : "failed";
  if (!facts.error.ok() && view->error.is_null()) {
    view->state = "failed";
    view->error = ErrorJson(facts.error, "", facts.sql)["error"];
  }
}

bool AnswersWithRows(const std::string& kind) {
  return kind == "select" || kind == "show" || kind == "describe" || kind == "explain";
}

}  // namespace

std::vector<StatementResult> ViewStatements(ScriptRun& run) {
  const std::string& sql = run.request().sql;
  const LineIndex lines(sql);
  std::vector<StatementResult> views;
  for (const StatementFacts& facts : run.Statements()) {
    StatementResult& view = views.emplace_back();
    view.number = facts.number;
    view.kind = facts.kind;
    if (!facts.name.empty()) view.name = facts.name;
    view.state = StateName(facts.state);
    view.writes = facts.writes;
    view.message = facts.message;
    if (!facts.note.empty()) view.note = facts.note;
    const LineColumn start = lines.Locate(facts.span.offset), end = lines.Locate(facts.span.end());
    view.span = {facts.span.offset, facts.span.length, start.line, start.column, end.line, end.column};
    if (!facts.error.ok()) view.error = ErrorJson(facts.error, "", sql)["error"];
    if (facts.execution != nullptr) ReadExecution(*facts.execution, &view);
  }
  return views;
}

std::shared_ptr<Execution> MainExecution(const std::vector<StatementFacts>& statements) {
  std::shared_ptr<Execution> answer, made;
  for (const StatementFacts& facts : statements) {
    if (facts.execution == nullptr) continue;
    (AnswersWithRows(facts.kind) ? answer : made) = facts.execution;
  }
  return answer != nullptr ? answer : made;
}

}  // namespace velo::services
