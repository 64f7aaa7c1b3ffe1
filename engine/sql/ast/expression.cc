#include "engine/sql/ast/expression.h"

#include "engine/sql/ast/query.h"

namespace velo::sql {

// Out of line because Query is incomplete where the nodes are declared.
InQuery::~InQuery() = default;
ScalarQuery::~ScalarQuery() = default;
Exists::~Exists() = default;
Quantified::~Quantified() = default;

std::string_view OperatorText(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::kAdd:
      return "+";
    case BinaryOperator::kSubtract:
      return "-";
    case BinaryOperator::kMultiply:
      return "*";
    case BinaryOperator::kDivide:
      return "/";
    case BinaryOperator::kModulo:
      return "%";
    case BinaryOperator::kConcat:
      return "||";
    case BinaryOperator::kEqual:
      return "=";
    case BinaryOperator::kNotEqual:
      return "!=";
    case BinaryOperator::kLess:
      return "<";
    case BinaryOperator::kLessEqual:
      return "<=";
    case BinaryOperator::kGreater:
      return ">";
    case BinaryOperator::kGreaterEqual:
      return ">=";
    case BinaryOperator::kAnd:
      return "AND";
    case BinaryOperator::kOr:
      return "OR";
    case BinaryOperator::kMatch:
      return "~";
    case BinaryOperator::kNotMatch:
      return "!~";
    case BinaryOperator::kMatchNoCase:
      return "~*";
    case BinaryOperator::kNotMatchNoCase:
      return "!~*";
  }
  return "";
}

}  // namespace velo::sql
