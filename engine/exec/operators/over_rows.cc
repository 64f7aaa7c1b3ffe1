#include "engine/exec/operators/over_rows.h"

namespace velo::exec {

namespace {

constexpr uint32_t kFewRows = 16;

}  // namespace

void PartitionBuffer::Trim() {
  const uint32_t dead = first - base;
  if (dead <= kFewRows || dead * 2 < ids.size()) return;
  ids.erase(ids.begin(), ids.begin() + dead);
  base = first;
}

void OverFacts::Clear(int64_t rows) {
  const auto count = static_cast<size_t>(rows);
  if (wants_frames) {
    begin.resize(count);
    end.resize(count);
    list_from.assign(count, kNoRow);
    list_to.resize(count);
  }
  listed.clear();
  any_listed = false;
  if (wants_positions) {
    position.resize(count);
    size.resize(count);
  }
  if (wants_peers) {
    peers_begin.resize(count);
    peers_end.resize(count);
  }
  if (wants_groups) groups_before.resize(count);
  targets.resize(neighbours.size());
  for (auto& ids : targets) ids.resize(count);
}

FrameFinder::FrameFinder(const OverNode& node, const OrderLog* order, bool next_peers)
    : frame_(node.frame), ordered_(!node.order_by.empty()), next_peers_(next_peers), order_(order) {}

FrameFinder::Frame FrameFinder::Find(const View& view, const Frame* hint) const {
  Frame frame;
  frame.begin = Start(view, hint == nullptr ? kNoRow : hint->begin);
  frame.end = std::max(frame.begin, End(view, hint == nullptr ? kNoRow : hint->end));
  return frame;
}

uint32_t FrameFinder::PeersBegin(const View& view, uint32_t position) const {
  if (!ordered_) return 0;
  const uint32_t* ids = view.ids;
  const uint32_t id = ids[position];
  if (position == 0 || order_->Compare(ids[position - 1], id) != 0) return position;
  return static_cast<uint32_t>(
      std::lower_bound(ids, ids + position, id, [this](uint32_t a, uint32_t b) { return order_->Compare(a, b) < 0; }) -
      ids);
}

uint32_t FrameFinder::PeersEnd(const View& view, uint32_t position) const {
  if (!ordered_) return view.size;
  const uint32_t* ids = view.ids;
  const uint32_t id = ids[position];
  if (position + 1 == view.size || order_->Compare(ids[position + 1], id) != 0) return position + 1;
  return static_cast<uint32_t>(std::upper_bound(ids + position, ids + view.size, id,
                                                [this](uint32_t a, uint32_t b) { return order_->Compare(a, b) < 0; }) -
                               ids);
}

uint32_t FrameFinder::GroupsBefore(const View& view) const {
  if (!ordered_) return 0;
  uint32_t groups = 0;
  const uint32_t peers = PeersBegin(view, view.position);
  for (uint32_t i = 0; i < peers; ++i) {
    if (i == 0 || order_->Compare(view.ids[i - 1], view.ids[i]) != 0) ++groups;
  }
  return groups;
}

// The first position at or after `from` whose value is not below (FirstAbove: is above) the bound. With a hint the
// distance is short, so it is walked.
uint32_t FrameFinder::FirstNotBelow(const View& view, OrderLog::Number bound, uint32_t from) const {
  if (from != kNoRow) {
    while (from < view.size && order_->number(view.ids[from]) < bound) ++from;
    return from;
  }
  return static_cast<uint32_t>(
      std::lower_bound(view.ids, view.ids + view.size, bound,
                       [this](uint32_t id, OrderLog::Number b) { return order_->number(id) < b; }) -
      view.ids);
}

uint32_t FrameFinder::FirstAbove(const View& view, OrderLog::Number bound, uint32_t from) const {
  if (from != kNoRow) {
    while (from < view.size && order_->number(view.ids[from]) <= bound) ++from;
    return from;
  }
  return static_cast<uint32_t>(
      std::upper_bound(view.ids, view.ids + view.size, bound,
                       [this](OrderLog::Number b, uint32_t id) { return b < order_->number(id); }) -
      view.ids);
}

uint32_t FrameFinder::Start(const View& view, uint32_t from) const {
  const OverBound& bound = frame_.start;
  if (bound.kind == FrameEdge::kUnboundedPreceding) return 0;
  const auto offset = static_cast<uint32_t>(std::min<int64_t>(bound.offset, INT32_MAX));
  if (frame_.unit == FrameUnit::kRows) {
    if (bound.kind == FrameEdge::kCurrentRow) return view.position;
    if (bound.kind == FrameEdge::kPreceding) return view.position - std::min(view.position, offset);
    return std::min(view.size, view.position + offset);
  }
  if (bound.kind == FrameEdge::kCurrentRow) return PeersBegin(view, view.position);
  const bool preceding = bound.kind == FrameEdge::kPreceding;
  if (frame_.unit == FrameUnit::kGroups) {
    uint32_t at = PeersBegin(view, view.position);
    for (uint32_t i = 0; i < offset && (preceding ? at > 0 : at < view.size); ++i) {
      at = preceding ? PeersBegin(view, at - 1) : PeersEnd(view, at);
    }
    return at;
  }
  const uint32_t id = view.ids[view.position];
  if (order_->IsNull(id)) return PeersBegin(view, view.position);
  return FirstNotBelow(view, order_->Shifted(id, preceding ? -bound.offset : bound.offset), from);
}

uint32_t FrameFinder::End(const View& view, uint32_t from) const {
  const OverBound& bound = frame_.end;
  if (bound.kind == FrameEdge::kUnboundedFollowing) return view.size;
  const auto offset = static_cast<uint32_t>(std::min<int64_t>(bound.offset, INT32_MAX));
  if (frame_.unit == FrameUnit::kRows) {
    if (bound.kind == FrameEdge::kCurrentRow) return view.position + 1;
    if (bound.kind == FrameEdge::kPreceding) return view.position + 1 - std::min(view.position + 1, offset);
    return std::min(view.size, view.position + 1 + offset);
  }
  // A row that has just come is the last of those equal to it.
  const bool newest_of_peers = ordered_ && !next_peers_;
  if (bound.kind == FrameEdge::kCurrentRow) {
    return newest_of_peers ? view.position + 1 : PeersEnd(view, view.position);
  }
  const bool preceding = bound.kind == FrameEdge::kPreceding;
  if (frame_.unit == FrameUnit::kGroups) {
    if (!preceding || offset == 0) {
      uint32_t at = PeersEnd(view, view.position);
      for (uint32_t i = 0; i < offset && at < view.size; ++i) at = PeersEnd(view, at);
      return at;
    }
    uint32_t at = PeersBegin(view, view.position);
    for (uint32_t i = 1; i < offset && at > 0; ++i) at = PeersBegin(view, at - 1);
    return at;
  }
  const uint32_t id = view.ids[view.position];
  if (order_->IsNull(id)) return PeersEnd(view, view.position);
  return FirstAbove(view, order_->Shifted(id, preceding ? -bound.offset : bound.offset), from);
}

uint32_t FrameFinder::Neighbour(const View& view, const Frame& frame, const NeighbourRule& rule) const {
  using Kind = NeighbourRule::Kind;
  const auto offset = static_cast<uint32_t>(std::min<int64_t>(rule.offset, INT32_MAX));
  if (rule.skip_nulls == nullptr) {
    switch (rule.kind) {
      case Kind::kBefore:
        return offset <= view.position ? view.ids[view.position - offset] : kNoRow;
      case Kind::kAfter:
        return offset < view.size - view.position ? view.ids[view.position + offset] : kNoRow;
      case Kind::kFirst:
        return frame.begin < frame.end ? view.ids[frame.begin] : kNoRow;
      case Kind::kLast:
        return frame.begin < frame.end ? view.ids[frame.end - 1] : kNoRow;
      case Kind::kNth:
        return offset > 0 && offset <= frame.end - frame.begin ? view.ids[frame.begin + offset - 1] : kNoRow;
    }
  }
  const uint8_t* valid = rule.skip_nulls->valid();
  const bool shifts = rule.kind == Kind::kBefore || rule.kind == Kind::kAfter;
  if (shifts && offset == 0) return view.ids[view.position];
  uint32_t left = rule.kind == Kind::kFirst || rule.kind == Kind::kLast ? 1 : offset;
  if (left == 0) return kNoRow;
  if (rule.kind == Kind::kBefore || rule.kind == Kind::kLast) {
    const uint32_t stop = rule.kind == Kind::kBefore ? 0 : frame.begin;
    for (uint32_t at = rule.kind == Kind::kBefore ? view.position : frame.end; at > stop; --at) {
      if (valid[view.ids[at - 1]] != 0 && --left == 0) return view.ids[at - 1];
    }
    return kNoRow;
  }
  const uint32_t stop = rule.kind == Kind::kAfter ? view.size : frame.end;
  for (uint32_t at = rule.kind == Kind::kAfter ? view.position + 1 : frame.begin; at < stop; ++at) {
    if (valid[view.ids[at]] != 0 && --left == 0) return view.ids[at];
  }
  return kNoRow;
}

void FrameFinder::Note(const View& view, const Frame& frame, int64_t row, OverFacts* facts) const {
  if (facts->wants_positions) {
    facts->position[row] = view.position;
    facts->size[row] = view.size;
  }
  if (facts->wants_peers) {
    facts->peers_begin[row] = PeersBegin(view, view.position);
    facts->peers_end[row] = next_peers_ || !ordered_ ? PeersEnd(view, view.position) : view.position + 1;
  }
  if (facts->wants_groups) facts->groups_before[row] = GroupsBefore(view);
  for (size_t i = 0; i < facts->neighbours.size(); ++i) {
    facts->targets[i][row] = Neighbour(view, frame, facts->neighbours[i]);
  }
}

}  // namespace velo::exec
