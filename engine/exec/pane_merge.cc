#include "engine/exec/pane_merge.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace velo::exec {

namespace {

// Where slots of the store go: slot slots[i] into group groups[i].
struct Pass {
  std::vector<uint32_t> slots;
  std::vector<uint32_t> groups;
  uint32_t end = 0;  ///< Above all slots.
};

// Merging takes one group per slot, so a slot that belongs to several windows goes in in several passes. A pass has the
// panes at one distance from the start of their windows: panes go in from early to late, because some aggregates depend
// on order.
using Passes = std::map<int64_t, Pass>;

Passes PlanPasses(const BucketStore& store, std::span<const int64_t> starts, int64_t size_ms, uint32_t only_key,
                  MergedWindows* merged) {
  Passes passes;
  std::vector<uint32_t> group_of(store.key_count());  // Of the window at hand; below `first`: it is an earlier one's.
  constexpr uint32_t kNone = UINT32_MAX;
  std::fill(group_of.begin(), group_of.end(), kNone);
  for (const int64_t start : starts) {
    const auto first = static_cast<uint32_t>(merged->keys.size());
    auto pane = store.buckets().lower_bound(start);
    for (; pane != store.buckets().end() && pane->first < start + size_ms; ++pane) {
      Pass& pass = passes[pane->first - start];
      for (const uint32_t slot : pane->second.slots) {
        const uint32_t key = store.key_of(slot);
        if (only_key != kAllKeys && key != only_key) continue;
        uint32_t& group = group_of[key];
        if (group == kNone || group < first) {
          group = static_cast<uint32_t>(merged->keys.size());
          merged->keys.push_back(key);
          merged->starts.push_back(start);
        }
        pass.slots.push_back(slot);
        pass.groups.push_back(group);
        pass.end = std::max(pass.end, slot + 1);
      }
    }
  }
  return passes;
}

}  // namespace

Result<MergedWindows> MergePanes(const BucketStore& store, const std::vector<AggregateCall>& calls,
                                 std::span<const int64_t> starts, int64_t size_ms, uint32_t only_key) {
  MergedWindows merged;
  const Passes passes = PlanPasses(store, starts, size_ms, only_key, &merged);
  AggregateColumns windows(calls);
  windows.Resize(static_cast<int64_t>(merged.keys.size()));
  std::vector<uint32_t> map(store.slot_count(), UINT32_MAX);
  for (const auto& [distance, pass] : passes) {
    for (size_t i = 0; i < pass.slots.size(); ++i) map[pass.slots[i]] = pass.groups[i];
    VELO_RETURN_IF_ERROR(windows.Merge(store.states(), std::span<const uint32_t>(map).first(pass.end)));
    for (const uint32_t slot : pass.slots) map[slot] = UINT32_MAX;
  }
  std::vector<uint32_t> all(merged.keys.size());
  std::iota(all.begin(), all.end(), 0U);
  VELO_RETURN_IF_ERROR(windows.Finalise(all, &merged.results));
  return merged;
}

}  // namespace velo::exec
