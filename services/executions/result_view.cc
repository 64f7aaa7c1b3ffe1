#include "services/executions/result_view.h"

#include <algorithm>

#include "engine/types/schema.h"

namespace velo::services {
namespace {

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool IsNumber(const ResultColumn& column) {
  return column.type == "Integer" || column.type == "Float" || column.type == "Decimal" ||
         column.sql_type.starts_with("DECIMAL");
}
bool IsTime(const ResultColumn& column) {
  return column.sql_type == "TIMESTAMP" || column.sql_type == "DATE" || column.name == kWindowEndColumn ||
         column.name == kWindowStartColumn;
}
bool IsWindowBound(const ResultColumn& column) {
  return EqualsIgnoringCase(column.name, "window_start") || EqualsIgnoringCase(column.name, "window_end") ||
         column.name == kWindowEndColumn || column.name == kWindowStartColumn;
}

bool HasName(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A time axis: a window bound or time column that people selected, else the hidden end of the window.
std::optional<std::string> TimeAxis(const ResultShape& shape) {
  for (const char* bound : {"window_end", "window_start"}) {
    for (const ResultColumn& column : shape.columns) {
      if (!column.hidden && EqualsIgnoringCase(column.name, bound)) return column.name;
    }
  }
  for (const ResultColumn& column : shape.columns) {
    if (!column.hidden && IsTime(column)) return column.name;
  }
  for (const ResultColumn& column : shape.columns) {
    if (column.name == kWindowEndColumn) return column.name;
  }
  return std::nullopt;
}

}  // namespace

ResultColumn ViewColumn(const Column& column) {
  return {column.name, column.type.DisplayName(), column.type.ToString(), column.nullable, false};
}

ResultShape ShapeOf(const PreparedQuery& query) {
  ResultShape shape;
  const Schema& plan = query.plan->output;
  for (int i = 0; i < static_cast<int>(plan.columns.size()); ++i) {
    const Column& column = plan.columns[i];
    bool visible = i < static_cast<int>(query.output.columns.size());
    bool in_key = std::find(query.key.begin(), query.key.end(), i) != query.key.end();
    bool bound = column.name == kWindowStartColumn || column.name == kWindowEndColumn;
    if (!visible && !in_key && !bound) continue;
    if (in_key) {
      shape.key.push_back(static_cast<int>(shape.columns.size()));
      shape.key_columns.push_back(column.name);
    }
    shape.columns.push_back(ViewColumn(column));
    shape.columns.back().hidden = !visible;
    shape.plan_columns.push_back(i);
  }
  return shape;
}

ResultShape ShapeOf(const Schema& columns) {
  ResultShape shape;
  for (size_t i = 0; i < columns.columns.size(); ++i) {
    shape.columns.push_back(ViewColumn(columns.columns[i]));
    shape.plan_columns.push_back(static_cast<int>(i));
  }
  return shape;
}

VizChoice ChooseViz(const PreparedQuery& query, const ResultShape& shape, int64_t rows) {
  VizChoice viz;
  std::vector<std::string> numbers, texts;
  std::optional<std::string> latitude, longitude;
  for (const ResultColumn& column : shape.columns) {
    if (column.hidden) continue;
    bool key = HasName(shape.key_columns, column.name);
    if (IsNumber(column) && !key && !IsWindowBound(column)) numbers.push_back(column.name);
    if (column.sql_type == "STRING") texts.push_back(column.name);
    if (EqualsIgnoringCase(column.name, "latitude") || EqualsIgnoringCase(column.name, "lat")) latitude = column.name;
    if (EqualsIgnoringCase(column.name, "longitude") || EqualsIgnoringCase(column.name, "lon") ||
        EqualsIgnoringCase(column.name, "lng")) {
      longitude = column.name;
    }
  }
  bool aggregated = query.updates || query.windowed;
  std::optional<std::string> time = TimeAxis(shape);
  if (numbers.empty()) {
    viz.reason = "no numeric column";
    return viz;
  }
  viz.y = numbers;
  if (!texts.empty()) viz.series = texts.front();
  if (aggregated && time.has_value()) {
    viz.type = "line";
    viz.x = time;
    viz.reason = query.windowed ? "windows over time" : "a time column and figures";
    if (viz.series) viz.reason += " by " + *viz.series;
  } else if (aggregated && texts.empty()) {
    viz.type = numbers.size() == 1 ? "gauge" : "stat";
    viz.reason = "figures without a group";
  } else if (aggregated) {
    viz.type = "bar";
    viz.x = viz.series;
    viz.series.reset();
    viz.reason = "figures per " + *viz.x;
  } else if (time.has_value() && !shape.columns.empty() && query.key.empty() && texts.size() <= 1) {
    viz.type = "line";
    viz.x = time;
    viz.reason = "a time column and figures";
  } else if (latitude && longitude) {
    viz = {"map", *longitude, {*latitude}, std::nullopt, "latitude and longitude"};
  } else if (numbers.size() == 1 && rows >= 30 && texts.empty()) {
    viz.type = "histogram";
    viz.x = numbers.front();
    viz.reason = "one figure, many rows";
  } else if (numbers.size() == 2 && texts.empty()) {
    viz = {"scatter", numbers[0], {numbers[1]}, std::nullopt, "two figures"};
  } else {
    viz = {"table", std::nullopt, {}, std::nullopt, "no aggregate"};
  }
  return viz;
}

}  // namespace velo::services
