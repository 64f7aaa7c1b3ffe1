#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace velo::plan {

enum class PropertyType : uint8_t { kText, kInteger, kNumber, kBoolean, kDuration, kSize, kList, kChoice };

/// Groups of dialect section 7, in the order of the documentation.
enum class PropertyGroup : uint8_t {
  kKafkaSource,
  kKafkaSink,
  kSecurity,
  kFormat,
  kFileSource,
  kFileSink,
  kS3,
  kDatabase,
  kTime,
  kJoin,
  kTable,
  kBatch,
  kFailure,
  kObservability,
  kJob
};

/// One key that WITH (...) understands: validation, completion, EXPLAIN and docs/properties.md read this record.
struct KnownProperty {
  std::string_view name;     ///< Canonical, with dots; "retry.*" stands for every key that begins so.
  std::string_view aliases;  ///< Separated by blanks.
  PropertyGroup group;
  PropertyType type;
  std::string_view default_value;  ///< As people write it; empty: none.
  std::string_view choices;        ///< For kChoice: separated by blanks. Compared without case, "_" and "-".
  std::string_view meaning;        ///< One sentence.
};

std::span<const KnownProperty> KnownProperties();
/// Finds a key without its prefix; "_" stands for ".". Null when it is not known.
const KnownProperty* FindProperty(std::string_view key);
/// Canonical names, without patterns, sorted.
std::vector<std::string> PropertyNames();
std::string_view PropertyGroupName(PropertyGroup group);
std::string_view PropertyTypeName(PropertyType type);
/// Whether `value` can be read as what the property wants; else what would be right, as in "a number".
bool FitsProperty(const KnownProperty& property, std::string_view value, std::string* wanted);

}  // namespace velo::plan
