#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/source_span.h"
#include "engine/sql/ast/name.h"

namespace velo::sql {

struct Query;

enum class ExpressionKind : uint8_t {
  kLiteral,
  kColumn,
  kStar,
  kUnary,
  kBinary,
  kIsTest,
  kBetween,
  kInList,
  kInQuery,
  kLike,
  kCase,
  kCast,
  kCall,
  kScalarQuery,
  kExists,
  kQuantified,
  kArray,
  kMap,
  kStruct,
  kRow,
  kAccess
};

/// Base of all expressions. Trees own their children; nodes are not shared.
struct Expression {
  explicit Expression(ExpressionKind kind, SourceSpan span = {}) : kind(kind), span(span) {}
  virtual ~Expression() = default;
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;

  const ExpressionKind kind;
  SourceSpan span;
  bool parenthesised = false;
};
using ExpressionPtr = std::unique_ptr<Expression>;

/// Returns a deep copy (spans included).
ExpressionPtr Clone(const Expression& expression);
/// Compares trees, ignoring spans, durations' spelling, parentheses that do not change meaning, and the case of
/// function names.
bool SameExpression(const Expression& a, const Expression& b);

struct Literal : Expression {
  enum class Type : uint8_t {
    kNull,
    kBoolean,
    kInteger,
    kDecimal,
    kFloat,
    kString,
    kInterval,
    kDate,
    kTime,
    kTimestamp
  };
  explicit Literal(Type type, SourceSpan span = {}) : Expression(ExpressionKind::kLiteral, span), type(type) {}
  Type type;
  std::string text;   ///< Digits as written; string content without quotes; "true"/"false".
  Duration interval;  ///< For kInterval.
};

/// a, a.b, alias.struct.field: which part is what is decided by the binder (dialect 2.7).
struct ColumnReference : Expression {
  explicit ColumnReference(SourceSpan span = {}) : Expression(ExpressionKind::kColumn, span) {}
  std::vector<Identifier> parts;
};

/// *, t.*, and * EXCEPT (a, b); also the argument of COUNT(*).
struct Star : Expression {
  explicit Star(SourceSpan span = {}) : Expression(ExpressionKind::kStar, span) {}
  Identifier qualifier;
  std::vector<Identifier> except;
};

enum class UnaryOperator : uint8_t { kNegate, kPlus, kNot };
struct Unary : Expression {
  explicit Unary(UnaryOperator op, SourceSpan span = {}) : Expression(ExpressionKind::kUnary, span), op(op) {}
  UnaryOperator op;
  ExpressionPtr operand;
};

enum class BinaryOperator : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kConcat,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
  kMatch,
  kNotMatch,
  kMatchNoCase,
  kNotMatchNoCase
};
/// "+", "=", "AND", "~" ...
std::string_view OperatorText(BinaryOperator op);
struct Binary : Expression {
  explicit Binary(BinaryOperator op, SourceSpan span = {}) : Expression(ExpressionKind::kBinary, span), op(op) {}
  BinaryOperator op;
  SourceSpan operator_span;
  ExpressionPtr left;
  ExpressionPtr right;
};

/// x IS [NOT] NULL | TRUE | FALSE | UNKNOWN | DISTINCT FROM y.
struct IsTest : Expression {
  enum class Test : uint8_t { kNull, kTrue, kFalse, kUnknown, kDistinctFrom };
  explicit IsTest(Test test, SourceSpan span = {}) : Expression(ExpressionKind::kIsTest, span), test(test) {}
  Test test;
  bool negated = false;
  ExpressionPtr operand;
  ExpressionPtr other;  ///< Only for kDistinctFrom.
};

struct Between : Expression {
  explicit Between(SourceSpan span = {}) : Expression(ExpressionKind::kBetween, span) {}
  bool negated = false;
  bool symmetric = false;
  ExpressionPtr operand, low, high;
};

struct InList : Expression {
  explicit InList(SourceSpan span = {}) : Expression(ExpressionKind::kInList, span) {}
  bool negated = false;
  ExpressionPtr operand;
  std::vector<ExpressionPtr> items;
};

struct InQuery : Expression {
  explicit InQuery(SourceSpan span = {}) : Expression(ExpressionKind::kInQuery, span) {}
  ~InQuery() override;
  bool negated = false;
  ExpressionPtr operand;
  std::unique_ptr<Query> query;
};

struct Like : Expression {
  enum class Form : uint8_t { kLike, kILike, kRegexp };
  explicit Like(Form form, SourceSpan span = {}) : Expression(ExpressionKind::kLike, span), form(form) {}
  Form form;
  bool negated = false;
  ExpressionPtr operand, pattern, escape;  ///< escape may be null.
};

