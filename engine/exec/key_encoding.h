#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace velo::exec {

/// Whether values of the type fit into 64 bits such that equal values have equal bits.
bool IsIntegerLike(const arrow::DataType& type);
/// Writes the 64-bit form of every value (NULL: 0). Doubles are normalised so that equal values have equal bits.
void ToIntegers(const arrow::Array& array, std::vector<int64_t>* out);
/// The array whose values have these forms; NULL at the rows of `nulls`. REQUIRES: IsIntegerLike(*type).
Result<std::shared_ptr<arrow::Array>> FromIntegers(const std::shared_ptr<arrow::DataType>& type,
                                                   std::span<const int64_t> integers,
                                                   std::span<const size_t> nulls = {});
/// The same form: the values of the array themselves where they have it, else written to `scratch`.
const int64_t* IntegersOf(const arrow::Array& array, std::vector<int64_t>* scratch);

/// Appends to each row of a packed text the values of `columns`; equal rows get equal bytes. `ends[i]` is where row i
/// ends.
void PackRows(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, std::string* bytes,
              std::vector<int64_t>* ends);

/// How one column takes part in an order.
struct OrderPart {
  std::shared_ptr<arrow::Array> values;
  bool descending = false;
  bool nulls_first = false;
};

/// Appends for every row a byte string such that comparing the strings as unsigned bytes compares the rows. NaN is
/// above all numbers; text compares by code point.
void EncodeOrder(std::span<const OrderPart> parts, int64_t rows, std::vector<std::string>* keys);

}  // namespace velo::exec
