#include "services/register_all.h"

namespace velo::services {

void RegisterAllOperations(OperationRegistry* registry) {
  RegisterConnectSource(registry);
  RegisterListSources(registry);
  RegisterSourceDetail(registry);
  RegisterInspectSource(registry);
  RegisterPeekSource(registry);
  RegisterSourceStats(registry);
  RegisterListTopics(registry);
  RegisterSchemaCatalogue(registry);
  RegisterValidateSql(registry);
  RegisterFormatSql(registry);
  RegisterExplainSql(registry);
  RegisterGenerateSql(registry);
  RegisterEditorAssistance(registry);
  RegisterPrompts(registry);
  RegisterExecuteQuery(registry);
  RegisterScripts(registry);
  RegisterExecutions(registry);
  RegisterExecutionRows(registry);
  RegisterThreads(registry);
  RegisterMessages(registry);
  RegisterExportThread(registry);
  RegisterArtifacts(registry);
  RegisterTools(registry);
  RegisterSettings(registry);
  RegisterSystemInfo(registry);
}

}  // namespace velo::services
