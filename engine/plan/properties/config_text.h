#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"

namespace velo::plan {

/// One setting of a config file.
struct ConfigEntry {
  std::string key;  ///< Nested keys joined with dots: "datasource.consumer_config.group.id".
  std::string value;
  int32_t line = 0;  ///< 1-based.
};

/// Reads the part of YAML that configuration needs: nested maps by indentation, scalars plain or quoted, lists in
/// brackets or as "- item" lines (joined with commas), comments. Error E3006 with the line in its message: tabs in the
/// indentation, a line that is no "key: value", anchors, block texts and other YAML beyond that.
Result<std::vector<ConfigEntry>> ReadYaml(std::string_view text);

/// Reads "key = value" or "key: value" lines; "#" and "!" begin comments, a backslash at the end joins the next line.
Result<std::vector<ConfigEntry>> ReadPropertiesText(std::string_view text);

}  // namespace velo::plan
