#include "engine/exec/operators/over_buffers.h"

#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

/// Lists of one chunk: about 4 MB.
constexpr size_t kMostListed = 1 << 20;
/// Renumbering partitions is not worth while below this.
constexpr size_t kFewPartitions = 1024;

int64_t DelayOf(const OverNode& node) {
  return node.buffer_rows < 0 && node.frame.end.kind == FrameEdge::kPreceding ? node.frame.end.offset : 0;
}

int64_t RowsKept(const OverNode& node) {
  if (node.buffer_rows >= 0) return node.buffer_rows;
  return DelayOf(node) > 0 ? DelayOf(node) + 1 : 0;
}

}  // namespace

OverBuffers::OverBuffers(const OverNode& node, const OrderLog* order)
    : node_(node),
      order_(order),
      finder_(node, order, false),
      ordered_(!node.order_by.empty()),
      delay_(DelayOf(node)),
      keep_(RowsKept(node)),
      hints_(node.frame.unit == FrameUnit::kRange && ordered_) {}

void OverBuffers::Resize(uint32_t count) {
  if (count <= buffers_.size()) return;
  buffers_.resize(count);
  partitions_.resize(count);
}

int64_t OverBuffers::TakeIn(const Arrivals& rows, int64_t from, OverFacts* facts) {
  facts->Clear(rows.rows - from);
  if (delay_ > 0) entering_.resize(static_cast<size_t>(rows.rows - from));
  const bool may_restart = node_.expire_ms >= 0 || node_.max_partitions > 0;
  if (may_restart) restarts_.assign(static_cast<size_t>(rows.rows - from), 0);
  if (keep_ == 0 && !may_restart) return rows.rows;
  const bool running = node_.buffer_rows < 0;
  for (int64_t i = from; i < rows.rows; ++i) {
    const uint32_t p = rows.partitions[i];
    const int64_t row = i - from;
    if (may_restart) {
      bool starts = false;
      if (node_.expire_ms >= 0) starts = Expired(&partitions_[p], rows.times[i]);
      if (starts) Clear(p);
      if (node_.max_partitions > 0) MarkUsed(p, &starts);
      restarts_[row] = starts ? 1 : 0;
    }
    if (keep_ == 0) continue;
    Append(p, rows.ids[i]);
    PartitionBuffer& buffer = buffers_[p];
    Partition& state = partitions_[p];
    while (buffer.size() > keep_) DropOldest(p);
    if (node_.buffer_ms >= 0) DropByDistance(p);
    if (running) {
      entering_[row] = buffer.size() > delay_ ? buffer.at(buffer.next() - 1 - static_cast<uint32_t>(delay_)) : kNoRow;
      continue;
    }
    FrameFinder::View view;
    view.size = buffer.size();
    const bool in_order = state.view.empty();
    view.ids = in_order ? buffer.view() : state.view.data();
    view.position = view.size - 1;
    FrameFinder::Frame frame;
    if (in_order) {
      if (hints_) {
        // Numbers of the last frame, as positions of this view.
        const auto position = [&](uint32_t number) {
          const auto distance = static_cast<int32_t>(number - buffer.first);
          return static_cast<uint32_t>(std::clamp<int32_t>(distance, 0, static_cast<int32_t>(view.size)));
        };
        const FrameFinder::Frame hint{position(state.hint.begin), position(state.hint.end)};
        frame = finder_.Find(view, &hint);
        state.hint = {buffer.first + frame.begin, buffer.first + frame.end};
      } else {
        frame = finder_.Find(view, nullptr);
      }
    } else {
      const auto place =
          std::lower_bound(state.view.begin(), state.view.end(), rows.ids[i], [this](uint32_t a, uint32_t b) {
            const int order = order_->Compare(a, b);
            return order != 0 ? order < 0 : a < b;
          });
      view.position = static_cast<uint32_t>(place - state.view.begin());
      frame = finder_.Find(view, nullptr);
    }
    if (facts->wants_frames) {
      const bool whole = frame.begin == 0 && frame.end == view.size && !facts->order_matters;
      facts->begin[row] = buffer.first + frame.begin;
      facts->end[row] = buffer.first + frame.end;
      if (!in_order && !whole) {
        facts->list_from[row] = static_cast<uint32_t>(facts->listed.size());
        facts->listed.insert(facts->listed.end(), view.ids + frame.begin, view.ids + frame.end);
        facts->list_to[row] = static_cast<uint32_t>(facts->listed.size());
        facts->any_listed = true;
      }
    }
    finder_.Note(view, frame, row, facts);
    if (facts->listed.size() > kMostListed) return i + 1;
  }
  return rows.rows;
}

