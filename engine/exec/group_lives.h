#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/status.h"

namespace velo::exec {

/// Which of the groups 0..n-1 are alive, in order of their last update. For limits on the number of groups and on their
/// age; all calls take constant time.
class GroupLives {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  void Resize(size_t groups);
  bool IsLive(uint32_t group) const { return updated_[group] != kDead; }
  /// Brings a group to life, or notes that it was updated.
  void Touch(uint32_t group, Timestamp now);
  void Drop(uint32_t group);
  /// The least recently updated one, or kNone.
  uint32_t oldest() const { return first_; }
  Timestamp updated(uint32_t group) const { return updated_[group]; }
  size_t live() const { return live_; }
  size_t dead() const { return updated_.size() - live_; }
  /// Live groups, least recently updated first.
  std::vector<uint32_t> InOrder() const;
  int64_t MemoryBytes() const { return static_cast<int64_t>(updated_.capacity() * (sizeof(Timestamp) + 8)); }

  void Save(std::string* out) const;
  Status Load(std::string_view* in);

 private:
  static constexpr Timestamp kDead = INT64_MIN;
  void Unlink(uint32_t group);

  std::vector<Timestamp> updated_;
  std::vector<uint32_t> before_, after_;  ///< A list through the live groups.
  uint32_t first_ = kNone, last_ = kNone;
  size_t live_ = 0;
};

}  // namespace velo::exec
