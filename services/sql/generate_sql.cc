#include <fmt/format.h>

#include "assistant/language/language.h"
#include "engine/runtime/engine.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sql/declared_schemas.h"
#include "services/sql/sample_run.h"
#include "services/sql/situation.h"
#include "services/sql/sql_views.h"
#include "services/store/thread_store.h"
#include "services/threads/thread_context.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

enum class Mode : uint8_t { kAuto, kGenerate, kEdit, kFix, kAnnotate, kExplain };
BOOST_DESCRIBE_ENUM(Mode, kAuto, kGenerate, kEdit, kFix, kAnnotate, kExplain)

struct GenerateContext {
  std::map<std::string, Json> schemas;
  std::string previous_sql;
  std::vector<std::string> sources;
  std::string source_type;
  Json error = nullptr;

  static std::vector<FieldRule> Rules() {
    return {{"previous_sql", "what 'it' is", false, {}, {}, {}, {"previousSql"}}};
  }
};
BOOST_DESCRIBE_STRUCT(GenerateContext, (), (schemas, previous_sql, sources, source_type, error))

struct GenerateParams {
  std::string prompt;
  Mode mode = Mode::kAuto;
  GenerateContext context;

  static std::vector<FieldRule> Rules() {
    return {{"prompt", "what is wanted, in words", true, {}, {}, {}, {}, 16 * 1024},
            {"context", "facts beyond those of the thread"}};
  }
};
BOOST_DESCRIBE_STRUCT(GenerateParams, (), (prompt, mode, context))

struct UnderstoodView {
  std::string text, as;
};
BOOST_DESCRIBE_STRUCT(UnderstoodView, (), (text, as))
struct ChoiceView {
  std::string label, edit;
};
BOOST_DESCRIBE_STRUCT(ChoiceView, (), (label, edit))
struct AssumptionView {
  std::string id, text;
  std::vector<ChoiceView> alternatives;
};
BOOST_DESCRIBE_STRUCT(AssumptionView, (), (id, text, alternatives))
struct ChangeView {
  std::string op, from, to;
};
BOOST_DESCRIBE_STRUCT(ChangeView, (), (op, from, to))

struct GenerateAnswer {
  std::string sql, title, explanation, suggested_viz_type;
  Json annotations = Json::array();
  ValidationView validation;
  std::string mode, intent, engine = "builtin";
  std::optional<std::string> model;
  double confidence = 0;
  std::vector<UnderstoodView> understood;
  std::vector<AssumptionView> assumptions;
  std::vector<ChangeView> changes;
  Json alternatives = Json::array();
  SampleRun sample;
  int64_t repairs = 0;
};
BOOST_DESCRIBE_STRUCT(GenerateAnswer, (),
                      (sql, title, explanation, suggested_viz_type, annotations, validation, mode, intent, engine,
                       model, confidence, understood, assumptions, changes, alternatives, sample, repairs))

Status NeedsInput(const language::Question& question) {
  Json options = Json::array();
  for (const auto& option : question.options) options.push_back({{"label", option.label}, {"prompt", option.prompt}});
  return Status::User("NEEDS_INPUT", question.question, "Pick one of the options.")
      .WithDetail("question", question.question)
      .WithDetail("options", options.dump());
}

Status NotUnderstood(const language::Reply& reply) {
  std::string text = reply.text.empty() ? "I could not turn that into a query." : reply.text;
  return Status::User("NOT_UNDERSTOOD", text,
                      reply.closest.empty() ? "Name the columns you want, for example 'average price per symbol'."
                                            : fmt::format("Try: {}", reply.closest.front()))
      .WithDetail("closest", ToJson(reply.closest).dump());
}

/// The facts of the request on top of those of the thread.
Result<language::Situation> SituationFor(const GenerateParams& params, CallContext& context, MemoryCatalog* catalog) {
  VELO_ASSIGN_OR_RETURN(language::Situation situation, SituationOf(context));
  for (const auto& [name, schema] : params.context.schemas) {
    VELO_ASSIGN_OR_RETURN(Relation relation, DeclaredRelation(name, schema));
    catalog->Put(relation);
    std::erase_if(situation.sources, [&](const auto& fact) { return fact.name == name; });
    situation.sources.insert(situation.sources.begin(),
                             {name, name, "topic", std::make_shared<Relation>(relation), nullptr});
  }
  if (!params.context.previous_sql.empty()) situation.focus_sql = params.context.previous_sql;
  if (params.mode == Mode::kGenerate) situation.focus_sql.clear();
  return situation;
}

