#include "engine/exec/operator.h"

namespace velo::exec {

Status Operator::OnWatermark(EventMillis, Output&) { return Status::OK(); }
Status Operator::OnEnd(Output&) { return Status::OK(); }
Status TwoInputOperator::OnWatermark(Side, EventMillis, Output&) { return Status::OK(); }
Status TwoInputOperator::OnEnd(Side, Output&) { return Status::OK(); }
Status Step::Save(std::string*) const { return Status::OK(); }
Status Step::Load(std::string_view*) { return Status::OK(); }

void BadRecordLog::Add(BadRecord record) {
  std::lock_guard lock(mutex_);
  records_.push_back(std::move(record));
  if (records_.size() > kKept) records_.erase(records_.begin(), records_.end() - kKept);
}

void BadRecordLog::AddAll(std::vector<BadRecord> records) {
  for (BadRecord& record : records) Add(std::move(record));
}

std::vector<BadRecord> BadRecordLog::Newest() const {
  std::lock_guard lock(mutex_);
  return records_;
}

}  // namespace velo::exec
