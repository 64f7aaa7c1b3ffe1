// MIN and MAX over frames. Moving frames keep per partition the rows that can still become the result (Lemire 2006:
// a queue whose values only go one way), so a row costs constant time on average.
#include <cmath>

#include "engine/exec/operators/over_functions.h"
#include "engine/exec/state_codec.h"
#include "engine/types/decimal.h"

namespace velo::exec {

namespace {

template <typename T>
class TypedValues {
 public:
  explicit TypedValues(const LogColumn* log) : log_(log) {}
  void Prepare() { values_ = log_->values<T>(); }
  // NaN is above all numbers.
  bool Less(uint32_t a, uint32_t b) const {
    if constexpr (std::is_same_v<T, double>) {
      return values_[a] < values_[b] || (std::isnan(values_[b]) && !std::isnan(values_[a]));
    }
    return values_[a] < values_[b];
  }

 private:
  const LogColumn* log_;
  const T* values_ = nullptr;
};

class TextValues {
 public:
  explicit TextValues(const LogColumn* log) : log_(log) {}
  void Prepare() {}
  bool Less(uint32_t a, uint32_t b) const { return log_->text(a) < log_->text(b); }

 private:
  const LogColumn* log_;
};

template <typename Values, bool kLeast>
class ExtremeFunction : public OverFunction {
 public:
  explicit ExtremeFunction(const LogColumn* log) : log_(log), values_(log) {}

  Result<std::shared_ptr<arrow::Array>> Compute(const OverRows& rows) override {
    values_.Prepare();
    valid_ = log_->valid();
    best_.resize(static_cast<size_t>(rows.rows));
    if (rows.begin == nullptr) {
      Run(rows);
      return log_->Gather(best_);
    }
    queues_.resize(static_cast<size_t>(rows.partition_count));
    for (int64_t i = 0; i < rows.rows; ++i) {
      if (rows.list_from == nullptr || rows.list_from[i] == kNoRow) {
        best_[i] = Slide(rows, i);
        continue;
      }
      uint32_t best = kNoRow;
      for (uint32_t at = rows.list_from[i]; at < rows.list_to[i]; ++at) {
        if (Improves(rows.listed[at], best)) best = rows.listed[at];
      }
      best_[i] = best;
    }
    return log_->Gather(best_);
  }

  void KeepPartitions(std::span<const uint32_t> keep) override {
    std::vector<Queue> queues(queues_.empty() ? 0 : keep.size());
    for (size_t i = 0; i < queues.size(); ++i) queues[i] = std::move(queues_[keep[i]]);
    queues_ = std::move(queues);
    std::vector<uint32_t> running(running_.empty() ? 0 : keep.size());
    for (size_t i = 0; i < running.size(); ++i) running[i] = running_[keep[i]];
    running_ = std::move(running);
  }
  void CollectRows(std::vector<uint32_t>* ids) const override {
    for (uint32_t id : running_) {
      if (id != kNoRow) ids->push_back(id);
    }
  }
  void RenumberRows(std::span<const uint32_t> new_ids) override {
    for (uint32_t& id : running_) {
      if (id != kNoRow) id = new_ids[id];
    }
  }
  void Save(std::span<const uint32_t> new_ids, std::string* out) const override {
    std::vector<uint32_t> running = running_;
    for (uint32_t& id : running) id = id == kNoRow ? kNoRow : new_ids[id];
    PutIntegers(running, out);
  }
  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(running_, TakeIntegers(in));
    return Status::OK();
  }
  int64_t MemoryBytes() const override {
    int64_t bytes = static_cast<int64_t>(queues_.capacity() * sizeof(Queue) + running_.capacity() * 4);
    for (const Queue& queue : queues_) bytes += static_cast<int64_t>(queue.numbers.capacity() * 4);
    return bytes;
  }

 private:
  struct Queue {
    std::vector<uint32_t> numbers;  ///< From `head` on; values get worse towards the back.
    size_t head = 0;
    uint32_t begin = 0, end = 0;  ///< The numbers that were looked at.
  };

