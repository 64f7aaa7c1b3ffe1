#include "engine/plan/binder/expression_binder.h"

#include <arrow/scalar.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <charconv>

#include "engine/sql/printer.h"

namespace velo::plan {

std::string ExpressionText(const sql::Expression& expression) { return sql::Print(expression); }

const sql::Property* BindingContext::FindProperty(std::string_view key) const {
  for (auto list = properties.rbegin(); list != properties.rend(); ++list) {
    for (auto property = (*list)->rbegin(); property != (*list)->rend(); ++property) {
      if (property->key == key) return &*property;
    }
  }
  for (const sql::Properties* list : attached) {
    for (const sql::Property& property : *list) {
      if (property.key == key) return &property;
    }
  }
  return nullptr;
}

BoundExpressionPtr ExpressionBinder::Bind(const sql::Expression& expression, Clause clause, bool whole_element) {
  const Clause outer = clause_;
  clause_ = clause;
  Bound bound;
  if (whole_element && expression.kind == sql::ExpressionKind::kColumn) {
    const auto& reference = static_cast<const sql::ColumnReference&>(expression);
    // A path into a column can be a key of the grouping as a whole; a name alone may be that of an alias.
    if (reference.parts.size() > 1) bound = GroupKey(expression);
    if (bound == nullptr) bound = BindColumn(reference, true);
  } else {
    bound = BindNode(expression);
  }
  clause_ = outer;
  if (PropertyIs("sql.error_mode", "null")) bound = NullOnError(bound);
  bound = FoldConstants(bound);
  auto named = std::make_shared<BoundExpression>(*bound);
  named->text = ExpressionText(expression);
  named->span = expression.span;
  return named;
}

bool ExpressionBinder::PropertyIs(std::string_view key, std::string_view value) const {
  if (const sql::Property* property = context_->FindProperty(key)) return LowerCase(property->value) == value;
  // WITH right behind a relation belongs to the relation, but says the same.
  for (const ScopeRelation& relation : env_->scope->relations()) {
    for (const auto& [name, text] : relation.properties) {
      if (name == key) return LowerCase(text) == value;
    }
  }
  return false;
}

BoundExpressionPtr ExpressionBinder::BindOverInput(const sql::Expression& expression, Clause clause,
                                                   bool whole_element) {
  ++inside_aggregate_;
  Bound bound = Bind(expression, clause, whole_element);
  --inside_aggregate_;
  return bound;
}

BoundExpressionPtr ExpressionBinder::BindBoolean(const sql::Expression& expression, Clause clause,
                                                 std::string_view clause_name) {
  Bound bound = Bind(expression, clause);
  const TypeKind kind = bound->type.kind();
  if (kind == TypeKind::kBoolean || kind == TypeKind::kAny || kind == TypeKind::kNull) return bound;
  Diagnostic& found = diagnostics().Error("E2301", expression.span,
                                          fmt::format("{} needs a condition that is true or false, but {} is {}",
                                                      clause_name, bound->text, bound->type.ToString()));
  found.hint = fmt::format("compare it with something, for example {} = ...", bound->text);
  return Poison(expression.span);
}

BoundExpressionPtr ExpressionBinder::Poison(SourceSpan span) {
  return MakeLiteral(arrow::MakeNullScalar(arrow::null()), SqlType(TypeKind::kAny), "", span);
}

BoundExpressionPtr ExpressionBinder::Placeholder(SqlType type, SourceSpan span) {
  auto expression = std::make_shared<BoundExpression>();
  expression->kind = BoundKind::kLiteral;
  expression->literal = arrow::MakeNullScalar(arrow::null());
  expression->type = std::move(type);
  expression->span = span;
  return expression;
}

BoundExpressionPtr ExpressionBinder::Report(const Status& status, SourceSpan span, std::string_view default_code,
                                            std::vector<Fix> fixes) {
  const ErrorInfo& error = status.error();
  const bool own_code = error.code.size() == 5 && error.code[0] == 'E';
  Diagnostic& found = diagnostics().Error(own_code ? error.code : std::string(default_code),
                                          error.span.valid() ? error.span : span, error.message);
  found.hint = error.hint;
  found.fixes = std::move(fixes);
  return Poison(span);
}

namespace {

bool AnyUntyped(const std::vector<BoundExpressionPtr>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const BoundExpressionPtr& a) { return a->type.kind() == TypeKind::kAny; });
}

}  // namespace

