#include <fmt/format.h>

#include "services/executions/execution_json.h"
#include "services/executions/execution_registry.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct ListParams {
  std::string state;
  int64_t limit = 50;
  static std::vector<FieldRule> Rules() { return {{"limit", "", false, 1, 500}}; }
};
BOOST_DESCRIBE_STRUCT(ListParams, (), (state, limit))

struct ListAnswer {
  std::vector<Json> executions;
  std::optional<std::string> next_cursor;
  int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(ListAnswer, (), (executions, next_cursor, total))

Json Describe(Execution& execution, Timestamp now) {
  ExecutionFacts facts = execution.Facts();
  Json diagnosis = nullptr;
  if (!facts.diagnosis.kind.empty()) {
    diagnosis = {{"kind", facts.diagnosis.kind}, {"text", facts.diagnosis.text}, {"actions", Json::array()}};
  }
  Json error = nullptr;
  if (!facts.error.ok()) error = ErrorJson(facts.error, "", facts.sql)["error"];
  return {{"execution_id", facts.id},
          {"state", facts.state},
          {"sql", facts.sql},
          {"thread_id", facts.thread_id.empty() ? Json(nullptr) : Json(facts.thread_id)},
          {"started_at", FormatInstant(facts.started_at)},
          {"finished_at", InstantOrNull(facts.finished_at)},
          {"viewers", facts.viewers},
          {"columns", ToJson(execution.shape().columns)},
          {"key_columns", execution.shape().key_columns},
          {"viz", ToJson(execution.Viz())},
          {"metadata",
           {{"rows_in", facts.metrics.rows_in},
            {"row_count", facts.row_count},
            {"truncated", facts.truncated},
            {"is_streaming", facts.live},
            {"records_per_second", static_cast<int64_t>(facts.records_per_second)},
            {"watermark", InstantOrNull(facts.metrics.watermark)},
            {"lag", LagOf(facts.metrics, now)},
            {"state_bytes", facts.metrics.state_bytes},
            {"rows_late", facts.metrics.rows_late},
            {"rows_bad", facts.metrics.rows_bad},
            {"bytes_read", facts.metrics.bytes_read}}},
          {"accounting", AccountingJson(facts.metrics)},
          {"diagnosis", diagnosis},
          {"error", error}};
}

Json DescribePast(const PastExecution& past) {
  Json document = Json::parse(past.document_json, nullptr, false);
  return {{"execution_id", past.id},
          {"state", "expired"},
          {"sql", past.sql},
          {"thread_id", past.thread_id.empty() ? Json(nullptr) : Json(past.thread_id)},
          {"started_at", FormatInstant(past.created_at)},
          {"finished_at", InstantOrNull(past.finished_at)},
          {"viewers", 0},
          {"columns", document["columns"]},
          {"key_columns", document["key_columns"]},
          {"viz", document["viz"]},
          {"metadata", {{"row_count", document["rows"].size()}}},
          {"accounting", document["accounting"]},
          {"diagnosis", nullptr},
          {"error", nullptr}};
}

Result<Outcome<ListAnswer>> ListExecutions(const ListParams& params, CallContext& context) {
  Outcome<ListAnswer> outcome;
  Timestamp now = context.workspace->clock().Now();
  for (auto& execution : context.workspace->executions().List(context.thread_id)) {
    if (!params.state.empty() && execution->Facts().state != params.state) continue;
    ++outcome.answer.total;
    if (outcome.answer.executions.size() < static_cast<size_t>(params.limit)) {
      outcome.answer.executions.push_back(Describe(*execution, now));
    }
  }
  return outcome;
}

struct ExecutionParams {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(ExecutionParams, (), (id))

Result<Outcome<Json>> GetExecution(const ExecutionParams& params, CallContext& context) {
  Outcome<Json> outcome;
  Result<std::shared_ptr<Execution>> execution = context.workspace->executions().Find(params.id);
  if (execution.ok()) {
    outcome.answer = Describe(**execution, context.workspace->clock().Now());
    outcome.answer.update(EvidenceJson((*execution)->Facts().metrics, (*execution)->Evidence()));
    return outcome;
  }
  VELO_ASSIGN_OR_RETURN(PastExecution past, context.workspace->executions().FindPast(params.id));
  outcome.answer = DescribePast(past);
  return outcome;
}

struct CancelAnswer {
  std::string execution_id, state;
  std::optional<int64_t> confirmed_in_ms;
};
BOOST_DESCRIBE_STRUCT(CancelAnswer, (), (execution_id, state, confirmed_in_ms))

Result<Outcome<CancelAnswer>> CancelExecution(const ExecutionParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<Execution> execution, context.workspace->executions().Find(params.id));
  Timestamp asked = context.workspace->clock().Now();
  if (!execution->ended()) execution->Cancel();
  bool confirmed = execution->WaitFor(1000);
  Outcome<CancelAnswer> outcome;
  outcome.answer.execution_id = params.id;
  outcome.answer.state = execution->Facts().state;
  if (confirmed) outcome.answer.confirmed_in_ms = (context.workspace->clock().Now() - asked) / kMicrosPerMilli;
  outcome.summary = confirmed ? "Stopped" : "Stopping";
  return outcome;
}

}  // namespace

void RegisterExecutions(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "list_executions",
                .title = "List executions",
                .description = "Queries that run or ran lately.",
                .method = "GET",
                .path = "/api/executions"},
               ListExecutions);
  AddOperation(registry,
               {.name = "get_execution",
                .title = "Show an execution",
                .description = "State, figures and, without rows, the reason why there are none.",
                .method = "GET",
                .path = "/api/executions/{id}",
                .also = {"/api/queries/{id}"},
                .rate_per_minute = 120},
               GetExecution);
  AddOperation(registry,
               {.name = "cancel_query",
                .title = "Stop a query",
                .description = "Ends a running query and waits for the engine to confirm, for example "
                               "cancel_query({\"id\":\"exec_4t9k\"}).",
                .effect = Effect::kSession,
                .method = "DELETE",
                .path = "/api/executions/{id}",
                .scope = "execute",
                .rate_per_minute = 120,
                .is_tool = true},
               CancelExecution);
  AddOperation(registry,
               {.name = "stop_query",
                .title = "Stop a query",
                .description = "The same as DELETE, for callers that only POST.",
                .effect = Effect::kSession,
                .method = "POST",
                .path = "/api/queries/{id}/stop",
                .also = {"/api/executions/{id}/cancel"},
                .scope = "execute",
                .rate_per_minute = 120},
               CancelExecution);
}

}  // namespace velo::services
