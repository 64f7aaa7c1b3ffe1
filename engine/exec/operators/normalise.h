#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/normalise_node.h"

namespace velo::exec {

/// Remembers the newest row of every key. An update leaves as the old row (kUpdateBefore) right before the new one
/// (kUpdateAfter), a delete as the old row; deletes of unknown keys vanish.
std::unique_ptr<Operator> MakeNormalise(std::shared_ptr<const NormaliseNode> node);

}  // namespace velo::exec
