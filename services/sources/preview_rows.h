#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "engine/functions/registry.h"
#include "engine/io/connector.h"
#include "services/describe.h"
#include "services/executions/result_view.h"

namespace velo::services {

struct ScanView {
  int64_t scanned = 0, matched = 0;
  bool budget_hit = false;
  std::optional<std::string> continue_;
};
BOOST_DESCRIBE_STRUCT(ScanView, (), (scanned, matched, budget_hit, continue_))

/// Rows or messages of a source (API 2.1.5).
struct PreviewAnswer {
  std::string source, source_id, name;
  std::optional<std::string> topic;
  std::string kind = "rows";  ///< "rows" or "messages".
  std::string format;
  std::vector<ResultColumn> columns;
  Json messages = Json::array();
  Json records = Json::array();
  Json meta = Json::array();  ///< Of records: file and line.
  Json bad = Json::array();   ///< Records no decoder fits.
  int64_t total_returned = 0;
  ScanView scan;
  std::vector<std::string> masked_fields;
};
BOOST_DESCRIBE_STRUCT(PreviewAnswer, (),
                      (source, source_id, name, topic, kind, format, columns, messages, records, meta, bad,
                       total_returned, scan, masked_fields))

struct PreviewSelection {
  std::string filter;   ///< SQL condition over the columns.
  std::string columns;  ///< Comma-separated; empty: all.
  int64_t limit = 10, scan_limit = 0;
  bool newest_first = false;
};

/// Filters, cuts and prints what a connector gave.
Result<PreviewAnswer> ShowPreview(const Preview& preview, const PreviewSelection& selection,
                                  const FunctionRegistry& functions, bool messages);

}  // namespace velo::services
