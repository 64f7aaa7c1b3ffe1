#pragma once

#include <string_view>
#include <vector>

#include "engine/functions/type_rules.h"

namespace velo {

/// Compares two columns or constants by the coercions of dialect 3.5; what cannot be parsed is unknown. `op` is one of
/// = != < <= > >=.
Result<arrow::Datum> Compare(const KernelContext& context, std::string_view op, const arrow::Datum& left,
                             const SqlType& left_type, const arrow::Datum& right, const SqlType& right_type);

/// Returns the types to which the operands of a comparison are cast before it runs, or E2301 when the first one cannot
/// be compared with one of the others. Texts stay texts where parsing may fail.
Result<std::vector<SqlType>> ComparableTypes(std::string_view op, TypeSpan arguments, ConstantSpan constants);

}  // namespace velo
