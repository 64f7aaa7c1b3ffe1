#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/sql_type.h"

namespace arrow {
class Schema;
}

namespace velo {

struct Column {
  std::string name;
  SqlType type;
  bool nullable = true;
  bool operator==(const Column&) const = default;
};

/// Names and types of the columns of a relation, in order. Names are case-sensitive and unique.
struct Schema {
  std::vector<Column> columns;

  /// Returns the position of `name`, or -1.
  int Find(std::string_view name) const;
  /// Returns the position of the only column equal to `name` when case is ignored, or -1.
  int FindIgnoringCase(std::string_view name) const;
  std::vector<std::string> Names() const;
  std::shared_ptr<arrow::Schema> ToArrow() const;
  bool operator==(const Schema&) const = default;
};

/// System columns (dialect 4.14): never part of `*`, matched without case.
inline constexpr std::string_view kTimestampColumn = "_timestamp";       ///< INTEGER ms
inline constexpr std::string_view kEventTimeColumn = "_event_time";      ///< INTEGER ms
inline constexpr std::string_view kOffsetColumn = "_offset";             ///< INTEGER
inline constexpr std::string_view kPartitionColumn = "_partition";       ///< INTEGER
inline constexpr std::string_view kKeyColumn = "_key";                   ///< STRING
inline constexpr std::string_view kTopicColumn = "_topic";               ///< STRING
inline constexpr std::string_view kHeadersColumn = "_headers";           ///< ARRAY<STRUCT<key STRING, value STRING>>
inline constexpr std::string_view kWindowStartColumn = "_window_start";  ///< INTEGER ms
inline constexpr std::string_view kWindowEndColumn = "_window_end";      ///< INTEGER ms

/// Returns the type of a system column, or nullptr when `name` is none. Case is ignored.
const SqlType* SystemColumnType(std::string_view name);

}  // namespace velo