BoundExpressionPtr ExpressionBinder::Operator(std::string_view name, std::vector<Bound> arguments, SourceSpan span,
                                              std::vector<Fix> fixes) {
  const bool divides = name == "/" || name == "%";
  const ScalarFunction* function = context_->functions->FindScalar(
      divides && PropertyIs("sql.division_by_zero", "error") ? std::string(name) + " OR ERROR" : name);
  if (function == nullptr) {
    context_->RefuseToRun("E3090", name == "[]" ? "Reading parts of nested values cannot be run in this version."
                                                : fmt::format("{} cannot be computed in this version.", name));
    return Placeholder(SqlType(TypeKind::kAny), span);
  }
  const bool untyped = AnyUntyped(arguments);
  Result<Bound> call = MakeCall(*function, std::move(arguments), "", span);
  if (call.ok()) return std::move(*call);
  if (untyped) return Placeholder(SqlType(TypeKind::kAny), span);
  return Report(call.status(), span, "E2301", std::move(fixes));
}

BoundExpressionPtr ExpressionBinder::Negated(Bound operand, bool negated, SourceSpan span) {
  return negated ? Operator("NOT", {std::move(operand)}, span) : operand;
}

BoundExpressionPtr ExpressionBinder::GroupKey(const sql::Expression& expression) const {
  const int key = input_level() ? -1 : env_->stage->FindKey(expression);
  if (key < 0) return nullptr;
  const AggregateStage::Key& found = env_->stage->keys()[key];
  return MakeColumn(key, found.bound->type, found.name, expression.span);
}

BoundExpressionPtr ExpressionBinder::BindNode(const sql::Expression& expression) {
  if (Bound key = GroupKey(expression)) return key;
  using Kind = sql::ExpressionKind;
  switch (expression.kind) {
    case Kind::kLiteral:
      return BindLiteral(static_cast<const sql::Literal&>(expression));
    case Kind::kColumn:
      return BindColumn(static_cast<const sql::ColumnReference&>(expression), false);
    case Kind::kStar:
      diagnostics().Error("E1005", expression.span, "* cannot stand inside an expression").hint =
          "name a column, or write COUNT(*)";
      return Poison(expression.span);
    case Kind::kUnary:
      return BindUnary(static_cast<const sql::Unary&>(expression));
    case Kind::kBinary:
      return BindBinary(static_cast<const sql::Binary&>(expression));
    case Kind::kIsTest:
      return BindIsTest(static_cast<const sql::IsTest&>(expression));
    case Kind::kBetween:
      return BindBetween(static_cast<const sql::Between&>(expression));
    case Kind::kInList:
      return BindInList(static_cast<const sql::InList&>(expression));
    case Kind::kInQuery:
      return BindInQuery(static_cast<const sql::InQuery&>(expression));
    case Kind::kLike:
      return BindLike(static_cast<const sql::Like&>(expression));
    case Kind::kCase:
      return BindCase(static_cast<const sql::Case&>(expression));
    case Kind::kCast:
      return BindCast(static_cast<const sql::Cast&>(expression));
    case Kind::kCall:
      return BindCall(static_cast<const sql::Call&>(expression));
    case Kind::kScalarQuery:
      return BindScalarQuery(static_cast<const sql::ScalarQuery&>(expression));
    case Kind::kExists:
      return BindExists(static_cast<const sql::Exists&>(expression));
    case Kind::kQuantified:
      return BindQuantified(static_cast<const sql::Quantified&>(expression));
    case Kind::kAccess:
      return BindAccess(static_cast<const sql::Access&>(expression));
    case Kind::kArray:
    case Kind::kMap:
    case Kind::kStruct:
      return BindConstructor(expression);
    case Kind::kRow:
      diagnostics().Error("E1005", expression.span,
                          "a list of values in parentheses is only possible with IN, = and !=");
      return Poison(expression.span);
  }
  return Poison(expression.span);
}

