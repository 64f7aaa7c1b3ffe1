#pragma once

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

/// Reads max.groups, group.limit.action, group.ttl and emit.interval (dialect 4.7, 4.8). A wrong value is E3010.
void BindGroupLimits(const BindingContext& context, AggregateNode* node);
/// Reads session.max.duration and late.data.update.retention (dialect 4.5, 4.6).
void BindWindowLimits(const BindingContext& context, WindowSpec* window);
/// distinct.max_entries, or `standard` (dialect 4.15).
int64_t DistinctEntries(const BindingContext& context, int64_t standard);

}  // namespace velo::plan
