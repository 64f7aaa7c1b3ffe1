#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/functions/function.h"

namespace velo {

using TypeSpan = std::span<const SqlType>;
using ConstantSpan = std::span<const std::string* const>;

/// Whether the type is not known at planning time: ANY, or a bare NULL.
inline bool IsUnknown(const SqlType& type) { return type.kind() == TypeKind::kAny || type.kind() == TypeKind::kNull; }
/// STRING, JSON or unknown: values that can be read as another type at run time.
bool IsTextLike(const SqlType& type);

/// E2311: "LEFT takes 2 arguments, not 1: LEFT(text, n) → STRING".
Status WrongArgumentCount(std::string_view name, size_t given);
/// E2301: "the 2nd argument of LEFT must be INTEGER, got BOOLEAN".
Status WrongArgumentType(std::string_view name, size_t position, const SqlType& given, std::string_view wanted);
/// E2301: "cannot apply + to BOOLEAN and INTEGER".
Status CannotApply(std::string_view op, TypeSpan arguments);
/// E2313: "SUM requires numeric input, got STRING".
Status NotNumeric(std::string_view name, const SqlType& given);

/// Checks the count; `most` < 0 means any number.
Status CheckCount(std::string_view name, TypeSpan arguments, int least, int most);
/// Returns the type to cast an argument to where `wanted` is needed, or E2301. For kTimestamp: INTEGER stays (epoch
/// milliseconds), TIMESTAMP stays, everything that can be read as a time becomes TIMESTAMP.
Result<SqlType> FitArgument(std::string_view name, size_t position, const SqlType& given, TypeKind wanted);

/// A rule for fixed parameter kinds of which the first kRequired must be given. kAny parameters take every type as it
/// is.
template <TypeKind kResult, size_t kRequired, TypeKind... kParameters>
Result<CallTypes> FixedTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  static constexpr TypeKind kKinds[] = {kParameters..., TypeKind::kAny};
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, kRequired, static_cast<int>(sizeof...(kParameters))));
  CallTypes types;
  types.result = kResult;
  for (size_t i = 0; i < arguments.size(); ++i) {
    VELO_ASSIGN_OR_RETURN(SqlType type, FitArgument(name, i, arguments[i], kKinds[i]));
    types.arguments.push_back(std::move(type));
  }
  return types;
}

}  // namespace velo
