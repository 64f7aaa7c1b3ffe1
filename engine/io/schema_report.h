#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/types/schema.h"

namespace arrow {
class RecordBatch;
}

namespace velo {

/// What samples say about one field.
struct FieldReport {
  std::string name;
  SqlType type;
  bool nullable = false;
  double null_ratio = 0;
  double presence = 1;                ///< Share of records that have the field at all.
  std::vector<std::string> examples;  ///< Up to five distinct values as text.
  int64_t distinct = 0;               ///< In the sample (exact up to 10,000).
  std::string min, max;               ///< Of ordered types.
  std::vector<std::string> roles;     ///< "key", "symbol", "price", "quantity", "event_time", "latitude" ...
  double confidence = 1;
  bool enum_candidate = false;
  std::string widened_from;         ///< "Integer" when a few values forced a wider type.
  std::vector<FieldReport> fields;  ///< Of a STRUCT.
};

struct EventTimeCandidate {
  std::string field;
  std::string format;  ///< "iso8601", "epoch_millis", "epoch_seconds", "date" ...
  double confidence = 0;
};

struct SchemaReport {
  std::vector<FieldReport> fields;
  std::string format;  ///< "csv", "jsonl", "json", "parquet", "arrow".
  bool exact = false;
  int64_t records_sampled = 0;
  int64_t decode_failures = 0;
  bool has_keys = false;
  std::string sample_value;  ///< First record as JSON.
  std::vector<EventTimeCandidate> event_time_candidates;
  std::vector<std::string> key_candidates;
  std::vector<std::string> warnings;  ///< "3 of 1,000 lines have 5 cells instead of 4"
};

/// Works out a report from decoded sample rows of any source.
Result<SchemaReport> DescribeSample(const arrow::RecordBatch& sample, const Schema& schema);

}  // namespace velo
