#include "engine/exec/operator.h"

namespace velo::exec {

Status Operator::OnWatermark(EventMillis, Output&) { return Status::OK(); }
Status Operator::OnEnd(Output&) { return Status::OK(); }
Status Operator::OnTimer(Timestamp, Output&) { return Status::OK(); }
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

void WarningLog::Add(std::string_view code, std::string text, int64_t times) {
  std::lock_guard lock(mutex_);
  for (RuntimeWarning& known : warnings_) {
    if (known.code != code || known.text != text) continue;
    known.times += times;
    return;
  }
  warnings_.push_back({std::string(code), std::move(text), times});
}

std::vector<RuntimeWarning> WarningLog::All() const {
  std::lock_guard lock(mutex_);
  return warnings_;
}

}  // namespace velo::exec
