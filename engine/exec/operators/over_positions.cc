// ROW_NUMBER, the ranks and NTILE; LAG, LEAD and the values at the ends of a frame.
#include "engine/exec/operators/over_functions.h"
#include "engine/exec/state_codec.h"
#include "engine/functions/column_reader.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

enum class Position : uint8_t { kRowNumber, kRank, kDenseRank, kPercentRank, kCumulative, kTile };

int64_t TileOf(int64_t position, int64_t size, int64_t tiles) {
  const int64_t small = size / tiles;
  const int64_t larger = size % tiles;  // That many tiles have one row more, and come first.
  if (position < larger * (small + 1)) return position / (small + 1) + 1;
  return larger + (position - larger * (small + 1)) / small + 1;
}

// Positions in the view, as the facts say.
class PositionFunction : public OverFunction {
 public:
  PositionFunction(Position kind, int64_t tiles) : kind_(kind), tiles_(tiles) {}

  Result<std::shared_ptr<arrow::Array>> Compute(const OverRows& rows) override {
    const OverFacts& facts = *rows.facts;
    if (kind_ == Position::kPercentRank || kind_ == Position::kCumulative) {
      arrow::DoubleBuilder builder;
      VELO_RETURN_IF_ARROW_ERROR(builder.Reserve(rows.rows));
      for (int64_t i = 0; i < rows.rows; ++i) {
        const double size = facts.size[i];
        builder.UnsafeAppend(kind_ == Position::kCumulative ? facts.peers_end[i] / size
                             : facts.size[i] == 1           ? 0.0
                                                            : facts.peers_begin[i] / (size - 1));
      }
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder.Finish());
      return array;
    }
    arrow::Int64Builder builder;
    VELO_RETURN_IF_ARROW_ERROR(builder.Reserve(rows.rows));
    for (int64_t i = 0; i < rows.rows; ++i) {
      switch (kind_) {
        case Position::kRank:
          builder.UnsafeAppend(int64_t{facts.peers_begin[i]} + 1);
          break;
        case Position::kDenseRank:
          builder.UnsafeAppend(int64_t{facts.groups_before[i]} + 1);
          break;
        case Position::kTile:
          if (tiles_ == 0) {
            builder.UnsafeAppendNull();
          } else {
            builder.UnsafeAppend(TileOf(facts.position[i], facts.size[i], tiles_));
          }
          break;
        default:
          builder.UnsafeAppend(int64_t{facts.position[i]} + 1);
      }
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder.Finish());
    return array;
  }
  void KeepPartitions(std::span<const uint32_t>) override {}

 private:
  const Position kind_;
  const int64_t tiles_;
};

// ROW_NUMBER without a buffer counts; ranks without an order are the same for all.
class RunningPosition : public OverFunction {
 public:
  explicit RunningPosition(Position kind) : kind_(kind) {}

  Result<std::shared_ptr<arrow::Array>> Compute(const OverRows& rows) override {
    if (kind_ == Position::kPercentRank || kind_ == Position::kCumulative) {
      arrow::DoubleBuilder builder;
      const std::vector<double> same(static_cast<size_t>(rows.rows), kind_ == Position::kCumulative ? 1.0 : 0.0);
      VELO_RETURN_IF_ARROW_ERROR(builder.AppendValues(same));
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder.Finish());
      return array;
    }
    arrow::Int64Builder builder;
    VELO_RETURN_IF_ARROW_ERROR(builder.Reserve(rows.rows));
    counts_.resize(static_cast<size_t>(rows.partition_count), 0);
    for (int64_t i = 0; i < rows.rows; ++i) {
      int64_t& count = counts_[rows.partitions[i]];
      if (rows.restarts != nullptr && rows.restarts[i] != 0) count = 0;
      ++count;
      builder.UnsafeAppend(kind_ == Position::kRowNumber ? count : 1);
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder.Finish());
    return array;
  }
  void KeepPartitions(std::span<const uint32_t> keep) override {
    std::vector<int64_t> kept;
    for (uint32_t partition : keep) kept.push_back(counts_[partition]);
    counts_ = std::move(kept);
  }
  void Save(std::span<const uint32_t>, std::string* out) const override {
    PutText({reinterpret_cast<const char*>(counts_.data()), counts_.size() * sizeof(int64_t)}, out);
  }
  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const std::string_view bytes, TakeText(in));
    counts_.resize(bytes.size() / sizeof(int64_t));
    if (!counts_.empty()) std::memcpy(counts_.data(), bytes.data(), counts_.size() * sizeof(int64_t));
    return Status::OK();
  }
  int64_t MemoryBytes() const override { return static_cast<int64_t>(counts_.capacity() * sizeof(int64_t)); }

 private:
  const Position kind_;
  std::vector<int64_t> counts_;
};

// The value of another row of the buffer.
class NeighbourFunction : public OverFunction {
 public:
  NeighbourFunction(const LogColumn* values, const LogColumn* otherwise, size_t rule)
      : values_(values), otherwise_(otherwise), rule_(rule) {}

