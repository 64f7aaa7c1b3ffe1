#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/functions/function.h"

namespace velo {

/// Makes an aggregate see the rows of each group in the order of ORDER BY, equal ones as they came. `arguments` are the
/// types of what Update gets: the arguments of the aggregate, then one sort key per entry of `order`. Keeps all rows;
/// every result starts from a fresh state of `make`.
std::unique_ptr<Aggregator> MakeOrdered(std::function<std::unique_ptr<Aggregator>()> make,
                                        std::vector<SqlType> arguments, std::vector<ValueOrder> order);

}  // namespace velo
