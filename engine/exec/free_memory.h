#pragma once

namespace velo::exec {

/// Gives memory that is free inside the allocators back to the system: after much was freed that will not be needed
/// again in the same sizes. Takes a millisecond or so. Thread safe.
void ReturnFreeMemory();

}  // namespace velo::exec
