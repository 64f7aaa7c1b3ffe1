#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assistant/language/language.h"
#include "engine/base/status.h"

namespace velo::conversation {

/// Says in one plain sentence what a tool call brought, from its answer as JSON: "There are 9 topics." Empty when the
/// artifact says it all.
std::string SentenceFor(std::string_view tool, const std::string& arguments_json, const std::string& result_json);

/// Says in plain words what went wrong and how to cure it.
std::string SentenceForFailure(const Status& status);
/// Things to say next after a failure: near names and paths put into the message.
std::vector<language::FollowUp> CuresFor(const Status& status, const std::string& message);

}  // namespace velo::conversation
