#include <arrow/scalar.h>

#include "engine/plan/binder/expression_binder.h"
#include "engine/types/decimal.h"

namespace velo::plan {
namespace {

/// DECIMAL without arguments has the natural scale of the value (dialect 3.3) where that is known beforehand.
SqlType NaturalDecimal(const BoundExpression& operand, const SqlType& otherwise) {
  if (operand.type.kind() == TypeKind::kDecimal) return SqlType::Decimal(38, operand.type.scale());
  if (operand.type.kind() == TypeKind::kInteger || operand.type.kind() == TypeKind::kBoolean) {
    return SqlType::Decimal(38, 0);
  }
  if (operand.kind != BoundKind::kLiteral || !operand.literal->is_valid) return otherwise;
  Result<BoundExpressionPtr> text = MakeCast(std::make_shared<BoundExpression>(operand), TypeKind::kString, false);
  if (!text.ok() || (*text)->kind != BoundKind::kLiteral) return otherwise;
  const auto number = ParseDecimal(TrimText(static_cast<const arrow::StringScalar&>(*(*text)->literal).view()));
  return number ? SqlType::Decimal(38, number->scale) : otherwise;
}

/// n of VARCHAR(n) and the like; -1 for other types.
int64_t LongestText(const sql::TypeName& written, const SqlType& type) {
  return type.kind() == TypeKind::kString && written.arguments.size() == 1 ? written.arguments[0] : -1;
}

}  // namespace

BoundExpressionPtr ExpressionBinder::BindCast(const sql::Cast& cast) {
  Bound operand = BindNode(*cast.operand);
  SqlType type = ResolveType(cast.type, &diagnostics());
  const bool scaled = UpperCase(cast.type.name).starts_with("SCALED");
  if (type.kind() == TypeKind::kDecimal && cast.type.arguments.empty() && !scaled) {
    type = NaturalDecimal(*FoldConstants(operand), type);
  }
  if (const int64_t longest = LongestText(cast.type, type); longest >= 0) {
    Bound limit = MakeLiteral(std::make_shared<arrow::Int64Scalar>(longest), TypeKind::kInteger, "", cast.span);
    operand = Operator("LEFT", {std::move(operand), std::move(limit)}, cast.span);
  }
  if (operand->type.kind() == TypeKind::kAny || type.kind() == TypeKind::kAny) return Placeholder(type, cast.span);
  Result<Bound> bound = MakeCast(operand, type, cast.try_cast, "", cast.span);
  if (!bound.ok()) return Report(bound.status(), cast.span, "E2302");
  Bound folded_operand = FoldConstants(operand);
  if (cast.try_cast || folded_operand->kind != BoundKind::kLiteral) return std::move(*bound);
  Bound folded = FoldConstants(*bound);
  if (folded->kind == BoundKind::kLiteral) return folded;
  diagnostics()
      .Error("E2302", cast.span, fmt::format("{} cannot be read as {}", ExpressionText(*cast.operand), type.ToString()))
      .hint = "use TRY_CAST to get NULL instead";
  return Poison(cast.span);
}

}  // namespace velo::plan
