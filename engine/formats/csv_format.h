#pragma once

#include <memory>

#include "engine/formats/csv_layout.h"
#include "engine/formats/record_reader.h"

namespace velo::formats {

/// Comma-, semicolon-, tab- or bar-separated text. What the options leave open is sniffed from each file.
std::unique_ptr<Format> MakeCsvFormat(CsvOptions options);

}  // namespace velo::formats
