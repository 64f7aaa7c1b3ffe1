#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/functions/column_reader.h"

namespace velo {

// Regular expressions run in Arrow's kernels. The Arrow library carries its own RE2 and exports its symbols, so a
// second RE2 in the same process would be mixed up with it.

/// Puts flags into the pattern: "i" ignores case, "s" lets . match line ends, "m" lets ^ and $ match at line ends.
/// Other letters are left to the caller.
std::string PatternWithFlags(std::string_view pattern, std::string_view flags);

/// OK or E2310 with what is wrong.
Status CheckPattern(std::string_view pattern);

/// The capture groups of a pattern, in order; unnamed ones have an empty name.
std::vector<std::string> CaptureGroups(std::string_view pattern);

/// Whether the pattern matches anywhere in each text. `text` is an array or a constant of STRING.
Result<arrow::Datum> MatchPattern(const arrow::Datum& text, const std::string& pattern);
/// Replaces the first `most` matches (-1: all). `replacement` may refer to groups as $1, \1, $name and $0.
Result<arrow::Datum> ReplacePattern(const arrow::Datum& text, const std::string& pattern, std::string_view replacement,
                                    int64_t most);
/// The text of one group of the first match (0: all of it), NULL where nothing matches.
Result<arrow::Datum> ExtractGroup(const arrow::Datum& text, const std::string& pattern, int group);

/// Runs `compute(text, pattern, ...)` once when everything but the text is constant, else once per row. `compute` gets
/// the text as a Datum and the other arguments as strings; a NULL anywhere gives NULL.
template <typename Compute>
Result<arrow::Datum> ForEachPattern(const KernelContext& context, std::span<const arrow::Datum> arguments,
                                    Compute compute);

template <typename Compute>
Result<arrow::Datum> ForEachPattern(const KernelContext& context, std::span<const arrow::Datum> arguments,
                                    Compute compute) {
  std::vector<Values<std::string_view>> others;
  bool constant = true;
  for (size_t i = 1; i < arguments.size(); ++i) {
    others.emplace_back(arguments[i]);
    constant = constant && others.back().constant();
  }
  const auto texts_of = [&](int64_t row, std::vector<std::string>* out) {
    out->clear();
    for (const auto& other : others) {
      if (other.IsNull(row)) return false;
      out->emplace_back(other[row]);
    }
    return true;
  };
  std::vector<std::string> parts;
  if (constant) {
    if (!texts_of(0, &parts)) return arrow::Datum(arrow::MakeNullScalar(context.result.ToArrow()));
    return compute(arguments[0], parts);
  }
  VELO_ASSIGN_OR_RETURN_ARROW(auto builder, arrow::MakeBuilder(context.result.ToArrow()));
  const ColumnReader text(arguments[0]);
  for (int64_t row = 0; row < context.rows; ++row) {
    if (text.IsNull(row) || !texts_of(row, &parts)) {
      VELO_RETURN_IF_ARROW_ERROR(builder->AppendNull());
      continue;
    }
    VELO_ASSIGN_OR_RETURN(const arrow::Datum one, compute(arrow::Datum(text.array().Slice(text.Index(row), 1)), parts));
    VELO_RETURN_IF_ARROW_ERROR(builder->AppendArraySlice(arrow::ArraySpan(*one.array()), 0, 1));
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder->Finish());
  return arrow::Datum(std::move(array));
}

}  // namespace velo
