#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/annotations/annotation_reader.h"
#include "engine/plan/annotations/known_names.h"

namespace velo::plan {

/// One annotation line with what is known of its name.
struct AnnotationLine {
  const sql::Annotation* source = nullptr;
  const KnownAnnotation* known = nullptr;
  std::string value;  ///< Checked and cut to its first word where only that counts.
};

/// A @metric, @alert or @viz with the lines that fill it.
struct AnnotationGroup {
  AnnotationLine head;
  std::vector<AnnotationLine> lines;

  /// Line of a canonical name; the last one counts. Null when there is none.
  const AnnotationLine* Find(std::string_view canonical) const;
  std::string Value(std::string_view canonical) const;
};

/// Splits "a, b" and "[a, b]" into trimmed words.
std::vector<std::string> SplitList(std::string_view text);
/// Compares ignoring case, "_" and "-".
bool SameChoice(std::string_view a, std::string_view b);

MetricAnnotation ReadMetric(const AnnotationGroup& group, const StatementReport* report,
                            const FunctionRegistry& functions, Diagnostics* diagnostics);
AlertAnnotation ReadAlert(const AnnotationGroup& group, const StatementReport* report, size_t ordinal,
                          const FunctionRegistry& functions, Diagnostics* diagnostics);
VizAnnotation ReadViz(const AnnotationGroup& group, Diagnostics* diagnostics);
/// Two metrics of one name must agree (E6031).
void CheckMetricConflicts(const std::vector<MetricAnnotation>& metrics, Diagnostics* diagnostics);

/// Codes under which problems of an annotation's condition are reported.
struct ConditionCodes {
  std::string_view syntax, column, not_boolean;
};
/// Parses and binds `line`'s value as a condition over the output of `report` (null: only parsed). Returns false after
/// reporting.
bool CheckCondition(const AnnotationLine& line, std::string_view text, int32_t offset, const StatementReport* report,
                    const FunctionRegistry& functions, const ConditionCodes& codes, Diagnostics* diagnostics);

}  // namespace velo::plan
