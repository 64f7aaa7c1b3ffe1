#include <arrow/scalar.h>

#include <algorithm>

#include "engine/plan/binder/expression_binder.h"

// Steps into nested values, and predicates over paths that lead to several values (dialect 2.7).

namespace velo::plan {
namespace {

BoundExpressionPtr TextLiteral(std::string_view text, SourceSpan span) {
  return MakeLiteral(std::make_shared<arrow::StringScalar>(std::string(text)), TypeKind::kString, std::string(text),
                     span);
}

BoundExpressionPtr IntegerLiteral(int64_t value, SourceSpan span) {
  return MakeLiteral(std::make_shared<arrow::Int64Scalar>(value), TypeKind::kInteger, std::to_string(value), span);
}

/// The comparison with its sides exchanged.
sql::BinaryOperator Exchanged(sql::BinaryOperator op) {
  using Op = sql::BinaryOperator;
  switch (op) {
    case Op::kLess:
      return Op::kGreater;
    case Op::kLessEqual:
      return Op::kGreaterEqual;
    case Op::kGreater:
      return Op::kLess;
    case Op::kGreaterEqual:
      return Op::kLessEqual;
    default:
      return op;
  }
}

}  // namespace

bool IsOrderOrEquality(sql::BinaryOperator op) {
  using Op = sql::BinaryOperator;
  return op == Op::kEqual || op == Op::kNotEqual || op == Op::kLess || op == Op::kLessEqual || op == Op::kGreater ||
         op == Op::kGreaterEqual;
}

bool IsWildcardPath(const sql::Expression& expression) {
  if (expression.kind != sql::ExpressionKind::kAccess) return false;
  const auto& access = static_cast<const sql::Access&>(expression);
  return access.step == sql::Access::Step::kWildcard || IsWildcardPath(*access.base);
}

BoundExpressionPtr ExpressionBinder::Field(Bound base, std::string_view name, SourceSpan span) {
  const SqlType& type = base->type;
  if (type.kind() == TypeKind::kAny) return Placeholder(TypeKind::kAny, span);
  if (type.kind() == TypeKind::kStruct) {
    std::vector<std::string> names;
    for (const StructField& field : type.children()) names.push_back(field.name);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string all;
      for (const std::string& field : names) all += (all.empty() ? "" : ", ") + field;
      diagnostics()
          .Error("E2102", span,
                 fmt::format("there is no field '{}' in {}", name, base->text.empty() ? "this value" : base->text))
          .hint = "fields: " + all;
      return Poison(span);
    }
  } else if (type.kind() != TypeKind::kMap && type.kind() != TypeKind::kJson && type.kind() != TypeKind::kString &&
             type.kind() != TypeKind::kArray) {
    diagnostics().Error("E2102", span,
                        fmt::format("{} is {} and has no field '{}'", base->text, type.ToString(), name));
    return Poison(span);
  }
  std::string text = base->text.empty() ? "" : base->text + "." + std::string(name);
  Bound field = Operator("[]", {std::move(base), TextLiteral(name, span)}, span);
  auto named = std::make_shared<BoundExpression>(*field);
  named->text = std::move(text);
  return named;
}

BoundExpressionPtr ExpressionBinder::BindAccess(const sql::Access& access) {
  Bound base = BindNode(*access.base);
  // After a wildcard every further step is taken from each match.
  const bool each = IsWildcardPath(*access.base);
  const SourceSpan span = access.span;
  if (base->type.kind() == TypeKind::kAny) {
    if (access.index != nullptr) BindNode(*access.index);
    if (access.upper != nullptr) BindNode(*access.upper);
    return Placeholder(TypeKind::kAny, span);
  }
  switch (access.step) {
    case sql::Access::Step::kField:
      if (!each) return Field(std::move(base), access.field.text, access.field.span);
      return Operator("EACH []", {std::move(base), TextLiteral(access.field.text, access.field.span)}, span);
    case sql::Access::Step::kIndex:
      return Operator(each ? "EACH []" : "[]", {std::move(base), BindNode(*access.index)}, span);
    case sql::Access::Step::kWildcard: {
      if (!each) return Operator("[*]", {std::move(base)}, span);
      return Operator("FLATTEN PATH", {Operator("EACH [*]", {std::move(base)}, span)}, span);
    }
    case sql::Access::Step::kSlice:
      break;
  }
  Bound from = access.index != nullptr ? BindNode(*access.index) : IntegerLiteral(0, span);
  Bound to = access.upper != nullptr ? BindNode(*access.upper) : IntegerLiteral(INT64_MAX, span);
  return Operator(each ? "EACH [:]" : "[:]", {std::move(base), std::move(from), std::move(to)}, span);
}

/// The predicate on the matches of a wildcard path: true when one of them satisfies it, unknown without a match.
BoundExpressionPtr ExpressionBinder::SomeMatch(std::string_view op, std::vector<Bound> arguments, bool negated,
                                               SourceSpan span) {
  Bound truths = Operator("EACH " + std::string(op), std::move(arguments), span);
  if (truths->type.kind() != TypeKind::kArray) return Placeholder(TypeKind::kBoolean, span);
  if (negated) truths = Operator("EACH NOT", {std::move(truths)}, span);
  return Operator("SOME MATCH", {std::move(truths)}, span);
}

BoundExpressionPtr ExpressionBinder::BindSomeComparison(const sql::Binary& binary, Bound left, Bound right) {
  const bool on_left = IsWildcardPath(*binary.left);
  if (on_left && IsWildcardPath(*binary.right)) {
    // True when some match of one and some match of the other satisfy it.
    const std::string name = "PAIRS " + std::string(sql::OperatorText(binary.op));
    Bound truths = Operator(name, {std::move(left), std::move(right)}, binary.span);
    if (truths->type.kind() != TypeKind::kArray) return Placeholder(TypeKind::kBoolean, binary.span);
    return Operator("SOME MATCH", {std::move(truths)}, binary.span);
  }
  const sql::BinaryOperator op = on_left ? binary.op : Exchanged(binary.op);
  if (!on_left) std::swap(left, right);
  return SomeMatch(sql::OperatorText(op), {std::move(left), std::move(right)}, false, binary.span);
}

/// x < ANY (array): compares x with each element.
BoundExpressionPtr ExpressionBinder::BindQuantifiedArray(const sql::Quantified& node, Bound operand) {
  const char* word = node.all ? "ALL" : "ANY";
  Bound array = BindNode(*node.array);
  const TypeKind kind = array->type.kind();
  if (kind == TypeKind::kAny || kind == TypeKind::kNull) return Placeholder(TypeKind::kBoolean, node.span);
  if (kind != TypeKind::kArray) {
    diagnostics()
        .Error("E2301", node.array->span,
               fmt::format("{} needs an array or a subquery, not {}", word, array->type.ToString()))
        .hint = fmt::format("write {} (ARRAY[...]) or {} (SELECT ...)", word, word);
    return Poison(node.span);
  }
  if (!IsOrderOrEquality(node.op)) {
    diagnostics().Error("E3090", node.span, fmt::format("{} over an array can only be used with = != < <= > >=", word));
    return Poison(node.span);
  }
  const std::string op = "EACH " + std::string(sql::OperatorText(Exchanged(node.op)));
  Bound truths = Operator(op, {std::move(array), std::move(operand)}, node.span);
  if (truths->type.kind() != TypeKind::kArray) return Placeholder(TypeKind::kBoolean, node.span);
  return Operator(node.all ? "ALL TRUE" : "ANY TRUE", {std::move(truths)}, node.span);
}

}  // namespace velo::plan
