#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace arrow {
class Array;
}  // namespace arrow

namespace velo::exec {

/// Sets hashes[i] to a number that depends on the key of row i alone: keys that GroupTable takes for equal have equal
/// ones, in every lane and every run. A column at a time.
void HashKeys(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, std::vector<uint64_t>* hashes);

}  // namespace velo::exec
