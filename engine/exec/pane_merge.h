#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/exec/bucket_store.h"

namespace velo::exec {

/// The rows of some sliding windows.
struct MergedWindows {
  std::vector<uint32_t> keys;                          ///< Group key of each row, as the store numbers them.
  std::vector<int64_t> starts;                         ///< Start of the window of each row.
  std::vector<std::shared_ptr<arrow::Array>> results;  ///< One per aggregate call.
};

inline constexpr uint32_t kAllKeys = UINT32_MAX;

/// Merges the panes of the windows that begin at `starts` and are `size_ms` long, window by window, within each in the
/// order in which its groups came. `only_key`: one group, or kAllKeys. May run side by side with itself.
Result<MergedWindows> MergePanes(const BucketStore& store, const std::vector<AggregateCall>& calls,
                                 std::span<const int64_t> starts, int64_t size_ms, uint32_t only_key);

}  // namespace velo::exec
