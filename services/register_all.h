#pragma once

#include "services/operation.h"

// One line per file of operations; called in this order by register_all.cc.
namespace velo::services {

void RegisterConnectSource(OperationRegistry* registry);
void RegisterListSources(OperationRegistry* registry);
void RegisterSourceDetail(OperationRegistry* registry);
void RegisterInspectSource(OperationRegistry* registry);
void RegisterPeekSource(OperationRegistry* registry);
void RegisterSourceStats(OperationRegistry* registry);
void RegisterListTopics(OperationRegistry* registry);
void RegisterSchemaCatalogue(OperationRegistry* registry);
void RegisterValidateSql(OperationRegistry* registry);
void RegisterFormatSql(OperationRegistry* registry);
void RegisterExplainSql(OperationRegistry* registry);
void RegisterGenerateSql(OperationRegistry* registry);
void RegisterEditorAssistance(OperationRegistry* registry);
void RegisterPrompts(OperationRegistry* registry);
void RegisterExecuteQuery(OperationRegistry* registry);
void RegisterScripts(OperationRegistry* registry);
void RegisterExecutions(OperationRegistry* registry);
void RegisterExecutionRows(OperationRegistry* registry);
void RegisterThreads(OperationRegistry* registry);
void RegisterMessages(OperationRegistry* registry);
void RegisterExportThread(OperationRegistry* registry);
void RegisterArtifacts(OperationRegistry* registry);
void RegisterTools(OperationRegistry* registry);
void RegisterSettings(OperationRegistry* registry);
void RegisterSystemInfo(OperationRegistry* registry);

}  // namespace velo::services
