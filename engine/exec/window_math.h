#pragma once

#include <cstdint>
#include <numeric>

#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Largest multiple of `step` (shifted by `offset`) that is not above `time`. Rounds toward minus infinity.
inline int64_t FloorTo(int64_t time, int64_t step, int64_t offset) {
  const int64_t shifted = time - offset;
  const int64_t rest = shifted % step;
  return shifted - (rest < 0 ? rest + step : rest) + offset;
}

/// Whether `watermark` has reached `time` + `delay`. Safe at the ends of time.
inline bool HasPassed(int64_t watermark, int64_t time, int64_t delay) {
  return watermark == INT64_MAX || (watermark != INT64_MIN && watermark - delay >= time);
}

/// Start of the first tumbling or sliding window that still takes rows in.
inline int64_t EarliestOpenWindow(const WindowSpec& window, int64_t watermark) {
  return FloorTo(watermark - LateRowsAcceptedFor(window) - window.size_ms, window.advance_ms, window.offset_ms) +
         window.advance_ms;
}

}  // namespace velo::exec
