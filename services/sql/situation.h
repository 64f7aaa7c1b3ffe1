#pragma once

#include "assistant/language/language.h"
#include "services/call_context.h"

namespace velo::services {

/// Gathers what words may mean in the thread of a call: its sources with their schemas, the focus, the question that is
/// open. Schemas are the cached ones of the engine's catalog: no source is read for a topic, at most once for a file.
Result<language::Situation> SituationOf(CallContext& context);

}  // namespace velo::services
