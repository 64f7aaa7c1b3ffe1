#include "engine/exec/same_expression.h"

#include <arrow/scalar.h>

#include <algorithm>

namespace velo::exec {

bool IsSameExpression(const BoundExpression& a, const BoundExpression& b) {
  if (a.kind != b.kind || a.type != b.type || a.column != b.column || a.function != b.function ||
      a.try_cast != b.try_cast || (a.literal == nullptr) != (b.literal == nullptr)) {
    return false;
  }
  if (a.literal != nullptr && !a.literal->Equals(*b.literal)) return false;
  return std::equal(a.arguments.begin(), a.arguments.end(), b.arguments.begin(), b.arguments.end(),
                    [](const BoundExpressionPtr& x, const BoundExpressionPtr& y) { return IsSameExpression(*x, *y); });
}

}  // namespace velo::exec
