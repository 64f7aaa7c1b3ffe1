#include "connectors/register_all.h"

#include "connectors/file/file_connector.h"
#include "engine/io/connector.h"

namespace velo {

void RegisterAllConnectors(ConnectorRegistry* registry) { registry->Add(MakeFileConnector()); }

}  // namespace velo