void OverBuffers::EndBatch(std::span<const uint32_t> partitions) {
  if (keep_ == 0) return;
  for (uint32_t partition : partitions) buffers_[partition].Trim();
}

void OverBuffers::Clear(uint32_t partition) {
  buffers_[partition].first = buffers_[partition].next();
  partitions_[partition].view.clear();
}

void OverBuffers::Append(uint32_t partition, uint32_t id) {
  PartitionBuffer& buffer = buffers_[partition];
  if (ordered_ && buffer.size() > 0) {
    std::vector<uint32_t>& view = partitions_[partition].view;
    const bool late = order_->Compare(id, buffer.ids.back()) < 0;
    if (late) {
      partitions_[partition].late = buffer.next();
      if (view.empty()) view.assign(buffer.view(), buffer.view() + buffer.size());
      // Found again from the start once the rows are in order.
      partitions_[partition].hint = {buffer.first, buffer.first};
    }
    if (!view.empty()) {
      view.insert(std::upper_bound(view.begin(), view.end(), id,
                                   [this](uint32_t a, uint32_t b) { return order_->Compare(a, b) < 0; }),
                  id);
    }
  }
  buffer.ids.push_back(id);
}

void OverBuffers::DropOldest(uint32_t partition) {
  PartitionBuffer& buffer = buffers_[partition];
  Partition& state = partitions_[partition];
  if (!state.view.empty()) {
    const uint32_t id = buffer.at(buffer.first);
    const auto place = std::lower_bound(state.view.begin(), state.view.end(), id, [this](uint32_t a, uint32_t b) {
      const int order = order_->Compare(a, b);
      return order != 0 ? order < 0 : a < b;
    });
    state.view.erase(place);
  }
  ++buffer.first;
  if (!state.view.empty() && static_cast<int32_t>(buffer.first - state.late) >= 0) {
    state.view.clear();
    state.hint = {buffer.first, buffer.first};
  }
}

// Rows leave when they are further than the frame reaches from the newest time seen (the leading end of the view).
void OverBuffers::DropByDistance(uint32_t partition) {
  PartitionBuffer& buffer = buffers_[partition];
  const bool descending = node_.order_by[0].descending;
  while (buffer.size() > 1) {
    const std::vector<uint32_t>& view = partitions_[partition].view;
    uint32_t edge = buffer.ids.back();
    if (!view.empty()) edge = descending ? view.front() : view.back();
    const uint32_t oldest = buffer.at(buffer.first);
    if (order_->IsNull(edge) || order_->IsNull(oldest)) return;
    const bool far = descending ? order_->Shifted(edge, node_.buffer_ms) < order_->number(oldest)
                                : order_->Shifted(edge, -node_.buffer_ms) > order_->number(oldest);
    if (!far) return;
    DropOldest(partition);
  }
}

bool OverBuffers::Expired(Partition* state, int64_t time) const {
  const bool expired = state->newest_time != INT64_MIN && time - state->newest_time > node_.expire_ms;
  state->newest_time = std::max(state->newest_time, time);
  return expired;
}

void OverBuffers::Unlink(uint32_t partition) {
  Partition& state = partitions_[partition];
  (state.newer == kNoRow ? most_recent_ : partitions_[state.newer].older) = state.older;
  (state.older == kNoRow ? least_recent_ : partitions_[state.older].newer) = state.newer;
}

void OverBuffers::MarkUsed(uint32_t partition, bool* starts) {
  Partition& state = partitions_[partition];
  if (state.live) {
    Unlink(partition);
  } else {
    state.live = true;
    *starts = true;
    if (++live_ > node_.max_partitions) {
      const uint32_t victim = least_recent_;
      Unlink(victim);
      partitions_[victim].live = false;
      partitions_[victim].newest_time = INT64_MIN;
      Clear(victim);
      --live_;
    }
  }
  state.newer = kNoRow;
  state.older = most_recent_;
  (most_recent_ == kNoRow ? least_recent_ : partitions_[most_recent_].newer) = partition;
  most_recent_ = partition;
}

