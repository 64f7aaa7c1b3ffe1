#include "engine/functions/aggregate/ordered.h"

#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>

#include <cmath>

#include "engine/functions/aggregate/value_codec.h"
#include "engine/functions/column_reader.h"

namespace velo {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

class OrderedAggregator : public Aggregator {
 public:
  OrderedAggregator(std::function<std::unique_ptr<Aggregator>()> make, const std::vector<SqlType>& arguments,
                    std::vector<ValueOrder> order)
      : make_(std::move(make)), order_(std::move(order)), values_(arguments.size() - order_.size()) {
    for (const SqlType& type : arguments) codecs_.emplace_back(type);
  }

  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) > groups_.size()) groups_.resize(static_cast<size_t>(groups));
  }

  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    std::string value;
    for (int64_t row = 0; row < rows; ++row) {
      if (selected != nullptr && selected[row] == 0) continue;
      std::string encoded;
      for (size_t i = 0; i < codecs_.size(); ++i) {
        value.clear();
        codecs_[i].Encode(*arguments[i], row, &value);
        SaveText(value, &encoded);
      }
      bytes_ += RowBytes(encoded);
      groups_[groups[row]].push_back(std::move(encoded));
    }
    return Status::OK();
  }

  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(groups_, static_cast<const OrderedAggregator&>(other).groups_, group_map,
                [&](std::vector<std::string>& mine, const std::vector<std::string>& theirs) {
                  mine.insert(mine.end(), theirs.begin(), theirs.end());
                  for (const std::string& row : theirs) bytes_ += RowBytes(row);
                });
    return Status::OK();
  }

  Result<ArrayPtr> Finalise(std::span<const uint32_t> groups) override {
    // All rows of the groups as columns, the number of the group in front.
    arrow::Int64Builder ordinals;
    std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders(codecs_.size());
    for (size_t i = 0; i < codecs_.size(); ++i) {
      VELO_ASSIGN_OR_RETURN_ARROW(builders[i], arrow::MakeBuilder(codecs_[i].type().ToArrow()));
    }
    std::string value;
    for (size_t ordinal = 0; ordinal < groups.size(); ++ordinal) {
      for (const std::string& row : groups_[groups[ordinal]]) {
        VELO_RETURN_IF_ARROW_ERROR(ordinals.Append(static_cast<int64_t>(ordinal)));
        std::string_view rest = row;
        for (size_t i = 0; i < codecs_.size(); ++i) {
          VELO_RETURN_IF_ERROR(LoadText(&rest, &value));
          VELO_RETURN_IF_ERROR(codecs_[i].Decode(value, builders[i].get()));
        }
      }
    }
    VELO_ASSIGN_OR_RETURN_ARROW(const ArrayPtr ordinal_column, ordinals.Finish());
    arrow::ArrayVector columns(codecs_.size());
    for (size_t i = 0; i < codecs_.size(); ++i) {
      VELO_ASSIGN_OR_RETURN_ARROW(columns[i], builders[i]->Finish());
    }
    VELO_ASSIGN_OR_RETURN(const ArrayPtr sequence, Sequence(ordinal_column, columns));
    return Replay(ordinal_column, columns, *sequence, groups.size());
  }

  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) {
      for (const std::string& row : groups_[group]) bytes_ -= RowBytes(row);
      groups_[group] = std::vector<std::string>();
    }
  }
  int64_t MemoryBytes() const override {
    return bytes_ + static_cast<int64_t>(groups_.capacity() * sizeof(std::vector<std::string>));
  }
  void Save(std::string* out) const override {
    SaveNumbers(std::vector<uint64_t>{groups_.size()}, out);
    for (const auto& rows : groups_) SaveTexts(rows, out);
  }
  Status Load(std::string_view* in) override {
    std::vector<uint64_t> size;
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &size));
    if (size.size() != 1) return Status::Bug("an aggregate snapshot is not what it should be");
    groups_.assign(size[0], {});
    bytes_ = 0;
    for (auto& rows : groups_) {
      VELO_RETURN_IF_ERROR(LoadTexts(in, &rows));
      for (const std::string& row : rows) bytes_ += RowBytes(row);
    }
    return Status::OK();
  }

 private:
  static int64_t RowBytes(const std::string& row) { return static_cast<int64_t>(sizeof(row) + row.size()); }

  // Where NULL and NaN stand among the values of a key, as a column of its own: Arrow places them for all keys alike.
  static Result<ArrayPtr> PlaceColumn(const arrow::Array& key, const ValueOrder& order) {
    arrow::Int64Builder places;
    VELO_RETURN_IF_ARROW_ERROR(places.Reserve(key.length()));
    const double* numbers = key.type_id() == arrow::Type::DOUBLE ? key.data()->GetValues<double>(1) : nullptr;
    for (int64_t row = 0; row < key.length(); ++row) {
      int64_t place = 0;
      if (key.IsNull(row)) {
        place = order.nulls_first ? -2 : 2;
      } else if (numbers != nullptr && std::isnan(numbers[row])) {
        place = order.descending ? -1 : 1;
      }
      places.UnsafeAppend(place);
    }
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr column, places.Finish());
    return column;
  }

  // Row numbers in the order of (group, keys).
  Result<ArrayPtr> Sequence(const ArrayPtr& ordinals, const arrow::ArrayVector& columns) const {
    arrow::FieldVector fields = {arrow::field("group", ordinals->type())};
    arrow::ArrayVector sorted = {ordinals};
    std::vector<arrow::compute::SortKey> keys = {arrow::compute::SortKey("group")};
    for (size_t i = 0; i < order_.size(); ++i) {
      const ArrayPtr& key = columns[values_ + i];
      VELO_ASSIGN_OR_RETURN(ArrayPtr place, PlaceColumn(*key, order_[i]));
      const std::string name = std::to_string(i);
      fields.push_back(arrow::field("place" + name, place->type()));
      fields.push_back(arrow::field("key" + name, key->type()));
      sorted.push_back(std::move(place));
      sorted.push_back(key);
      keys.emplace_back("place" + name);
      keys.emplace_back("key" + name, order_[i].descending ? arrow::compute::SortOrder::Descending
                                                           : arrow::compute::SortOrder::Ascending);
    }
    const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), ordinals->length(), sorted);
    VELO_RETURN_IF_ERROR(InitialiseArrow());
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr sequence,
                                arrow::compute::SortIndices(arrow::Datum(batch), arrow::compute::SortOptions(keys)));
    return sequence;
  }

  Result<ArrayPtr> Replay(const ArrayPtr& ordinals, const arrow::ArrayVector& columns, const arrow::Array& sequence,
                          size_t groups) const {
    arrow::ArrayVector arguments;
    for (size_t i = 0; i < values_; ++i) {
      VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr column, arrow::compute::Take(*columns[i], sequence));
      arguments.push_back(std::move(column));
    }
    VELO_ASSIGN_OR_RETURN_ARROW(const ArrayPtr taken, arrow::compute::Take(*ordinals, sequence));
    const int64_t* numbers = taken->data()->GetValues<int64_t>(1);
    const std::vector<uint32_t> ids(numbers, numbers + taken->length());
    const std::unique_ptr<Aggregator> inner = make_();
    inner->Resize(static_cast<int64_t>(groups));
    VELO_RETURN_IF_ERROR(inner->Update(arguments, ids.data(), nullptr, taken->length()));
    std::vector<uint32_t> all(groups);
    for (size_t i = 0; i < groups; ++i) all[i] = static_cast<uint32_t>(i);
    return inner->Finalise(all);
  }

  std::function<std::unique_ptr<Aggregator>()> make_;
  std::vector<ValueOrder> order_;
  size_t values_;
  std::vector<ValueCodec> codecs_;
  std::vector<std::vector<std::string>> groups_;
  int64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<Aggregator> MakeOrdered(std::function<std::unique_ptr<Aggregator>()> make,
                                        std::vector<SqlType> arguments, std::vector<ValueOrder> order) {
  return std::make_unique<OrderedAggregator>(std::move(make), arguments, std::move(order));
}

}  // namespace velo
