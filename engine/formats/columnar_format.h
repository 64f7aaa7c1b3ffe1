#pragma once

#include <memory>

#include "engine/formats/record_reader.h"

namespace velo::formats {

/// Parquet files. Pieces count row groups; those that no row can match are skipped.
std::unique_ptr<Format> MakeParquetFormat();

/// Arrow IPC files and streams.
std::unique_ptr<Format> MakeArrowFormat();

}  // namespace velo::formats