std::vector<uint32_t> OverBuffers::PartitionsToKeep() const {
  std::vector<uint32_t> keep;
  if (node_.max_partitions <= 0 || partitions_.size() < kFewPartitions + 2 * static_cast<size_t>(live_)) return keep;
  for (uint32_t i = 0; i < partitions_.size(); ++i) {
    if (partitions_[i].live) keep.push_back(i);
  }
  return keep;
}

void OverBuffers::KeepPartitions(std::span<const uint32_t> keep) {
  std::vector<uint32_t> renumbered(partitions_.size(), kNoRow);
  std::vector<PartitionBuffer> buffers(keep.size());
  std::vector<Partition> partitions(keep.size());
  for (uint32_t i = 0; i < keep.size(); ++i) {
    renumbered[keep[i]] = i;
    buffers[i] = std::move(buffers_[keep[i]]);
    partitions[i] = std::move(partitions_[keep[i]]);
  }
  const auto renumber = [&](uint32_t* partition) {
    if (*partition != kNoRow) *partition = renumbered[*partition];
  };
  for (Partition& partition : partitions) {
    renumber(&partition.newer);
    renumber(&partition.older);
  }
  renumber(&most_recent_);
  renumber(&least_recent_);
  buffers_ = std::move(buffers);
  partitions_ = std::move(partitions);
}

void OverBuffers::CollectRows(std::vector<uint32_t>* ids) const {
  for (const PartitionBuffer& buffer : buffers_) {
    ids->insert(ids->end(), buffer.view(), buffer.view() + buffer.size());
  }
}

void OverBuffers::RenumberRows(std::span<const uint32_t> new_ids) {
  for (PartitionBuffer& buffer : buffers_) {
    // Rows that have left are not in the log any more.
    buffer.ids.erase(buffer.ids.begin(), buffer.ids.begin() + (buffer.first - buffer.base));
    buffer.base = buffer.first;
    for (uint32_t& id : buffer.ids) id = new_ids[id];
  }
  for (Partition& partition : partitions_) {
    for (uint32_t& id : partition.view) id = new_ids[id];
  }
}

int64_t OverBuffers::MemoryBytes() const {
  int64_t bytes =
      static_cast<int64_t>(buffers_.capacity() * sizeof(PartitionBuffer) + partitions_.capacity() * sizeof(Partition));
  for (const PartitionBuffer& buffer : buffers_) bytes += static_cast<int64_t>(buffer.ids.capacity() * 4);
  for (const Partition& partition : partitions_) bytes += static_cast<int64_t>(partition.view.capacity() * 4);
  return bytes;
}

void OverBuffers::Save(std::span<const uint32_t> new_ids, std::string* out) const {
  PutInteger(partition_count(), out);
  std::vector<uint32_t> ids;
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const PartitionBuffer& buffer = buffers_[i];
    ids.clear();
    for (uint32_t n = 0; n < buffer.size(); ++n) ids.push_back(new_ids[buffer.at(buffer.first + n)]);
    PutIntegers(ids, out);
    PutInteger(partitions_[i].newest_time, out);
    PutInteger(partitions_[i].live ? 1 : 0, out);
  }
  std::vector<uint32_t> recent;
  for (uint32_t p = least_recent_; p != kNoRow; p = partitions_[p].newer) recent.push_back(p);
  PutIntegers(recent, out);
}

Status OverBuffers::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t count, TakeInteger(in));
  Resize(static_cast<uint32_t>(count));
  for (uint32_t i = 0; i < static_cast<uint32_t>(count); ++i) {
    VELO_ASSIGN_OR_RETURN(const std::vector<uint32_t> ids, TakeIntegers(in));
    for (uint32_t id : ids) Append(i, id);
    VELO_ASSIGN_OR_RETURN(partitions_[i].newest_time, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const int64_t live, TakeInteger(in));
    partitions_[i].live = live != 0;
    live_ += live;
  }
  VELO_ASSIGN_OR_RETURN(const std::vector<uint32_t> recent, TakeIntegers(in));
  for (uint32_t partition : recent) {
    Partition& state = partitions_[partition];
    state.older = most_recent_;
    (most_recent_ == kNoRow ? least_recent_ : partitions_[most_recent_].newer) = partition;
    most_recent_ = partition;
  }
  return Status::OK();
}

}  // namespace velo::exec