  bool Better(uint32_t a, uint32_t b) const { return kLeast ? values_.Less(a, b) : values_.Less(b, a); }
  bool Improves(uint32_t id, uint32_t best) const { return valid_[id] != 0 && (best == kNoRow || Better(id, best)); }

  void Run(const OverRows& rows) {
    running_.resize(static_cast<size_t>(rows.partition_count), kNoRow);
    const uint32_t* entering = rows.entering == nullptr ? rows.ids : rows.entering;
    for (int64_t i = 0; i < rows.rows; ++i) {
      uint32_t& best = running_[rows.partitions[i]];
      if (rows.restarts != nullptr && rows.restarts[i] != 0) best = kNoRow;
      if (entering[i] != kNoRow && Improves(entering[i], best)) best = entering[i];
      best_[i] = best;
    }
  }

  uint32_t Slide(const OverRows& rows, int64_t row) {
    Queue& queue = queues_[rows.partitions[row]];
    const PartitionBuffer& buffer = rows.buffers[rows.partitions[row]];
    const uint32_t begin = rows.begin[row], end = rows.end[row];
    const auto before = [](uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; };
    const bool lost = before(queue.begin, buffer.base) || before(begin, queue.begin) || before(end, queue.end);
    if (lost || !before(begin, queue.end)) {
      queue.numbers.clear();
      queue.head = 0;
      queue.end = begin;
    }
    queue.begin = begin;
    for (; queue.end != end; ++queue.end) {
      const uint32_t id = buffer.at(queue.end);
      if (valid_[id] == 0) continue;
      while (queue.numbers.size() > queue.head && !Better(buffer.at(queue.numbers.back()), id)) {
        queue.numbers.pop_back();
      }
      queue.numbers.push_back(queue.end);
    }
    while (queue.head < queue.numbers.size() && before(queue.numbers[queue.head], begin)) ++queue.head;
    if (queue.head > 32 && queue.head * 2 > queue.numbers.size()) {
      queue.numbers.erase(queue.numbers.begin(), queue.numbers.begin() + static_cast<std::ptrdiff_t>(queue.head));
      queue.head = 0;
    }
    return queue.head < queue.numbers.size() ? buffer.at(queue.numbers[queue.head]) : kNoRow;
  }

  const LogColumn* const log_;
  Values values_;
  const uint8_t* valid_ = nullptr;
  std::vector<Queue> queues_;      ///< Per partition, for moving frames.
  std::vector<uint32_t> running_;  ///< Per partition, without a buffer: the row with the best value.
  std::vector<uint32_t> best_;
};

template <typename Values>
std::unique_ptr<OverFunction> Make(const LogColumn* log, bool least) {
  if (least) return std::make_unique<ExtremeFunction<Values, true>>(log);
  return std::make_unique<ExtremeFunction<Values, false>>(log);
}

}  // namespace

std::unique_ptr<OverFunction> MakeOverExtreme(const OverNode&, const OverCall& call, OverArguments* arguments,
                                              OverFacts* facts) {
  const std::string& name = call.call.function->name;
  if (name != "MIN" && name != "MAX") return nullptr;
  if (call.call.types.arguments[0].is_nested()) return nullptr;
  facts->wants_frames = true;
  const LogColumn* log = arguments->Add(call.call.arguments[0], call.call.filter);
  const bool least = name == "MIN";
  switch (call.call.types.arguments[0].kind()) {
    case TypeKind::kFloat:
      return Make<TypedValues<double>>(log, least);
    case TypeKind::kDecimal:
      return Make<TypedValues<Int128>>(log, least);
    case TypeKind::kDate:
      return Make<TypedValues<int32_t>>(log, least);
    case TypeKind::kBoolean:
      return Make<TypedValues<uint8_t>>(log, least);
    case TypeKind::kInteger:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
      return Make<TypedValues<int64_t>>(log, least);
    default:
      return Make<TextValues>(log, least);
  }
}

}  // namespace velo::exec
