#pragma once

namespace velo {

class ConnectorRegistry;

/// Adds every connector of this build, in plain order. A new connector is a folder here and one line in the .cc.
void RegisterAllConnectors(ConnectorRegistry* registry);

}  // namespace velo