struct Case : Expression {
  explicit Case(SourceSpan span = {}) : Expression(ExpressionKind::kCase, span) {}
  struct Branch {
    ExpressionPtr when, then;
  };
  ExpressionPtr operand;  ///< Null for the searched form.
  std::vector<Branch> branches;
  ExpressionPtr otherwise;  ///< May be null.
};

struct Cast : Expression {
  explicit Cast(SourceSpan span = {}) : Expression(ExpressionKind::kCast, span) {}
  bool try_cast = false;
  ExpressionPtr operand;
  TypeName type;
};

struct OrderItem {
  ExpressionPtr expression;
  bool descending = false;
  std::optional<bool> nulls_first;  ///< Unset: last for ASC, first for DESC.
};

struct FrameBound {
  enum class Kind : uint8_t { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
  Kind kind = Kind::kCurrentRow;
  int64_t rows = 0;
  std::optional<Duration> duration;
  SourceSpan span;
};

struct Frame {
  enum class Unit : uint8_t { kRows, kRange, kGroups };
  Unit unit = Unit::kRows;
  FrameBound start;
  FrameBound end;  ///< kCurrentRow when the short form was written.
  SourceSpan span;
};

struct Over {
  Identifier window_name;  ///< OVER w; then everything else is empty.
  std::optional<int64_t> buffer_rows;
  std::vector<ExpressionPtr> partition_by;
  std::vector<OrderItem> order_by;
  std::optional<Frame> frame;
  enum class Emit : uint8_t { kDefault, kEveryRecord, kOnBufferFull };
  Emit emit = Emit::kDefault;
  std::optional<Duration> expire_after;
  bool expire_never = false;
  SourceSpan span;
};

/// name(args). Special call syntaxes are normalised: EXTRACT(unit FROM x) is EXTRACT('unit', x) with `spelling` kept
/// for the printer; TRIM(BOTH c FROM s), SUBSTRING(s FROM p FOR n), POSITION(a IN b) likewise. TRIM(LEADING c FROM s)
/// is LTRIM(s, c), TRIM(TRAILING c FROM s) is RTRIM(s, c). `spelling` is empty for an ordinary call, else "FROM", "IN",
/// "BOTH", "LEADING" or "TRAILING". A bare time unit (DATEDIFF(minute, a, b)) is a string argument.
struct Call : Expression {
  explicit Call(SourceSpan span = {}) : Expression(ExpressionKind::kCall, span) {}
  Identifier name;
  bool distinct = false;
  bool no_parentheses = false;  ///< CURRENT_TIMESTAMP written bare.
  std::vector<ExpressionPtr> arguments;
  std::vector<Identifier> argument_names;  ///< STRUCT(v AS name); parallel to arguments when not empty.
  std::string spelling;
  std::vector<OrderItem> order_by;
  std::vector<OrderItem> within_group;
  ExpressionPtr filter;
  std::optional<bool> ignore_nulls;
  std::unique_ptr<Over> over;
};

struct ScalarQuery : Expression {
  explicit ScalarQuery(SourceSpan span = {}) : Expression(ExpressionKind::kScalarQuery, span) {}
  ~ScalarQuery() override;
  std::unique_ptr<Query> query;
};

struct Exists : Expression {
  explicit Exists(SourceSpan span = {}) : Expression(ExpressionKind::kExists, span) {}
  ~Exists() override;
  bool negated = false;
  std::unique_ptr<Query> query;
};

/// x = ANY (query or array).
struct Quantified : Expression {
  explicit Quantified(SourceSpan span = {}) : Expression(ExpressionKind::kQuantified, span) {}
  ~Quantified() override;
  BinaryOperator op = BinaryOperator::kEqual;
  bool all = false;
  ExpressionPtr operand;
  std::unique_ptr<Query> query;  ///< Either this
  ExpressionPtr array;           ///< or this.
};

struct ArrayLiteral : Expression {
  explicit ArrayLiteral(SourceSpan span = {}) : Expression(ExpressionKind::kArray, span) {}
  std::vector<ExpressionPtr> items;
};

struct MapLiteral : Expression {
  explicit MapLiteral(SourceSpan span = {}) : Expression(ExpressionKind::kMap, span) {}
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};

/// (a, b): only with IN, = and !=.
struct RowValue : Expression {
  explicit RowValue(SourceSpan span = {}) : Expression(ExpressionKind::kRow, span) {}
  std::vector<ExpressionPtr> items;
};

/// base[index], base[*], base[lower:upper], base.name, base.*
struct Access : Expression {
  enum class Step : uint8_t { kIndex, kField, kWildcard, kSlice };
  explicit Access(Step step, SourceSpan span = {}) : Expression(ExpressionKind::kAccess, span), step(step) {}
  Step step;
  ExpressionPtr base;
  ExpressionPtr index, upper;
  Identifier field;
  bool bracketed = true;  ///< kWildcard only: written [*] rather than .*
};

}  // namespace velo::sql
