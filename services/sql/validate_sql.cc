#include <fmt/format.h>

#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sql/declared_schemas.h"
#include "services/sql/sql_views.h"
#include "services/threads/thread_context.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

enum class Target : uint8_t { kEmbedded };
BOOST_DESCRIBE_ENUM(Target, kEmbedded)

struct ValidateContext {
  std::vector<std::string> tables;
  std::map<std::string, Json> schemas;
};
BOOST_DESCRIBE_STRUCT(ValidateContext, (), (tables, schemas))

struct ValidateParams {
  std::string sql;
  ValidateContext context;
  Target target = Target::kEmbedded;
  bool strict = false;

  static std::vector<FieldRule> Rules() {
    return {{"sql", "one or more statements", true}, {"strict", "warnings count as errors"}};
  }
};
BOOST_DESCRIBE_STRUCT(ValidateParams, (), (sql, context, target, strict))

Result<Outcome<ValidationView>> ValidateSql(const ValidateParams& params, CallContext& context) {
  std::unique_ptr<Catalog> session = context.workspace->CatalogFor(context.thread_id);
  MemoryCatalog catalog(session.get());
  for (const auto& [name, schema] : params.context.schemas) {
    VELO_ASSIGN_OR_RETURN(Relation relation, DeclaredRelation(name, schema));
    catalog.Put(std::move(relation));
  }
  for (const std::string& name : params.context.tables) {
    Result<RelationPtr> known = catalog.Find(name, {});
    if (known.ok() && *known != nullptr) continue;
    Relation assumed;
    assumed.name = name;
    assumed.schema_known = false;
    catalog.Put(std::move(assumed));
  }
  Outcome<ValidationView> outcome;
  outcome.answer = Validate(params.sql, &catalog, context.workspace->functions(), params.strict).view;
  const ValidationView& view = outcome.answer;
  outcome.summary = view.valid ? (view.summary.empty() ? "Valid SQL" : "Valid. " + view.summary)
                               : fmt::format("{} error{}: {}", view.errors.size(), view.errors.size() == 1 ? "" : "s",
                                             view.error->message);
  outcome.artifacts.push_back({"sql-editor", view.valid ? "Query" : "Query with errors",
                               SqlEditorData(params.sql, view).dump(-1, ' ', false, Json::error_handler_t::replace), "",
                               "ready"});
  outcome.remember = [sql = params.sql](ThreadContext& thread) { thread.focus.sql = sql; };
  return outcome;
}

}  // namespace

void RegisterValidateSql(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "validate_sql",
                .title = "Check SQL",
                .description = "Checks SQL against the real schemas without running it. Not for running: use "
                               "execute_query.",
                .effect = Effect::kSession,
                .method = "POST",
                .path = "/api/validate",
                .rate_per_minute = 600,
                .artifact = "sql-editor",
                .timeout_ms = 5'000,
                .is_tool = true},
               ValidateSql);
}

}  // namespace velo::services