namespace {

/// Type and scalar of a number with a decimal point; FLOAT when it has more digits than a DECIMAL can hold.
BoundExpressionPtr DecimalLiteral(const std::string& text, SourceSpan span) {
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  if (!digits.empty() && digits.back() == '.') digits.pop_back();
  if (!digits.empty() && digits.front() == '.') digits.insert(0, "0");
  arrow::Decimal128 value;
  int32_t precision = 0, scale = 0;
  if (digits.size() <= 39 && arrow::Decimal128::FromString(digits, &value, &precision, &scale).ok() && scale <= 18) {
    const SqlType type = SqlType::Decimal(38, scale);
    return MakeLiteral(std::make_shared<arrow::Decimal128Scalar>(value, type.ToArrow()), type, text, span);
  }
  double number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return MakeLiteral(std::make_shared<arrow::DoubleScalar>(number), TypeKind::kFloat, text, span);
}

BoundExpressionPtr IntegerLiteral(const std::string& text, SourceSpan span) {
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  const bool hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
  const char* first = digits.data() + (hexadecimal ? 2 : 0);
  int64_t value = 0;
  const auto read = std::from_chars(first, digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
  if (read.ec == std::errc() && read.ptr == digits.data() + digits.size()) {
    return MakeLiteral(std::make_shared<arrow::Int64Scalar>(value), TypeKind::kInteger, text, span);
  }
  return DecimalLiteral(digits, span);
}

BoundExpressionPtr StringLiteral(const std::string& text, SourceSpan span) {
  return MakeLiteral(std::make_shared<arrow::StringScalar>(text), TypeKind::kString, text, span);
}

}  // namespace

BoundExpressionPtr ExpressionBinder::BindLiteral(const sql::Literal& literal) {
  using Type = sql::Literal::Type;
  const SourceSpan span = literal.span;
  TypeKind parsed = TypeKind::kString;
  switch (literal.type) {
    case Type::kNull:
      return MakeLiteral(arrow::MakeNullScalar(arrow::null()), TypeKind::kNull, "NULL", span);
    case Type::kBoolean:
      return MakeLiteral(std::make_shared<arrow::BooleanScalar>(literal.text == "true"), TypeKind::kBoolean,
                         literal.text, span);
    case Type::kInteger:
      return IntegerLiteral(literal.text, span);
    case Type::kDecimal:
      return DecimalLiteral(literal.text, span);
    case Type::kFloat: {
      std::string digits;
      for (char c : literal.text) {
        if (c != '_') digits += c;
      }
      double number = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
      return MakeLiteral(std::make_shared<arrow::DoubleScalar>(number), TypeKind::kFloat, literal.text, span);
    }
    case Type::kString:
      return StringLiteral(literal.text, span);
    case Type::kInterval:
      return MakeLiteral(std::make_shared<arrow::DurationScalar>(literal.interval.TotalMilliseconds(),
                                                                 arrow::duration(arrow::TimeUnit::MILLI)),
                         TypeKind::kInterval, literal.text, span);
    case Type::kDate:
      parsed = TypeKind::kDate;
      break;
    case Type::kTime:
      parsed = TypeKind::kTime;
      break;
    case Type::kTimestamp:
      parsed = TypeKind::kTimestamp;
      break;
  }
  Result<Bound> cast = MakeCast(StringLiteral(literal.text, span), parsed, false, literal.text, span);
  if (!cast.ok()) return Report(cast.status(), span, "E2302");
  Bound folded = FoldConstants(*cast);
  if (folded->kind == BoundKind::kLiteral) return folded;
  diagnostics().Error("E2302", span, fmt::format("'{}' is not a {}", literal.text, SqlType(parsed).ToString())).hint =
      parsed == TypeKind::kDate   ? "write DATE '2025-04-01'"
      : parsed == TypeKind::kTime ? "write TIME '09:30:00'"
                                  : "write TIMESTAMP '2025-04-01 09:30:00'";
  return Poison(span);
}

BoundExpressionPtr ExpressionBinder::BindUnary(const sql::Unary& unary) {
  if (unary.op == sql::UnaryOperator::kNot) {
    return Operator("NOT", {BindNode(*unary.operand)}, unary.span);
  }
  Bound operand = BindNode(*unary.operand);
  if (unary.op == sql::UnaryOperator::kPlus) return operand;
  return Operator("NEGATE", {operand}, unary.span);
}

BoundExpressionPtr ExpressionBinder::WithText(const Bound& bound, const sql::Expression& source) {
  if (!bound->text.empty()) return bound;
  auto named = std::make_shared<BoundExpression>(*bound);
  named->text = ExpressionText(source);
  return named;
}

BoundExpressionPtr ExpressionBinder::BindBinary(const sql::Binary& binary) {
  using Op = sql::BinaryOperator;
  if (binary.left->kind == sql::ExpressionKind::kRow || binary.right->kind == sql::ExpressionKind::kRow) {
    return BindRowEquality(binary);
  }
  if (Bound shifted = BindCalendarSum(binary); shifted != nullptr) return shifted;
  Bound left = BindNode(*binary.left);
  Bound right = BindNode(*binary.right);
  const SourceSpan span = binary.span;
  if (IsOrderOrEquality(binary.op) && (IsWildcardPath(*binary.left) || IsWildcardPath(*binary.right))) {
    return BindSomeComparison(binary, std::move(left), std::move(right));
  }
  if (binary.op == Op::kAnd) {
    // The sides may come to stand apart, below a join.
    left = WithText(left, *binary.left);
    right = WithText(right, *binary.right);
  }
  const bool texts = left->type.kind() == TypeKind::kString && right->type.kind() == TypeKind::kString;
  if (binary.op == Op::kAdd && texts) {
    Diagnostic& found = diagnostics().Warning("W2301", binary.operator_span, "+ on two strings joins them");
    found.hint = "write ||";
    found.fixes.push_back({"Use ||", {{binary.operator_span, "||"}}});
    return Operator("||", {left, right}, span);
  }
  std::vector<Fix> fixes = CastFixes(binary, *left, *right);
  return Comparison(binary.op, std::move(left), std::move(right), span, std::move(fixes));
}

BoundExpressionPtr ExpressionBinder::Comparison(sql::BinaryOperator op, Bound left, Bound right, SourceSpan span,
                                                std::vector<Fix> fixes) {
  using Op = sql::BinaryOperator;
  if (op == Op::kMatch || op == Op::kNotMatch) {
    return Negated(Operator("REGEXP", {std::move(left), std::move(right)}, span), op == Op::kNotMatch, span);
  }
  if (op == Op::kMatchNoCase || op == Op::kNotMatchNoCase) {
    Bound match = Operator("REGEXP", {std::move(left), std::move(right), StringLiteral("i", span)}, span);
    return Negated(std::move(match), op == Op::kNotMatchNoCase, span);
  }
  return Operator(sql::OperatorText(op), {std::move(left), std::move(right)}, span, std::move(fixes));
}

std::vector<Fix> ExpressionBinder::CastFixes(const sql::Binary& binary, const BoundExpression& left,
                                             const BoundExpression& right) {
  using Op = sql::BinaryOperator;
  const bool arithmetic =
      binary.op == Op::kSubtract || binary.op == Op::kMultiply || binary.op == Op::kDivide || binary.op == Op::kModulo;
  const bool text = left.type.kind() == TypeKind::kString && right.type.kind() == TypeKind::kString;
  if (!arithmetic || !text || !binary.left->span.valid() || !binary.right->span.valid()) return {};
  Fix fix{"read both as numbers", {}};
  for (const sql::Expression* side : {binary.left.get(), binary.right.get()}) {
    fix.edits.push_back({side->span, fmt::format("CAST({} AS FLOAT)", ExpressionText(*side))});
  }
  return {std::move(fix)};
}

BoundExpressionPtr ExpressionBinder::BindRowEquality(const sql::Binary& binary) {
  using Op = sql::BinaryOperator;
  const bool equality = binary.op == Op::kEqual || binary.op == Op::kNotEqual;
  if (!equality || binary.left->kind != binary.right->kind) {
    diagnostics()
        .Error("E1005", binary.span, "a list of values in parentheses can only be compared with another one")
        .hint = "write (a, b) = (1, 2)";
    return Poison(binary.span);
  }
  const auto& left = static_cast<const sql::RowValue&>(*binary.left);
  const auto& right = static_cast<const sql::RowValue&>(*binary.right);
  if (left.items.size() != right.items.size()) {
    diagnostics().Error("E2301", binary.span,
                        fmt::format("cannot compare {} values with {}", left.items.size(), right.items.size()));
    return Poison(binary.span);
  }
  Bound all;
  for (size_t i = 0; i < left.items.size(); ++i) {
    Bound one = Operator("=", {BindNode(*left.items[i]), BindNode(*right.items[i])}, binary.span);
    all = all == nullptr ? one : Operator("AND", {all, one}, binary.span);
  }
  return Negated(all, binary.op == Op::kNotEqual, binary.span);
}

namespace {

BoundExpressionPtr MakeCoalesce(std::vector<BoundExpressionPtr> arguments, SqlType type, SourceSpan span) {
  auto expression = std::make_shared<BoundExpression>();
  expression->kind = BoundKind::kCoalesce;
  expression->type = std::move(type);
  expression->span = span;
  expression->arguments = std::move(arguments);
  return expression;
}

BoundExpressionPtr BooleanLiteral(bool value, SourceSpan span) {
  return MakeLiteral(std::make_shared<arrow::BooleanScalar>(value), TypeKind::kBoolean, value ? "TRUE" : "FALSE", span);
}

}  // namespace

BoundExpressionPtr ExpressionBinder::BindIsTest(const sql::IsTest& test) {
  using Test = sql::IsTest::Test;
  Bound operand = BindNode(*test.operand);
  const SourceSpan span = test.span;
  if (IsWildcardPath(*test.operand) && test.test == Test::kNull) {
    return SomeMatch("IS NULL", {operand}, test.negated, span);
  }
  if (test.test == Test::kNull || test.test == Test::kUnknown) {
    return Negated(Operator("IS NULL", {operand}, span), test.negated, span);
  }
  if (test.test == Test::kDistinctFrom) {
    Bound other = BindNode(*test.other);
    Bound equal = Operator("=", {operand, other}, span);
    if (equal->type.kind() != TypeKind::kBoolean) return equal;
    Bound both_null = Operator("AND", {Operator("IS NULL", {operand}, span), Operator("IS NULL", {other}, span)}, span);
    Bound same = MakeCoalesce({equal, both_null}, TypeKind::kBoolean, span);
    return Negated(same, !test.negated, span);
  }
  if (operand->type.kind() != TypeKind::kBoolean) {
    if (operand->type.kind() == TypeKind::kAny || operand->type.kind() == TypeKind::kNull) {
      return Placeholder(TypeKind::kBoolean, span);
    }
    diagnostics().Error("E2301", span,
                        fmt::format("IS TRUE and IS FALSE need a condition, not {}", operand->type.ToString()));
    return Poison(span);
  }
  Bound wanted = Negated(operand, test.test == Test::kFalse, span);
  return Negated(MakeCoalesce({wanted, BooleanLiteral(false, span)}, TypeKind::kBoolean, span), test.negated, span);
}

BoundExpressionPtr ExpressionBinder::BindBetween(const sql::Between& between) {
  Bound operand = BindNode(*between.operand);
  Bound low = BindStringOperand(*between.low);
  Bound high = BindStringOperand(*between.high);
  const SourceSpan span = between.span;
  if (IsWildcardPath(*between.operand) && !between.symmetric) {
    return SomeMatch("BETWEEN", {operand, low, high}, between.negated, span);
  }
  operand = WithText(operand, *between.operand);
  low = WithText(low, *between.low);
  high = WithText(high, *between.high);
  auto inside = [&](const Bound& from, const Bound& to) {
    return Operator("AND", {Operator(">=", {operand, from}, span), Operator("<=", {operand, to}, span)}, span);
  };
  Bound result = inside(low, high);
  if (between.symmetric) result = Operator("OR", {result, inside(high, low)}, span);
  return Negated(result, between.negated, span);
}

BoundExpressionPtr ExpressionBinder::BindInList(const sql::InList& in) {
  if (in.operand->kind == sql::ExpressionKind::kRow) {
    return BindRowIn(in, static_cast<const sql::RowValue&>(*in.operand));
  }
  std::vector<Bound> arguments{BindNode(*in.operand)};
  for (const sql::ExpressionPtr& item : in.items) arguments.push_back(BindStringOperand(*item));
  if (IsWildcardPath(*in.operand)) return SomeMatch("IN", std::move(arguments), in.negated, in.span);
  return Negated(Operator("IN", std::move(arguments), in.span), in.negated, in.span);
}

BoundExpressionPtr ExpressionBinder::BindRowIn(const sql::InList& in, const sql::RowValue& row) {
  Bound any;
  for (const sql::ExpressionPtr& item : in.items) {
    if (item->kind != sql::ExpressionKind::kRow ||
        static_cast<const sql::RowValue&>(*item).items.size() != row.items.size()) {
      diagnostics().Error("E2301", item->span, fmt::format("expected {} values in parentheses", row.items.size()));
      return Poison(in.span);
    }
    const auto& values = static_cast<const sql::RowValue&>(*item).items;
    Bound all;
    for (size_t i = 0; i < values.size(); ++i) {
      Bound one = Operator("=", {BindNode(*row.items[i]), BindNode(*values[i])}, in.span);
      all = all == nullptr ? one : Operator("AND", {all, one}, in.span);
    }
    any = any == nullptr ? all : Operator("OR", {any, all}, in.span);
  }
  return Negated(any, in.negated, in.span);
}

BoundExpressionPtr ExpressionBinder::BindStringOperand(const sql::Expression& expression) {
  return BindNode(expression);
}

BoundExpressionPtr ExpressionBinder::BindLike(const sql::Like& like) {
  // The pattern of LIKE in double quotes is always a string (dialect 1.5).
  auto pattern_of = [this](const sql::Expression& pattern) {
    if (pattern.kind == sql::ExpressionKind::kColumn) {
      const auto& reference = static_cast<const sql::ColumnReference&>(pattern);
      if (reference.parts.size() == 1 && reference.parts[0].quote == sql::Identifier::Quote::kDouble) {
        return StringLiteral(reference.parts[0].text, pattern.span);
      }
    }
    return BindNode(pattern);
  };
  std::vector<Bound> arguments{BindNode(*like.operand), pattern_of(*like.pattern)};
  if (like.escape != nullptr) arguments.push_back(pattern_of(*like.escape));
  const char* name = like.form == sql::Like::Form::kLike    ? "LIKE"
                     : like.form == sql::Like::Form::kILike ? "ILIKE"
                                                            : "REGEXP";
  if (IsWildcardPath(*like.operand)) return SomeMatch(name, std::move(arguments), like.negated, like.span);
  return Negated(Operator(name, std::move(arguments), like.span), like.negated, like.span);
}

BoundExpressionPtr ExpressionBinder::CaseOf(std::vector<Bound> parts, SourceSpan span) {
  SqlType type(TypeKind::kNull);
  bool mixed = false;
  auto is_value = [&parts](size_t i) { return i % 2 == 1 || i + 1 == parts.size(); };
  for (size_t i = 0; i < parts.size(); ++i) {
    if (is_value(i)) type = CommonType(type, parts[i]->type, &mixed);
  }
  if (mixed) {
    diagnostics().Warning("W2306", span, "the branches have different types, so the result is text").hint =
        "cast the branches to one type";
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i]->type.kind() == TypeKind::kAny || type.kind() == TypeKind::kAny) continue;
    if (!is_value(i) && parts[i]->type.kind() != TypeKind::kNull) continue;
    const SqlType wanted = is_value(i) ? type : SqlType(TypeKind::kBoolean);
    Result<Bound> cast = MakeCast(parts[i], wanted, false, parts[i]->text, parts[i]->span);
    if (!cast.ok()) return Report(cast.status(), span, "E2302");
    parts[i] = std::move(*cast);
  }
  auto expression = std::make_shared<BoundExpression>();
  expression->kind = BoundKind::kCase;
  expression->type = type;
  expression->span = span;
  expression->arguments = std::move(parts);
  return expression;
}

