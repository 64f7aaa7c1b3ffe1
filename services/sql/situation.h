#pragma once

#include "assistant/language/language.h"
#include "services/call_context.h"

namespace velo::services {

/// Gathers what words may mean in the thread of a call: its sources with their schemas, the focus, the question that is
/// open. Schemas and their reports are cached for a minute.
Result<language::Situation> SituationOf(CallContext& context);

}  // namespace velo::services
