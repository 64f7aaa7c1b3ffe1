#pragma once

#include <parquet/statistics.h>

#include "engine/io/source.h"

namespace velo::formats {

/// Whether a row of a chunk with these statistics can fulfil a condition. What cannot be compared keeps the chunk.
bool GroupCanMatch(const ColumnPredicate& predicate, const parquet::Statistics& statistics);

/// The lowest value in milliseconds that the statistics of a chunk of an INTEGER or TIMESTAMP column tell.
int64_t LowestMillis(const parquet::Statistics* statistics, int64_t rows);

}  // namespace velo::formats
