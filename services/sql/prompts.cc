#include "assistant/language/language.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sql/situation.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct PromptsParams {
  int64_t limit = 4;
  static std::vector<FieldRule> Rules() { return {{"limit", "", false, 1, 12}}; }
};
BOOST_DESCRIBE_STRUCT(PromptsParams, (), (limit))

struct PromptView {
  std::string label, prompt;
};
BOOST_DESCRIBE_STRUCT(PromptView, (), (label, prompt))

struct PromptsAnswer {
  std::vector<PromptView> prompts;
};
BOOST_DESCRIBE_STRUCT(PromptsAnswer, (), (prompts))

Result<Outcome<PromptsAnswer>> SuggestPrompts(const PromptsParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(language::Situation situation, SituationOf(context));
  Outcome<PromptsAnswer> outcome;
  for (const auto& prompt : language::SuggestPrompts(situation.sources, static_cast<size_t>(params.limit))) {
    outcome.answer.prompts.push_back({prompt.label, prompt.prompt});
  }
  return outcome;
}

}  // namespace

void RegisterPrompts(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "suggest_prompts",
                .title = "Suggest prompts",
                .description = "Things worth asking, made from the schemas at hand.",
                .method = "GET",
                .path = "/api/prompts"},
               SuggestPrompts);
}

}  // namespace velo::services