  Result<std::shared_ptr<arrow::Array>> Compute(const OverRows& rows) override {
    const std::span<const uint32_t> targets(rows.facts->targets[rule_].data(), static_cast<size_t>(rows.rows));
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> found, values_->Gather(targets));
    if (otherwise_ == nullptr || std::find(targets.begin(), targets.end(), kNoRow) == targets.end()) return found;
    arrow::BooleanBuilder there;
    VELO_RETURN_IF_ARROW_ERROR(there.Reserve(rows.rows));
    for (uint32_t target : targets) there.UnsafeAppend(target != kNoRow);
    VELO_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::Array> mask, there.Finish());
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> otherwise,
                          otherwise_->Gather({rows.ids, static_cast<size_t>(rows.rows)}));
    VELO_ASSIGN_OR_RETURN(const arrow::Datum chosen, CallArrow("if_else", {mask, found, otherwise}));
    return chosen.make_array();
  }
  void KeepPartitions(std::span<const uint32_t>) override {}

 private:
  const LogColumn* const values_;
  const LogColumn* const otherwise_;
  const size_t rule_;
};

// FIRST_VALUE and LAST_VALUE without a buffer: one row per partition is remembered.
class RunningEnd : public OverFunction {
 public:
  RunningEnd(const LogColumn* values, bool first, bool ignore_nulls)
      : values_(values), first_(first), ignore_nulls_(ignore_nulls) {}

  Result<std::shared_ptr<arrow::Array>> Compute(const OverRows& rows) override {
    kept_.resize(static_cast<size_t>(rows.partition_count), kNoRow);
    targets_.resize(static_cast<size_t>(rows.rows));
    const uint32_t* entering = rows.entering == nullptr ? rows.ids : rows.entering;
    for (int64_t i = 0; i < rows.rows; ++i) {
      uint32_t& kept = kept_[rows.partitions[i]];
      if (rows.restarts != nullptr && rows.restarts[i] != 0) kept = kNoRow;
      const uint32_t id = entering[i];
      const bool counts = id != kNoRow && (!ignore_nulls_ || values_->valid()[id] != 0);
      if (counts && (!first_ || kept == kNoRow)) kept = id;
      targets_[i] = kept;
    }
    return values_->Gather(targets_);
  }
  void KeepPartitions(std::span<const uint32_t> keep) override {
    std::vector<uint32_t> kept;
    for (uint32_t partition : keep) kept.push_back(kept_[partition]);
    kept_ = std::move(kept);
  }
  void CollectRows(std::vector<uint32_t>* ids) const override {
    for (uint32_t id : kept_) {
      if (id != kNoRow) ids->push_back(id);
    }
  }
  void RenumberRows(std::span<const uint32_t> new_ids) override {
    for (uint32_t& id : kept_) {
      if (id != kNoRow) id = new_ids[id];
    }
  }
  void Save(std::span<const uint32_t> new_ids, std::string* out) const override {
    std::vector<uint32_t> kept = kept_;
    for (uint32_t& id : kept) id = id == kNoRow ? kNoRow : new_ids[id];
    PutIntegers(kept, out);
  }
  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(kept_, TakeIntegers(in));
    return Status::OK();
  }
  int64_t MemoryBytes() const override { return static_cast<int64_t>(kept_.capacity() * 4); }

 private:
  const LogColumn* const values_;
  const bool first_;
  const bool ignore_nulls_;
  std::vector<uint32_t> kept_;  ///< Per partition.
  std::vector<uint32_t> targets_;
};

}  // namespace

std::unique_ptr<OverFunction> MakeOverPosition(const OverNode& node, const OverCall& call, OverFacts* facts) {
  const std::string& name = call.window->name;
  Position kind;
  if (name == "ROW_NUMBER") {
    kind = Position::kRowNumber;
  } else if (name == "RANK") {
    kind = Position::kRank;
  } else if (name == "DENSE_RANK") {
    kind = Position::kDenseRank;
  } else if (name == "PERCENT_RANK") {
    kind = Position::kPercentRank;
  } else if (name == "CUME_DIST") {
    kind = Position::kCumulative;
  } else if (name == "NTILE") {
    kind = Position::kTile;
  } else {
    return nullptr;
  }
  const bool running = node.buffer_rows < 0 && !node.per_emission;
  if (running) return std::make_unique<RunningPosition>(kind);
  facts->wants_positions = true;
  if (kind == Position::kRank || kind == Position::kPercentRank || kind == Position::kCumulative) {
    facts->wants_peers = true;
  }
  if (kind == Position::kDenseRank) facts->wants_groups = true;
  return std::make_unique<PositionFunction>(kind, call.offset);
}

std::unique_ptr<OverFunction> MakeOverNeighbour(const OverNode& node, const OverCall& call, OverArguments* arguments,
                                                OverFacts* facts) {
  using Kind = NeighbourRule::Kind;
  const std::string& name = call.window->name;
  const LogColumn* values = arguments->Add(call.call.arguments[0], nullptr);
  const bool running = node.buffer_rows < 0 && !node.per_emission;
  if (running) return std::make_unique<RunningEnd>(values, name == "FIRST_VALUE", call.ignore_nulls);
  NeighbourRule rule;
  rule.kind = name == "LAG"           ? Kind::kBefore
              : name == "LEAD"        ? Kind::kAfter
              : name == "FIRST_VALUE" ? Kind::kFirst
              : name == "LAST_VALUE"  ? Kind::kLast
                                      : Kind::kNth;
  rule.offset = call.offset;
  if (call.ignore_nulls) rule.skip_nulls = values;
  facts->neighbours.push_back(rule);
  const LogColumn* otherwise = call.otherwise == nullptr ? nullptr : arguments->Add(call.otherwise, nullptr);
  return std::make_unique<NeighbourFunction>(values, otherwise, facts->neighbours.size() - 1);
}

}  // namespace velo::exec
