#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace velo::plan {

enum class AnnotationLevel : uint8_t { kApplication, kShared, kJob, kMetric, kAlert, kViz, kTest };
enum class AnnotationValue : uint8_t { kText, kList, kInteger, kPositive, kNumber, kBoolean, kChoice, kDuration };

/// One annotation the dialect knows (section 6); completion lists them too.
struct KnownAnnotation {
  std::string_view name;
  std::string_view canonical;  ///< Name its value is kept under; equals `name` unless this is an alias.
  AnnotationLevel level;
  AnnotationValue value;
  std::string_view choices;  ///< For kChoice: words separated by blanks.
  std::string_view meaning;
};

std::span<const KnownAnnotation> KnownAnnotations();
/// Null when the name is not known. "-" and "_" are equal.
const KnownAnnotation* FindAnnotation(std::string_view name);
std::vector<std::string> AnnotationNames();

}  // namespace velo::plan
