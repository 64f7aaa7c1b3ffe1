#pragma once

#include <string>

#include "engine/base/status.h"

namespace arrow {
class Array;
class RecordBatch;
}  // namespace arrow

namespace velo {

/// Appends the text form of one value as people read it (dialect 3.7): decimals with all digits, floats shortest
/// round-trip, timestamps "2025-04-01 09:30:00.250" (microseconds only when present), nested values as compact JSON,
/// NULL as "NULL".
void AppendText(const arrow::Array& array, int64_t row, std::string* out);

enum class JsonStyle : uint8_t {
  kExact,    ///< Decimals and integers beyond 2^53-1 as strings, timestamps RFC 3339 with Z: for the browser (API 1.4).
  kDialect,  ///< Decimals as strings, timestamps "2025-04-01 09:30:00.250": for files and topics (dialect 3.7).
};

/// Appends one value as JSON. NaN and infinities: "NaN", "Infinity", "-Infinity" strings when exact, null otherwise.
void AppendJson(const arrow::Array& array, int64_t row, JsonStyle style, std::string* out);
/// Appends one row as a JSON object in column order.
void AppendJsonRow(const arrow::RecordBatch& batch, int64_t row, JsonStyle style, std::string* out);
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace velo
