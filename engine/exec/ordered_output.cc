#include "engine/exec/ordered_output.h"

#include <arrow/util/byte_size.h>

#include "engine/exec/dictionary_columns.h"

namespace velo::exec {

namespace {

// Held before lanes that are ahead must wait.
constexpr int64_t kMaxHeldBytes = 64 << 20;

int64_t BytesOf(const Batch& batch) {
  const arrow::Result<int64_t> bytes = arrow::util::ReferencedBufferSize(*batch.columns);
  return bytes.ok() ? *bytes : arrow::util::TotalBufferSize(*batch.columns);
}

}  // namespace

OrderedOutput::OrderedOutput(Port* sink, size_t partitions, std::function<void()> on_progress)
    : sink_(sink), on_progress_(std::move(on_progress)), partitions_(partitions) {}

Status OrderedOutput::Rows(size_t partition, const Batch& batch) {
  if (batch.num_rows() == 0) return Status::OK();
  std::lock_guard lock(mutex_);
  if (partition == first_) return sink_->Rows(batch);
  held_bytes_ += BytesOf(batch);
  partitions_[partition].batches.push_back(batch);
  return Status::OK();
}

Status OrderedOutput::PartitionEnd(size_t partition) {
  {
    std::lock_guard lock(mutex_);
    partitions_[partition].ended = true;
    if (partition != first_) return Status::OK();
    VELO_RETURN_IF_ERROR(PassOnHeld());
  }
  on_progress_();
  return Status::OK();
}

Status OrderedOutput::PassOnHeld() {
  while (first_ < partitions_.size() && partitions_[first_].ended) {
    if (++first_ == partitions_.size()) break;
    std::deque<Batch>& batches = partitions_[first_].batches;
    for (; !batches.empty(); batches.pop_front()) {
      held_bytes_ -= BytesOf(batches.front());
      VELO_RETURN_IF_ERROR(sink_->Rows(batches.front()));
    }
  }
  return Status::OK();
}

bool OrderedOutput::MustWait(size_t partition) const {
  std::lock_guard lock(mutex_);
  return partition != first_ && held_bytes_ > kMaxHeldBytes;
}

Status OrderedLaneSink::Rows(const Batch& batch) {
  if (batch.num_rows() == 0) return Status::OK();
  VELO_ASSIGN_OR_RETURN(const Batch decoded, DecodeDictionaries(batch));
  return output_->Rows(partition_, decoded);
}

bool OrderedLaneSink::MayRead(size_t index) {
  partition_ = index * lanes_ + lane_;
  return !output_->MustWait(partition_);
}

}  // namespace velo::exec
