#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "engine/plan/prepared_query.h"

namespace velo::services {

/// A column of results as clients see it. Hidden ones give charts a time axis; tables leave them out.
struct ResultColumn {
  std::string name, type, sql_type;
  bool nullable = true;
  bool hidden = false;
};
BOOST_DESCRIBE_STRUCT(ResultColumn, (), (name, type, sql_type, nullable, hidden))

/// The chart chosen for a result (API 2.3.8): names of result columns.
struct VizChoice {
  std::string type = "table";
  std::optional<std::string> x;
  std::vector<std::string> y;
  std::optional<std::string> series;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(VizChoice, (), (type, x, y, series, reason))

/// Which columns of a plan's output reach clients, and what identifies a row.
struct ResultShape {
  std::vector<ResultColumn> columns;
  std::vector<int> plan_columns;         ///< Per column: its place in the plan's output.
  std::vector<int> key;                  ///< Places in `columns`.
  std::vector<std::string> key_columns;  ///< Their names.
};

ResultShape ShapeOf(const PreparedQuery& query);
/// All columns visible, no key.
ResultShape ShapeOf(const Schema& columns);
/// First rule that fits wins. `rows` is what is known of the number of result rows, -1: unknown.
VizChoice ChooseViz(const PreparedQuery& query, const ResultShape& shape, int64_t rows);
ResultColumn ViewColumn(const Column& column);

}  // namespace velo::services
