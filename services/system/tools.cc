#include <fmt/format.h>

#include "services/ids.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/store/thread_store.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct ToolView {
  std::string name, title, description, effect, approval;
  Json parameters, output;
  std::optional<std::string> artifact;
  std::string endpoint;
  int64_t timeout_ms = 0;
};
BOOST_DESCRIBE_STRUCT(ToolView, (),
                      (name, title, description, effect, approval, parameters, output, artifact, endpoint, timeout_ms))

struct ToolsAnswer {
  std::vector<ToolView> tools;
};
BOOST_DESCRIBE_STRUCT(ToolsAnswer, (), (tools))

const char* ApprovalOf(Effect effect) {
  switch (effect) {
    case Effect::kRead:
    case Effect::kSession:
      return "none";
    case Effect::kAddress:
      return "new-address";
    case Effect::kOutside:
      return "always";
  }
  return "always";
}

Result<Outcome<ToolsAnswer>> ListTools(const NoParams&, CallContext& context) {
  Outcome<ToolsAnswer> outcome;
  for (const auto& operation : context.workspace->operations().operations()) {
    const OperationInfo& info = operation->info();
    if (!info.is_tool) continue;
    ToolView view;
    view.name = info.name;
    view.title = info.title;
    view.description = info.description;
    view.effect = std::string(EffectName(info.effect));
    view.approval = ApprovalOf(info.effect);
    view.parameters = operation->ParameterSchema();
    view.output = operation->AnswerSchema();
    if (!info.artifact.empty()) view.artifact = info.artifact;
    view.endpoint = info.method + " " + info.path;
    view.timeout_ms = info.timeout_ms;
    outcome.answer.tools.push_back(std::move(view));
  }
  return outcome;
}

enum class Origin : uint8_t { kApi, kButton, kPalette };
BOOST_DESCRIBE_ENUM(Origin, kApi, kButton, kPalette)

struct CallParams {
  std::string name;
  Json arguments = Json::object();
  std::string artifact_id;
  Origin origin = Origin::kApi;
};
BOOST_DESCRIBE_STRUCT(CallParams, (), (name, arguments, artifact_id, origin))

Result<Outcome<Json>> CallTool(const CallParams& params, CallContext& context) {
  const OperationRegistry& registry = context.workspace->operations();
  const Operation* operation = registry.Find(params.name);
  if (operation == nullptr || !operation->info().is_tool) {
    return Status::User("NOT_FOUND", fmt::format("There is no tool '{}'.", params.name), "See GET /api/tools.");
  }
  CallContext call = context;
  call.via = Via::kButton;
  call.call_id = NewId("call", context.workspace->clock().Now());
  call.artifact_id = params.artifact_id;
  if (!call.thread_id.empty()) {
    VELO_ASSIGN_OR_RETURN(ThreadRow thread, context.workspace->threads().Ensure(call.thread_id, ""));
    call.thread_id = thread.id;
  }
  ToolOutcome tool = registry.Invoke(params.name, params.arguments.dump(), call);
  if (!tool.status.ok()) return tool.status;
  Outcome<Json> outcome;
  outcome.answer = {{"call_id", call.call_id}};
  Json output = Json::parse(tool.output_json, nullptr, false);
  for (auto item = output.begin(); item != output.end(); ++item) outcome.answer[item.key()] = *item;
  Json artifacts = Json::array();
  for (const ArtifactReference& reference : tool.artifacts) {
    artifacts.push_back(Json::parse(reference.envelope_json, nullptr, false));
  }
  outcome.answer["artifacts"] = std::move(artifacts);
  outcome.summary = tool.summary;
  return outcome;
}

}  // namespace

void RegisterTools(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "list_tools",
                .title = "List tools",
                .description = "Tools with their schemas.",
                .method = "GET",
                .path = "/api/tools"},
               ListTools);
  AddOperation(registry,
               {.name = "call_tool",
                .title = "Call a tool",
                .description = "Runs a tool; with thread_id its artifact is kept in the thread.",
                .effect = Effect::kSession,
                .method = "POST",
                .path = "/api/tools/{name}",
                .scope = "execute",
                .rate_per_minute = 120},
               CallTool);
}

}  // namespace velo::services
