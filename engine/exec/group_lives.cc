#include "engine/exec/group_lives.h"

#include "engine/exec/state_codec.h"

namespace velo::exec {

void GroupLives::Resize(size_t groups) {
  updated_.resize(groups, kDead);
  before_.resize(groups, kNone);
  after_.resize(groups, kNone);
}

void GroupLives::Unlink(uint32_t group) {
  const uint32_t before = before_[group], after = after_[group];
  (before == kNone ? first_ : after_[before]) = after;
  (after == kNone ? last_ : before_[after]) = before;
}

void GroupLives::Touch(uint32_t group, Timestamp now) {
  if (IsLive(group)) {
    updated_[group] = now;
    if (group == last_) return;
    Unlink(group);
  } else {
    updated_[group] = now;
    ++live_;
  }
  before_[group] = last_;
  after_[group] = kNone;
  (last_ == kNone ? first_ : after_[last_]) = group;
  last_ = group;
}

void GroupLives::Drop(uint32_t group) {
  if (!IsLive(group)) return;
  Unlink(group);
  updated_[group] = kDead;
  --live_;
}

std::vector<uint32_t> GroupLives::InOrder() const {
  std::vector<uint32_t> groups;
  groups.reserve(live_);
  for (uint32_t group = first_; group != kNone; group = after_[group]) groups.push_back(group);
  return groups;
}

void GroupLives::Save(std::string* out) const {
  PutInteger(static_cast<int64_t>(updated_.size()), out);
  PutInteger(static_cast<int64_t>(live_), out);
  for (uint32_t group = first_; group != kNone; group = after_[group]) {
    PutInteger(group, out);
    PutInteger(updated_[group], out);
  }
}

Status GroupLives::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(const int64_t live, TakeInteger(in));
  Resize(static_cast<size_t>(size));
  for (int64_t i = 0; i < live; ++i) {
    VELO_ASSIGN_OR_RETURN(const int64_t group, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const Timestamp updated, TakeInteger(in));
    if (group < 0 || group >= size) return Status::Bug("a saved group is out of range");
    Touch(static_cast<uint32_t>(group), updated);
  }
  return Status::OK();
}

}  // namespace velo::exec