BoundExpressionPtr ExpressionBinder::BindCase(const sql::Case& node) {
  std::vector<Bound> parts;
  Bound operand = node.operand == nullptr ? nullptr : BindNode(*node.operand);
  ++inside_choice_;
  for (const sql::Case::Branch& branch : node.branches) {
    Bound when = BindNode(*branch.when);
    if (operand != nullptr) {
      when = Operator("=", {operand, when}, branch.when->span);
    } else if (when->type.kind() != TypeKind::kBoolean && when->type.kind() != TypeKind::kAny &&
               when->type.kind() != TypeKind::kNull) {
      diagnostics().Error("E2301", branch.when->span,
                          fmt::format("WHEN needs a condition that is true or false, not {}", when->type.ToString()));
      when = Poison(branch.when->span);
    }
    parts.push_back(std::move(when));
    parts.push_back(BindNode(*branch.then));
  }
  parts.push_back(node.otherwise == nullptr
                      ? MakeLiteral(arrow::MakeNullScalar(arrow::null()), TypeKind::kNull, "NULL", node.span)
                      : BindNode(*node.otherwise));
  --inside_choice_;
  return CaseOf(std::move(parts), node.span);
}

BoundExpressionPtr ExpressionBinder::BindConstructor(const sql::Expression& expression) {
  std::vector<Bound> arguments;
  const char* name = "ARRAY";
  if (expression.kind == sql::ExpressionKind::kArray) {
    for (const auto& item : static_cast<const sql::ArrayLiteral&>(expression).items)
      arguments.push_back(BindNode(*item));
  } else if (expression.kind == sql::ExpressionKind::kMap) {
    name = "MAP";
    for (const auto& [key, value] : static_cast<const sql::MapLiteral&>(expression).entries) {
      arguments.push_back(BindNode(*key));
      arguments.push_back(BindNode(*value));
    }
  }
  return Operator(name, std::move(arguments), expression.span);
}

}  // namespace velo::plan
