#pragma once

#include <cstdint>
#include <string>

namespace velo {

/// Something a running query noticed that its author should know: W4301 (a limit of its state was reached), W4401
/// (rows out of order without a watermark strategy).
struct RuntimeWarning {
  std::string code;
  std::string text;
  int64_t times = 0;
};

/// Where the rows given to one step of a query went. rows_in = rows_used + rows_filtered + rows_late + rows_bad +
/// rows_held at every moment when the query is quiet.
struct OperatorMetrics {
  std::string name;           ///< What the user calls it: "WHERE price > 3", "GROUP BY symbol".
  int64_t rows_in = 0;        ///< Given to the step; rows that take old ones back count too.
  int64_t rows_out = 0;       ///< Given on; not tied to rows_in where rows are grouped or multiplied.
  int64_t rows_used = 0;      ///< Went on, or into the state.
  int64_t rows_filtered = 0;  ///< Left out by what the step is for: a predicate, a duplicate, beyond a LIMIT.
  int64_t rows_late = 0;
  int64_t rows_bad = 0;
  int64_t rows_held = 0;  ///< Kept whole until their turn comes.
};

}  // namespace velo
