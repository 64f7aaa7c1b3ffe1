#pragma once

#include <string>

#include "services/store/artifact_store.h"

namespace velo::services {

/// The envelope of API 4.1 with the payload, the actions of its type and its live link.
std::string EnvelopeJson(const ArtifactRow& row);
/// Types whose data people may change.
bool IsEditable(const std::string& type);

}  // namespace velo::services
