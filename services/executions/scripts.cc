// What became of a script after /api/execute has answered.
#include "services/executions/script_view.h"
#include "services/executions/thread_sessions.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct ScriptParams {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(ScriptParams, (), (id))

struct ScriptAnswer {
  std::string script_id;
  std::string state;  ///< running: statements are still to come or at work; through: each has run or goes on live.
  std::string sql, started_at;
  std::optional<std::string> thread_id;
  std::vector<StatementResult> statements;
  Json error = nullptr;
};
BOOST_DESCRIBE_STRUCT(ScriptAnswer, (), (script_id, state, sql, started_at, thread_id, statements, error))

Outcome<ScriptAnswer> Answer(ScriptRun& run) {
  Outcome<ScriptAnswer> outcome;
  ScriptAnswer& answer = outcome.answer;
  answer.script_id = run.id();
  answer.state = run.through() ? "through" : "running";
  answer.sql = run.request().sql;
  answer.started_at = FormatInstant(run.started_at());
  if (!run.request().thread_id.empty()) answer.thread_id = run.request().thread_id;
  answer.statements = ViewStatements(run);
  if (const Status status = run.status(); !status.ok()) {
    answer.error = ErrorJson(status, "", run.request().sql)["error"];
  }
  return outcome;
}

Result<Outcome<ScriptAnswer>> GetScript(const ScriptParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<ScriptRun> run, context.workspace->sessions().Find(params.id));
  return Answer(*run);
}

Result<Outcome<ScriptAnswer>> CancelScript(const ScriptParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<ScriptRun> run, context.workspace->sessions().Find(params.id));
  run->Cancel();
  constexpr int64_t kPatienceMs = 1000;
  run->WaitFor(kPatienceMs);
  for (const StatementFacts& facts : run->Statements()) {
    if (facts.execution != nullptr) facts.execution->WaitFor(kPatienceMs);
  }
  return Answer(*run);
}

}  // namespace

void RegisterScripts(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "get_script",
                .title = "Show a script run",
                .description = "What became of each statement of a script, with the executions that hold their rows.",
                .method = "GET",
                .path = "/api/scripts/{id}",
                .rate_per_minute = 240},
               GetScript);
  AddOperation(registry,
               {.name = "cancel_script",
                .title = "Stop a script",
                .description = "Ends a script and every query of it that runs.",
                .effect = Effect::kSession,
                .method = "DELETE",
                .path = "/api/scripts/{id}",
                .scope = "execute",
                .rate_per_minute = 120},
               CancelScript);
}

}  // namespace velo::services