GenerateAnswer Describe(const language::Reply& reply) {
  GenerateAnswer answer;
  answer.sql = reply.sql;
  answer.title = reply.title;
  answer.explanation = reply.explanation;
  answer.suggested_viz_type = reply.suggested_viz.empty() ? "table" : reply.suggested_viz;
  answer.mode = reply.mode.empty() ? "generate" : reply.mode;
  answer.intent = reply.intent;
  answer.confidence = reply.confidence;
  for (const auto& part : reply.understood) answer.understood.push_back({part.text, part.as});
  for (const auto& assumption : reply.assumptions) {
    AssumptionView view{assumption.id, assumption.text, {}};
    for (const auto& choice : assumption.alternatives) view.alternatives.push_back({choice.label, choice.edit});
    answer.assumptions.push_back(std::move(view));
  }
  for (const auto& change : reply.changes) answer.changes.push_back({change.op, change.from, change.to});
  return answer;
}

Result<ArtifactDraft> Draw(const GenerateAnswer& answer, CallContext& context) {
  Json data = SqlEditorData(answer.sql, answer.validation);
  data["explanation"] = answer.explanation;
  data["assumptions"] = ToJson(answer.assumptions);
  data["understood"] = ToJson(answer.understood);
  data["changes"] = ToJson(answer.changes);
  data["suggested_viz_type"] = answer.suggested_viz_type;
  ArtifactDraft draft{"sql-editor", answer.title.empty() ? "Query" : answer.title, data.dump(), "", "ready"};
  if (answer.mode == "edit" || answer.mode == "fix") {
    VELO_ASSIGN_OR_RETURN(ThreadContext thread, context.workspace->threads().Context(context.thread_id));
    draft.artifact_id = thread.focus.sql_artifact_id;  // A new version of the same editor, so that it can be undone.
    if (!draft.artifact_id.empty()) draft.title = answer.title;  // Empty: the editor keeps its title.
  }
  return draft;
}

Result<Outcome<GenerateAnswer>> GenerateSql(const GenerateParams& params, CallContext& context) {
  Workspace& workspace = *context.workspace;
  std::unique_ptr<Catalog> session = workspace.CatalogFor(context.thread_id);
  MemoryCatalog catalog(session.get());
  VELO_ASSIGN_OR_RETURN(language::Situation situation, SituationFor(params, context, &catalog));
  language::Reply reply = language::Understand(params.prompt, situation, &catalog, workspace.functions());
  if (reply.question) return NeedsInput(*reply.question);
  if (reply.sql.empty()) return NotUnderstood(reply);
  Outcome<GenerateAnswer> outcome;
  GenerateAnswer& answer = outcome.answer;
  answer = Describe(reply);
  Validated validated = Validate(reply.sql, &catalog, workspace.functions(), false);
  if (!validated.view.valid) {
    return Status::Bug(fmt::format("generated SQL does not bind: {}", validated.view.error->message));
  }
  answer.validation = std::move(validated.view);
  if (answer.explanation.empty()) answer.explanation = answer.validation.summary;
  if (!validated.report.statements.empty() && validated.report.statements.front().prepared != nullptr) {
    answer.sample = RunOnSample(workspace, &catalog, validated.report.statements.front().prepared);
  }
  VELO_ASSIGN_OR_RETURN(ArtifactDraft draft, Draw(answer, context));
  outcome.artifacts.push_back(std::move(draft));
  outcome.summary = answer.title.empty() ? answer.explanation : answer.title;
  outcome.remember = [sql = answer.sql, intent = answer.intent](ThreadContext& thread) {
    thread.focus.sql = sql;
    thread.pending = {};
    thread.history.push_back({intent, thread.focus.artifact_id});
  };
  return outcome;
}

}  // namespace

void RegisterGenerateSql(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "generate_sql",
                .title = "Words to SQL",
                .description = "Turns words into checked SQL, or changes the current query, for example "
                               "generate_sql({\"prompt\":\"average price per symbol\"}). Not for running it.",
                .effect = Effect::kSession,
                .method = "POST",
                .path = "/api/nl-to-sql",
                .scope = "execute",
                .rate_per_minute = 30,
                .artifact = "sql-editor",
                .timeout_ms = 30'000,
                .is_tool = true},
               GenerateSql);
}

}  // namespace velo::services
